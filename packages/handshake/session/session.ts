/**
 * What is remembered of a connection so that a later one can resume it (RFC 9846 section 2.2): the same value on both
 * sides, and its encoding. A client gets it with a ticket; a server seals it into the ticket or keeps it in a store.
 *
 * @module
 */
import {
  CertificateType,
  type CipherSuiteId,
  Reader,
  requireDuration,
  requireTime,
  secretBytes,
  TlsError,
  type TlsErrorCode,
  utf8,
  Writer,
} from "@sealane/wire";
import type { TlsFlag } from "../extensions/tls_flags.ts";

/** Whom the connection was with. */
export interface SessionPeer {
  /** X.509 or raw public key. */
  readonly type: CertificateType;
  /** The chain as the peer sent it, DER, leaf first; of a raw public key the one SubjectPublicKeyInfo. */
  readonly certificates: readonly Uint8Array[];
  /** The stapled OCSP response, DER; `null` without one. */
  readonly ocspResponse: Uint8Array | null;
  /** The signed certificate timestamps of the leaf; empty without any. */
  readonly signedCertificateTimestamps: readonly Uint8Array[];
  /** The delegated credential whose key signed, encoded; `null` if the key of the certificate did. */
  readonly delegatedCredential: Uint8Array | null;
}

/** A session. It holds a secret: whoever has it can pose as its owner. */
export interface Session {
  /** The cipher suite of the connection. Resumption may take another one with the same hash. */
  readonly cipherSuite: CipherSuiteId;
  /** Name of the hash of the suite, for instance `SHA-256`. */
  readonly hash: string;
  /** The PSK of the ticket (RFC 9846 section 4.7.1): as long as the hash. */
  readonly psk: Uint8Array;
  /** What a client sends as the identity; empty on a server. */
  readonly ticket: Uint8Array;
  /** `ticket_lifetime`, in seconds: at most {@link MAX_TICKET_LIFETIME}. */
  readonly lifetime: number;
  /** `ticket_age_add`: 32 random bits. */
  readonly ageAdd: number;
  /** When the ticket was issued (on a server) or arrived (on a client): milliseconds since 1970. */
  readonly issuedAt: number;
  /**
   * When the peer was last authenticated with a certificate or an external PSK: milliseconds since 1970. Resumption does not
   * renew it.
   */
  readonly authenticatedAt: number;
  /** Bytes of early data that the ticket allows; 0: none. */
  readonly maxEarlyData: number;
  /** The host name of the connection; `null` without one. */
  readonly serverName: string | null;
  /** The protocol of ALPN; `null` if none was agreed. */
  readonly alpn: Uint8Array | null;
  /** Whom the connection was with; `null` if the peer did not authenticate with a certificate or a key. */
  readonly peer: SessionPeer | null;
  /**
   * A tag of the policy by which the peer was verified. A session is resumed only under the policy that it was made
   * under, so that one connection without verification does not open the way for the next one.
   */
  readonly verification: string;
  /** What this side authenticated with, for instance a digest of its certificate; `null` if it did not. */
  readonly localIdentity: Uint8Array | null;
  /** What early data depends on besides ALPN: of QUIC, the remembered transport parameters; `null` without any. */
  readonly context: Uint8Array | null;
  /** The flags of the ticket, ascending. */
  readonly flags: readonly TlsFlag[];
}

/** RFC 9846 §4.7.1: the lifetime of a ticket is at most seven days, in seconds. */
export const MAX_TICKET_LIFETIME = 604_800;

/** First byte of an encoded session. Changes with the format: an old encoding is refused, which costs one full handshake. */
const FORMAT = 2;

function writeOptional(writer: Writer, value: Uint8Array | null): void {
  writer.u8(value === null ? 0 : 1);
  if (value !== null) writer.vector24(value);
}

function readOptional(reader: Reader, field: string): Uint8Array | null {
  return readFlag(reader, field) ? reader.vector24(field) : null;
}

function readFlag(reader: Reader, field: string): boolean {
  const flag = reader.u8(field);
  return flag > 1 ? reader.fail(`${field} has the flag ${flag}, neither 0 nor 1`) : flag === 1;
}

function writeList(writer: Writer, values: readonly Uint8Array[]): void {
  writer.vector24((list) => values.forEach((value) => list.vector24(value)));
}

function readList(reader: Reader, field: string): Uint8Array[] {
  return reader.list(reader.vector24(field), field, (list) => list.vector24("element"));
}

/** Clocks may give fractions. */
function milliseconds(time: number): bigint {
  return BigInt(Math.floor(time));
}

function writePeer(writer: Writer, peer: SessionPeer | null): void {
  writer.u8(peer === null ? 0 : 1);
  if (peer === null) return;
  writeList(writer.u8(peer.type), peer.certificates);
  writeOptional(writer, peer.ocspResponse);
  writeList(writer, peer.signedCertificateTimestamps);
  writeOptional(writer, peer.delegatedCredential);
}

function readPeer(reader: Reader): SessionPeer | null {
  if (!readFlag(reader, "peer")) return null;
  const type = reader.u8("type");
  if (type !== CertificateType.X509 && type !== CertificateType.RawPublicKey) {
    reader.fail(`unknown certificate type ${type}`);
  }
  return {
    type,
    certificates: readList(reader, "certificates"),
    ocspResponse: readOptional(reader, "ocsp_response"),
    signedCertificateTimestamps: readList(reader, "signed_certificate_timestamps"),
    delegatedCredential: readOptional(reader, "delegated_credential"),
  };
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readText(reader: Reader, bytes: Uint8Array, field: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return reader.fail(`${field} is not UTF-8`);
  }
}

