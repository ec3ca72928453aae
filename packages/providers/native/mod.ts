/**
 * The provider over `node:crypto` of Deno, Node and Bun: fully synchronous, and the fastest where it exists. ML-KEM comes from
 * a WebAssembly kernel of this package, since the platforms do not have it all and synchronously, and so does short
 * ChaCha20-Poly1305 and, on Deno, P-256, which take a fraction of the platform's time; `describe` says what comes from where.
 * ML-DSA comes from `@noble/post-quantum`; AES-CCM is built from native CBC and CTR, since Deno has no CCM. Where there is no
 * `node:crypto` its lists are empty.
 *
 * ```ts
 * import { nativeProvider } from "@sealane/providers/native";
 *
 * const [suite] = nativeProvider.cipherSuites;
 * const key = await suite.aead.importKey(nativeProvider.random(suite.aead.keyLength));
 * const sealed = await key.seal(new Uint8Array(12), new Uint8Array(0), new Uint8Array(100));
 * console.assert(sealed.length === 100 + suite.aead.tagLength);
 * ```
 *
 * @module
 */
import { TlsError } from "@sealane/wire";
import type { CryptoProvider } from "../provider.ts";
import { findNodeCrypto } from "./platform.ts";
import { providerOver } from "./provider_over.ts";

function emptyProvider(): CryptoProvider {
  const missing = (): never => {
    throw new TlsError("api/config", "this platform has no node:crypto for the native provider");
  };
  return Object.freeze({
    name: "native",
    cipherSuites: [],
    groups: [],
    signatures: [],
    random: missing,
    importPrivateKey: missing,
  });
}

const nodeCrypto = findNodeCrypto();

/** The provider over `node:crypto`, with empty lists where there is none, and without what does not work there. */
export const nativeProvider: CryptoProvider = nodeCrypto
  ? providerOver(nodeCrypto)
  : emptyProvider();
