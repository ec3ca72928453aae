/**
 * What synchronous AEAD keys of all back ends do alike: the checks of lengths, and where a result goes.
 *
 * @module
 */
import { checkLength, NONCE_LENGTH, placeFor } from "./cipher_suites.ts";
import type { AeadKey } from "./provider.ts";

/** Bytes of the tag. */
export const TAG_LENGTH = 16;

/** A key of AES-GCM or ChaCha20-Poly1305; a back end brings the two operations. */
export abstract class CheckedAeadKey implements AeadKey {
  /** Seals into `place`, which has room for exactly plaintext and tag, or without it into new memory. */
  protected abstract sealInto(
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
    place: Uint8Array | undefined,
  ): Uint8Array;

  /** The plaintext, or `null` for a wrong tag; `ciphertext` has room for a tag. */
  protected abstract openBytes(
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array | null;

  /** What {@link openBytes} gave, as the caller gets it where it named no place. */
  protected own(plaintext: Uint8Array): Uint8Array {
    return plaintext;
  }

  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, out?: Uint8Array): Uint8Array {
    checkLength("the nonce", nonce, NONCE_LENGTH);
    const place = out && placeFor(plaintext.length + TAG_LENGTH, out);
    return this.sealInto(nonce, aad, plaintext, place);
  }

  open(
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
    out?: Uint8Array,
  ): Uint8Array | null {
    checkLength("the nonce", nonce, NONCE_LENGTH);
    const length = ciphertext.length - TAG_LENGTH;
    if (length < 0) return null;
    const place = out && placeFor(length, out);
    const plaintext = this.openBytes(nonce, aad, ciphertext);
    if (plaintext === null || place === undefined) return plaintext && this.own(plaintext);
    place.set(plaintext);
    return place;
  }
}
