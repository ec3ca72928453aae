/**
 * Clients and servers: connections on a socket.
 *
 * @module
 */
import type { ClientConfig, ClientTarget, ServerConfig } from "@sealane/handshake";
import {
  AddressTokens,
  type LongPacket,
  parsePacket,
  QUIC_VERSIONS,
  QuicTls,
  type QuicVersion,
  reservedVersion,
  versionNegotiation,
  writeRetry,
} from "@sealane/quic-tls";
import { ID_LENGTH, QuicConnection, TRANSPORT_PARAMETERS } from "./connection.ts";
import { Recovery } from "./recovery.ts";
import type { UdpAddress, UdpSocket } from "./udp.ts";

const HELD_PACKETS = 16;
const now = (): number => performance.now();
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const key = (id: Uint8Array): string => id.join();

/** What a client may choose. */
export interface ConnectOptions {
  readonly tls: ClientConfig;
  readonly target?: ClientTarget;
  readonly version?: QuicVersion;
  readonly versions?: readonly QuicVersion[];
}

/** Connects to a server over a socket of its own, which closes with the connection. Resolves before the handshake is done. */
export async function connect(
  socket: UdpSocket,
  to: UdpAddress,
  options: ConnectOptions,
): Promise<QuicConnection> {
  const recovery = new Recovery();
  const sourceConnectionId = random(ID_LENGTH);
  const tls = QuicTls.client({
    tls: options.tls,
    transportParameters: TRANSPORT_PARAMETERS,
    sourceConnectionId,
    destinationConnectionId: random(ID_LENGTH),
    version: options.version,
    versions: options.versions,
    pto: () => recovery.pto(),
    now,
    heldPackets: HELD_PACKETS,
  }, options.target ?? {});
  const connection = new QuicConnection({
    tls,
    sourceConnectionId,
    send: (datagram) => socket.send(datagram, to),
    now,
    recovery,
    onClosed: () => socket.close(),
  });
  socket.receive((datagram) => connection.receive(datagram));
  await connection.start();
  return connection;
}

/** What a server may choose. */
export interface ListenOptions {
  readonly tls: ServerConfig;
  readonly versions?: readonly QuicVersion[];
  /** Whether every client has to show its address with a Retry packet first. */
  readonly retry?: boolean;
}

/** A server on a socket. */
export class QuicListener {
  readonly #socket: UdpSocket;
  readonly #options: ListenOptions;
  readonly #tokens: AddressTokens;
  readonly #connections = new Map<string, QuicConnection>();
  readonly #incoming: QuicConnection[] = [];
  #onIncoming: () => void = () => {};
  #closed = false;

  constructor(socket: UdpSocket, options: ListenOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#tokens = new AddressTokens({ provider: options.tls.provider });
    socket.receive((datagram, from) => this.#receive(datagram, from));
  }

  get address(): UdpAddress {
    return this.#socket.address;
  }

  /** The connections that clients open, before their handshakes are done. */
  async *connections(): AsyncGenerator<QuicConnection, void, undefined> {
    for (;;) {
      const next = this.#incoming.shift();
      if (next !== undefined) yield next;
      else if (this.#closed) return;
      else await new Promise<void>((resolve) => this.#onIncoming = resolve);
    }
  }

  /** Closes all connections and the socket. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#onIncoming();
    const connections = new Set(this.#connections.values());
    await Promise.all([...connections].map((connection) => connection.close()));
    this.#socket.close();
  }

  #receive(datagram: Uint8Array, from: UdpAddress): void {
    const packet = parsePacket(datagram, 0, { connectionIdLength: ID_LENGTH });
    if (!("destinationConnectionId" in packet)) return;
    const known = this.#connections.get(key(packet.destinationConnectionId));
    if (known !== undefined) {
      known.receive(datagram);
      return;
    }
    // RFC 9000 §5.2.2 and §14.1: smaller datagrams do not begin a connection, nor get an answer.
    if (datagram.length < 1200 || this.#closed) return;
    if (packet.type === "unknown-version") {
      const versions = [...QUIC_VERSIONS.map(({ id }) => id), reservedVersion(random(4))];
      this.#socket.send(versionNegotiation(packet, versions), from);
    } else if (packet.type === "initial" && packet.destinationConnectionId.length >= 8) {
      this.#accept(packet, datagram, from);
    }
  }

  async #accept(packet: LongPacket, datagram: Uint8Array, from: UdpAddress): Promise<void> {
    const address = new TextEncoder().encode(`${from.hostname} ${from.port}`);
    const id = packet.destinationConnectionId.slice();
    const token = packet.token.length > 0 ? await this.#tokens.open(packet.token, address) : null;
    const retried = token?.kind === "retry" && key(token.retrySourceConnectionId) === key(id);
    if (this.#options.retry && !retried) {
      const sourceConnectionId = random(ID_LENGTH);
      this.#socket.send(
        await writeRetry(this.#options.tls.provider, {
          version: packet.version,
          destinationConnectionId: packet.sourceConnectionId,
          sourceConnectionId,
          originalDestinationConnectionId: id,
          token: await this.#tokens.retry(address, id, sourceConnectionId),
        }),
        from,
      );
      return;
    }
    const recovery = new Recovery();
    const sourceConnectionId = random(ID_LENGTH);
    const tls = QuicTls.server({
      tls: this.#options.tls,
      transportParameters: TRANSPORT_PARAMETERS,
      sourceConnectionId,
      version: packet.version,
      versions: this.#options.versions,
      destinationConnectionId: id,
      originalDestinationConnectionId: retried ? token.originalDestinationConnectionId : undefined,
      pto: () => recovery.pto(),
      now,
      heldPackets: HELD_PACKETS,
    });
    const connection = new QuicConnection({
      tls,
      sourceConnectionId,
      send: (out) => this.#socket.send(out, from),
      validated: retried,
      now,
      recovery,
      onClosed: () => {
        for (const each of [id, sourceConnectionId]) this.#connections.delete(key(each));
      },
    });
    for (const each of [id, sourceConnectionId]) this.#connections.set(key(each), connection);
    await connection.start();
    connection.receive(datagram);
    this.#incoming.push(connection);
    this.#onIncoming();
  }
}
