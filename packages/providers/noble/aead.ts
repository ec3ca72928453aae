/**
 * AEADs and header-protection masks from `@noble/ciphers`. Its AES works with tables: its time may depend on the key
 * (see SECURITY.md); ChaCha20-Poly1305 has no tables.
 *
 * @module
 */
import { cbc, ctr, ecb, gcm } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ccmKey } from "../ccm.ts";
import { CheckedAeadKey, TAG_LENGTH } from "../checked_aead.ts";
import { checkLength, NONCE_LENGTH, type SuiteParts } from "../cipher_suites.ts";
import { ForgeryErrors } from "../forgery.ts";
import type { AeadKey, HeaderProtection } from "../provider.ts";
import { ChachaBlocks } from "./chacha_block.ts";

interface NobleCipher {
  encrypt(plaintext: Uint8Array): Uint8Array;
  decrypt(ciphertext: Uint8Array): Uint8Array;
}

/** A cipher of noble, and how it says that a tag is wrong. */
interface NobleAead {
  cipher(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array): NobleCipher;
  readonly forgeries: ForgeryErrors;
}

function nobleAead(cipher: NobleAead["cipher"]): NobleAead {
  const [key, nonce, nothing] = [32, NONCE_LENGTH, 0].map((length) => new Uint8Array(length));
  const forge = () => cipher(key, nonce, nothing).decrypt(new Uint8Array(TAG_LENGTH));
  return { cipher, forgeries: new ForgeryErrors(forge) };
}

const [aesGcm, chacha] = [nobleAead(gcm), nobleAead(chacha20poly1305)];

/** AES-GCM or ChaCha20-Poly1305. */
class NobleAeadKey extends CheckedAeadKey {
  readonly #aead: NobleAead;
  readonly #key: Uint8Array;

  constructor(aead: NobleAead, key: Uint8Array) {
    super();
    this.#aead = aead;
    this.#key = key.slice();
  }

  protected sealInto(
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
    place: Uint8Array | undefined,
  ): Uint8Array {
    const sealed = this.#aead.cipher(this.#key, nonce, aad).encrypt(plaintext);
    if (place === undefined) return sealed;
    place.set(sealed);
    return place;
  }

  protected openBytes(
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array | null {
    try {
      return this.#aead.cipher(this.#key, nonce, aad).decrypt(ciphertext);
    } catch (error) {
      if (!this.#aead.forgeries.has(error)) throw error;
      return null;
    }
  }
}

/** AES-CCM over the CBC and CTR of noble. */
function nobleCcmKey(key: Uint8Array, tagLength: number): AeadKey {
  const ownKey = key.slice();
  const zero = new Uint8Array(16);
  return ccmKey({
    cbc: (blocks) => cbc(ownKey, zero, { disablePadding: true }).encrypt(blocks),
    ctr: (counter, data) => ctr(ownKey, counter).encrypt(data),
  }, tagLength);
}

/** RFC 9001 §5.4.3: one AES block of the sample. */
function aesMask(keyLength: 16 | 32): HeaderProtection {
  return Object.freeze({
    keyLength,
    importKey(key: Uint8Array) {
      checkLength("the header-protection key", key, keyLength);
      const ownKey = key.slice();
      return {
        mask(sample: Uint8Array): Uint8Array {
          checkLength("the sample", sample, 16);
          return ecb(ownKey, { disablePadding: true }).encrypt(sample);
        },
      };
    },
  });
}

/** RFC 9001 §5.4.4: the first four bytes of the sample are the counter, little-endian; the others are the nonce. */
const chachaMask: HeaderProtection = Object.freeze({
  keyLength: 32,
  importKey(key: Uint8Array) {
    checkLength("the header-protection key", key, 32);
    const blocks = new ChachaBlocks(key);
    return {
      mask(sample: Uint8Array): Uint8Array {
        checkLength("the sample", sample, 16);
        return blocks.start(sample);
      },
    };
  },
});

/** Header-protection masks of every suite, also for the WebCrypto provider. */
export const nobleMasks: Required<SuiteParts["masks"]> = {
  "AES-128": aesMask(16),
  "AES-256": aesMask(32),
  "ChaCha20": chachaMask,
};

/** ChaCha20-Poly1305, also for the WebCrypto provider. */
export function nobleChachaKey(key: Uint8Array): AeadKey {
  return new NobleAeadKey(chacha, key);
}

/** Every AEAD. */
export const nobleAeads: Required<SuiteParts["aeads"]> = {
  "AES-128-GCM": (key) => new NobleAeadKey(aesGcm, key),
  "AES-256-GCM": (key) => new NobleAeadKey(aesGcm, key),
  "ChaCha20-Poly1305": nobleChachaKey,
  "AES-128-CCM": (key) => nobleCcmKey(key, 16),
  "AES-128-CCM-8": (key) => nobleCcmKey(key, 8),
};
