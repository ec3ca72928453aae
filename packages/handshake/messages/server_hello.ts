/**
 * ServerHello and, in the same shape, HelloRetryRequest (RFC 9846 sections 4.2.3 and 4.2.4).
 *
 * @module
 */
import {
  type CipherSuiteId,
  equalBytes,
  fromHex,
  HandshakeType,
  type ProtocolVersion,
} from "@sealane/wire";
import { type RawExtension, readExtensions, writeExtensions } from "../extensions/extension.ts";
import { decodeBody, encodeMessage } from "./message.ts";

/** A ServerHello or a HelloRetryRequest. */
export interface ServerHello {
  /** 0x0303 in TLS 1.3; what was negotiated in older versions. */
  readonly legacyVersion: ProtocolVersion;
  /** 32 random bytes, or {@link HELLO_RETRY_REQUEST_RANDOM}. */
  readonly random: Uint8Array;
  /** The client's, echoed; 0 to 32 bytes. */
  readonly legacySessionId: Uint8Array;
  /** The selected cipher suite. */
  readonly cipherSuite: CipherSuiteId;
  /** 0 in TLS 1.3. */
  readonly legacyCompressionMethod: number;
  /** In the order of the message. */
  readonly extensions: readonly RawExtension[];
}

/** The `random` that makes a ServerHello a HelloRetryRequest: SHA-256 of "HelloRetryRequest" (RFC 9846 section 4.2.3). */
export const HELLO_RETRY_REQUEST_RANDOM: Uint8Array = fromHex(
  "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c",
);

/** Whether this is a HelloRetryRequest. */
export function isHelloRetryRequest(hello: ServerHello): boolean {
  return equalBytes(hello.random, HELLO_RETRY_REQUEST_RANDOM);
}

/** Encodes a ServerHello with its header. */
export function encodeServerHello(hello: ServerHello): Uint8Array {
  return encodeMessage(HandshakeType.server_hello, (writer) => {
    writer.u16(hello.legacyVersion).bytes(hello.random).vector8(hello.legacySessionId);
    writer.u16(hello.cipherSuite).u8(hello.legacyCompressionMethod);
    writeExtensions(writer, hello.extensions);
  });
}

/**
 * Decodes the body of a ServerHello. Values, the version among them, are judged by the flow.
 *
 * @throws {TlsError} `peer/decode-error`, `peer/duplicate-extension`.
 */
export function decodeServerHello(body: Uint8Array): ServerHello {
  return decodeBody(HandshakeType.server_hello, body, (reader) => ({
    legacyVersion: reader.u16("legacy_version"),
    random: reader.bytes(32, "random"),
    legacySessionId: reader.vector8("legacy_session_id_echo", { max: 32 }),
    cipherSuite: reader.u16("cipher_suite"),
    legacyCompressionMethod: reader.u8("legacy_compression_method"),
    // A server before TLS 1.3 may leave out the block; its version is what the flow refuses, not its encoding.
    extensions: reader.remaining === 0 ? [] : readExtensions(reader, "ServerHello"),
  }));
}
