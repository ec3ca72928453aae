/**
 * Two connections with the same live peer, of which the second resumes the first and brings early data where the peer has
 * that: for tests and for the demo.
 *
 * @module
 */
import {
  createReplayGuard,
  type HandshakeInfo,
  MemoryClientCache,
  RotatingTicketKeys,
  sealedTickets,
} from "@sealane/handshake";
import { type Program, type ProgramName, runProgram, startProgram } from "@sealane/programs";
import type { CryptoProvider } from "@sealane/providers";
import {
  listen,
  type ListenOptions,
  startTls,
  type StartTlsOptions,
  type TlsConn,
} from "@sealane/tls/deno";
import { utf8 } from "@sealane/wire";
import type { Material } from "./material.ts";
import { connectWhenReady } from "./process.ts";

/** One connection. */
export interface SessionVisit {
  /** What was agreed. */
  readonly info: HandshakeInfo;
  /** The early data: on a server what came, on a client what was accepted. */
  readonly early: string;
  /** How long the handshake took on our side, milliseconds. */
  readonly milliseconds: number;
}

/** A peer to have two connections with. */
export interface SessionPeerCase {
  /** The peer. */
  readonly peer: string;
  /** The program that it is; `null` where it is part of the runtime. */
  readonly program: ProgramName | null;
  /** Which side Sealane is. */
  readonly role: "client" | "server";
  /** Whether it has early data. */
  readonly early: boolean;
  /** Has the connections. */
  run(material: Material, provider: CryptoProvider): Promise<SessionVisit[]>;
}

/** The early data of every case. */
export const EARLY = "early\n";

/** Serves as many connections as there are, each with a line to read, until `use` is done. */
export async function serving(
  material: Material,
  options: Partial<ListenOptions> & { readonly provider: CryptoProvider },
  use: (port: number) => Promise<void>,
): Promise<SessionVisit[]> {
  const { cert, key } = await material.identity("ecdsa-p256");
  const { provider } = options;
  const listener = await listen({
    ...{ hostname: "127.0.0.1", port: 0, cert, key },
    tickets: sealedTickets({ provider, keys: new RotatingTicketKeys(provider) }),
    earlyData: { replayGuard: createReplayGuard() },
    ...options,
  });
  const visits: SessionVisit[] = [];
  const answer = async (conn: TlsConn) => {
    const start = performance.now();
    let early = "";
    for await (const chunk of conn.earlyData) early += new TextDecoder().decode(chunk);
    const info = await conn.handshake();
    visits.push({ info, early, milliseconds: performance.now() - start });
    await conn.write(utf8("hello\n"));
    await conn.stream.close();
  };
  const accept = async () => {
    for await (const conn of listener) await answer(conn);
  };
  const accepting = accept();
  try {
    await use(listener.addr.port);
  } finally {
    listener.close();
    await accepting;
  }
  return visits;
}

/** Visits a peer twice; `nudge` makes it say something, before which its tickets come. */
export async function visitTwice(
  material: Material,
  port: number,
  nudge: (conn: TlsConn) => Promise<unknown>,
  options: Partial<StartTlsOptions> = {},
): Promise<SessionVisit[]> {
  const sessionCache = new MemoryClientCache();
  const visits: SessionVisit[] = [];
  for (let i = 0; i < 2; i++) {
    const socket = await connectWhenReady(port);
    const start = performance.now();
    const conn = await startTls(socket, {
      ...{ trust: material.trust, hostname: "localhost", sessionCache },
      ...options,
    });
    const milliseconds = performance.now() - start;
    await nudge(conn);
    if (await conn.stream.next() === null) throw new Error("the peer said nothing");
    const early = conn.earlyDataResult?.accepted ? EARLY : "";
    visits.push({ info: await conn.handshake(), early, milliseconds });
    await conn.stream.close();
  }
  return visits;
}

/** Runs a program to its end; what it said. */
export async function outputOf(program: Program, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await runProgram(program, args);
  return stdout + stderr;
}

/** Runs a program that listens on a free port while `use` lasts; what it said. */
export async function withProgram(
  program: Program,
  args: (port: number) => string[],
  use: (port: number, say: (line: string) => Promise<void>) => Promise<void>,
): Promise<string> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const options = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  const child = startProgram(program, args(port), options);
  const said = Promise.all([child.stdout, child.stderr].map((out) => new Response(out).text()));
  const writer = child.stdin.getWriter();
  let failure: unknown;
  try {
    await use(port, (line) => writer.write(utf8(line)));
  } catch (error) {
    failure = error;
  }
  child.kill("SIGKILL");
  await child.status;
  await writer.close().catch(() => {});
  const text = (await said).join("\n");
  if (failure === undefined) return text;
  throw new Error(`${failure instanceof Error ? failure.message : failure}; it said: ${text}`);
}
