/**
 * A connection over TLS records: `Connection` of `@sealane/tls` between the exchange and the socket.
 *
 * @module
 */
import { Connection } from "@sealane/tls";
import { type AlertDescription, concat, TlsError } from "@sealane/wire";
import type { Endpoint, EndpointState } from "./endpoint.ts";
import type { EngineConfig } from "./engine_config.ts";
import type { ConnectionFlags } from "./flags.ts";
import type { Observed } from "./observed.ts";
import { StateKeeper } from "./endpoint_state.ts";
import type { RunnerSocket } from "./socket.ts";

const HEADER_LENGTH = 5;
const NOTHING = new Uint8Array();

/** A connection over TLS records. */
export class TlsEndpoint implements Endpoint {
  readonly #keeper: StateKeeper;
  readonly #socket: RunnerSocket;
  readonly #observed: Observed;
  readonly #connection: Connection;
  readonly #byteByByte: boolean;
  #header: Uint8Array = NOTHING;
  #bodyLeft = 0;
  #unread: Uint8Array[] = [];
  #started = false;
  #closed = false;
  /** What is not sent before {@link TlsEndpoint.releaseWrite}; `null` if nothing is held. */
  #held: Uint8Array[] | null = null;
  /** Whether that is early data. */
  #heldEarly = false;

  get state(): EndpointState {
    return this.#keeper.state;
  }

  /** `engine` says which role this is. */
  constructor(
    socket: RunnerSocket,
    engine: EngineConfig,
    observed: Observed,
    flags: ConnectionFlags,
  ) {
    this.#socket = socket;
    this.#observed = observed;
    this.#keeper = new StateKeeper(engine.role, observed);
    this.#byteByByte = flags.async;
    const options = {
      maxFragment: flags["max-send-fragment"],
      allowTruncation: !flags["check-close-notify"],
    };
    this.#connection = engine.role === "client"
      ? Connection.client(engine.config, engine.target, options)
      : Connection.server(engine.config, options);
  }

  async handshake(): Promise<void> {
    await this.#start();
    while (!this.state.complete && !this.state.inEarlyData) {
      if (!await this.#pump()) throw new Error("the connection ended in the handshake");
    }
  }

  async handshakeUntil(messageType: number): Promise<void> {
    while (this.#observed.lastMessageReceived !== messageType && await this.#pump());
  }

  async read(most: number): Promise<Uint8Array | null> {
    await this.#start();
    while (this.#unread.length === 0) {
      if (!await this.#pump()) return null;
    }
    const bytes = this.#unread[0].subarray(0, most);
    const rest = this.#unread[0].subarray(bytes.length);
    if (rest.length === 0) this.#unread.shift();
    else this.#unread[0] = rest;
    return bytes;
  }

  async write(data: Uint8Array): Promise<void> {
    await this.handshake();
    const early = this.#keeper.sendsEarlyData;
    const taken = early ? this.#connection.writeEarlyData(data) : 0;
    if (early) await this.#flush();
    if (early && taken === data.length) return;
    // What early data has no room for waits for the end of the handshake.
    if (early) await this.#finishHandshake();
    this.#connection.write(data.subarray(taken));
    await this.#flush();
  }

  async writeUnfinished(data: Uint8Array): Promise<void> {
    if (this.#keeper.sendsEarlyData) this.#connection.writeEarlyData(data);
    else this.#connection.write(data);
    const record = await this.#connection.take();
    await this.#socket.write(record.subarray(0, 1));
    this.#held = [record.slice(1)];
    this.#heldEarly = !this.state.complete;
  }

  async releaseWrite(): Promise<void> {
    const held = concat(this.#held ?? []);
    this.#held = null;
    this.#heldEarly = false;
    await this.#socket.write(held);
    await this.#flush();
  }

  async keyUpdate(): Promise<void> {
    this.#connection.updateKeys();
    await this.#flush();
  }

  async sendAlert(description: AlertDescription): Promise<void> {
    this.#connection.closeWithAlert(description);
    await this.#flush();
  }

  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array {
    return this.#connection.exportKeyingMaterial(label, context, length);
  }

  trafficSecrets(): { read: Uint8Array; write: Uint8Array } {
    return this.#observed.trafficSecrets();
  }

  async shutdown(wait: boolean): Promise<void> {
    if (!wait) return;
    this.#connection.close();
    await this.#flush();
    while (!this.#closed && await this.#pump());
  }

  async #start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    await this.#call(() => this.#connection.start());
    if (this.#keeper.client && this.#connection.handshake.maxEarlyData > 0) {
      this.#keeper.state.inEarlyData = true;
    }
  }

  async #finishHandshake(): Promise<void> {
    while (!this.state.complete && await this.#pump());
  }

  /** Takes the next piece from the network; `false` at the end of the peer's data. */
  async #pump(): Promise<boolean> {
    if (this.#closed) return false;
    const piece = await this.#nextPiece();
    if (piece === null) await this.#call(() => this.#connection.receiveEnd());
    else await this.#call(() => this.#connection.receive(piece));
    return !this.#closed;
  }

  /**
   * One record at a time, header and body apart, as a program that reads records would do it; in async tests one byte at
   * a time. A test may expect that a record is acted upon before the next one is looked at.
   */
  async #nextPiece(): Promise<Uint8Array | null> {
    if (this.#byteByByte) return await this.#socket.read(1);
    if (this.#bodyLeft > 0) {
      const body = await this.#socket.read(this.#bodyLeft);
      this.#bodyLeft -= body?.length ?? 0;
      return body;
    }
    const part = await this.#socket.read(HEADER_LENGTH - this.#header.length);
    if (part === null) return null;
    this.#header = concat([this.#header, part]);
    if (this.#header.length === HEADER_LENGTH) {
      this.#bodyLeft = this.#header[3] << 8 | this.#header[4];
      this.#header = NOTHING;
    }
    return part;
  }

  /** Runs the connection, then sends what it has to say, also after a failure: the alert is among it. */
  async #call(run: () => void | Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#checkRepeats(error);
      this.#takeEvents();
      // The runner may have gone; what counts is why the connection ended.
      await this.#flush().catch(() => {});
      throw error;
    }
    this.#takeEvents();
    await this.#flush();
    this.#keeper.checkRejected();
  }

  /** After an error every call has to throw that error again. */
  #checkRepeats(error: unknown): void {
    if (!(error instanceof TlsError) || this.#connection.error === null) return;
    try {
      this.#connection.write(NOTHING);
    } catch (repeated) {
      if (repeated === error) return;
    }
    throw new Error(`the error [${error.code}] was not repeated`);
  }

  async #flush(): Promise<void> {
    const bytes = await this.#connection.take();
    if (bytes.length === 0) return;
    // The handshake does not wait for an unfinished write of early data: it goes out in front of the next flight.
    if (this.#heldEarly) await this.releaseWrite();
    this.#observed.wroteRecords(bytes);
    if (this.#held === null) await this.#socket.write(bytes);
    else this.#held.push(bytes.slice());
  }

  #takeEvents(): void {
    for (const event of this.#connection.events()) {
      this.#keeper.note(event);
      switch (event.type) {
        case "data":
          this.#unread.push(event.data);
          break;
        case "close":
          this.#closed = true;
          break;
      }
    }
    this.#keeper.state.info = this.#connection.info;
  }
}
