/**
 * The provider over `crypto.subtle`, for browsers and Workers: AES-GCM, key exchange and signatures are the platform's
 * and asynchronous. Hashes, HMAC and header-protection masks are synchronous by contract and come from noble, as does
 * what WebCrypto does not define (ChaCha20-Poly1305, AES-CCM, X448, Ed448, ML-KEM, ML-DSA) or the platform at hand lacks.
 *
 * ```ts
 * import { webCryptoProvider } from "@sealane/providers/webcrypto";
 *
 * const [suite] = webCryptoProvider.cipherSuites;
 * const key = await suite.aead.importKey(webCryptoProvider.random(suite.aead.keyLength));
 * const sealed = await key.seal(new Uint8Array(12), new Uint8Array(0), new Uint8Array(100));
 * console.assert(sealed.length === 100 + suite.aead.tagLength);
 * ```
 *
 * @module
 */
import { cipherSuites } from "../cipher_suites.ts";
import { nobleMasks } from "../noble/aead.ts";
import { nobleHash } from "../noble/hash.ts";
import { randomBytes } from "../noble/random.ts";
import type { CryptoProvider } from "../provider.ts";
import { webCryptoAeads } from "./aead.ts";
import { webCryptoGroups } from "./groups.ts";
import { webCryptoSignatures, webCryptoSigner } from "./signatures.ts";

const hashes = { "SHA-256": nobleHash("SHA-256"), "SHA-384": nobleHash("SHA-384") };

/** The provider over `crypto.subtle`. */
export const webCryptoProvider: CryptoProvider = Object.freeze({
  name: "webcrypto",
  // Safest first: AES-GCM is the platform's, ChaCha20-Poly1305 is JavaScript.
  cipherSuites: Object.freeze(
    cipherSuites({ hashes, aeads: webCryptoAeads, masks: nobleMasks }, { chachaFirst: false }),
  ),
  groups: Object.freeze(webCryptoGroups),
  signatures: Object.freeze(webCryptoSignatures),
  random: randomBytes,
  importPrivateKey: webCryptoSigner,
});
