/**
 * A provider that answers later, to test what uses one: each answer that may be a promise is one, of whatever kind a test
 * wants.
 *
 * @module
 */
import { chain } from "../maybe_promise.ts";
import type {
  Aead,
  AeadKey,
  CryptoProvider,
  KeyExchangeGroup,
  KeyPair,
  MaybePromise,
  SignatureAlgorithm,
  Signer,
} from "../provider.ts";

/** Makes a value one that comes later. */
export type Later = <T>(value: T) => PromiseLike<T>;

/**
 * The least that counts as a promise: an object with a method `then`, which is no instance of any class. It has no `catch`
 * and no `finally`, and calls back at once.
 *
 * ```ts
 * import { thenable } from "@sealane/providers/conformance";
 *
 * console.assert(await thenable(7) === 7);
 * ```
 */
export function thenable<T>(value: T): PromiseLike<T> {
  const then = (fulfilled?: ((value: T) => unknown) | null) => {
    fulfilled?.(value);
    return object;
  };
  // What a chain of `then` gives is of no interest: whoever waits for a stranger's thenable calls it once.
  const object = { then } as PromiseLike<T>;
  return object;
}

/**
 * `provider`, but what may be a promise is what `later` makes of it: {@link thenable}, or a promise of another realm.
 *
 * ```ts
 * import { laterProvider, thenable } from "@sealane/providers/conformance";
 * import { nobleProvider } from "@sealane/providers/noble";
 *
 * const [{ aead }] = laterProvider(nobleProvider, thenable).cipherSuites;
 * console.assert(typeof (await aead.importKey(new Uint8Array(aead.keyLength))).seal === "function");
 * ```
 */
export function laterProvider(provider: CryptoProvider, later: Later = thenable): CryptoProvider {
  /** The value that will be there, as what `later` makes of it. */
  function delayed<T, U>(value: MaybePromise<T>, wrap: (value: T) => U): Promise<U> {
    // That it is no promise of ours is what it is for.
    return chain(value, (value) => later(wrap(value)) as Promise<U>) as Promise<U>;
  }
  const same = <T>(value: T): T => value;

  const aeadKey = (key: AeadKey): AeadKey => ({
    seal: (...inputs) => delayed(key.seal(...inputs), same),
    open: (...inputs) => delayed(key.open(...inputs), same),
  });
  const aead = (aead: Aead): Aead => ({
    ...aead,
    importKey: (key) => delayed(aead.importKey(key), aeadKey),
  });
  const keyPair = (pair: KeyPair): KeyPair => ({
    share: pair.share,
    complete: (share) => delayed(pair.complete(share), same),
    component(group) {
      const part = pair.component?.(group) ?? null;
      return part && keyPair(part);
    },
  });
  const group = (group: KeyExchangeGroup): KeyExchangeGroup => ({
    ...group,
    generate: () => delayed(group.generate(), keyPair),
    respond: (share) => delayed(group.respond(share), same),
  });
  const signature = (algorithm: SignatureAlgorithm): SignatureAlgorithm => ({
    ...algorithm,
    verify: (...inputs) => delayed(algorithm.verify(...inputs), same),
  });
  const signer = (signer: Signer): Signer => ({
    ...signer,
    sign: (...inputs) => delayed(signer.sign(...inputs), same),
  });
  return Object.freeze({
    ...provider,
    name: `${provider.name}, later`,
    cipherSuites: provider.cipherSuites.map((suite) => ({ ...suite, aead: aead(suite.aead) })),
    groups: provider.groups.map(group),
    signatures: provider.signatures.map(signature),
    importPrivateKey: (pkcs8: Uint8Array) => delayed(provider.importPrivateKey(pkcs8), signer),
  });
}
