/**
 * Connections over TCP on this machine, client and server in one process, against Deno's own TLS: handshakes with prepared
 * configurations, bulk data, small writes and echoes.
 *
 * @module
 */
import { connect, listen } from "@sealane/tls/deno";
import { createTestAuthority } from "@sealane/pki/testing";
import { TrustStore } from "@sealane/pki";
import { nativeProvider as provider } from "@sealane/providers/native";
import { CipherSuiteId, NamedGroup } from "@sealane/wire";
import { type BenchRow, compare, SLOW } from "./row.ts";

const HOST = "127.0.0.1";
const NAME = "localhost";

/** What the two sides have in common. */
interface Conn {
  handshake(): Promise<unknown>;
  read(buffer: Uint8Array): Promise<number | null>;
  write(data: Uint8Array): Promise<number>;
  close(): void;
}

/** A stack: makes a connection, both ends of it. */
interface Stack {
  pair(): Promise<[client: Conn, server: Conn]>;
  stop(): void;
}

function pem(label: string, der: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...der)).replace(/.{1,64}/g, "$&\n");
  return `-----BEGIN ${label}-----\n${base64}-----END ${label}-----\n`;
}

async function stackPair(
  listener: { accept(): Promise<Conn>; close(): void },
  dial: () => Promise<Conn>,
): Promise<[Conn, Conn]> {
  const [server, client] = await Promise.all([
    listener.accept().then(async (conn) => {
      await conn.handshake();
      return conn;
    }),
    dial().then(async (conn) => {
      await conn.handshake();
      return conn;
    }),
  ]);
  return [client, server];
}

interface Identity {
  readonly ca: Uint8Array;
  readonly cert: string;
  readonly key: string;
}

async function makeIdentity(): Promise<Identity> {
  const authority = await createTestAuthority(provider);
  const { chain, privateKey } = await authority.issue({ names: [NAME] });
  const cert = chain.map((der) => pem("CERTIFICATE", der)).join("");
  return { ca: authority.certificate, cert, key: pem("PRIVATE KEY", privateKey) };
}

/** `groups` and `suite` as ours are told; what Deno's own takes cannot be chosen: X25519 unless told otherwise. */
async function ours(
  { ca, cert, key }: Identity,
  groups: readonly NamedGroup[] | undefined,
  suite?: CipherSuiteId,
): Promise<Stack> {
  const cipherSuites = suite === undefined ? undefined : [suite];
  const common = { groups, cipherSuites, resume: false };
  const listener = await listen({ hostname: HOST, port: 0, cert, key, ...common });
  const trust = TrustStore.fromCertificates([ca]);
  const { port } = listener.addr;
  const options = { hostname: HOST, serverName: NAME, port, trust, ...common };
  return {
    pair: () => stackPair(listener, () => connect(options)),
    stop: () => listener.close(),
  };
}

function denos({ ca, cert, key }: Identity): Stack {
  const listener = Deno.listenTls({ hostname: HOST, port: 0, cert, key });
  const { port } = listener.addr;
  const caCerts = [pem("CERTIFICATE", ca)];
  const dial = async () => {
    const socket = await Deno.connect({ hostname: HOST, port });
    return Deno.startTls(socket, { hostname: NAME, caCerts });
  };
  return { pair: () => stackPair(listener, dial), stop: () => listener.close() };
}

async function connectOnce(stack: Stack): Promise<void> {
  const [client, server] = await stack.pair();
  client.close();
  server.close();
}

/** Writes all of `data`: Deno's own connections may take less at a time. */
async function writeAll(conn: Conn, data: Uint8Array): Promise<void> {
  for (let written = 0; written < data.length;) {
    written += await conn.write(written === 0 ? data : data.subarray(written));
  }
}

/** Sends `total` bytes in writes of `size` from client to server. */
async function send([client, server]: [Conn, Conn], total: number, size: number): Promise<void> {
  const data = new Uint8Array(size).fill(1);
  const sending = (async () => {
    for (let sent = 0; sent < total; sent += size) await writeAll(client, data);
  })();
  const buffer = new Uint8Array(65_536);
  for (let received = 0; received < total;) {
    const length = await server.read(buffer);
    if (length === null) throw new Error("the connection ended");
    received += length;
  }
  await sending;
}

async function echo([client, server]: [Conn, Conn], size: number): Promise<void> {
  const data = new Uint8Array(size).fill(1);
  const buffer = new Uint8Array(size);
  const pass = async (from: Conn, to: Conn) => {
    const writing = writeAll(from, data);
    for (let received = 0; received < size;) {
      received += await to.read(buffer.subarray(received)) ?? size;
    }
    await writing;
  };
  await pass(client, server);
  await pass(server, client);
}

/** The rows of `deno task bench`. */
export async function rows(): Promise<BenchRow[]> {
  const identity = await makeIdentity();
  const theirs = denos(identity);
  const list: BenchRow[] = [];
  const stacks: Stack[] = [theirs];
  const handshakes = { unit: "handshakes/s", perCall: 1 };
  for (
    const [title, groups] of [["x25519", [NamedGroup.x25519]], ["default", undefined]] as const
  ) {
    const stack = await ours(identity, groups);
    stacks.push(stack);
    const name = `full handshake over TCP, ${title}, to Deno's own`;
    const connecting = () => connectOnce(stack);
    list.push(await compare(name, handshakes, connecting, () => connectOnce(theirs), SLOW));
  }
  const denoPair = await theirs.pair();
  const open: Conn[] = [...denoPair];
  const bulk = 16 * 262_144; // whole writes: what is left over would fill the connection
  const { TLS_CHACHA20_POLY1305_SHA256: chacha, TLS_AES_128_GCM_SHA256: aes } = CipherSuiteId;
  for (const [title, suite] of [["ChaCha20-Poly1305", chacha], ["AES-128-GCM", aes]] as const) {
    const stack = await ours(identity, [NamedGroup.x25519], suite);
    stacks.push(stack);
    const pair = await stack.pair();
    open.push(...pair);
    const versus = async (
      what: string,
      perCall: number,
      unit: string,
      work: (conns: [Conn, Conn]) => Promise<void>,
    ) =>
      list.push(
        await compare(
          `${what} over TCP, ${title}, to Deno's own`,
          { unit, perCall },
          () => work(pair),
          () => work(denoPair),
          SLOW,
        ),
      );
    await versus("bulk in 256 KiB writes", bulk / 1e6, "MB/s", (c) => send(c, bulk, 262_144));
    await versus("bulk in 1 KiB writes", 0.524_288, "MB/s", (c) => send(c, 524_288, 1024));
    await versus("echo of 1 KiB", 1, "echoes/s", (c) => echo(c, 1024));
  }
  for (const conn of open) conn.close();
  for (const stack of stacks) stack.stop();
  return list;
}
