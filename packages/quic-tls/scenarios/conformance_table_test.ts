/**
 * Row 219 of the checklist: the conformance tables over QUIC. What is wrong closes the connection with CRYPTO_ERROR and its
 * alert, and the close can be sent at the level of our next handshake bytes.
 */
import { assert, assertEquals } from "@std/assert";
import { client, type Row, ROWS, server, target } from "@sealane/handshake/conformance";
import type { Level, Session } from "@sealane/handshake";
import { alertName, concat, TlsError } from "@sealane/wire";
import { CRYPTO_ERROR } from "../errors.ts";
import { parsePacket } from "../packets/header.ts";
import { QuicTls } from "../session.ts";
import { clientConfig, cryptoFrame, serverConfig, TestEnd } from "../testing/test_end.ts";
import { encodeVarint } from "../packets/varint.ts";

const LEVELS = ["initial", "handshake", "application"] as const;

/** Two ends and what they have to say to each other, message by message. */
class Conversation {
  readonly client: TestEnd;
  readonly server: TestEnd;
  /** The level of what was delivered last to each end. */
  readonly delivered: Record<"client" | "server", Level> = { client: "initial", server: "initial" };
  readonly #row: Row;
  readonly #counts = new Map<string, number>();

  constructor(row: Row, client: TestEnd, server: TestEnd) {
    this.#row = row;
    this.client = client;
    this.server = server;
  }

  async run(): Promise<this> {
    await this.client.start();
    await this.server.start();
    while (await this.#pass("client") || await this.#pass("server")) { /* goes on */ }
    return this;
  }

  get session(): Session {
    for (const event of this.client.events) if (event.type === "ticket") return event.session;
    throw new Error(`no session: ${this.client.close?.error ?? this.server.close?.error}`);
  }

  async #pass(from: "client" | "server"): Promise<boolean> {
    const to = from === "client" ? "server" : "client";
    let spoke = false;
    for (const level of LEVELS) {
      const bytes: Uint8Array[] = [];
      while (this[from].tls.hasCrypto(level)) {
        const chunk = this[from].tls.nextCrypto(level, 100_000);
        if (chunk !== null) bytes.push(chunk.data.slice());
      }
      for (const message of messagesOf(concat(bytes))) {
        spoke = true;
        const changed = this.#row.on(message, from, this.#count(`${from} ${message[0]}`, 1));
        if (changed === null) continue;
        const offset = this.#count(`${from} at ${level}`, changed.length);
        if (this[to].close === null) this.delivered[to] = level;
        await this.#deliver(from, to, level, offset, changed);
      }
    }
    return spoke;
  }

  /** In a packet where its keys do not depend on what was changed: the connection IDs of Initial packets count. */
  async #deliver(
    from: "client" | "server",
    to: "client" | "server",
    level: (typeof LEVELS)[number],
    offset: number,
    data: Uint8Array,
  ): Promise<void> {
    if (level === "initial") {
      return await this[to].receive(await this[from].packet(level, cryptoFrame(offset, data)));
    }
    await this[to].tls.receiveCrypto(level, offset, data);
    this[to].drain();
  }

  /** What a counter was before. */
  #count(name: string, by: number): number {
    const before = this.#counts.get(name) ?? 0;
    this.#counts.set(name, before + by);
    return before;
  }
}

function* messagesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + (bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]);
    yield bytes.slice(at, end);
    at = end;
  }
}

async function converse(row: Row, toServer = row.server ?? server, session?: Session) {
  const own = clientConfig({ tls: row.client ?? client });
  return await new Conversation(
    row,
    new TestEnd(QuicTls.client(own, { ...(row.target ?? target), session })),
    new TestEnd(QuicTls.server(await serverConfig({ tls: toServer }))),
  ).run();
}

async function run(row: Row): Promise<Conversation> {
  if (row.resume === undefined) return await converse(row);
  const before = await converse({ ...row, on: (message) => message }, row.before);
  return await converse(row, row.server, row.resume(before.session));
}

for (const row of ROWS) {
  if (row.only === "records") continue;
  Deno.test(`rows 219, ${row.row}: ${row.name}: the ${row.by} closes with ${alertName(row.alert)}`, async () => {
    const both = await run(row);
    const { by } = row;
    const end = both[by];
    const peer = both[by === "client" ? "server" : "client"];
    assert(end.close !== null, `the ${by} goes on; the other: ${peer.close?.error}`);
    const { code, error } = end.close;
    assert(error instanceof TlsError);
    assertEquals([error.code, code], [row.code, CRYPTO_ERROR + row.alert], error.message);
    assertEquals(end.events.at(-1), end.close);
    // The close goes out at the level of the last keys: 1-RTT on a server after its Finished, 0-RTT on a client that has it open
    // and no Handshake keys yet (RFC 9000 §12.5 allows it there).
    const level = both.delivered[by];
    let expected = by === "server" && level === "handshake" ? "application" : level;
    if (level === "initial" && row.level === "early") expected = "early";
    assertEquals(end.tls.writeLevel, expected);
    const close = concat([Uint8Array.of(0x1c), encodeVarint(code), Uint8Array.of(0, 0)]);
    const packet = parsePacket(await end.packet(expected, close), 0, { connectionIdLength: 8 });
    // The keys of Initial packets do not depend on what was changed on the way.
    if (packet.type === "initial") {
      const opened = await peer.tls.open(packet);
      assert(typeof opened !== "string", String(opened));
      assertEquals(opened.payload, close);
    }
    // It is of no use afterwards.
    await end.tls.receiveCrypto(level, 0, new Uint8Array(1));
    assertEquals([...end.tls.events()], []);
    if ("packetNumberOffset" in packet) assertEquals(await end.tls.open(packet), "closed");
  });
}
