/**
 * EncodedClientHelloInner (RFC 9849 section 5.1): the ClientHello that is encrypted, without what it shares with the outer
 * one, and padded.
 *
 * @module
 */
import {
  concat,
  type ExtensionType,
  ExtensionType as E,
  extensionTypeName,
  ProtocolVersion,
  Reader,
  TlsError,
} from "@sealane/wire";
import {
  decodeExtension,
  echOuterExtensionsInClientHelloInner,
  encodeExtension,
  encryptedClientHelloInClientHello,
  findExtension,
  type RawExtension,
  serverNameInClientHello,
  supportedVersionsInClientHello,
} from "../extensions/mod.ts";
import { type ClientHello, encodeClientHello, readClientHello } from "../messages/client_hello.ts";
import { HANDSHAKE_HEADER_LENGTH } from "../messages/message.ts";

/** Extensions whose content differs between the two hellos; all others are the same and are sent once. */
const PRIVATE: ReadonlySet<ExtensionType> = new Set([
  E.server_name,
  E.encrypted_client_hello,
  E.pre_shared_key,
]);

/** Whether inner and outer hello have an extension in common. */
export function isShared(type: ExtensionType): boolean {
  return !PRIVATE.has(type);
}

/** RFC 9849 §6.1: what is compressed stands together. The private extensions first, but for pre_shared_key. */
export function arrangeInner(hello: ClientHello): ClientHello {
  const own = hello.extensions.filter(({ type }) => !isShared(type));
  const shared = hello.extensions.filter(({ type }) => isShared(type));
  return { ...hello, extensions: [...own, ...shared] };
}

/** `message` with zeros in the place of `field`, which is a view over it. */
export function zeroed(message: Uint8Array, field: Uint8Array): Uint8Array {
  const start = field.byteOffset - message.byteOffset;
  return message.slice().fill(0, start, start + field.length);
}

/** Encodes and pads the hello that {@link arrangeInner} put in order. */
export function encodeInner(inner: ClientHello, maximumNameLength: number): Uint8Array {
  const compressed: RawExtension[] = [];
  const types = inner.extensions.map(({ type }) => type).filter(isShared);
  const reference = encodeExtension(echOuterExtensionsInClientHelloInner, types);
  for (const extension of inner.extensions) {
    if (!isShared(extension.type)) compressed.push(extension);
    else if (extension.type === types[0]) compressed.push(reference);
  }
  const encoded = encodeClientHello({
    ...inner,
    legacySessionId: new Uint8Array(),
    extensions: compressed,
  }).subarray(HANDSHAKE_HEADER_LENGTH);
  return concat([encoded, new Uint8Array(paddingFor(inner, encoded.length, maximumNameLength))]);
}

/** RFC 9849 §6.1.3: as if the name were the longest, then up to a multiple of 32 bytes. */
function paddingFor(inner: ClientHello, length: number, maximumNameLength: number): number {
  const name = decodeExtension(inner.extensions, serverNameInClientHello);
  const forName = name === undefined
    ? maximumNameLength + 9
    : Math.max(0, maximumNameLength - name.length);
  return forName + 31 - (length + forName - 1) % 32;
}

function invalid(reason: string): never {
  throw new TlsError("peer/ech", `ClientHelloInner ${reason}`);
}

/**
 * The ClientHelloInner of a decrypted EncodedClientHelloInner, in a time that grows with its length only.
 *
 * @throws {TlsError} `peer/ech`, `peer/decode-error`.
 */
export function decodeInner(encoded: Uint8Array, outer: ClientHello): ClientHello {
  const reader = new Reader(encoded, "EncodedClientHelloInner");
  const inner = readClientHello(reader, "ClientHelloInner", "peer/ech");
  // RFC 9849 §5.1: if any padding byte is non-zero: illegal_parameter.
  if (reader.rest().some((byte) => byte !== 0)) invalid("has padding that is not zero");
  if (inner.legacySessionId.length > 0) invalid("has a legacy_session_id of its own");
  const extensions = expand(inner.extensions, outer.extensions);
  checkInner(extensions);
  return { ...inner, legacySessionId: outer.legacySessionId, extensions };
}

/** Puts the extensions of the outer hello in the place of their reference. */
function expand(
  inner: readonly RawExtension[],
  outer: readonly RawExtension[],
): readonly RawExtension[] {
  const types = decodeExtension(inner, echOuterExtensionsInClientHelloInner);
  if (types === undefined) return inner;
  let next = 0;
  const referenced = types.map((type) => {
    // RFC 9849 §5.1: not encrypted_client_hello, and ech_outer_extensions stands in neither of the hellos.
    if (type === E.encrypted_client_hello || type === E.ech_outer_extensions) {
      return invalid(`refers to the extension ${extensionTypeName(type)}`);
    }
    // One way through the outer hello finds what is missing, referenced twice or out of order.
    while (next < outer.length && outer[next].type !== type) next++;
    if (next === outer.length) {
      return invalid(
        `refers to the extension ${extensionTypeName(type)}, not there or out of order`,
      );
    }
    return outer[next++];
  });
  const expanded = inner.flatMap((extension) =>
    extension.type === E.ech_outer_extensions ? referenced : [extension]
  );
  if (new Set(expanded.map(({ type }) => type)).size < expanded.length) {
    return invalid("has an extension that it also refers to");
  }
  return expanded;
}

/** RFC 9849 §7.1: the extension is there, of type inner, and TLS 1.2 and older are not offered. */
function checkInner(extensions: readonly RawExtension[]): void {
  if (findExtension(extensions, E.encrypted_client_hello) === undefined) {
    return invalid("has no encrypted_client_hello");
  }
  const ech = decodeExtension(extensions, encryptedClientHelloInClientHello);
  if (ech?.type !== "inner") return invalid("has an encrypted_client_hello of type outer");
  const versions = decodeExtension(extensions, supportedVersionsInClientHello) ?? [];
  if (!versions.includes(ProtocolVersion.tls13)) return invalid("does not offer TLS 1.3");
  if (versions.some((version) => version < ProtocolVersion.tls13)) {
    return invalid("offers a version before TLS 1.3");
  }
}
