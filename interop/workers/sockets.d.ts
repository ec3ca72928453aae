/** The sockets of Workers, as far as the test uses them. */
declare module "cloudflare:sockets" {
  /** A TCP socket as a pair of streams. */
  interface Socket {
    readonly readable: ReadableStream<Uint8Array>;
    readonly writable: WritableStream<Uint8Array>;
  }
  /** Connects over TCP. */
  export function connect(
    address: { hostname: string; port: number },
    options?: { allowHalfOpen?: boolean },
  ): Socket;
}
