/**
 * The provider over `node:crypto` of Deno, Node and Bun: fully synchronous, and the fastest where it exists. ML-KEM and
 * ML-DSA come from `@noble/post-quantum`, since the platforms do not have them all; AES-CCM is built from native CBC and
 * CTR, since Deno has no CCM. Where there is no `node:crypto` its lists are empty.
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
import { cipherSuites } from "../cipher_suites.ts";
import { randomBytes } from "../noble/random.ts";
import type { CryptoProvider } from "../provider.ts";
import { nativeAeads } from "./aead.ts";
import { nativeGroups } from "./groups.ts";
import { nativeHash } from "./hash.ts";
import { findNodeCrypto, isDeno, type NodeCrypto } from "./platform.ts";
import { nativeSignatures, nativeSigner } from "./signatures.ts";

function makeProvider(crypto: NodeCrypto): CryptoProvider {
  const hashes = {
    "SHA-256": nativeHash(crypto, "SHA-256"),
    "SHA-384": nativeHash(crypto, "SHA-384"),
  };
  return Object.freeze({
    name: "native",
    cipherSuites: Object.freeze(
      cipherSuites({ hashes, ...nativeAeads(crypto) }, { chachaFirst: isDeno }),
    ),
    groups: Object.freeze(nativeGroups(crypto)),
    signatures: Object.freeze(nativeSignatures(crypto)),
    random: randomBytes,
    importPrivateKey: (pkcs8: Uint8Array) => nativeSigner(crypto, pkcs8),
  });
}

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

/** The provider over `node:crypto`, with empty lists where there is none. */
export const nativeProvider: CryptoProvider = nodeCrypto
  ? makeProvider(nodeCrypto)
  : emptyProvider();
