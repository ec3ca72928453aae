/**
 * What the transport needs of the machine: time, and UDP sockets of Deno or of Node. The tests have others.
 *
 * @module
 */
import type { PeerAddress } from "@sealane/quic-tls";
import { createSocket } from "node:dgram";

/** A clock in milliseconds, with a timer whose `set` gives the way to stop it. */
export interface Clock {
  now(): number;
  set(action: () => void, delay: number): () => void;
}

/** The machine's time. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  set: (action, delay) => clearTimeout.bind(null, setTimeout(action, delay)),
};

/** A bound socket. */
export interface UdpSocket {
  readonly address: PeerAddress;
  send(datagram: Uint8Array, to: PeerAddress): void;
  /** Calls `handler` with every datagram until the socket is closed. */
  receive(handler: (datagram: Uint8Array, from: PeerAddress) => void): void;
  close(): void;
}

/** Binds with `Deno.listenDatagram` (needs `--unstable-net`). */
export function denoSocket(hostname = "127.0.0.1", port = 0): UdpSocket {
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port });
  // The type is a union with Unix sockets; this one was opened as UDP.
  const address = socket.addr as Deno.NetAddr;
  return {
    address,
    send(datagram, to) {
      socket.send(datagram, { transport: "udp", ...to }).catch(() => {}); // Lost, as datagrams may be.
    },
    async receive(handler) {
      try {
        for await (const [datagram, from] of socket) {
          if (from.transport === "udp") handler(datagram, from);
        }
      } catch {
        // The socket was closed.
      }
    },
    close: () => socket.close(),
  };
}

/** Binds with `node:dgram`: works in Node, Deno and Bun. */
export async function nodeSocket(hostname = "127.0.0.1", port = 0): Promise<UdpSocket> {
  const socket = createSocket(hostname.includes(":") ? "udp6" : "udp4");
  await new Promise<void>((resolve) => socket.bind(port, hostname, resolve));
  const bound = socket.address();
  return {
    address: { hostname: bound.address, port: bound.port },
    send: (datagram, to) => socket.send(datagram, to.port, to.hostname),
    receive: (handler) => {
      socket.on("message", (datagram, from) => {
        handler(new Uint8Array(datagram), { hostname: from.address, port: from.port });
      });
    },
    close: () => socket.close(),
  };
}
