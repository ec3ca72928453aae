/**
 * TLS over Deno's sockets, in the shape of Deno's own TLS.
 *
 * ```ts
 * import { connect, listen } from "@sealane/tls/deno";
 * import { createCredential } from "@sealane/handshake";
 * import { createTestAuthority } from "@sealane/pki/testing";
 * import { nativeProvider as provider } from "@sealane/providers/native";
 *
 * const authority = await createTestAuthority(provider);
 * const { chain, signer } = await authority.issue({ names: ["localhost"] });
 * const credentials = [createCredential({ certificates: chain, signer })];
 *
 * const listener = await listen({ hostname: "127.0.0.1", port: 0, credentials });
 * const serving = listener.accept().then((conn) => conn.readable.pipeTo(conn.writable));
 *
 * const conn = await connect({
 *   hostname: "127.0.0.1",
 *   port: listener.addr.port,
 *   dangerouslyDisableCertificateVerification: true, // for this example only
 * });
 * await conn.write(new TextEncoder().encode("hello"));
 * const echo = new Uint8Array(5);
 * await conn.read(echo);
 * console.assert(new TextDecoder().decode(echo) === "hello");
 * await conn.closeWrite();
 * await serving;
 * conn.close();
 * await conn.closed;
 * listener.close();
 * ```
 *
 * Least permissions of Deno: `--allow-net` with the addresses that are connected to or listened on. A client that is given no
 * `trust` reads the certificates of the system, for which it wants `--allow-read` (on macOS and Windows `--allow-sys`), and
 * `--allow-env` to heed `SSL_CERT_FILE` and its like. What is refused is taken as not there, and the error that follows names
 * the flag.
 *
 * @module
 */
import { pickOptions, requireKnownOptions, TARGET_OPTIONS } from "@sealane/handshake";
import type {
  ClientAuthenticationOptions,
  HandshakeInfo,
  PeerIdentity,
  ServerConfig,
} from "@sealane/handshake";
import { withClientDefaults, withServerDefaults } from "./options/defaults.ts";
import { canonicalServerName } from "@sealane/pki";
import { TlsError } from "@sealane/wire";
import type { EarlyDataResult } from "./connection/early_data.ts";
import { Connection } from "./connection/connection.ts";
import { STREAM_OPTIONS } from "./stream/option_names.ts";
import { TlsStream } from "./stream/stream.ts";
import type { TlsStreamOptions } from "./stream/stream_options.ts";
import { AcceptLoop } from "./deno/accept_loop.ts";
import type { ConnectOptions } from "./deno/connect_options.ts";
import { socketTransport } from "./deno/deno_socket.ts";
import type { ListenOptions } from "./deno/listen_options.ts";
import { CONNECT_OPTIONS, LISTEN_OPTIONS, START_TLS_OPTIONS } from "./deno/option_names.ts";
import type { ListenerOptions } from "./deno/own_options.ts";
import type { StartTlsOptions } from "./deno/start_tls_options.ts";

export type { ConnectOptions, ListenerOptions, ListenOptions, StartTlsOptions };

/** A TLS connection over a TCP socket: a `Deno.Conn`. */
export class TlsConn implements Deno.Conn<Deno.NetAddr> {
  /** The stream, for what is not repeated here. */
  readonly stream: TlsStream;
  /** On a client with an `earlyMessage`: what became of it, and what of it is still to be sent; else `null`. */
  readonly earlyDataResult: EarlyDataResult | null;
  readonly #socket: Deno.TcpConn;

  /** Used by {@link connect}, {@link startTls} and {@link TlsListener} only. */
  constructor(stream: TlsStream, socket: Deno.TcpConn, early: EarlyDataResult | null = null) {
    this.stream = stream;
    this.#socket = socket;
    this.earlyDataResult = early;
  }

  /** Our end of the socket. */
  get localAddr(): Deno.NetAddr {
    return this.#socket.localAddr;
  }

  /** The peer's end of the socket. */
  get remoteAddr(): Deno.NetAddr {
    return this.#socket.remoteAddr;
  }

  /** What the peer sends. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    // Deno's type says that no chunk lies in shared memory. None of ours does: providers make their own arrays.
    return this.stream.readable as ReadableStream<Uint8Array<ArrayBuffer>>;
  }

  /** What the peer gets. */
  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return this.stream.writable;
  }

  /** On a server that accepts early data: the client's, which may be a replay. What is not read here comes first elsewhere. */
  get earlyData(): ReadableStream<Uint8Array> {
    return this.stream.earlyData;
  }

  /** What was agreed; `null` before it is known. */
  get info(): HandshakeInfo | null {
    return this.stream.info;
  }

  /** The application protocol; `null` if none was agreed. */
  get alpn(): string | null {
    return this.stream.alpn;
  }

  /** Done when the connection and its socket are closed; rejects with the `TlsError` that ended it, if one did. */
  get closed(): Promise<void> {
    return this.stream.closed;
  }

  /** Waits for the handshake. */
  handshake(): Promise<HandshakeInfo> {
    return this.stream.handshake();
  }

  /**
   * On a server: asks the client for a certificate and waits for who it is; `null` if it declined. See
   * {@link TlsStream.requestClientAuthentication}.
   */
  requestClientAuthentication(
    options: ClientAuthenticationOptions = {},
  ): Promise<PeerIdentity | null> {
    return this.stream.requestClientAuthentication(options);
  }

  /** Reads into `buffer`: the number of bytes, or `null` after the close_notify of the peer. */
  read(buffer: Uint8Array): Promise<number | null> {
    return this.stream.read(buffer);
  }

  /** Sends all of `data`; the number of its bytes. */
  async write(data: Uint8Array): Promise<number> {
    await this.stream.write(data);
    return data.length;
  }

  /** Closes our side with close_notify; the peer may go on. */
  closeWrite(): Promise<void> {
    return this.stream.closeWrite();
  }

  /** Closes both directions, in the background and within a bound: see {@link TlsConn.closed} and {@link TlsStream.close}. */
  close(): void {
    this.stream.close();
  }

  /** Ends the connection now, with an error, in the background: see {@link TlsStream.abort}. */
  abort(reason?: TlsError): void {
    this.stream.abort(reason);
  }

  /** Makes the socket keep the program running, as it does at first. */
  ref(): void {
    this.#socket.ref();
  }

  /** Lets the program end in spite of the socket. */
  unref(): void {
    this.#socket.unref();
  }

  /** The same as {@link TlsConn.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Connects to a server, and waits for the handshake. Where the configuration names no judge of the server's certificate,
 * the trust anchors of the system are.
 *
 * @throws {TlsError} why the handshake failed; `api/config`. What `Deno.connect` throws.
 */
