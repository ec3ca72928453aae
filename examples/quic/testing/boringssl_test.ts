/** A port of BoringSSL's call shape, with the packets of a small client around it, talks to quinn. */
import { assert, assertEquals } from "@std/assert";
import type { Level } from "@sealane/handshake";
import type { CipherSuite } from "@sealane/providers";
import { nativeProvider as provider } from "@sealane/providers/native";
import {
  ackFrame,
  CryptoReceiver,
  decodeFrames,
  decodeTransportParameters,
  encodeFrame,
  encodeTransportParameters,
  type Frame,
  initialProtectors,
  isAckEliciting,
  levelOf,
  MIN_INITIAL_DATAGRAM,
  type PacketNumberSpace,
  packetOverhead,
  PacketProtector,
  type PacketSender,
  parseDatagram,
  QUIC_V1,
  type QuicMethod,
  QuicSsl,
  RangeSet,
  sealPacket,
  spaceOf,
} from "@sealane/quic-tls";
import { concat, NamedGroup, utf8 } from "@sealane/wire";
import { CLIENT } from "./echo.ts";
import { withQuinn } from "./peers.ts";

/** What there is of each packet number space. */
class Space {
  readonly received = new RangeSet();
  readonly crypto = new CryptoReceiver();
  largest = -1;
  next = 0;
  written = 0;
  frames: Frame[] = [];
}

