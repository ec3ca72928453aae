/**
 * AEADs and header-protection masks through `node:crypto`; the mask of ChaCha20 is a block of our own.
 *
 * @module
 */
import type { CipherGCMTypes } from "node:crypto";
import { ccmKey } from "../ccm.ts";
import { CheckedAeadKey, TAG_LENGTH } from "../checked_aead.ts";
import { checkLength, NONCE_LENGTH, type SuiteParts } from "../cipher_suites.ts";
import { nobleMasks } from "../noble/aead.ts";
import { ForgeryErrors } from "../forgery.ts";
import type { AeadKey, HeaderProtection } from "../provider.ts";
import { type NodeCrypto, plain } from "./platform.ts";

const TAG_OPTIONS = { authTagLength: TAG_LENGTH } as const;

/** The tag of the record or packet at hand: filling it takes less time than a view. */
const tag = new Uint8Array(TAG_LENGTH);

/** A cipher of the platform, and how it says that a tag is wrong. */
interface PlatformAead {
  readonly algorithm: CipherGCMTypes;
  readonly forgeries: ForgeryErrors;
}

function platformAead(crypto: NodeCrypto, algorithm: CipherGCMTypes): PlatformAead {
  const key = new Uint8Array(algorithm === "aes-128-gcm" ? 16 : 32);
  const nonce = new Uint8Array(NONCE_LENGTH);
  const forgeries = new ForgeryErrors(() =>
    crypto.createDecipheriv(algorithm, key, nonce, TAG_OPTIONS)
      .setAuthTag(new Uint8Array(TAG_LENGTH)).final()
  );
  return { algorithm, forgeries };
}

/** AES-GCM or ChaCha20-Poly1305. */
class NativeAeadKey extends CheckedAeadKey {
  readonly #crypto: NodeCrypto;
  readonly #algorithm: CipherGCMTypes;
  readonly #forgeries: ForgeryErrors;
  readonly #key: Uint8Array;

  constructor(crypto: NodeCrypto, { algorithm, forgeries }: PlatformAead, key: Uint8Array) {
    super();
    this.#crypto = crypto;
    this.#algorithm = algorithm;
    this.#forgeries = forgeries;
    this.#key = key.slice();
  }

  protected sealInto(
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
    place: Uint8Array = new Uint8Array(plaintext.length + TAG_LENGTH),
  ): Uint8Array {
    const { length } = plaintext;
    const cipher = this.#crypto.createCipheriv(this.#algorithm, this.#key, nonce, TAG_OPTIONS);
    cipher.setAAD(aad);
    place.set(cipher.update(plaintext)); // both are stream ciphers: update gives it all
    cipher.final();
    place.set(cipher.getAuthTag(), length);
    return place;
  }

  protected openBytes(
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array | null {
    const length = ciphertext.length - TAG_LENGTH;
    const decipher = this.#crypto.createDecipheriv(this.#algorithm, this.#key, nonce, TAG_OPTIONS);
    decipher.setAAD(aad);
    for (let i = 0; i < TAG_LENGTH; i++) tag[i] = ciphertext[length + i];
    decipher.setAuthTag(tag);
    const plaintext = decipher.update(ciphertext.subarray(0, length));
    try {
      decipher.final();
    } catch (error) {
      plaintext.fill(0);
      if (!this.#forgeries.has(error)) throw error;
      return null;
    }
    return plaintext;
  }

  protected override own(plaintext: Uint8Array): Uint8Array {
    return plain(plaintext);
  }
}

/** AES-CCM over native CBC and CTR, since Deno has no CCM, and Node's is slower than the two of them. */
function nativeCcmKey(crypto: NodeCrypto, key: Uint8Array, tagLength: number): AeadKey {
  const ownKey = key.slice();
  const zero = new Uint8Array(16);
  return ccmKey({
    cbc: (blocks) =>
      crypto.createCipheriv("aes-128-cbc", ownKey, zero).setAutoPadding(false).update(blocks),
    ctr: (counter, data) => crypto.createCipheriv("aes-128-ctr", ownKey, counter).update(data),
  }, tagLength);
}

/** RFC 9001 §5.4.3: one AES block of the sample. ECB has no state, so one cipher serves every packet. */
function aesMask(crypto: NodeCrypto, keyLength: 16 | 32): HeaderProtection {
  return Object.freeze({
    keyLength,
    importKey(key: Uint8Array) {
      checkLength("the header-protection key", key, keyLength);
      const cipher = crypto.createCipheriv(`aes-${8 * keyLength}-ecb`, key, null);
      cipher.setAutoPadding(false);
      return {
        mask(sample: Uint8Array): Uint8Array {
          checkLength("the sample", sample, 16);
          return cipher.update(sample);
        },
      };
    },
  });
}

/** The AEADs and masks that the platform has. */
export function nativeAeads(crypto: NodeCrypto): Pick<SuiteParts, "aeads" | "masks"> {
  const ciphers = new Set(crypto.getCiphers());
  const aead = (algorithm: CipherGCMTypes) => {
    if (!ciphers.has(algorithm)) return undefined;
    const platform = platformAead(crypto, algorithm);
    return (key: Uint8Array): AeadKey => new NativeAeadKey(crypto, platform, key);
  };
  const hasCcm = ciphers.has("aes-128-cbc") && ciphers.has("aes-128-ctr");
  return {
    aeads: {
      "AES-128-GCM": aead("aes-128-gcm"),
      "AES-256-GCM": aead("aes-256-gcm"),
      // The types of `node:crypto` give ChaCha20-Poly1305 an overload of its own with the same methods.
      "ChaCha20-Poly1305": aead("chacha20-poly1305" as CipherGCMTypes),
      ...(hasCcm && {
        "AES-128-CCM": (key: Uint8Array): AeadKey => nativeCcmKey(crypto, key, 16),
        "AES-128-CCM-8": (key: Uint8Array): AeadKey => nativeCcmKey(crypto, key, 8),
      }),
    },
    masks: {
      ...(ciphers.has("aes-128-ecb") && { "AES-128": aesMask(crypto, 16) }),
      ...(ciphers.has("aes-256-ecb") && { "AES-256": aesMask(crypto, 32) }),
      ChaCha20: nobleMasks.ChaCha20,
    },
  };
}
