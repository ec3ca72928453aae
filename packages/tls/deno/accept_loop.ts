/**
 * Accepting sockets until the listener is closed, whatever becomes of single connections.
 *
 * @module
 */

/** The first and the longest pause after a failure that may come again at once: milliseconds. */
const PAUSE = { first: 5, longest: 1_000 };

/** Takes sockets from a listener of Deno. */
export class AcceptLoop {
  readonly #listener: Deno.TcpListener;
  readonly #onError: (error: unknown) => void;
  #pause = 0;
  #wake: () => void = () => {};
  #closed = false;

  /** `onError` is told of what kept a connection from being accepted. */
  constructor(listener: Deno.TcpListener, onError: (error: unknown) => void = () => {}) {
    this.#listener = listener;
    this.#onError = onError;
  }

  /**
   * What `make` makes of the next socket. A connection that ended before it was accepted, and one of which `make` makes
   * nothing, is passed over; a lack of descriptors or memory is waited for.
   *
   * @throws {Deno.errors.BadResource} after {@link AcceptLoop.close}, and nothing else.
   */
  async next<T>(make: (socket: Deno.TcpConn) => T): Promise<T> {
    for (;;) {
      let socket: Deno.TcpConn | null = null;
      try {
        socket = await this.#listener.accept();
        const made = make(socket);
        this.#pause = 0;
        return made;
      } catch (error) {
        if (this.#isEnd(error)) throw new Deno.errors.BadResource("the listener is closed");
        this.#report(error);
        // One connection that failed is not the next one; only what the system refuses comes again at once.
        if (socket !== null) close(socket);
        else if (!isOfOneConnection(error)) await this.#rest();
      }
    }
  }

  /** Ends {@link AcceptLoop.next}, also while it waits. Called a second time it does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake();
    this.#listener.close();
  }

  #isEnd(error: unknown): boolean {
    return this.#closed || error instanceof Deno.errors.BadResource ||
      error instanceof Deno.errors.Interrupted;
  }

  #report(error: unknown): void {
    try {
      this.#onError(error);
    } catch { /* who is told of errors does not make one */ }
  }

  async #rest(): Promise<void> {
    this.#pause = Math.min(Math.max(2 * this.#pause, PAUSE.first), PAUSE.longest);
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, this.#pause);
    });
    clearTimeout(timer);
    this.#wake = () => {};
  }
}

/** Whether `accept` failed because the peer of this one connection has left. */
function isOfOneConnection(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.ConnectionReset;
}

function close(socket: Deno.TcpConn): void {
  try {
    socket.close();
  } catch { /* it is closed */ }
}
