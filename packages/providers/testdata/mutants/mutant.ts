/**
 * Providers with one thing wrong, that the kit has to find.
 *
 * @module
 */
import { nobleProvider } from "../../noble/mod.ts";
import { isPromise } from "../../maybe_promise.ts";
import type {
  AeadKey,
  CipherSuite,
  CryptoProvider,
  Hash,
  HashState,
  KeyExchangeGroup,
  SignatureAlgorithm,
  Signer,
} from "../../provider.ts";

/** A wrong provider. */
export interface Mutant {
  /** What is wrong, to go on behind "a provider". */
  readonly what: string;
  /** The provider: of what it has only what the mistake is about. */
  readonly provider: CryptoProvider;
  /** What stands in the name of a test that finds it. */
  readonly foundBy: string;
}

/** A provider without anything; it fails for want of nothing. */
export const EMPTY: CryptoProvider = {
  ...nobleProvider,
  cipherSuites: [],
  groups: [],
  signatures: [],
  importPrivateKey: nobleProvider.importPrivateKey,
};

/** The first of a list with this name. */
export function named<T extends { readonly name: string }>(list: readonly T[], name: string): T {
  const found = list.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

/** Noble's suite of this name alone, with another hash. */
export function withHash(change: (hash: Hash) => Partial<Hash>): CryptoProvider {
  const suite = named(nobleProvider.cipherSuites, "TLS_CHACHA20_POLY1305_SHA256");
  return only({ ...suite, hash: { ...suite.hash, ...change(suite.hash) } });
}

/** Noble's suite of this name alone, with another AEAD key. */
export function withAeadKey(change: (key: AeadKey) => Partial<AeadKey>): CryptoProvider {
  const suite = named(nobleProvider.cipherSuites, "TLS_CHACHA20_POLY1305_SHA256");
  const { aead } = suite;
  const importKey = (bytes: Uint8Array) => {
    const key = aead.importKey(bytes);
    if (isPromise(key)) throw new Error("noble answers at once");
    return { ...bound(key), ...change(key) };
  };
  return only({ ...suite, aead: { ...aead, importKey } });
}

/** The methods of a key without the key. */
function bound(key: AeadKey): AeadKey {
  return {
    seal: (nonce, aad, plaintext, out) => key.seal(nonce, aad, plaintext, out),
    open: (nonce, aad, ciphertext, out) => key.open(nonce, aad, ciphertext, out),
  };
}

/** A provider of one suite. */
export function only(suite: CipherSuite): CryptoProvider {
  return { ...EMPTY, cipherSuites: [suite] };
}

/** A state of the hash with other methods. */
export function stateWith(
  state: HashState,
  change: (state: HashState) => Partial<Pick<HashState, "clone" | "digest">> & {
    update?(data: Uint8Array): void;
  },
): HashState {
  const { update, clone, digest } = change(state);
  const changed: HashState = {
    update(data) {
      if (update) update(data);
      else state.update(data);
      return changed;
    },
    clone: clone ?? (() => stateWith(state.clone(), change)),
    digest: digest ?? (() => state.digest()),
  } as HashState; // `update` gives `this`, which a literal cannot say
  return changed;
}

/** A provider of one of noble's groups, changed. */
export function withGroup(
  name: string,
  change: (group: KeyExchangeGroup) => Partial<KeyExchangeGroup>,
): CryptoProvider {
  const group = named(nobleProvider.groups, name);
  return { ...EMPTY, groups: [{ ...group, ...change(group) }] };
}

/** A provider of one of noble's signature algorithms, changed. */
export function withSignature(
  name: string,
  verify: (algorithm: SignatureAlgorithm) => SignatureAlgorithm["verify"],
): CryptoProvider {
  const algorithm = named(nobleProvider.signatures, name);
  return { ...EMPTY, signatures: [{ ...algorithm, verify: verify(algorithm) }] };
}

/** A provider whose signers are changed. */
export function withSigner(
  change: (signer: Signer, pkcs8: Uint8Array) => Partial<Signer> | Promise<Partial<Signer>>,
): CryptoProvider {
  return {
    ...EMPTY,
    async importPrivateKey(pkcs8) {
      const own = pkcs8.slice();
      const signer = await nobleProvider.importPrivateKey(own);
      return { ...signer, ...await change(signer, own) };
    },
  };
}
