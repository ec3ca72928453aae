/**
 * The smallest transport that can shake hands, for tests: CRYPTO, HANDSHAKE_DONE, PING and DATAGRAM frames, no loss
 * recovery but to send everything again.
 *
 * @module
 */
import {
  createCredential,
  createReplayGuard,
  type Credential,
  type HandshakeInfo,
  type Level,
  MemoryClientCache,
  RotatingTicketKeys,
  sealedTickets,
} from "@sealane/handshake";
import { createTestAuthority } from "@sealane/pki/testing";
import type { CryptoProvider, MaybePromise } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { concat, utf8 } from "@sealane/wire";
import type { QuicClientConfig, QuicServerConfig } from "../config.ts";
import type { DropReason } from "../packets/drop.ts";
import type { CloseEvent, QuicTlsEvent } from "../events.ts";
import { parseDatagram, type ParsedPacket } from "../packets/header.ts";
import { levelOf, type ProtectedPacket, spaceOf } from "../packets/protected_packet.ts";
import { sealPacket } from "../packets/packet_writer.ts";
import type { OpenedPacket } from "../keys/protection.ts";
import { QuicTls } from "../session.ts";
import { encodeVarint, VarintReader } from "../packets/varint.ts";
import { QUIC_V1 } from "../packets/version.ts";

/** A clock that tests turn. */
export const clock = { time: 0 };

let credential: Promise<Credential> | null = null;

/** A certificate for localhost, made once. */
export function testCredential(): Promise<Credential> {
  credential ??= (async () => {
    const authority = await createTestAuthority(nativeProvider);
    const issued = await authority.issue({ names: ["localhost"] });
    return createCredential({ certificates: issued.chain, signer: issued.signer });
  })();
  return credential;
}

export const CLIENT_ID: Uint8Array = utf8("client-1");
export const SERVER_ID: Uint8Array = utf8("server-1");
export const ORIGINAL_ID: Uint8Array = utf8("original");

const TRANSPORT_PARAMETERS = { initialMaxData: 100_000, maxIdleTimeout: 30_000 };

/** A client's configuration for tests. */
export function clientConfig(changes: Partial<QuicClientConfig> = {}): QuicClientConfig {
  return {
    tls: {
      provider: nativeProvider,
      alpn: ["test"],
      dangerouslyDisableCertificateVerification: true,
    },
    transportParameters: TRANSPORT_PARAMETERS,
    sourceConnectionId: CLIENT_ID,
    destinationConnectionId: ORIGINAL_ID,
    pto: () => 100,
    now: () => clock.time,
    ...changes,
  };
}

/** A server's configuration for tests. */
export async function serverConfig(
  changes: Partial<QuicServerConfig> = {},
): Promise<QuicServerConfig> {
  return {
    tls: { provider: nativeProvider, alpn: ["test"], credentials: [await testCredential()] },
    transportParameters: TRANSPORT_PARAMETERS,
    sourceConnectionId: SERVER_ID,
    version: QUIC_V1,
    destinationConnectionId: ORIGINAL_ID,
    pto: () => 100,
    now: () => clock.time,
    ...changes,
  };
}

/** Configurations that share tickets, a session cache and 0-RTT. */
export async function resuming(provider: CryptoProvider = nativeProvider): Promise<{
  client: Partial<QuicClientConfig> & Pick<QuicClientConfig, "tls">;
  server: Partial<QuicServerConfig> & Pick<QuicServerConfig, "tls">;
}> {
  const { tls: client } = clientConfig();
  const { tls: server } = await serverConfig();
  const tickets = sealedTickets({ provider, keys: new RotatingTicketKeys(provider) });
  const earlyData = { replayGuard: createReplayGuard() };
  const sessionCache = new MemoryClientCache();
  return {
    client: { tls: { ...client, provider, sessionCache, earlyData: true } },
    server: { tls: { ...server, provider, tickets, earlyData } },
  };
}

/** A CRYPTO frame. */
export function cryptoFrame(offset: number, data: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(0x06), encodeVarint(offset), encodeVarint(data.length), data]);
}

const LEVELS = ["initial", "early", "handshake", "application"] as const;

/** One end. */
export class TestEnd {
  readonly tls: QuicTls;
  readonly events: QuicTlsEvent[] = [];
  readonly drops: DropReason[] = [];
  readonly datagrams: string[] = [];
  readonly opened: OpenedPacket[] = [];
  /** Most bytes of CRYPTO data in a packet. */
  chunk = 900;
  info: HandshakeInfo | null = null;
  close: CloseEvent | null = null;
  handshakeDoneOwed = false;
  readonly #next = { initial: 0, handshake: 0, application: 0 };
  readonly #data: string[] = [];

  constructor(tls: QuicTls) {
    this.tls = tls;
  }

  static client(config = clientConfig()): TestEnd {
    return new TestEnd(QuicTls.client(config, { serverName: "localhost" }));
  }

  static async server(changes: Partial<QuicServerConfig> = {}): Promise<TestEnd> {
    return new TestEnd(QuicTls.server(await serverConfig(changes)));
  }

  async start(): Promise<void> {
    await this.tls.start();
    this.drain();
  }

