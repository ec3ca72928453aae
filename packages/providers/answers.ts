/**
 * What others answered, looked at before anyone relies on it: a verdict is `true` itself or no, and bytes are bytes. JavaScript
 * would take a promise for a yes, and copy a promise into a buffer as nothing.
 *
 * @module
 */
import { TlsError, type TlsErrorCode } from "@sealane/wire";
import type { CryptoProvider, Hash, HashState } from "./provider.ts";

/** Whether a verdict says yes: nothing but `true` itself does. */
export function isTrue(verdict: unknown): boolean {
  return verdict === true;
}

/** The class of a typed array by name, of whatever realm it is; `undefined` for other values. ECMAScript §23.2.3.38. */
const typedArrayName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get;

/** Whether `value` is a `Uint8Array`, of this realm or another. */
export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || typedArrayName?.call(value) === "Uint8Array";
}

/**
 * `value`, which has to be a `Uint8Array`, of `length` bytes where that is given. `what` names it in the message.
 *
 * @throws {TlsError} `code`, which is `local/internal` unless given, if it is anything else.
 */
export function requireBytes(
  value: unknown,
  what: string,
  length?: number,
  code: TlsErrorCode = "local/internal",
): Uint8Array {
  if (isBytes(value) && (length === undefined || value.length === length)) return value;
  const wanted = length === undefined ? "a Uint8Array" : `a Uint8Array of ${length} bytes`;
  throw new TlsError(code, `${what} is ${describe(value)} instead of ${wanted}`);
}

/** What a value is, in a word, without what it holds: it may be secret. */
function describe(value: unknown): string {
  if (isBytes(value)) return `a Uint8Array of ${value.length} bytes`;
  return value === null ? "null" : `of type ${typeof value}`;
}

/**
 * What an AEAD key has opened, `length` bytes, or `null` for a forgery.
 *
 * @throws {TlsError} `local/internal` if it is anything else.
 */
export function requireOpened(opened: unknown, length: number): Uint8Array | null {
  return opened === null ? null : requireBytes(opened, "what the AEAD opened", length);
}

/**
 * `length` random bytes, of a provider or a function.
 *
 * @throws {TlsError} `local/internal` if it gives anything else.
 */
export function randomFrom(
  source: Pick<CryptoProvider, "random"> | CryptoProvider["random"],
  length: number,
): Uint8Array {
  const bytes = typeof source === "function" ? source(length) : source.random(length);
  return requireBytes(bytes, "what the random source gave", length);
}

/** Like {@link requireBytes}, where `null` is an answer, too; nothing at all counts as `null`. */
export function requireBytesOrNull(
  value: unknown,
  what: string,
  length?: number,
  code: TlsErrorCode = "local/internal",
): Uint8Array | null {
  return value === null || value === undefined ? null : requireBytes(value, what, length, code);
}

/**
 * The digest of `state`, a computation of `hash`.
 *
 * @throws {TlsError} `local/internal` if the provider gives anything else than the bytes of a digest.
 */
export function digestOf(hash: Hash, state: HashState): Uint8Array {
  return requireBytes(state.digest(), `a digest of ${hash.name}`, hash.outputLength);
}

/** The digest of the concatenation of `data`; errors as of {@link digestOf}. */
export function hashOf(hash: Hash, ...data: readonly Uint8Array[]): Uint8Array {
  const state = hash.create();
  for (const part of data) state.update(part);
  return digestOf(hash, state);
}

/**
 * HMAC (RFC 2104) of the concatenation of `data`.
 *
 * @throws {TlsError} `local/internal` if the provider gives anything else than the bytes of an HMAC.
 */
export function hmacOf(hash: Hash, key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
  return requireBytes(hash.hmac(key, ...data), `an HMAC of ${hash.name}`, hash.outputLength);
}

/**
 * What an AEAD key has sealed, `length` bytes at the start of `out`.
 *
 * @throws {TlsError} `local/internal` if it is anything else, or elsewhere: `out` may hold the plaintext still.
 */
export function requireSealed(sealed: unknown, length: number, out?: Uint8Array): Uint8Array {
  const bytes = requireBytes(sealed, "what the AEAD sealed", length);
  if (out === undefined || bytes.buffer === out.buffer && bytes.byteOffset === out.byteOffset) {
    return bytes;
  }
  throw new TlsError(
    "local/internal",
    "what the AEAD sealed is not in the place that it was given",
  );
}
