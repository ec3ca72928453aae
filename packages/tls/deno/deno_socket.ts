/**
 * Deno's TCP sockets as a transport.
 *
 * @module
 */
import type { ByteTransport } from "../stream/transport.ts";

/** What is asked for while little comes, which is all that a connection at rest holds. */
const SMALL_READ = 4_096;
/** What is asked for while much comes: four records. */
const LARGE_READ = 65_536;

/** A transport over a socket, which belongs to it from now on. */
export function socketTransport(socket: Deno.TcpConn): ByteTransport {
  let buffer = new Uint8Array(SMALL_READ);
  let closed = false;
  sendAtOnce(socket);
  return {
    async read(): Promise<Uint8Array | null> {
      const length = await socket.read(buffer);
      if (length === null) return null;
      const bytes = buffer.subarray(0, length);
      // A read that filled its buffer is followed by a large one, and a large one that got little by a small one.
      if (length === buffer.length && length < LARGE_READ) buffer = new Uint8Array(LARGE_READ);
      else if (length < SMALL_READ && buffer.length > SMALL_READ) {
        buffer = new Uint8Array(SMALL_READ);
      }
      return bytes;
    },
    async write(bytes: Uint8Array): Promise<void> {
      for (let written = 0; written < bytes.length;) {
        written += await socket.write(bytes.subarray(written));
      }
    },
    closeWrite: () => socket.closeWrite(),
    close(): void {
      if (closed) return;
      closed = true;
      try {
        socket.close();
      } catch { /* it is closed */ }
    },
  };
}

/** What is written is whole records, and somebody waits for them. */
function sendAtOnce(socket: Deno.TcpConn): void {
  try {
    socket.setNoDelay(true);
  } catch {
    /* a socket whose peer has reset it refuses: the first read says so, with its reason */
  }
}