/**
 * The bytes of a session, to keep it. They hold its secret.
 *
 * ```ts
 * import { decodeSession, encodeSession, type Session } from "@sealane/handshake";
 *
 * function save(session: Session): Promise<void> {
 *   return Deno.writeFile("session.bin", encodeSession(session), { mode: 0o600 });
 * }
 *
 * async function load(): Promise<Session> {
 *   return decodeSession(await Deno.readFile("session.bin"));
 * }
 * ```
 */
export function encodeSession(session: Session): Uint8Array {
  const writer = new Writer(512).u8(FORMAT);
  writer.u16(session.cipherSuite).vector8(utf8(session.hash)).vector8(session.psk);
  writer.vector16(session.ticket).u32(session.lifetime).u32(session.ageAdd);
  writer.u64(milliseconds(session.issuedAt)).u64(milliseconds(session.authenticatedAt));
  writer.u32(session.maxEarlyData);
  writeOptional(writer, session.serverName === null ? null : utf8(session.serverName));
  writeOptional(writer, session.alpn);
  writePeer(writer, session.peer);
  writer.vector16(utf8(session.verification));
  writeOptional(writer, session.localIdentity);
  writeOptional(writer, session.context);
  writer.vector16((list) => session.flags.forEach((flag) => list.u16(flag)));
  return writer.finish();
}

/**
 * The session of {@link encodeSession}'s bytes. Byte strings are views over `bytes`.
 *
 * @throws {TlsError} `code`, `api/argument` unless given, if the bytes are not a session of this format.
 */
export function decodeSession(bytes: Uint8Array, code: TlsErrorCode = "api/argument"): Session {
  const reader = new Reader(bytes, "session", code);
  const format = reader.u8("format");
  if (format !== FORMAT) reader.fail(`unknown format ${format}`);
  const session: Session = {
    cipherSuite: reader.u16("cipher_suite"),
    hash: readText(reader, reader.vector8("hash"), "hash"),
    psk: secretBytes(reader.vector8("psk", { min: 1 })),
    ticket: reader.vector16("ticket"),
    lifetime: reader.u32("lifetime"),
    ageAdd: reader.u32("age_add"),
    issuedAt: Number(reader.u64("issued_at")),
    authenticatedAt: Number(reader.u64("authenticated_at")),
    maxEarlyData: reader.u32("max_early_data"),
    serverName: readOptionalText(reader, "server_name"),
    alpn: readOptional(reader, "alpn"),
    peer: readPeer(reader),
    verification: readText(reader, reader.vector16("verification"), "verification"),
    localIdentity: readOptional(reader, "local_identity"),
    context: readOptional(reader, "context"),
    flags: reader.u16List("flags"),
  };
  reader.end();
  return session;
}

function readOptionalText(reader: Reader, field: string): string | null {
  const bytes = readOptional(reader, field);
  return bytes === null ? null : readText(reader, bytes, field);
}

/** The age of the ticket in whole milliseconds; `now` is milliseconds since 1970. */
export function ticketAge(session: Session, now: number): number {
  requireTime("now", now);
  return Math.floor(now) - Math.floor(session.issuedAt);
}

/**
 * Whether the ticket may be used. RFC 9846 §4.7.1: not when it is older than its lifetime, nor older than seven days; and
 * not when it was issued later than `now`, but for the `margin` milliseconds by which the clocks of two servers may differ.
 */
export function isSessionAlive(session: Session, now: number, margin = 0): boolean {
  const age = ticketAge(session, now);
  return age >= -margin && age <= 1000 * Math.min(session.lifetime, MAX_TICKET_LIFETIME);
}

/**
 * Whether the peer was authenticated, with a certificate or an external PSK, no longer than `limit` milliseconds ago: each
 * resumption gives new tickets, and without a limit a session would never end (RFC 9846 section 4.7.1).
 */
export function isAuthenticationFresh(session: Session, now: number, limit: number): boolean {
  requireTime("now", now);
  requireDuration("limit", limit);
  return now - session.authenticatedAt <= limit;
}

/** `obfuscated_ticket_age` (RFC 9846 section 4.3.11.1), for a client. */
export function obfuscatedTicketAge(session: Session, now: number): number {
  // 2^32 ms are more than seven days, so the age itself never wraps.
  return (ticketAge(session, now) + session.ageAdd) % 0x1_0000_0000;
}

/**
 * By how many milliseconds the client's view of the ticket's age differs from the server's: positive where the client thinks
 * that it is older. RFC 9846 §8.3 compares it with a tolerance before early data is accepted.
 *
 * @throws {TlsError} `api/argument` if `obfuscatedAge` is not a 32-bit number.
 */
export function ticketAgeSkew(session: Session, obfuscatedAge: number, now: number): number {
  if (!Number.isInteger(obfuscatedAge) || obfuscatedAge < 0 || obfuscatedAge > 0xffffffff) {
    throw new TlsError("api/argument", `the obfuscated ticket age ${obfuscatedAge} is not a u32`);
  }
  const claimed = (obfuscatedAge - session.ageAdd + 0x1_0000_0000) % 0x1_0000_0000;
  return claimed - ticketAge(session, now);
}
