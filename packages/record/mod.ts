/**
 * TLS 1.3 records. Bytes in, contents out, and back; no input or output, no handshake.
 *
 * ```ts
 * import { ContentType } from "@sealane/wire";
 * import { RecordReader, RecordWriter } from "@sealane/record";
 *
 * const writer = new RecordWriter();
 * writer.write(ContentType.handshake, new Uint8Array([1, 0, 0, 0]));
 *
 * const reader = new RecordReader();
 * reader.push(await writer.take());
 * console.assert((await reader.next())?.type === ContentType.handshake);
 * ```
 *
 * @module
 */
export * from "./alert.ts";
export * from "./framing.ts";
export * from "./limits.ts";
export * from "./padding.ts";
export * from "./reader.ts";
export * from "./traffic_key.ts";
export * from "./writer.ts";