export async function connect(options: ConnectOptions): Promise<TlsConn> {
  requireKnownOptions(options, CONNECT_OPTIONS, "connect");
  const { hostname: given = "127.0.0.1", port, serverName = given, signal } = options;
  // What is no name is refused before a connection is made for it.
  canonicalServerName(serverName);
  const hostname = given.replace(/^\[(.*)\]$/, "$1");
  const socket = await Deno.connect({ hostname, port, signal }).catch((error) => {
    // One kind of error for an aborted signal, whether the socket was there or not.
    throw signal?.aborted
      ? new TlsError("local/aborted", "the signal was aborted", { cause: signal.reason })
      : error;
  });
  const { port: _port, serverName: _serverName, ...rest } = options;
  return await startTls(socket, { ...rest, hostname: serverName });
}

/**
 * Becomes a TLS client over a TCP socket that is connected, for instance after STARTTLS, and waits for the handshake.
 * The socket belongs to the connection from now on.
 *
 * @throws {TlsError} why the handshake failed; `api/config`.
 */
export async function startTls(
  socket: Deno.TcpConn,
  options: StartTlsOptions,
): Promise<TlsConn> {
  const { hostname, earlyMessage } = options;
  let stream;
  try {
    requireKnownOptions(options, START_TLS_OPTIONS, "startTls");
    const earlyData = options.earlyData ?? earlyMessage !== undefined;
    const config = withClientDefaults({ ...options, earlyData });
    const sessionKey = hostname && `${hostname}:${socket.remoteAddr.port}`;
    const target = { sessionKey, ...pickOptions(options, TARGET_OPTIONS), serverName: hostname };
    const streamOptions = pickOptions(options, STREAM_OPTIONS);
    stream = TlsStream.client(socketTransport(socket), config, target, streamOptions);
  } catch (error) {
    socket.close();
    throw error;
  }
  const early = earlyMessage === undefined ? null : await stream.sendEarlyData(earlyMessage);
  await stream.opened;
  return new TlsConn(stream, socket, early);
}

/**
 * Listens for connections. The credentials are those of the configuration, or `cert` and `key` in PEM.
 *
 * @throws {TlsError} `api/config`. What `Deno.listen` throws.
 */
export async function listen(options: ListenOptions): Promise<TlsListener> {
  requireKnownOptions(options, LISTEN_OPTIONS, "listen");
  const config = await withServerDefaults(options);
  const streamOptions = pickOptions(options, STREAM_OPTIONS);
  Connection.server(config, streamOptions); // finds mistakes now, not when the first client comes
  const listener = Deno.listen({ hostname: options.hostname, port: options.port });
  const { onAcceptError } = options;
  return new TlsListener(listener, config, { ...streamOptions, onAcceptError });
}

/** Accepts TLS connections: a `Deno.Listener`. */
export class TlsListener implements AsyncIterable<TlsConn> {
  readonly #listener: Deno.TcpListener;
  readonly #accepting: AcceptLoop;
  readonly #config: ServerConfig;
  readonly #options: TlsStreamOptions;

  /** Used by {@link listen} only. */
  constructor(
    listener: Deno.TcpListener,
    config: ServerConfig,
    options: ListenerOptions,
  ) {
    const { onAcceptError, ...streamOptions } = options;
    this.#listener = listener;
    this.#accepting = new AcceptLoop(listener, onAcceptError);
    this.#config = config;
    this.#options = streamOptions;
  }

  /** The address that it listens on. */
  get addr(): Deno.NetAddr {
    return this.#listener.addr;
  }

  /**
   * The next connection. Its handshake has begun, and may fail: {@link TlsConn.handshake} and the first read tell. One
   * slow client does not keep the next from being accepted, and nothing that happens to a connection or a lack of
   * descriptors ends the listener: see {@link ListenerOptions.onAcceptError}.
   *
   * @throws {Deno.errors.BadResource} once the listener is closed.
   */
  accept(): Promise<TlsConn> {
    return this.#accepting.next((socket) => {
      const stream = TlsStream.server(socketTransport(socket), this.#config, this.#options);
      return new TlsConn(stream, socket);
    });
  }

  /** Stops listening; connections go on. */
  close(): void {
    this.#accepting.close();
  }

  /** Makes the listener keep the program running, as it does at first. */
  ref(): void {
    this.#listener.ref();
  }

  /** Lets the program end in spite of the listener. */
  unref(): void {
    this.#listener.unref();
  }

  /** Accepts until the listener is closed. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<TlsConn> {
    for (;;) {
      let conn;
      try {
        conn = await this.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        throw error;
      }
      yield conn;
    }
  }

  /** The same as {@link TlsListener.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
