/**
 * The provider for those who do not want to choose.
 *
 * @module
 */
import { NamedGroup } from "@sealane/wire";
import { combineProviders } from "./combine.ts";
import { nativeProvider } from "./native/mod.ts";
import { nobleProvider } from "./noble/mod.ts";
import type { CryptoProvider } from "./provider.ts";
import { webCryptoProvider } from "./webcrypto/mod.ts";

let chosen: CryptoProvider | undefined;

/**
 * The fastest and safest provider of the running platform, per operation: `node:crypto` where it exists (Deno, Node,
 * Bun), `crypto.subtle` elsewhere (browsers, Workers), and noble for what the platform lacks. The order of its suites
 * follows the platform's speed: on Deno ChaCha20-Poly1305 comes first, elsewhere AES-128-GCM.
 *
 * ```ts
 * import { defaultProvider } from "@sealane/providers";
 *
 * const provider = defaultProvider();
 * console.assert(provider.cipherSuites.length === 5);
 * console.assert(provider.groups[0].name === "X25519MLKEM768");
 * ```
 */
export function defaultProvider(): CryptoProvider {
  return chosen ??= choose();
}

function choose(): CryptoProvider {
  if (nativeProvider.cipherSuites.length === 0) return webCryptoProvider;
  // Workers have a `node:crypto` without key exchange: the one of `crypto.subtle` is next.
  const agrees = nativeProvider.groups.some(({ id }) => id === NamedGroup.x25519);
  return combineProviders(nativeProvider, agrees ? nobleProvider : webCryptoProvider);
}
