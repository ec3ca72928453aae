/**
 * HTTP/3 messages (RFC 9114): frames on request streams, and the control stream that each end opens.
 *
 * @module
 */
import { encodeVarint, readVarint, varintLengthOf } from "@sealane/quic-tls";
import type { QuicConnection } from "../quic/connection.ts";
import type { QuicStream } from "../quic/stream.ts";
import { decodeFields, encodeFields, type Field } from "./qpack.ts";

const DATA = 0x00;
const HEADERS = 0x01;
const SETTINGS = 0x04;
const CONTROL_STREAM = 0x00;

/** A request or a response. */
export interface Message {
  readonly fields: Field[];
  readonly body: Uint8Array;
}

function frame(type: number, payload: Uint8Array): Uint8Array[] {
  return [encodeVarint(type), encodeVarint(payload.length), payload];
}

/** Opens our control stream, with settings that are all defaults (RFC 9114 section 6.2.1). */
export async function openControlStream(connection: QuicConnection): Promise<void> {
  const writer = (await connection.streams.open("uni")).writable.getWriter();
  await writer.write(Uint8Array.of(CONTROL_STREAM));
  for (const part of frame(SETTINGS, new Uint8Array(0))) await writer.write(part);
}

/** Reads what the peer says on its unidirectional streams, and lets go of it. */
export function drain(stream: QuicStream): void {
  stream.readable.pipeTo(new WritableStream()).catch(() => {});
}

/** Sends a message and ends our side of the stream. */
export async function sendMessage(
  stream: QuicStream,
  fields: Field[],
  body: Uint8Array,
): Promise<void> {
  const writer = stream.writable.getWriter();
  for (const part of frame(HEADERS, encodeFields(fields))) await writer.write(part);
  if (body.length > 0) { for (const part of frame(DATA, body)) await writer.write(part); }
  await writer.close();
}

/** Reads a message to the end of the stream. */
export async function readMessage(stream: QuicStream): Promise<Message> {
  const bytes = new Uint8Array(await new Response(stream.readable as BodyInit).arrayBuffer());
  const parts: Uint8Array[] = [];
  let fields: Field[] = [];
  for (let at = 0; at < bytes.length;) {
    const type = readVarint(bytes, at);
    if (type < 0) break;
    at += varintLengthOf(bytes[at]);
    const length = readVarint(bytes, at);
    if (length < 0 || length > bytes.length - at) throw new Error("a frame ends early");
    at += varintLengthOf(bytes[at]);
    const payload = bytes.subarray(at, at += length);
    // Informational responses (1xx) come before the final one; trailers after it have no pseudo-fields.
    if (type === HEADERS) {
      const decoded = decodeFields(payload);
      if (decoded.some(([name]) => name.startsWith(":"))) fields = decoded;
    } else if (type === DATA) parts.push(payload);
  }
  return { fields, body: new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()) };
}
