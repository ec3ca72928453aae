/**
 * `tls.connect()`.
 *
 * @module
 */
import { isIP, Socket, type TcpSocketConnectOpts } from "node:net";
import type { Duplex } from "node:stream";
import { environmentVariable } from "./environment.ts";
import { checkServerIdentity } from "./check_server_identity.ts";
import { argumentValueError, nodeError } from "./node_error.ts";
import { refuseUnknownOptions } from "./option_names.ts";
import { SecureContext } from "./secure_context.ts";
import type { ClientEndOptions, OnRead } from "./socket_options.ts";
import { TLSSocket } from "./tls_socket.ts";
import { validateFunction, validateNumber } from "./validate.ts";

/** Options of {@link connect}: where to connect to, as of `net.connect()`, and what to ask of the connection. */
export interface ConnectOptions extends ClientEndOptions {
  /** The host; `localhost` unless given. It is the name to verify, and to ask for, unless `servername` is given. */
  readonly host?: string | null;
  /** The port. */
  readonly port?: number | string | null;
  /** A pipe, in place of host and port. */
  readonly path?: string | null;
  /** A stream that is connected or connecting, in place of host and port. */
  readonly socket?: Duplex | null;
  /** How many milliseconds without bytes make a `timeout`. */
  readonly timeout?: number | null;
  /** Resolves the host, as of `net.connect()`. */
  readonly lookup?: TcpSocketConnectOpts["lookup"];
  /** 4 or 6, for one family of addresses. */
  readonly family?: number | null;
  /** Flags of the resolver. */
  readonly hints?: number | null;
  /** Our own address. */
  readonly localAddress?: string | null;
  /** Our own port. */
  readonly localPort?: number | null;
  /** Whether to try both families of addresses, as of `net.connect()`. */
  readonly autoSelectFamily?: boolean | null;
  /** How long to try one of them, milliseconds. */
  readonly autoSelectFamilyAttemptTimeout?: number | null;
  /** Aborts the connection. */
  readonly signal?: AbortSignal | null;
  /** Whether small writes go out at once; true unless given. */
  readonly noDelay?: boolean | null;
  /** Whether an idle connection is probed; false unless given. */
  readonly keepAlive?: boolean | null;
  /** After how many milliseconds. */
  readonly keepAliveInitialDelay?: number | null;
  /** How much is read ahead, bytes. */
  readonly highWaterMark?: number | null;
  /** Reads into a buffer of the program's, in place of the events of a stream. */
  readonly onread?: OnRead | null;
}

/** The options that say where to connect to: they are those of `net.connect()`, and go there as they are. */
const NET_OPTIONS: readonly (keyof ConnectOptions)[] = [
  "host",
  "port",
  "path",
  "lookup",
  "family",
  "hints",
  "localAddress",
  "localPort",
  "autoSelectFamily",
  "autoSelectFamilyAttemptTimeout",
  "keepAlive",
  "keepAliveInitialDelay",
];

/** Called when the handshake is done, as for the event `secureConnect`. */
export type ConnectListener = () => void;

/**
 * Connects. The socket can be written to at once; the listener is called when the handshake is done. Also
 * `connect(port[, host][, options][, listener])` and `connect(path[, options][, listener])`.
 *
 * The server has to have a certificate for `servername`, or where that is empty for `host`, by a certificate authority that is
 * trusted: else the event `error` comes, with a code of Node's and a `TlsError` as its cause.
 *
 * @throws {TlsError} `api/config` for options that cannot be honoured; errors with Node's codes as Node throws them.
 */
export function connect(options: ConnectOptions, listener?: ConnectListener): TLSSocket;
/** Connects to a port of this machine, or of `host`; see the first form. */
export function connect(
  port: number | string,
  ...rest: (string | ConnectOptions | ConnectListener | null | undefined)[]
): TLSSocket;
export function connect(...args: unknown[]): TLSSocket {
  const { given, listener } = readArguments(args);
  const options: ConnectOptions = {
    rejectUnauthorized: environmentVariable("NODE_TLS_REJECT_UNAUTHORIZED") !== "0",
    checkServerIdentity,
    ...given,
  };
  refuseUnknownOptions(options, "connect");
  validateFunction(options.checkServerIdentity, "options.checkServerIdentity");
  validateNumber(options.minDHSize ?? 1024, "options.minDHSize", 1);
  const { servername } = options;
  if (servername && isIP(servername) !== 0) {
    throw argumentValueError(
      "options.servername",
      servername,
      "Setting the TLS ServerName to an IP address is not permitted.",
    );
  }
  const host = options.host ?? hostOf(options.socket);
  const socket = new ConnectingSocket(options.socket, {
    ...options,
    secureContext: options.secureContext ?? new SecureContext(options),
    isServer: false,
    servername: servername || nameToAskFor(host),
    host: servername || host,
    requestCert: true,
  });
  if (listener !== undefined) socket.once("secureConnect", listener);
  socket.begin(options);
  return socket;
}

function readArguments(args: unknown[]): { given: ConnectOptions; listener?: ConnectListener } {
  const [first, second] = args;
  const last = args.at(-1);
  // Nobody but a listener can be called, and it is called without arguments.
  const listener = typeof last === "function" ? last as ConnectListener : undefined;
  const isOptions = (value: unknown): value is ConnectOptions =>
    value !== null && typeof value === "object" && !Array.isArray(value);
  if (isOptions(first)) return { given: first, listener };
  const more = [second, args[2]].find(isOptions) ?? {};
  const isPath = typeof first === "string" && Number.isNaN(Number(first));
  const place = isPath ? { path: first } : {
    port: typeof first === "number" || typeof first === "string" ? first : undefined,
    ...(typeof second === "string" && { host: second }),
  };
  return { given: { ...place, ...more }, listener };
}

/** Where a given socket was connected to, if it remembers. */
function hostOf(socket: Duplex | null | undefined): string | undefined {
  // Node's own sockets remember it under this name, which their types leave out.
  const host: unknown = socket instanceof Socket ? Reflect.get(socket, "_host") : undefined;
  return typeof host === "string" ? host : undefined;
}

/** RFC 6066 §3: an address is no name to ask for. */
function nameToAskFor(host: string | undefined): string {
  return host === undefined || isIP(host) !== 0 ? "" : host;
}

/** A socket that `connect()` makes. */
class ConnectingSocket extends TLSSocket {
  /** Connects, or begins on the socket that was given. */
  begin(options: ConnectOptions): void {
    const { path, host, port, localAddress } = options;
    this.target = {
      path: path ?? undefined,
      host: host ?? undefined,
      port: port === undefined || port === null ? undefined : Number(port),
      localAddress: localAddress ?? undefined,
    };
    this.on("secure", () => this.#onSecure());
    this.releaseErrors();
    if (options.socket) return this.start();
    if (options.timeout) this.setTimeout(options.timeout);
    const net: Record<string, unknown> = { noDelay: options.noDelay ?? true };
    for (const name of NET_OPTIONS) {
      if (options[name] !== undefined && options[name] !== null) net[name] = options[name];
    }
    if (net.port === undefined && net.path === undefined) {
      throw nodeError(
        "ERR_MISSING_ARGS",
        'The "options" or "port" or "path" argument must be specified',
        TypeError,
      );
    }
    this.connect(net);
  }

  #onSecure(): void {
    if (this.destroyed) return;
    this.secureConnecting = false;
    this.emit("secureConnect");
  }
}
