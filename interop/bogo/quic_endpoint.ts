/**
 * A connection in QUIC mode: the handshake engine alone, over the suite's stand-in for packets. This is what the author
 * of a QUIC transport does with `@sealane/handshake`, without the packets.
 *
 * @module
 */
import { Handshake, PACKETS } from "@sealane/handshake";
import { type AlertDescription, concat, ContentType, ExtensionType } from "@sealane/wire";
import type { Endpoint, EndpointState } from "./endpoint.ts";
import type { EngineConfig } from "./engine_config.ts";
import type { Observed } from "./observed.ts";
import { StateKeeper } from "./endpoint_state.ts";
import { encodeQuicRecord, initialKeys, type KeysByLevel, readQuicRecord } from "./quic_frame.ts";
import type { RunnerSocket } from "./socket.ts";

const LEGACY_TRANSPORT_PARAMETERS = 0xffa5;

/** A connection in QUIC mode. */
export class QuicEndpoint implements Endpoint {
  readonly #keeper: StateKeeper;
  readonly #socket: RunnerSocket;
  readonly #handshake: Handshake;
  readonly #observed: Observed;
  readonly #readKeys: KeysByLevel = initialKeys();
  readonly #writeKeys: KeysByLevel = initialKeys();
  #unread: Uint8Array = new Uint8Array();
  #started = false;

  get state(): EndpointState {
    return this.#keeper.state;
  }

  /** `engine` says which role this is. */
  constructor(socket: RunnerSocket, engine: EngineConfig, observed: Observed) {
    this.#socket = socket;
    this.#observed = observed;
    this.#keeper = new StateKeeper(engine.role, observed);
    this.#handshake = engine.role === "client"
      ? Handshake.client(engine.config, engine.target, { carrier: PACKETS })
      : Handshake.server(engine.config, { carrier: PACKETS });
  }

  async handshake(): Promise<void> {
    await this.#start();
    while (!this.state.complete && !this.state.inEarlyData) await this.#readHandshake();
  }

  async handshakeUntil(messageType: number): Promise<void> {
    while (this.#observed.lastMessageReceived !== messageType) await this.#readHandshake();
  }

  async read(most: number): Promise<Uint8Array | null> {
    await this.#start();
    while (this.#unread.length === 0) {
      const record = await readQuicRecord(this.#socket, this.#readKeys);
      if (record === null) return null;
      if (record.type === ContentType.application_data) this.#unread = record.payload;
      else await this.#receive(record);
    }
    const bytes = this.#unread.subarray(0, most);
    this.#unread = this.#unread.subarray(bytes.length);
    return bytes;
  }

  async write(data: Uint8Array): Promise<void> {
    if (!this.#started) await this.handshake();
    const level = this.#keeper.sendsEarlyData ? "early" : "application";
    const record = { type: ContentType.application_data, level, payload: data } as const;
    await this.#socket.write(encodeQuicRecord(record, this.#writeKeys));
  }

  writeUnfinished(): Promise<void> {
    throw new Error("-read-with-unfinished-write is not for QUIC");
  }

  releaseWrite(): Promise<void> {
    throw new Error("-read-with-unfinished-write is not for QUIC");
  }

  keyUpdate(): Promise<void> {
    throw new Error("-key-update is not for QUIC");
  }

  async sendAlert(description: AlertDescription): Promise<void> {
    const payload = new Uint8Array([2, description]);
    const level = this.#handshake.writeLevel;
    const record = { type: ContentType.alert, level, payload };
    await this.#socket.write(encodeQuicRecord(record, this.#writeKeys));
  }

  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array {
    return this.#handshake.exportKeyingMaterial(label, context, length);
  }

  trafficSecrets(): { read: Uint8Array; write: Uint8Array } {
    const read = this.#readKeys.get("application")?.secret;
    const write = this.#writeKeys.get("application")?.secret;
    if (read === undefined || write === undefined) throw new Error("no application secrets yet");
    return { read, write };
  }

  /** QUIC has no close_notify. */
  async shutdown(): Promise<void> {}

  async #start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    await this.#call(() => this.#handshake.start());
  }

  async #readHandshake(): Promise<void> {
    const record = await readQuicRecord(this.#socket, this.#readKeys);
    if (record === null) throw new Error("the runner closed the connection in the handshake");
    if (record.type === ContentType.application_data && record.level === "early") {
      // A server reads early data before the handshake is done; the exchange takes it afterwards.
      this.#unread = concat([this.#unread, record.payload]);
      return;
    }
    await this.#receive(record);
  }

  async #receive(record: { type: number; level: EarlyLevel; payload: Uint8Array }): Promise<void> {
    if (record.type !== ContentType.handshake) {
      throw new Error(`a record of type ${record.type} where handshake data was expected`);
    }
    await this.#call(() => this.#handshake.receive(record.level, record.payload));
  }

  /** Runs the engine, then does what its events say, also after a failure: the alert is one of them. */
  async #call(run: () => void | Promise<void>): Promise<void> {
    try {
      await run();
    } finally {
      await this.#drain();
    }
    this.#keeper.checkRejected();
  }

  async #drain(): Promise<void> {
    for (const event of this.#handshake.events()) {
      this.#keeper.note(event);
      switch (event.type) {
        case "message": {
          const record = { type: ContentType.handshake, level: event.level, payload: event.data };
          await this.#socket.write(encodeQuicRecord(record, this.#writeKeys));
          break;
        }
        case "secret": {
          const keys = event.direction === "read" ? this.#readKeys : this.#writeKeys;
          keys.set(event.level, { suite: event.suite.id, secret: event.secret });
          if (event.level === "early") this.#keeper.state.inEarlyData = true;
          break;
        }
        case "peerExtension":
          if (isTransportParameters(event.extension)) {
            this.#keeper.state.transportParameters = event.data;
          }
          break;
        case "alert":
          await this.sendAlert(event.description);
          break;
      }
    }
    this.#keeper.state.info = this.#handshake.info;
  }
}

type EarlyLevel = Parameters<Handshake["receive"]>[0];

function isTransportParameters(type: number): boolean {
  return type === ExtensionType.quic_transport_parameters || type === LEGACY_TRANSPORT_PARAMETERS;
}
