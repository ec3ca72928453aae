/**
 * Two connections, and somebody in between who knows the secrets of both: handshake messages are opened, changed and sealed
 * again, so that each end sees good records with what the changes made of them. For tests; with synchronous providers only.
 *
 * @module
 */
import type {
  ClientConfig,
  ClientTarget,
  KeyLogLabel,
  Level,
  ServerConfig,
  Session,
} from "@sealane/handshake";
import type { Interference } from "@sealane/handshake/conformance";
import { type CipherSuite, isPromise } from "@sealane/providers";
import { RecordWriter, TrafficKey } from "@sealane/record";
import { ContentType, HandshakeType, TlsError } from "@sealane/wire";
import { Connection } from "../connection/connection.ts";
import type { ConnectionEvent, ConnectionOptions } from "../connection/connection_options.ts";
import { splitRecords } from "./link_testing.ts";

/** One end. */
export type Side = "client" | "server";

/** What was in a record, seen in between. */
export interface SeenRecord {
  /** Who sent it. */
  readonly from: Side;
  /** Its content type, that of the inner plaintext where there is one. */
  readonly type: number;
  /** The level of the key that opened it; `initial` in the clear. */
  readonly level: Level;
  /** Its content. */
  readonly content: Uint8Array;
}

/** What the secrets of an end are called in a key log, in the order in which they come into use. */
const LABELS: Readonly<Record<Side, readonly (readonly [Level, KeyLogLabel])[]>> = {
  client: [
    ["early", "CLIENT_EARLY_TRAFFIC_SECRET"],
    ["handshake", "CLIENT_HANDSHAKE_TRAFFIC_SECRET"],
    ["application", "CLIENT_TRAFFIC_SECRET_0"],
  ],
  server: [
    ["handshake", "SERVER_HANDSHAKE_TRAFFIC_SECRET"],
    ["application", "SERVER_TRAFFIC_SECRET_0"],
  ],
};

type Secrets = Map<KeyLogLabel, Uint8Array>;

/** What somebody in between knows of one direction. */
interface Lane {
  readonly keys: Map<Level, TrafficKey>;
  readonly writers: Map<Level, RecordWriter>;
  /** Handshake bytes of a message that is not whole. */
  pending: Uint8Array;
}

/** Two connections that have started, and the wire between them. */
export class Wire {
  /** Both ends. */
  readonly ends: Readonly<Record<Side, Connection>>;
  /** All records, as they were sent. */
  readonly seen: SeenRecord[] = [];
  /** What has happened at each end. */
  readonly events: Readonly<Record<Side, ConnectionEvent[]>> = { client: [], server: [] };
  /** The level of what was delivered last to each end. */
  readonly delivered: Record<Side, Level> = { client: "initial", server: "initial" };
  readonly #secrets: Readonly<Record<Side, Secrets>> = { client: new Map(), server: new Map() };
  readonly #lanes: Readonly<Record<Side, Lane>> = { client: lane(), server: lane() };
  readonly #suites: Record<Side, CipherSuite>;
  readonly #earlySuite: CipherSuite;
  readonly #known: readonly CipherSuite[];
  readonly #counts = new Map<string, number>();
  readonly #interfere: Interference;
  /** Whether every byte of a handshake message is delivered in a record of its own. */
  bytewise = false;

  /** Starts both. */
  constructor(
    client: ClientConfig,
    server: ServerConfig,
    target: ClientTarget,
    interfere: Interference = (message) => message,
    options: ConnectionOptions = {},
  ) {
    this.#interfere = interfere;
    this.#known = client.provider.cipherSuites;
    // Early data is under the suite of its session; ServerHello says the suite of the rest.
    const { session } = target;
    this.#earlySuite = this.#known.find(({ id }) => id === session?.cipherSuite) ?? this.#known[0];
    this.#suites = { client: this.#earlySuite, server: this.#earlySuite };
    const watch = (side: Side) => ({
      secret: (label: KeyLogLabel, _random: Uint8Array, secret: Uint8Array) =>
        void this.#secrets[side].set(label, secret.slice()),
    });
    this.ends = {
      client: Connection.client({ ...client, observer: watch("client") }, target, options),
      server: Connection.server({ ...server, observer: watch("server") }, options),
    };
    for (const side of ["client", "server"] as const) synchronous(this.ends[side].start());
  }

  /** Hands over until neither end has anything to say. */
  run(): this {
    while (this.pass("client") || this.pass("server")) { /* goes on */ }
    return this;
  }

  /** Hands over what one end has to say; whether it had anything. */
  pass(from: Side): boolean {
    const bytes = synchronous(this.ends[from].take());
    for (const record of splitRecords(bytes)) this.#forward(from, record);
    return bytes.length > 0;
  }

  /** The sessions that the client got. */
  get sessions(): Session[] {
    return this.events.client.flatMap((event) => event.type === "ticket" ? [event.session] : []);
  }

