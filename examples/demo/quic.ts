/**
 * The QUIC connections of the demo: with quinn, which Deno embeds, and with aioquic where Python has it.
 *
 * @module
 */
import { type HandshakeInfo, MemoryClientCache } from "@sealane/handshake";
import type { CryptoProvider } from "@sealane/providers";
import { nativeProvider as native } from "@sealane/providers/native";
import { nobleProvider as noble } from "@sealane/providers/noble";
import { webCryptoProvider as webcrypto } from "@sealane/providers/webcrypto";
import { equalBytes, namedGroupName, signatureSchemeName } from "@sealane/wire";
import { QUIC_V1, QUIC_V2 } from "@sealane/quic-tls";
import type { QuicConnection } from "../quic/connection.ts";
import {
  connect,
  type ConnectOptions,
  type ListenOptions,
  QuicListener,
} from "../quic/endpoint.ts";
import { AIOQUIC, askQuinn, FILES, withPeer, withQuinn } from "../quic/testing/peers.ts";
import { ask, CLIENT, echo, SERVER } from "../quic/testing/echo.ts";
import { denoSocket } from "../quic/machine.ts";
import { row } from "./table.ts";

const DATA = new TextEncoder().encode("凌波不过横塘路，但目送、芳尘去\n".repeat(500));

/** What a connection is about. */
interface Agreed {
  readonly info: HandshakeInfo;
  readonly milliseconds: number;
  readonly notes: readonly string[];
}

/** One connection of the demo. */
export interface QuicCase {
  readonly peer: string;
  readonly role: "client" | "server";
  readonly provider: CryptoProvider;
  /** Why it cannot be, or `null`. */
  readonly missing: string | null;
  run(): Promise<Agreed>;
}

/** Asks an echo, and says what was agreed. */
async function visit(
  port: number,
  options: Partial<ConnectOptions>,
  update = true,
): Promise<Agreed> {
  const start = performance.now();
  const to = { hostname: "127.0.0.1", port };
  const connection = await connect(denoSocket(), to, { ...CLIENT, ...options });
  if (!connection.tls.canSend("early")) await connection.ready;
  const milliseconds = performance.now() - start;
  await checkEcho(connection);
  if (update) {
    await connection.updateKeys();
    await checkEcho(connection);
  }
  await connection.close();
  return { ...agreedOf(connection), milliseconds };
}

async function checkEcho(connection: QuicConnection): Promise<void> {
  if (!equalBytes(await ask(connection, DATA), DATA)) throw new Error("other bytes came back");
}

function agreedOf({ tls }: QuicConnection): Omit<Agreed, "milliseconds"> {
  const { info } = tls;
  if (info === null) throw new Error("there is no handshake");
  const notes: string[] = [tls.version.name];
  if (tls.token.length > 0) notes.push("Retry");
  if (info.resumed) notes.push("resumed");
  if (tls.info?.earlyDataAccepted) notes.push("0-RTT");
  if (tls.keyPhase > 0) notes.push("key update");
  return { info, notes };
}

/** Serves one quinn client. */
async function serveQuinn(options: ListenOptions): Promise<Agreed> {
  const listener = new QuicListener(denoSocket(), options);
  const seen = Promise.withResolvers<QuicConnection>();
  const served = echo(listener, seen.resolve);
  const start = performance.now();
  try {
    if (!equalBytes(await askQuinn(listener.address.port, DATA), DATA)) {
      throw new Error("other bytes");
    }
    const milliseconds = performance.now() - start;
    const { info, notes } = agreedOf(await seen.promise);
    return { info, milliseconds, notes: options.retry ? [...notes, "Retry"] : notes };
  } finally {
    await listener.close();
    await served;
  }
}

/** A first connection to aioquic's server, and a second one that resumes it with 0-RTT. */
async function resumeAtAioquic(options: Partial<ConnectOptions>, flags: string[]): Promise<Agreed> {
  const tls = { ...CLIENT.tls, sessionCache: new MemoryClientCache(), earlyData: true };
  let agreed: Agreed | null = null;
  await withPeer(AIOQUIC, ["server", FILES.cert, FILES.key, ...flags], async (port) => {
    await visit(port, { ...options, tls });
    agreed = await visit(port, { ...options, tls }, false);
  });
  if (agreed === null) throw new Error("there was no connection");
  return agreed;
}

/** All of them, in order. */
export function quicCases(): QuicCase[] {
  const cases: QuicCase[] = [];
  for (const provider of [native, webcrypto, noble]) {
    const client = { tls: { ...CLIENT.tls, provider } };
    const server = { ...SERVER, tls: { ...SERVER.tls, provider } };
    const quinn = { peer: "quinn", provider, missing: null };
    cases.push(
      { ...quinn, role: "client", run: () => withQuinn((port) => visit(port, client)) },
      { ...quinn, role: "server", run: () => serveQuinn(server) },
    );
  }
  const missing = AIOQUIC === null ? "aioquic is not installed" : null;
  const aioquic = { peer: "aioquic", role: "client", provider: native, missing } as const;
  const upgrade = { versions: [QUIC_V2, QUIC_V1], version: QUIC_V2 };
  cases.push(
    {
      peer: "quinn",
      role: "server",
      provider: native,
      missing: null,
      run: () => serveQuinn({ ...SERVER, retry: true }),
    },
    { ...aioquic, run: () => resumeAtAioquic({}, ["retry"]) },
    { ...aioquic, run: () => resumeAtAioquic(upgrade, ["v2"]) },
  );
  return cases;
}

/** The line of a connection that is open and has carried data. */
export function quicRow(one: QuicCase, agreed: Agreed): string {
  const { info, milliseconds, notes } = agreed;
  const scheme = one.role === "client" ? info.peerSignatureScheme : info.signatureScheme;
  return row(
    one.peer,
    one.role,
    one.provider.name,
    info.suite.name,
    info.group === null ? "-" : namedGroupName(info.group),
    scheme === null ? "-" : signatureSchemeName(scheme),
    milliseconds.toFixed(1),
    ["ok", ...notes].join(", "),
  );
}
