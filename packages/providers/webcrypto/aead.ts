/**
 * AES-GCM through `crypto.subtle`. ChaCha20-Poly1305, which it does not have, comes from a WebAssembly
 * kernel of this package, AES-CCM from noble.
 *
 * @module
 */
import { loadChacha } from "../chacha/kernel.ts";
import { checkLength, NONCE_LENGTH, placeFor, type SuiteParts } from "../cipher_suites.ts";
import { nobleAeads, nobleChachaKey } from "../noble/aead.ts";
import type { AeadKey } from "../provider.ts";
import { input, subtle } from "./subtle.ts";

const TAG_LENGTH = 16;

class WebCryptoAeadKey implements AeadKey {
  readonly #key: CryptoKey;

  constructor(key: CryptoKey) {
    this.#key = key;
  }

  async seal(
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
    out?: Uint8Array,
  ): Promise<Uint8Array> {
    checkLength("the nonce", nonce, NONCE_LENGTH);
    const place = out && placeFor(plaintext.length + TAG_LENGTH, out);
    // Web Cryptography API §14.3.1: the platform copies its inputs before it returns the promise.
    const sealed = await subtle.encrypt(parameters(nonce, aad), this.#key, input(plaintext));
    return put(sealed, place);
  }

  async open(
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
    out?: Uint8Array,
  ): Promise<Uint8Array | null> {
    checkLength("the nonce", nonce, NONCE_LENGTH);
    const length = ciphertext.length - TAG_LENGTH;
    if (length < 0) return null;
    const place = out && placeFor(length, out);
    const opening = subtle.decrypt(parameters(nonce, aad), this.#key, input(ciphertext));
    try {
      return put(await opening, place);
    } catch (error) {
      // §29.4.2: an OperationError is a wrong tag.
      if (error instanceof DOMException && error.name === "OperationError") return null;
      throw error;
    }
  }
}

function parameters(nonce: Uint8Array, aad: Uint8Array): AesGcmParams {
  return { name: "AES-GCM", iv: input(nonce), additionalData: input(aad), tagLength: 128 };
}

function put(result: ArrayBuffer, place: Uint8Array | undefined): Uint8Array {
  const bytes = new Uint8Array(result);
  if (place === undefined) return bytes;
  place.set(bytes);
  return place;
}

async function importAesKey(key: Uint8Array): Promise<AeadKey> {
  const usages: KeyUsage[] = ["encrypt", "decrypt"];
  return new WebCryptoAeadKey(await subtle.importKey("raw", input(key), "AES-GCM", false, usages));
}

/** ChaCha20-Poly1305 by the kernel, and by noble what is too long for it. */
function importChachaKey(key: Uint8Array): AeadKey {
  const noble = nobleChachaKey(key);
  const limits = { seal: Infinity, open: Infinity };
  return loadChacha()?.importKey(key, limits, noble) ?? noble;
}

/** Every AEAD. */
export const webCryptoAeads: Required<SuiteParts["aeads"]> = {
  ...nobleAeads,
  "AES-128-GCM": importAesKey,
  "AES-256-GCM": importAesKey,
  "ChaCha20-Poly1305": importChachaKey,
};