  /** The alerts that one end sent. */
  alerts(from: Side): SeenRecord[] {
    return this.seen.filter((record) => record.from === from && record.type === ContentType.alert);
  }

  /** A key of one end, as the other would read it. */
  key(side: Side, level: Level, knownTo: Side = side): TrafficKey | null {
    const label = LABELS[side].find(([of]) => of === level)?.[1];
    const secret = label === undefined ? undefined : this.#secrets[knownTo].get(label);
    const suite = level === "early" ? this.#earlySuite : this.#suites[knownTo];
    return secret === undefined ? null : new TrafficKey(suite, secret);
  }

  /** Hands bytes to one end. */
  deliver(to: Side, bytes: Uint8Array): void {
    const end = this.ends[to];
    if (end.error !== null) return;
    try {
      synchronous(end.receive(bytes));
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
    }
    this.events[to].push(...end.events());
  }

  /** Seals content as `from` would for the other end, and hands it over. */
  inject(from: Side, level: Level, type: number, content: Uint8Array): void {
    const to = other(from);
    const writer = this.#writer(from, level);
    if (writer === null) return;
    this.delivered[to] = level;
    const step = this.bytewise && type === ContentType.handshake ? 1 : Math.max(content.length, 1);
    for (let at = 0; at < Math.max(content.length, 1); at += step) {
      writer.write(type, content.subarray(at, at + step));
      this.deliver(to, synchronous(writer.take()));
    }
  }

  #forward(from: Side, record: Uint8Array): void {
    if (record[0] === ContentType.change_cipher_spec) {
      this.seen.push({ from, type: record[0], level: "initial", content: record.subarray(5) });
      return this.deliver(other(from), record);
    }
    const { level, type, content } = this.#open(from, record);
    this.seen.push({ from, type, level, content });
    if (type !== ContentType.handshake) return this.inject(from, level, type, content);
    const state = this.#lanes[from];
    const all = new Uint8Array(state.pending.length + content.length);
    all.set(state.pending);
    all.set(content, state.pending.length);
    let at = 0;
    for (let end = messageEnd(all, at); end <= all.length; end = messageEnd(all, at)) {
      this.#message(from, level, all.slice(at, end));
      at = end;
    }
    state.pending = all.slice(at);
  }

  #message(from: Side, level: Level, message: Uint8Array): void {
    const name = `${from} ${message[0]}`;
    const nth = this.#counts.get(name) ?? 0;
    this.#counts.set(name, nth + 1);
    const changed = this.#interfere(message, from, nth);
    this.#noteSuite("server", message);
    if (changed === null) return;
    this.#noteSuite("client", changed);
    this.inject(from, level, ContentType.handshake, changed);
  }

  /** Each end goes by the ServerHello that it knows. */
  #noteSuite(side: Side, message: Uint8Array): void {
    if (message[0] !== HandshakeType.server_hello || message.length < 41) return;
    const at = 39 + message[38];
    const id = message[at] << 8 | message[at + 1];
    this.#suites[side] = this.#known.find((suite) => suite.id === id) ?? this.#suites[side];
  }

  #open(from: Side, record: Uint8Array): Omit<SeenRecord, "from"> {
    const content = record.subarray(5);
    if (record[0] !== ContentType.application_data) {
      return { type: record[0], level: "initial", content };
    }
    for (const [level] of LABELS[from]) {
      const { keys } = this.#lanes[from];
      const key = keys.get(level) ?? this.key(from, level);
      if (key === null) continue;
      keys.set(level, key);
      const inner = key.open(record.subarray(0, 5), content);
      if (isPromise(inner)) throw new Error("the provider is asynchronous");
      if (inner === null) continue;
      const end = inner.findLastIndex((byte) => byte !== 0);
      return { level, type: inner[end], content: inner.slice(0, end) };
    }
    throw new Error(`a record of the ${from} does not open`);
  }

  #writer(from: Side, level: Level): RecordWriter | null {
    const { writers } = this.#lanes[from];
    let writer = writers.get(level);
    if (writer !== undefined) return writer;
    writer = new RecordWriter();
    if (level !== "initial") {
      const key = this.key(from, level, other(from));
      if (key === null) return null;
      writer.setKey(key);
    }
    writers.set(level, writer);
    return writer;
  }
}

function lane(): Lane {
  return { keys: new Map(), writers: new Map(), pending: new Uint8Array() };
}

/** The other end. */
export function other(side: Side): Side {
  return side === "client" ? "server" : "client";
}

/** Where the message at `at` ends; beyond the bytes if it is not whole. */
function messageEnd(bytes: Uint8Array, at: number): number {
  if (bytes.length < at + 4) return Infinity;
  return at + 4 + (bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]);
}

function synchronous<T>(result: T | Promise<T>): T {
  if (isPromise(result)) throw new Error("the provider is asynchronous");
  return result;
}
