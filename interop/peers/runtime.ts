/**
 * The TLS stacks that the runtime itself embeds.
 *
 * @module
 */
import type { AddressInfo } from "node:net";
import { Duplex } from "node:stream";
import * as tls from "node:tls";
import type { ListeningPeer, Peer, PeerEnd, PeerSettings } from "./peer.ts";

function denoEnd(conn: Deno.TlsConn, listener?: Deno.TlsListener): PeerEnd {
  return {
    readable: conn.readable,
    writable: conn.writable,
    stop(): Promise<string> {
      for (const resource of [conn, listener]) {
        try {
          resource?.close();
        } catch { /* a stream that ended has closed it */ }
      }
      return Promise.resolve("");
    },
  };
}

/** `Deno.listenTls` and `Deno.connectTls` (rustls). */
export const denoTls: Peer = {
  name: "Deno TLS",
  lacks: ["request-client-certificate", "ccm", "p521", "x448", "half-close"],
  missing: () => Promise.resolve(null),
  listen({ identity, alpn }: PeerSettings): Promise<ListeningPeer> {
    if (identity === null) throw new Error("a server needs an identity");
    const listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: identity.cert,
      key: identity.key,
      alpnProtocols: [...alpn],
    });
    const accepted = listener.accept();
    accepted.catch(() => {}); // stopped before anybody came
    return Promise.resolve({
      port: listener.addr.port,
      end: async () => denoEnd(await accepted, listener),
      stop(): Promise<string> {
        listener.close();
        return Promise.resolve("");
      },
    });
  },
  async connect(port: number, { ca, identity, alpn }: PeerSettings): Promise<PeerEnd> {
    const conn = await Deno.connectTls({
      hostname: "localhost",
      port,
      caCerts: [ca],
      alpnProtocols: [...alpn],
      ...(identity === null ? {} : { cert: identity.cert, key: identity.key }),
    });
    return denoEnd(conn);
  },
};

function nodeEnd(socket: tls.TLSSocket, server?: tls.Server): PeerEnd {
  let complaint = "";
  socket.on("error", (error) => complaint += error.message);
  const { readable, writable } = Duplex.toWeb(socket);
  return {
    // The types of node:stream/web and of the platform differ in name only.
    readable: readable as ReadableStream<Uint8Array>,
    writable: writable as WritableStream<Uint8Array>,
    stop(): Promise<string> {
      socket.destroy();
      server?.close();
      return Promise.resolve(complaint);
    },
  };
}

/** `node:tls` of the runtime. */
export const nodeTls: Peer = {
  name: "node:tls",
  lacks: ["request-client-certificate", "ccm", "p521", "x448", "half-close"],
  missing: () => Promise.resolve(null),
  async listen({ identity, alpn }: PeerSettings): Promise<ListeningPeer> {
    if (identity === null) throw new Error("a server needs an identity");
    const { cert, key } = identity;
    const server = tls.createServer({ cert, key, ALPNProtocols: [...alpn] });
    const accepted = new Promise<PeerEnd>((resolve) => {
      server.on("secureConnection", (socket) => resolve(nodeEnd(socket, server)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
      port: (server.address() as AddressInfo).port, // an address with a port, since it is no pipe
      end: () => accepted,
      stop(): Promise<string> {
        server.close();
        return Promise.resolve("");
      },
    };
  },
  async connect(port: number, { ca, identity, alpn }: PeerSettings): Promise<PeerEnd> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = tls.connect({
      host: "127.0.0.1",
      port,
      servername: "localhost",
      ca,
      ALPNProtocols: [...alpn],
      ...(identity === null ? {} : { cert: identity.cert, key: identity.key }),
    }, resolve);
    socket.once("error", reject);
    await promise;
    return nodeEnd(socket);
  },
};
