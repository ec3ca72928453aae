/**
 * Clients and servers: connections on a socket.
 *
 * @module
 */
import type { ClientTarget } from "@sealane/handshake";
import {
  type AcceptedAdmission,
  type ParsedPacket,
  parsePacket,
  type PeerAddress,
  type QuicClientConfig,
  type QuicServerConfig,
  QuicTls,
  ServerAdmission,
} from "@sealane/quic-tls";
import { type Clock, SYSTEM_CLOCK, type UdpSocket } from "./machine.ts";
import { ID_LENGTH, QuicConnection, TRANSPORT_PARAMETERS } from "./connection.ts";
import { Recovery } from "./recovery.ts";

const randomId = (): Uint8Array => crypto.getRandomValues(new Uint8Array(ID_LENGTH));
const key = (id: Uint8Array): string => id.join();

/** What a client may choose. */
export interface ConnectOptions extends Pick<QuicClientConfig, "tls" | "version" | "versions"> {
  readonly target?: ClientTarget;
  readonly clock?: Clock;
}

/** What every connection of ours is made with. */
function common(clock: Clock = SYSTEM_CLOCK) {
  const recovery = new Recovery();
  const timing = { pto: () => recovery.pto(), now: () => clock.now(), heldPackets: 16 };
  const transportParameters = TRANSPORT_PARAMETERS;
  return { clock, recovery, sourceConnectionId: randomId(), transportParameters, ...timing };
}

/** Connects to a server over a socket of its own, which closes with the connection. Resolves before the handshake is done. */
export async function connect(
  socket: UdpSocket,
  to: PeerAddress,
  { tls, target = {}, version, versions, clock }: ConnectOptions,
): Promise<QuicConnection> {
  const parts = common(clock);
  const own = { tls, version, versions, destinationConnectionId: randomId() };
  const connection = new QuicConnection({
    ...parts,
    tls: QuicTls.client({ ...parts, ...own }, target),
    send: (datagram) => socket.send(datagram, to),
    onClosed: () => socket.close(),
  });
  socket.receive((datagram) => connection.receive(datagram));
  await connection.start();
  return connection;
}

/** What a server may choose. */
export interface ListenOptions extends Pick<QuicServerConfig, "tls" | "versions"> {
  /** Whether every client has to show its address with a Retry packet first. */
  readonly retry?: boolean;
  readonly clock?: Clock;
}

/** A server on a socket. */
export class QuicListener {
  readonly address: PeerAddress;
  readonly #socket: UdpSocket;
  readonly #options: ListenOptions;
  readonly #admission: ServerAdmission;
  readonly #connections = new Map<string, QuicConnection>();
  readonly #pipe = new TransformStream<QuicConnection, QuicConnection>();
  readonly #newcomers = this.#pipe.writable.getWriter();
  /** The connections that clients open, before their handshakes are done. */
  readonly connections: ReadableStream<QuicConnection> = this.#pipe.readable;
  #closed = false;

  constructor(socket: UdpSocket, options: ListenOptions) {
    const { versions, retry = false, tls: { provider } } = options;
    this.address = socket.address;
    this.#socket = socket;
    this.#options = options;
    this.#admission = new ServerAdmission({ provider, versions, retry: () => retry });
    socket.receive((datagram, from) => this.#receive(datagram, from));
  }

  /** Closes all connections and the socket. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#newcomers.close().catch(() => {});
    await Promise.all([...this.#connections.values()].map((connection) => connection.close()));
    this.#socket.close();
  }

  /** The connection that a packet belongs to. */
  #find(packet: ParsedPacket): QuicConnection | undefined {
    if (packet.type === "dropped") return undefined;
    return this.#connections.get(key(packet.destinationConnectionId));
  }

  async #receive(datagram: Uint8Array, from: PeerAddress): Promise<void> {
    const packet = parsePacket(datagram, 0, { connectionIdLength: ID_LENGTH });
    let connection = this.#find(packet);
    if (connection === undefined && !this.#closed) {
      const verdict = await this.#admission.admit(packet, datagram.length, from);
      if (verdict.type === "answer") this.#socket.send(verdict.datagram, from);
      // While the token was looked at, a copy of the datagram may have come.
      connection = this.#find(packet);
      if (verdict.type === "accept") connection ??= this.#accept(verdict, from);
    }
    connection?.receive(datagram);
  }

  #accept(accepted: AcceptedAdmission, to: PeerAddress): QuicConnection {
    const { tls, versions, clock } = this.#options;
    const parts = common(clock);
    const ids = [accepted.destinationConnectionId, parts.sourceConnectionId].map(key);
    const connection = new QuicConnection({
      ...parts,
      tls: QuicTls.server({ ...parts, tls, versions, ...accepted }),
      addressValidated: accepted.addressValidated,
      send: (datagram) => this.#socket.send(datagram, to),
      onClosed: () => ids.forEach((id) => this.#connections.delete(id)),
    });
    for (const id of ids) this.#connections.set(id, connection);
    connection.start();
    this.#newcomers.write(connection).catch(() => {}); // Nobody wants more of them.
    return connection;
  }
}
