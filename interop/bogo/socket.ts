/**
 * The TCP connection to the runner: its first eight bytes say which test it belongs to, and it is closed in an order
 * that lets the runner read everything that was sent.
 *
 * @module
 */
import type { ConnectionFlags } from "./flags.ts";

/** A connection to the runner. */
export class RunnerSocket {
  readonly #connection: Deno.TcpConn;
  readonly #buffer = new Uint8Array(0x4000);
  #unread: Uint8Array = new Uint8Array();
  #ended = false;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /** Connects, also where the shim is the TLS server, and says which test this is. */
  static async connect(flags: ConnectionFlags): Promise<RunnerSocket> {
    if (flags.port === undefined || flags["shim-id"] === undefined) {
      throw new Error("-port and -shim-id are needed");
    }
    const hostname = flags.ipv6 ? "::1" : "127.0.0.1";
    const connection = await Deno.connect({ hostname, port: flags.port });
    connection.setNoDelay(true);
    const socket = new RunnerSocket(connection);
    const id = new DataView(new ArrayBuffer(8));
    id.setBigUint64(0, BigInt(flags["shim-id"]), true);
    await socket.write(new Uint8Array(id.buffer));
    return socket;
  }

  /** At least one byte and at most `most`, or `null` at the end of the stream. */
  async read(most: number): Promise<Uint8Array | null> {
    while (this.#unread.length === 0) {
      if (this.#ended) return null;
      const count = await this.#connection.read(this.#buffer).catch(() => null);
      if (count === null) this.#ended = true;
      else this.#unread = this.#buffer.slice(0, count);
    }
    const bytes = this.#unread.subarray(0, most);
    this.#unread = this.#unread.subarray(bytes.length);
    return bytes;
  }

  /** Exactly `length` bytes, or `null` if the stream ends before. */
  async readExactly(length: number): Promise<Uint8Array | null> {
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      const part = await this.read(length - filled);
      if (part === null) return null;
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes;
  }

  /** Sends all of `bytes`. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.#connection.write(bytes.subarray(sent));
    }
  }

  /**
   * Ends our half, reads what is left, then closes. Closing a socket that has unread data makes the kernel send a reset,
   * which would take the alert away from the runner.
   */
  async close(): Promise<void> {
    try {
      await this.#connection.closeWrite();
      while (!this.#ended && await this.#connection.read(this.#buffer) !== null);
    } catch {
      // The runner was faster.
    }
    this.#connection.close();
  }
}
