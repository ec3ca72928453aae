/**
 * Clients and servers: connections on a socket.
 *
 * @module
 */
import type { ClientConfig, ClientTarget, ServerConfig } from "@sealane/handshake";
import {
  AddressTokens,
  type LongPacket,
  onVersionNegotiation,
  parsePacket,
  QUIC_V1,
  QUIC_VERSIONS,
  QuicError,
  QuicTls,
  type QuicVersion,
  reservedVersion,
  TransportErrorCode,
  versionNegotiation,
  writeRetry,
} from "@sealane/quic-tls";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { ID_LENGTH, QuicConnection, TRANSPORT_PARAMETERS } from "./connection.ts";
import { Recovery } from "./recovery.ts";
import type { UdpAddress, UdpSocket } from "./udp.ts";

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const key = (id: Uint8Array): string => id.join();

/** What a client may choose. */
export interface ConnectOptions {
  readonly tls: ClientConfig;
  readonly target?: ClientTarget;
  /** The version of the first packet. */
  readonly version?: QuicVersion;
  /** All versions, the best one first. */
  readonly versions?: readonly QuicVersion[];
  readonly clock?: Clock;
}

/** What every connection of ours is made with. */
function common(clock: Clock) {
  const recovery = new Recovery();
  const sourceConnectionId = random(ID_LENGTH);
  const transportParameters = TRANSPORT_PARAMETERS;
  const timing = { pto: () => recovery.pto(), now: () => clock.now(), heldPackets: 16 };
  return { clock, recovery, sourceConnectionId, transportParameters, ...timing };
}

/** Connects to a server over a socket of its own, which closes with the connection. Resolves before the handshake is done. */
export async function connect(
  socket: UdpSocket,
  to: UdpAddress,
  options: ConnectOptions,
): Promise<QuicConnection> {
  const parts = common(options.clock ?? SYSTEM_CLOCK);
  const first = options.version ?? QUIC_V1;
  const supported = options.versions ?? [first, ...QUIC_VERSIONS.filter((each) => each !== first)];
  const destinationConnectionId = random(ID_LENGTH);
  const begin = (version: QuicVersion, afterVersionNegotiation: boolean): QuicTls => {
    const { tls, target = {} } = options;
    const own = { tls, version, versions: supported, destinationConnectionId };
    return QuicTls.client({ ...parts, ...own, afterVersionNegotiation }, target);
  };
  const connection = new QuicConnection({
    ...parts,
    tls: begin(first, false),
    send: (datagram) => socket.send(datagram, to),
    onClosed: () => socket.close(),
    retryVersion: (packet) => {
      // RFC 9000 §17.2.1: the packet has both of our connection IDs, or somebody else made it.
      const ids = [packet.sourceConnectionId, packet.destinationConnectionId].map(key).join(" ");
      if (ids !== [destinationConnectionId, parts.sourceConnectionId].map(key).join(" ")) {
        return null;
      }
      const afterVersionNegotiation = connection.tls.originalVersion !== first;
      const versions = { supported, original: first, afterVersionNegotiation };
      const next = onVersionNegotiation(packet, versions);
      if (next === "ignore") return null;
      if (next !== "none") return begin(next, true);
      const reason = "the server has no version that we have";
      throw new QuicError(TransportErrorCode.VERSION_NEGOTIATION_ERROR, reason);
    },
  });
  socket.receive((datagram) => connection.receive(datagram));
  await connection.start();
  return connection;
}

/** What a server may choose. */
export interface ListenOptions {
  readonly tls: ServerConfig;
  /** The versions to accept, the best one first. */
  readonly versions?: readonly QuicVersion[];
  /** Whether every client has to show its address with a Retry packet first. */
  readonly retry?: boolean;
  readonly clock?: Clock;
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
    await Promise.all([...this.#connections.values()].map((connection) => connection.close()));
    this.#socket.close();
  }

  #receive(datagram: Uint8Array, from: UdpAddress): void {
    const packet = parsePacket(datagram, 0, { connectionIdLength: ID_LENGTH });
    if (!("destinationConnectionId" in packet)) return;
    const known = this.#connections.get(key(packet.destinationConnectionId));
    if (known !== undefined) known.receive(datagram);
    // RFC 9000 §5.2.2 and §14.1: smaller datagrams do not begin a connection, nor get an answer.
    if (known !== undefined || datagram.length < 1200 || this.#closed) return;
    const { versions = QUIC_VERSIONS } = this.#options;
    const begins = packet.type === "initial" && packet.destinationConnectionId.length >= 8;
    if (begins && versions.includes(packet.version)) this.#accept(packet, datagram, from);
    else if (begins || packet.type === "unknown-version") {
      const offered = [...versions.map(({ id }) => id), reservedVersion(random(4))];
      this.#socket.send(versionNegotiation(packet, offered), from);
    }
  }

  async #accept(packet: LongPacket, datagram: Uint8Array, from: UdpAddress): Promise<void> {
    const { tls, retry, versions, clock = SYSTEM_CLOCK } = this.#options;
    const address = new TextEncoder().encode(`${from.hostname} ${from.port}`);
    const id = packet.destinationConnectionId.slice();
    const token = packet.token.length > 0 ? await this.#tokens.open(packet.token, address) : null;
    const retried = token?.kind === "retry" && key(token.retrySourceConnectionId) === key(id);
    if (retry && !retried) {
      const sourceConnectionId = random(ID_LENGTH);
      const answer = await writeRetry(tls.provider, {
        version: packet.version,
        destinationConnectionId: packet.sourceConnectionId,
        sourceConnectionId,
        originalDestinationConnectionId: id,
        token: await this.#tokens.retry(address, id, sourceConnectionId),
      });
      return this.#socket.send(answer, from);
    }
    // While the token was looked at, a copy of the datagram may have come.
    const copy = this.#connections.get(key(id));
    if (copy !== undefined) return void copy.receive(datagram);
    const parts = common(clock);
    const ids = [id, parts.sourceConnectionId].map(key);
    const connection = new QuicConnection({
      ...parts,
      tls: QuicTls.server({
        ...parts,
        tls,
        versions,
        version: packet.version,
        destinationConnectionId: id,
        originalDestinationConnectionId: retried
          ? token.originalDestinationConnectionId
          : undefined,
      }),
      validated: retried,
      send: (out) => this.#socket.send(out, from),
      onClosed: () => ids.forEach((each) => this.#connections.delete(each)),
    });
    for (const each of ids) this.#connections.set(each, connection);
    connection.start();
    connection.receive(datagram);
    this.#incoming.push(connection);
    this.#onIncoming();
  }
}
