/**
 * Every number that bounds a record or what a peer may do with records, in one place.
 *
 * @module
 */
import { TlsError } from "@sealane/wire";

/** Bytes of a record header: type, legacy version, length (RFC 9846 section 5.1). */
export const HEADER_LENGTH: number = 5;

/** Most bytes of content in a record: 2^14 (RFC 9846 section 5.1). */
export const MAX_FRAGMENT: number = 2 ** 14;

/** Most bytes of an inner plaintext, that is content, type and padding: 2^14 + 1 (RFC 9846 section 5.4). */
export const MAX_INNER_PLAINTEXT: number = MAX_FRAGMENT + 1;

/** Most bytes of a protected fragment: 2^14 + 256 (RFC 9846 section 5.2). */
export const MAX_PROTECTED_FRAGMENT: number = MAX_FRAGMENT + 256;

/** Least value of `record_size_limit` (RFC 8449 section 4) and of the size at which a writer may cut. */
export const MIN_FRAGMENT: number = 64;

/**
 * The largest sequence number that is used. RFC 9846 section 5.3 ends at 2^64 - 1; this end comes earlier, so that a
 * sequence number is exact as a JavaScript number. At a million records per second it is reached after 285 years.
 */
export const MAX_SEQUENCE_NUMBER: number = Number.MAX_SAFE_INTEGER;

/** How many records before the limit of a key its update becomes due, where that is not set. */
export const KEY_UPDATE_MARGIN: number = 2 ** 16;

/** What a peer may send before the connection ends. */
export interface RecordLimits {
  /** Records without content in a row; 32. One with content starts the count again. */
  readonly emptyRecords: number;
  /** change_cipher_spec records in a handshake; 32. */
  readonly changeCipherSpecs: number;
  /** Alerts that are ignored (user_canceled) in a row; 4. Any other record starts the count again. */
  readonly warningAlerts: number;
}

/** The limits unless others are given: BoringSSL's. */
export const DEFAULT_RECORD_LIMITS: RecordLimits = Object.freeze({
  emptyRecords: 32,
  changeCipherSpecs: 32,
  warningAlerts: 4,
});

/**
 * {@link DEFAULT_RECORD_LIMITS} with some of them replaced.
 *
 * @throws {TlsError} `api/config` if a limit is not a whole number from 0.
 */
export function recordLimits(limits: Partial<RecordLimits> = {}): RecordLimits {
  const merged: RecordLimits = {
    emptyRecords: limits.emptyRecords ?? DEFAULT_RECORD_LIMITS.emptyRecords,
    changeCipherSpecs: limits.changeCipherSpecs ?? DEFAULT_RECORD_LIMITS.changeCipherSpecs,
    warningAlerts: limits.warningAlerts ?? DEFAULT_RECORD_LIMITS.warningAlerts,
  };
  for (const [name, value] of Object.entries(merged)) {
    if (!Number.isInteger(value) || value < 0) {
      throw new TlsError("api/config", `the record limit ${name} is ${value}, not a whole number`);
    }
  }
  return merged;
}
