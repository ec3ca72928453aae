/**
 * The part of a TLS socket that is about the socket below: addresses, timers, switches.
 *
 * @module
 */
import { type AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { IdleTimer } from "./idle_timer.ts";
import { validateFunction, validateNumber } from "./validate.ts";

/** A `net.Socket` without a handle of its own, that is what the stream below it is. */
export abstract class SocketFace extends Socket {
  #idle: IdleTimer | null = null;

  /** Plaintext bytes that have been read. */
  protected plaintextRead = 0;
  /** Plaintext bytes that have been handed to the connection. */
  protected plaintextWritten = 0;

  /** The stream below. */
  protected abstract readonly raw: Duplex;

  static {
    // Properties to the types of net.Socket and getters in its code, where TypeScript has no word for overriding them.
    const below = (name: keyof Socket) => ({
      configurable: true,
      get(this: SocketFace): unknown {
        return this.#socket?.[name];
      },
    });
    Object.defineProperties(this.prototype, {
      remoteAddress: below("remoteAddress"),
      remoteFamily: below("remoteFamily"),
      remotePort: below("remotePort"),
      localAddress: below("localAddress"),
      localPort: below("localPort"),
      localFamily: below("localFamily"),
      pending: {
        configurable: true,
        get(this: SocketFace): boolean {
          return this.connecting || (this.#socket?.pending ?? false);
        },
      },
      bufferSize: {
        configurable: true,
        get(this: SocketFace): number | undefined {
          return this.destroyed ? undefined : this.writableLength;
        },
      },
      bytesRead: {
        configurable: true,
        get(this: SocketFace): number {
          return this.plaintextRead;
        },
      },
      bytesWritten: {
        configurable: true,
        get(this: SocketFace): number {
          return this.plaintextWritten + this.writableLength;
        },
      },
    });
  }

  get #socket(): Socket | null {
    const { raw } = this;
    return raw instanceof Socket ? raw : null;
  }

  /** The socket is connecting, or not. */
  protected setConnecting(connecting: boolean): void {
    // In Node a plain property, which net.Socket sets itself; its types make it read-only.
    (this as { connecting: boolean }).connecting = connecting;
  }

  /** Something was read or written. */
  protected active(): void {
    this.#idle?.refresh();
  }

  /** Stops the timer for good. */
  protected stopTimer(): void {
    this.#idle?.set(0);
  }

  /** Emits `timeout` after so many milliseconds without activity; 0: never. */
  override setTimeout(milliseconds: number, callback?: () => void): this {
    if (this.destroyed) return this;
    validateNumber(milliseconds, "msecs", 0);
    // In Node a plain property; its types make it read-only.
    (this as { timeout?: number }).timeout = milliseconds;
    this.#idle ??= new IdleTimer(() => this.emit("timeout"));
    this.#idle.set(milliseconds);
    if (callback !== undefined) {
      validateFunction(callback, "callback");
      if (milliseconds === 0) this.removeListener("timeout", callback);
      else this.once("timeout", callback);
    }
    return this;
  }

  /** Our end of the socket. */
  override address(): AddressInfo | Record<string, never> {
    // Of a TCP socket it is an AddressInfo or empty; the type says more for the sake of pipes.
    return (this.#socket?.address() ?? {}) as AddressInfo | Record<string, never>;
  }

  /** As of the socket below. */
  override setNoDelay(noDelay = true): this {
    this.#socket?.setNoDelay(noDelay);
    return this;
  }

  /** As of the socket below. */
  override setKeepAlive(enable = false, initialDelay = 0): this {
    this.#socket?.setKeepAlive(enable, initialDelay);
    return this;
  }

  /** Makes the socket keep the program running. */
  override ref(): this {
    this.#socket?.ref();
    return this;
  }

  /** Lets the program end in spite of the socket. */
  override unref(): this {
    this.#socket?.unref();
    return this;
  }
}
