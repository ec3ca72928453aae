/**
 * A stream of Node as a transport.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import type { ByteTransport } from "../stream/transport.ts";

/** A transport over a socket or another stream of Node, which belongs to it from now on. */
export function duplexTransport(socket: Duplex): ByteTransport {
  let ended = false;
  let failure: Error | null = null;
  let wake = () => {};
  socket.on("readable", () => wake());
  socket.on("end", () => {
    ended = true;
    wake();
  });
  socket.on("close", () => {
    ended = true;
    wake();
  });
  socket.on("error", (error: Error) => {
    failure = error;
    wake();
  });
  return {
    async read(): Promise<Uint8Array | null> {
      for (;;) {
        const chunk: Uint8Array | null = socket.read();
        if (chunk !== null) return chunk;
        if (failure !== null) throw failure;
        if (ended) return null;
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
    write(bytes: Uint8Array): Promise<void> {
      return new Promise((resolve, reject) => {
        socket.write(bytes, (error) => error ? reject(error) : resolve());
      });
    },
    closeWrite(): Promise<void> {
      return new Promise((resolve, reject) => {
        if (socket.destroyed) reject(failure ?? new Error("the socket is closed"));
        socket.once("close", resolve); // where it closes before it says that it has finished
        socket.end(resolve);
      });
    },
    close(): void {
      socket.destroy();
    },
  };
}
