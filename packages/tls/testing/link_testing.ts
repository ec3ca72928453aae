/**
 * Two connections, and somebody in between who can change their records. For tests; with synchronous providers only.
 *
 * @module
 */
import { isPromise } from "@sealane/providers";
import type { ClientConfig, ClientTarget, ServerConfig, Session } from "@sealane/handshake";
import { TlsError } from "@sealane/wire";
import { Connection } from "../connection/connection.ts";
import type { ConnectionEvent, ConnectionOptions } from "../connection/connection_options.ts";

/** One end of a {@link Link}. */
export type Side = "client" | "server";

/** A record: its header and its fragment. */
export type RawRecord = Uint8Array;

/** Changes the records of a flight. */
export type ChangeRecords = (records: RawRecord[]) => RawRecord[];

/** Two connections that have started. */
export class Link {
  /** The client. */
  readonly client: Connection;
  /** The server. */
  readonly server: Connection;
  /** What has happened at each end. */
  readonly events: Readonly<Record<Side, ConnectionEvent[]>> = { client: [], server: [] };

  /** Starts both. */
  constructor(
    client: ClientConfig,
    server: ServerConfig,
    target: ClientTarget = { serverName: "localhost" },
    options: ConnectionOptions = {},
  ) {
    this.client = Connection.client(client, target, options);
    this.server = Connection.server(server, options);
    synchronous(this.client.start());
    synchronous(this.server.start());
  }

  /** Hands over what one end has to say; whether it had anything. What ends the other one is in its `error`. */
  pass(from: Side, change: ChangeRecords = (records) => records): boolean {
    const bytes = this[from].take();
    if (isPromise(bytes)) throw new Error("the provider is asynchronous");
    const to = from === "client" ? "server" : "client";
    for (const record of change(splitRecords(bytes))) this.deliver(to, record);
    return bytes.length > 0;
  }

  /** Hands bytes to one end. */
  deliver(to: Side, bytes: Uint8Array): void {
    if (this[to].error !== null) return;
    try {
      synchronous(this[to].receive(bytes));
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
    }
    this.events[to].push(...this[to].events());
  }

  /** Hands over until neither has anything to say. */
  run(): this {
    while (this.pass("client") || this.pass("server")) { /* goes on */ }
    return this;
  }

  /** The data that one end has received; with `early` early data only, or all but that. */
  received(side: Side, early?: boolean): string {
    const chunks = this.events[side].flatMap((event) =>
      event.type === "data" && event.early === (early ?? event.early) ? [...event.data] : []
    );
    return new TextDecoder().decode(new Uint8Array(chunks));
  }

  /** The sessions that the client got. */
  get sessions(): Session[] {
    return this.events.client.flatMap((e) => e.type === "ticket" ? [e.session] : []);
  }

  /** Code and alert of what ended one end. */
  failure(side: Side): [string, number | null] | null {
    const { error } = this[side];
    return error === null ? null : [error.code, error.alert];
  }
}

function synchronous(result: void | Promise<void>): void {
  if (isPromise(result)) throw new Error("the provider is asynchronous");
}

/** The records in `bytes`. */
export function splitRecords(bytes: Uint8Array): RawRecord[] {
  const records: RawRecord[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 5 + (bytes[at + 3] << 8 | bytes[at + 4]);
    records.push(bytes.slice(at, end));
    at = end;
  }
  return records;
}

/** A record as it would be protected, with a fragment that nobody can open. */
export function forgedRecord(length: number): RawRecord {
  const record = new Uint8Array(5 + length).fill(0x5a);
  record.set([23, 3, 3, length >> 8, length & 0xff]);
  return record;
}