/** The QUIC that a stack has of its own, as little as a connection without loss needs. */
class SmallClient implements QuicMethod, PacketSender {
  readonly role = "client";
  readonly version = QUIC_V1;
  readonly originalVersion = QUIC_V1;
  readonly token = new Uint8Array(0);
  readonly sourceConnectionId = provider.random(8);
  destinationConnectionId = provider.random(8);
  readonly ssl: QuicSsl;
  readonly #spaces: Record<PacketNumberSpace, Space> = {
    initial: new Space(),
    handshake: new Space(),
    application: new Space(),
  };
  readonly #read = new Map<Level, PacketProtector>();
  readonly #write = new Map<Level, PacketProtector>();
  readonly answer: Uint8Array[] = [];
  answered = false;

  constructor() {
    const { alpn, trust } = CLIENT.tls;
    // One key share that leaves the ClientHello small enough for one datagram.
    const groups = [NamedGroup.x25519];
    this.ssl = QuicSsl.client({ provider, alpn, trust, groups }, { serverName: "localhost" });
    this.ssl.setQuicMethod(this);
    this.ssl.setQuicTransportParams(encodeTransportParameters({
      initialSourceConnectionId: this.sourceConnectionId,
      initialMaxData: 100_000,
      initialMaxStreamDataBidiLocal: 100_000,
    }, "client"));
  }

  /** Makes the Initial keys and the ClientHello. */
  async start(): Promise<void> {
    const initial = await initialProtectors(
      provider,
      QUIC_V1,
      this.destinationConnectionId,
      "client",
    );
    this.#read.set("initial", initial.read);
    this.#write.set("initial", initial.write);
    assertEquals(await this.ssl.doHandshake(), "want-read");
  }

  async #protector(suite: CipherSuite, secret: Uint8Array): Promise<PacketProtector> {
    return await PacketProtector.create(QUIC_V1, suite, secret);
  }

  readonly #made: Promise<unknown>[] = [];

  setReadSecret(level: Level, suite: CipherSuite, secret: Uint8Array): void {
    const made = this.#protector(suite, secret.slice());
    this.#made.push(made.then((protector) => this.#read.set(level, protector)));
  }

  setWriteSecret(level: Level, suite: CipherSuite, secret: Uint8Array): void {
    const made = this.#protector(suite, secret.slice());
    this.#made.push(made.then((protector) => this.#write.set(level, protector)));
  }

  addHandshakeData(level: Level, data: Uint8Array): void {
    const space = this.#spaces[spaceOf(level)];
    space.frames.push({ type: "crypto", offset: space.written, data: data.slice() });
    space.written += data.length;
  }

  flushFlight(): void {}

  sendAlert(_level: Level, alert: number): void {
    throw new Error(`alert ${alert}: ${this.ssl.error?.message}`);
  }

  canSend(level: Level): boolean {
    return this.#write.has(level);
  }

  protect(level: Level, packet: Uint8Array, headerLength: number, packetNumber: number) {
    const protector = this.#write.get(level);
    assert(protector !== undefined);
    return protector.protect(packet, headerLength, packetNumber);
  }

  /** Sends bytes on the first stream of a client, and its end. */
  send(data: Uint8Array): void {
    const frame: Frame = { type: "stream", streamId: 0, offset: 0, data, fin: true };
    this.#spaces.application.frames.push(frame);
  }

  /** The packets that there are frames for, each in a datagram of its own. */
  async datagrams(): Promise<Uint8Array[]> {
    const packets: Uint8Array[] = [];
    for (const level of ["initial", "handshake", "application"] as const) {
      const space = this.#spaces[level];
      if (!this.canSend(level) || space.frames.length === 0) continue;
      const { sourceConnectionId } = this;
      const packetNumber = space.next++;
      const fields = { level, packetNumber, packetNumberLength: 4, sourceConnectionId };
      let payload = concat(space.frames.splice(0).map(encodeFrame));
      // RFC 9000 §14.1: datagrams with a client's Initial packets are padded.
      const least = level === "initial" ? MIN_INITIAL_DATAGRAM - packetOverhead(this, fields) : 0;
      const padding = Math.max(0, least - payload.length);
      payload = concat([payload, new Uint8Array(padding)]);
      packets.push(await sealPacket(this, fields, payload));
    }
    return packets;
  }

  /** Takes a datagram of the server. */
  async receive(datagram: Uint8Array): Promise<void> {
    const packets = parseDatagram(datagram, { connectionIdLength: this.sourceConnectionId.length });
    for (const packet of packets) {
      if (packet.type !== "initial" && packet.type !== "handshake" && packet.type !== "1rtt") {
        continue;
      }
      const level = levelOf(packet);
      const space = this.#spaces[spaceOf(level)];
      const { bytes, packetNumberOffset } = packet;
      const opened = await this.#read.get(level)?.unprotect(
        bytes,
        packetNumberOffset,
        space.largest,
      );
      if (opened === undefined || typeof opened === "string") continue;
      // RFC 9000 §7.2: from the first Initial packet on, the server's own connection ID.
      if (packet.type === "initial") this.destinationConnectionId = packet.sourceConnectionId;
      space.largest = Math.max(space.largest, opened.packetNumber);
      space.received.add(opened.packetNumber, opened.packetNumber + 1);
      const frames = [...decodeFrames(opened.payload, level, "server")];
      for (const frame of frames) await this.#take(level, frame);
      if (frames.some(isAckEliciting)) space.frames.unshift(ackFrame(space.received));
    }
  }

  async #take(level: Level, frame: Frame): Promise<void> {
    if (frame.type === "connectionClose") throw new Error(`closed: ${frame.code} ${frame.reason}`);
    if (frame.type === "stream" && frame.streamId === 0) {
      this.answer.push(frame.data.slice());
      this.answered ||= frame.fin;
    }
    if (frame.type !== "crypto") return;
    const data = this.#spaces[spaceOf(level)].crypto.receive(frame.offset, frame.data);
    if (data.length === 0) return;
    assert(this.ssl.provideQuicData(level, data));
    assert(await this.ssl.doHandshake() !== "error", this.ssl.error?.message);
    await Promise.all(this.#made);
  }
}

Deno.test("QuicSsl with packets of another stack shakes hands with quinn, and data goes both ways", () =>
  withQuinn(async (port) => {
    const address = { transport: "udp", hostname: "127.0.0.1", port } as const;
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    const late = setTimeout(() => socket.close(), 20_000);
    try {
      const client = new SmallClient();
      await client.start();
      let asked = false;
      while (!client.answered) {
        for (const datagram of await client.datagrams()) await socket.send(datagram, address);
        await client.receive((await socket.receive())[0]);
        if (!client.ssl.complete || asked) continue;
        asked = true;
        client.send(utf8("through another stack"));
      }
      assertEquals(concat(client.answer), utf8("through another stack"));
      const parameters = client.ssl.getPeerQuicTransportParams();
      assert(parameters !== null);
      assert(decodeTransportParameters(parameters, "server").initialSourceConnectionId);
    } finally {
      clearTimeout(late);
      socket.close();
    }
  }));