  drain(): void {
    for (const event of this.tls.events()) {
      this.events.push(event);
      if (event.type === "close") this.close = event;
      if (event.type !== "complete") continue;
      this.info = event.info;
      this.handshakeDoneOwed = this.tls.role === "server";
    }
  }

  /** The types of events so far, with levels. */
  get story(): string[] {
    return this.events.map((event) =>
      event.type === "keys"
        ? `${event.direction} ${event.level}`
        : event.type === "keysDiscarded"
        ? `discard ${event.level}`
        : event.type
    );
  }

  /** Queues application data. */
  write(text: string): void {
    this.#data.push(text);
  }

  /** One protected packet with these frames. */
  packet(level: Level, frames: Uint8Array, packetNumber?: number): MaybePromise<Uint8Array> {
    const { tls } = this;
    const space = spaceOf(level);
    const number = packetNumber ?? this.#next[space]++;
    this.#next[space] = Math.max(this.#next[space], number + 1);
    const payload = new Uint8Array(Math.max(frames.length, 4));
    payload.set(frames);
    const sourceConnectionId = tls.role === "client" ? CLIENT_ID : SERVER_ID;
    const fields = { level, packetNumber: number, packetNumberLength: 4, sourceConnectionId };
    return sealPacket(tls, fields, payload);
  }

  /** Everything there is to send, a packet per datagram. */
  async flight(): Promise<Uint8Array[]> {
    const packets: Uint8Array[] = [];
    const send = async (level: Level, frames: Uint8Array): Promise<void> => {
      packets.push(await this.packet(level, frames));
    };
    for (const level of LEVELS) {
      while (this.tls.hasCrypto(level)) {
        const chunk = this.tls.nextCrypto(level, this.chunk);
        if (chunk !== null) await send(level, cryptoFrame(chunk.offset, chunk.data));
      }
    }
    if (this.handshakeDoneOwed) {
      this.handshakeDoneOwed = false;
      await send("application", Uint8Array.of(0x1e));
    }
    const level = this.tls.canSend("application") ? "application" : "early";
    while (this.#data.length > 0 && this.tls.canSend(level)) {
      await send(level, concat([Uint8Array.of(0x30), utf8(this.#data.shift() ?? "")]));
    }
    this.drain();
    return packets;
  }

  /** Sends all handshake bytes again. */
  resend(): void {
    for (const level of ["initial", "handshake", "application"] as const) {
      this.tls.cryptoSender(level).resendAll();
    }
    if (this.tls.role === "server" && this.tls.complete) this.handshakeDoneOwed = true;
  }

  async receive(datagram: Uint8Array): Promise<void> {
    for (const packet of parseDatagram(datagram, { connectionIdLength: 8 })) {
      await this.receivePacket(packet);
    }
  }

  async receivePacket(packet: ParsedPacket): Promise<void> {
    if (packet.type === "dropped") this.drops.push(packet.reason);
    else if (packet.type === "retry") {
      const reason = await this.tls.receiveRetry(packet);
      if (reason !== null) this.drops.push(reason);
    } else if ("packetNumberOffset" in packet) await this.#open(packet);
    for (const held of this.tls.takeHeldPackets()) await this.#open(held);
  }

  async #open(packet: ProtectedPacket): Promise<void> {
    const opened = await this.tls.open(packet);
    this.drain();
    if (typeof opened === "string") {
      this.drops.push(opened);
      return;
    }
    this.opened.push(opened);
    await this.#frames(levelOf(packet), opened.payload);
    this.drain();
  }

  async #frames(level: Level, payload: Uint8Array): Promise<void> {
    const reader = new VarintReader(payload, "frames");
    while (reader.remaining > 0) {
      const type = reader.varint("type");
      if (type === 0x06) {
        const offset = reader.varint("offset");
        const data = reader.bytes(reader.varint("length"), "data");
        await this.tls.receiveCrypto(level, offset, data);
      } else if (type === 0x1e) this.tls.confirm();
      else if (type === 0x30) {
        this.datagrams.push(new TextDecoder().decode(reader.bytes(reader.remaining, "data")));
      } else if (type > 0x01) throw new Error(`frame type ${type}`);
    }
  }
}

/** What a path does to a datagram: what arrives, in order. */
export type Path = (datagrams: Uint8Array[], from: TestEnd) => Uint8Array[];

/** Lets both ends talk until they have nothing to say. */
export async function exchange(a: TestEnd, b: TestEnd, path: Path = (all) => all): Promise<void> {
  for (let quiet = 0; quiet < 2;) {
    quiet++;
    for (const [from, to] of [[a, b], [b, a]]) {
      const flight = await from.flight();
      if (flight.length > 0) quiet = 0;
      for (const datagram of path(flight, from)) await to.receive(datagram);
    }
  }
}

/** A client and a server that have not spoken. */
export async function pair(
  client: Partial<QuicClientConfig> = {},
  server: Partial<QuicServerConfig> = {},
): Promise<[TestEnd, TestEnd]> {
  const ends: [TestEnd, TestEnd] = [
    TestEnd.client(clientConfig(client)),
    await TestEnd.server(server),
  ];
  for (const end of ends) await end.start();
  return ends;
}
