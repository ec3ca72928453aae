/**
 * External PSKs as callbacks of Node give them.
 *
 * @module
 */
import type { ExternalPsk } from "@sealane/handshake";
import { utf8 } from "@sealane/wire";
import { argumentTypeError, argumentValueError } from "./node_error.ts";
import { bytesOf, validateBuffer, validateObject, validateString } from "./validate.ts";

/** What a client's callback gives: the key and its name; nothing for a handshake with certificates. */
export type PskClientCallback = (hint: string | null) =>
  | {
    /** The key. */
    readonly psk: ArrayBufferView;
    /** Its name. */
    readonly identity: string;
  }
  | null
  | undefined;

/** Most bytes of a key, and of its name, that OpenSSL takes. */
const MAX_PSK = 512;
const MAX_IDENTITY = 256;

/** The PSK that a client's callback chooses; `null` without one. Throws what is wrong with it. */
export function clientPsk(callback: PskClientCallback): ExternalPsk | null {
  const chosen = callback(null);
  if (chosen === null || chosen === undefined) return null;
  validateObject(chosen, "ret");
  const { psk, identity } = chosen;
  validateBuffer(psk, "psk");
  checkLength(psk);
  validateString(identity, "identity");
  if (utf8(identity).length > MAX_IDENTITY) {
    throw argumentValueError("identity", identity, `PSK identity exceeds ${MAX_IDENTITY} bytes`);
  }
  return { identity: utf8(identity), key: bytesOf(psk).slice() };
}

/** The key that a server's callback gave for an identity; `null` for none. Throws what is wrong with it. */
export function serverPsk(identity: Uint8Array, given: unknown): ExternalPsk | null {
  if (given === null || given === undefined) return null;
  if (typeof given !== "object") {
    throw argumentTypeError("ret", ["Object", "Buffer", "TypedArray", "DataView"], given);
  }
  const key: unknown = ArrayBuffer.isView(given) ? given : Reflect.get(given, "psk");
  validateBuffer(key, "psk");
  checkLength(key);
  return { identity, key: bytesOf(key).slice() };
}

function checkLength(key: ArrayBufferView): void {
  if (key.byteLength <= MAX_PSK) return;
  throw argumentValueError("psk", key, `Pre-shared key exceeds ${MAX_PSK} bytes`);
}
