/**
 * What carries the bytes of a TLS stream: a socket, a pair of web streams, anything that reads and writes.
 *
 * @module
 */
import { LONGEST_TIMER, TlsError } from "@sealane/wire";

/** A byte stream in both directions. Each method is called only when its last call is done. */
export interface ByteTransport {
  /** The next bytes, at least one; `null` at the end. The view is used before the next call, so its memory may be reused. */
  read(): Promise<Uint8Array | null>;
  /** Writes all bytes; done when there is room for more. */
  write(bytes: Uint8Array): Promise<void>;
  /** No more bytes will be written; the other direction goes on. */
  closeWrite(): Promise<void>;
  /**
   * Ends both directions at once, whatever is still to be written. A pending `read` or `write` ends or fails; called a second
   * time it does nothing.
   */
  close(): void;
}

/** A pair of web streams, for instance a `WebTransportBidirectionalStream` or the two sides of a `TransformStream`. */
export interface StreamPair {
  /** Bytes from the network. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Bytes for the network. */
  readonly writable: WritableStream<Uint8Array>;
}

/** A transport over web streams, which are locked from now on. Their queues are the only buffers. */
export function streamTransport({ readable, writable }: StreamPair): ByteTransport {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  writer.closed.catch(() => {}); // the next write reports it
  return {
    async read(): Promise<Uint8Array | null> {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return null;
        if (value.length > 0) return value;
      }
    },
    async write(bytes: Uint8Array): Promise<void> {
      await writer.ready;
      await writer.write(bytes);
    },
    closeWrite: () => writer.close(),
    close(): void {
      // Whoever fails here has ended already.
      reader.cancel().catch(() => {});
      writer.abort(new Error("the connection was closed")).catch(() => {});
    },
  };
}

/** Waits for `work`, whatever becomes of it, but not longer than `milliseconds`. */
export async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(milliseconds, LONGEST_TIMER));
  });
  try {
    await Promise.race([work.catch(() => {}), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a failure of the transport is to the program. */
export function transportError(doing: string, cause: unknown): TlsError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TlsError("local/transport", `${doing} the transport failed: ${reason}`, { cause });
}
