/**
 * External PSKs as a configuration states them (RFC 9846 section 4.3.11), and what 0-RTT data under a PSK is like.
 *
 * @module
 */
import type { CipherSuiteId } from "@sealane/wire";

/**
 * An external PSK: a key that both sides were given, and the name that they have for it. A key from people has to go
 * through a password-authenticated key exchange first: RFC 9257 says why. See `importPsk` for RFC 9258.
 */
export interface ExternalPsk {
  /** The name, 1 to 65,535 bytes; it is sent in the clear. */
  readonly identity: Uint8Array;
  /** The key: at least 128 bits of entropy. */
  readonly key: Uint8Array;
  /** The name of the hash that it is for: `SHA-256` unless given (RFC 9846 section 4.3.11). */
  readonly hash?: string;
  /** Whether RFC 9258 imported it, which is another binder label. */
  readonly imported?: boolean;
  /** What early data under it is like, the same on both sides; without it there is none. Not over QUIC. */
  readonly earlyData?: ExternalPskEarlyData;
}

/** What both sides were told about early data under an external PSK, along with the key (RFC 9846 section 4.3.10). */
export interface ExternalPskEarlyData {
  /** Most bytes of early data: max_early_data_size. */
  readonly maxSize: number;
  /** The cipher suite of early data, of the hash of the PSK; where the server chooses another one, early data is declined. */
  readonly cipherSuite: CipherSuiteId;
  /** The application protocol of early data, the same with the rest of the connection; none unless given. */
  readonly alpn?: string | Uint8Array;
  /**
   * Until when there is early data, milliseconds since 1970. An external PSK does not say how old a ClientHello is, so a server
   * keeps the record of each until then.
   */
  readonly expires: number;
}

/** What early data under a PSK is like. */
export interface EarlyDataParameters {
  /** Most bytes of early data. */
  readonly maxSize: number;
  /** The cipher suite. */
  readonly cipherSuite: CipherSuiteId;
  /** The application protocol; `null` for none. */
  readonly alpn: Uint8Array | null;
  /** Until when, milliseconds since 1970; `null` for a session, which has its own times. */
  readonly expires: number | null;
}
