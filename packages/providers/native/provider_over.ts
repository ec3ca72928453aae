/**
 * A provider over a `node:crypto`, of what works there.
 *
 * @module
 */
import { cipherSuites } from "../cipher_suites.ts";
import { describeLists } from "../describe.ts";
import { nobleMasks } from "../noble/aead.ts";
import { randomBytes } from "../noble/random.ts";
import type { CryptoProvider } from "../provider.ts";
import { nativeAeads } from "./aead.ts";
import { nativeGroups } from "./groups.ts";
import { nativeHash } from "./hash.ts";
import { type Kernels, loadKernels, sourceOf, withChacha } from "./kernels.ts";
import { isDeno, type NodeCrypto } from "./platform.ts";
import { workingParts } from "./probe.ts";
import { nativeSignatures, nativeSigner } from "./signatures.ts";

function nativeSuites(crypto: NodeCrypto, kernels: Kernels) {
  const { hashes, aeads, masks } = workingParts({
    hashes: {
      "SHA-256": nativeHash(crypto, "SHA-256"),
      "SHA-384": nativeHash(crypto, "SHA-384"),
    },
    ...nativeAeads(crypto),
  });
  const parts = { hashes, aeads: withChacha(aeads, kernels), masks: { ...nobleMasks, ...masks } };
  return Object.freeze(cipherSuites(parts, { chachaFirst: isDeno }));
}

/** What `make` gives, made when it is first asked for: not at import, where Workers may not draw random numbers. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => made ??= make();
}

/**
 * The provider, with the kernels of the platform unless `given` others. Each primitive is tried when the list that it is in is
 * first looked at.
 */
export function providerOver(crypto: NodeCrypto, given?: Kernels): CryptoProvider {
  const kernels = once(() => given ?? loadKernels());
  const suites = once(() => nativeSuites(crypto, kernels()));
  const groups = once(() => Object.freeze(nativeGroups(crypto, kernels())));
  const signatures = once(() => Object.freeze(nativeSignatures(crypto, kernels().p256)));
  return Object.freeze({
    name: "native",
    get cipherSuites() {
      return suites();
    },
    get groups() {
      return groups();
    },
    get signatures() {
      return signatures();
    },
    random: randomBytes,
    importPrivateKey: (pkcs8: Uint8Array) => nativeSigner(crypto, kernels().p256, pkcs8),
    describe() {
      const lists = { cipherSuites: suites(), groups: groups(), signatures: signatures() };
      return describeLists(lists, sourceOf(kernels()));
    },
  });
}
