/**
 * ClientHello (RFC 9846 section 4.2.2).
 *
 * @module
 */
import {
  type CipherSuiteId,
  HandshakeType,
  type ProtocolVersion,
  type Reader,
  type TlsErrorCode,
} from "@sealane/wire";
import { type RawExtension, readExtensions, writeExtensions } from "../extensions/extension.ts";
import { decodeBody, encodeMessage } from "./message.ts";

/** A ClientHello. */
export interface ClientHello {
  /** 0x0303 in every TLS 1.3 client; anything in hostile ones. */
  readonly legacyVersion: ProtocolVersion;
  /** 32 random bytes. */
  readonly random: Uint8Array;
  /** 0 to 32 bytes, which the server echoes. */
  readonly legacySessionId: Uint8Array;
  /** Offered cipher suites, the client's order. */
  readonly cipherSuites: readonly CipherSuiteId[];
  /** Exactly one 0 in TLS 1.3. */
  readonly legacyCompressionMethods: readonly number[];
  /** In the order of the message. */
  readonly extensions: readonly RawExtension[];
}

/** Encodes a ClientHello with its header. */
export function encodeClientHello(hello: ClientHello): Uint8Array {
  return encodeMessage(HandshakeType.client_hello, (writer) => {
    writer.u16(hello.legacyVersion).bytes(hello.random).vector8(hello.legacySessionId);
    writer.vector16((list) => hello.cipherSuites.forEach((suite) => list.u16(suite)));
    writer.vector8(Uint8Array.from(hello.legacyCompressionMethods));
    writeExtensions(writer, hello.extensions);
  });
}

/**
 * Decodes the body of a ClientHello. Values are not judged here, since an ECH inner hello is decoded with it too.
 *
 * @throws {TlsError} `peer/decode-error`, `peer/duplicate-hello-extension`.
 */
export function decodeClientHello(body: Uint8Array): ClientHello {
  return decodeBody(HandshakeType.client_hello, body, (reader) => readClientHello(reader));
}

/** Reads a ClientHello, and leaves what follows it. `duplicate` is the code where an extension stands in it twice. */
export function readClientHello(
  reader: Reader,
  name = "ClientHello",
  duplicate: TlsErrorCode = "peer/duplicate-hello-extension",
): ClientHello {
  return {
    legacyVersion: reader.u16("legacy_version"),
    random: reader.bytes(32, "random"),
    legacySessionId: reader.vector8("legacy_session_id", { max: 32 }),
    cipherSuites: reader.u16List("cipher_suites", { min: 2 }),
    legacyCompressionMethods: reader.u8List("legacy_compression_methods", { min: 1 }),
    // RFC 9846 §4.2.2: a pre-1.3 client may send no extension block at all.
    extensions: reader.remaining === 0 ? [] : readExtensions(reader, name, duplicate),
  };
}
