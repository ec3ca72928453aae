/**
 * What all extensions share. Each extension has a room of its own beside this file: its codecs, where it may appear (its
 * row in `table.ts`), and its rules.
 *
 * @module
 */
import {
  encode,
  type ExtensionType,
  extensionTypeName,
  Reader,
  TlsError,
  type TlsErrorCode,
  type Writer,
} from "@sealane/wire";

/** An extension as it stands in a message: the type and the bytes of `extension_data`. */
export interface RawExtension {
  /** IANA code point. */
  readonly type: ExtensionType;
  /** The content, not yet decoded. */
  readonly data: Uint8Array;
}

/** Encoder and decoder of one extension in one message: many extensions look different in each message. */
export interface ExtensionCodec<T> {
  /** IANA code point. */
  readonly type: ExtensionType;
  /** Writes `extension_data`. */
  encode(writer: Writer, value: T): void;
  /** Reads `extension_data`; the caller checks that nothing is left. */
  decode(reader: Reader): T;
}

/** The extension with this value, ready for a message. */
export function encodeExtension<T>(codec: ExtensionCodec<T>, value: T): RawExtension {
  return { type: codec.type, data: encode((writer) => codec.encode(writer, value)) };
}

/**
 * The decoded value of an extension, or `undefined` where the message does not have it.
 *
 * @throws {TlsError} `peer/decode-error` if `extension_data` is not exactly what the codec expects.
 */
export function decodeExtension<T>(
  extensions: readonly RawExtension[],
  codec: ExtensionCodec<T>,
): T | undefined {
  const raw = findExtension(extensions, codec.type);
  if (raw === undefined) return undefined;
  const reader = new Reader(raw.data, `extension ${extensionTypeName(codec.type)}`);
  const value = codec.decode(reader);
  reader.end();
  return value;
}

/** The extension of this type, or `undefined`. */
export function findExtension(
  extensions: readonly RawExtension[],
  type: ExtensionType,
): RawExtension | undefined {
  return extensions.find((extension) => extension.type === type);
}

/** Writes an extension block with its 16-bit length. */
export function writeExtensions(writer: Writer, extensions: readonly RawExtension[]): void {
  writer.vector16((block) => {
    for (const { type, data } of extensions) block.u16(type).vector16(data);
  });
}

/**
 * Reads an extension block. RFC 9846 §4.3: a type stands in a block once; `duplicate` is the code of the error
 * otherwise, since BoringSSL's alert for it differs by message.
 */
export function readExtensions(
  reader: Reader,
  message: string,
  duplicate: TlsErrorCode = "peer/duplicate-extension",
): RawExtension[] {
  const seen = new Set<ExtensionType>();
  return reader.list(reader.vector16("extensions"), "extensions", (block) => {
    const type = block.u16("extension_type");
    if (seen.has(type)) {
      throw new TlsError(
        duplicate,
        `${message} has the extension ${extensionTypeName(type)} twice`,
      );
    }
    seen.add(type);
    return { type, data: block.vector16("extension_data") };
  });
}

/** A codec of an extension without content. */
export function emptyCodec(type: ExtensionType): ExtensionCodec<true> {
  return { type, encode: () => {}, decode: () => true };
}
