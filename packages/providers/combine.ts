/**
 * Mixing providers.
 *
 * @module
 */
import { chain, isPromise } from "./maybe_promise.ts";
import { TlsError, wipe } from "@sealane/wire";
import { describeLists, sourceIn } from "./describe.ts";
import type { CryptoProvider, MaybePromise, SignatureAlgorithm, Signer } from "./provider.ts";

/** The elements of all lists, each id once: the first that has it wins. */
function union<T>(lists: readonly (readonly T[])[], id: (element: T) => number): readonly T[] {
  const byId = new Map<number, T>();
  for (const element of lists.flat()) {
    if (!byId.has(id(element))) byId.set(id(element), element);
  }
  return Object.freeze([...byId.values()]);
}

/**
 * One provider out of several: every suite, group and signature algorithm that any of them has, in the order of the
 * arguments; where several have the same code point the first wins. Random bytes come from the first; a signature under a key
 * that one provider says that it cannot use is verified by the next; a private key goes to the first that can use it, and
 * {@link Signer.implementation} says whether that computes in JavaScript.
 *
 * ```ts
 * import { combineProviders } from "@sealane/providers";
 * import { nativeProvider } from "@sealane/providers/native";
 * import { nobleProvider } from "@sealane/providers/noble";
 *
 * const provider = combineProviders(nativeProvider, nobleProvider);
 * console.assert(provider.name === "native+noble");
 * ```
 *
 * @throws {TlsError} `api/argument` if there is no provider.
 */
export function combineProviders(...providers: readonly CryptoProvider[]): CryptoProvider {
  const [first] = providers;
  if (first === undefined) throw new TlsError("api/argument", "there is no provider to combine");
  if (providers.length === 1) return first;
  const lists = {
    cipherSuites: union(providers.map(({ cipherSuites }) => cipherSuites), ({ id }) => id),
    groups: union(providers.map(({ groups }) => groups), ({ id }) => id),
    signatures: combineSignatures(providers),
  };
  return Object.freeze({
    name: providers.map(({ name }) => name).join("+"),
    ...lists,
    random: (length: number) => first.random(length),
    // A copy: an asynchronous provider may refuse the key when the caller has long wiped its own.
    importPrivateKey: (pkcs8: Uint8Array) => importCopy(providers, pkcs8.slice()),
    describe: () => describeLists(lists, (name) => sourceIn(firstWith(providers, name), name)),
  });
}

/** The provider that an algorithm of the union comes from. */
function firstWith(providers: readonly CryptoProvider[], name: string): CryptoProvider {
  const has = ({ cipherSuites, groups, signatures }: CryptoProvider) =>
    [...cipherSuites, ...groups, ...signatures].some((algorithm) => algorithm.name === name);
  return providers.find(has) ?? providers[0];
}

/** The algorithms of all providers, each scheme once: the first that has it is asked, and the others for keys that it cannot use. */
function combineSignatures(providers: readonly CryptoProvider[]): readonly SignatureAlgorithm[] {
  const all = providers.flatMap(({ signatures }) => signatures);
  return Object.freeze(
    union([all], ({ scheme }) => scheme).map((first) => {
      const others = all.filter((other) => other !== first && other.scheme === first.scheme);
      return others.length === 0 ? first : inTurn(first, others);
    }),
  );
}

/** An algorithm that asks the next one where one cannot use a key. */
function inTurn(
  first: SignatureAlgorithm,
  [second, ...others]: readonly SignatureAlgorithm[],
): SignatureAlgorithm {
  if (second === undefined) return first;
  const rest = inTurn(second, others);
  const verify: SignatureAlgorithm["verify"] = (spki, data, signature, use) => {
    const next = (error: unknown, inputs: readonly [Uint8Array, Uint8Array, Uint8Array]) => {
      if (!isUnsupported(error)) throw error;
      return rest.verify(...inputs, use);
    };
    try {
      const verdict = first.verify(spki, data, signature, use);
      if (!isPromise(verdict)) return verdict;
      const copies = [spki.slice(), data.slice(), signature.slice()] as const;
      return chain(verdict, (verdict) => verdict, (error) => next(error, copies));
    } catch (error) {
      return next(error, [spki, data, signature]);
    }
  };
  return Object.freeze({ ...first, verify });
}

/** Whether a provider says that it cannot use a key, which is no verdict. */
function isUnsupported(error: unknown): boolean {
  return error instanceof TlsError && error.code === "peer/unsupported-certificate";
}

/** The signer of a key whose bytes are wiped then. */
function importCopy(
  providers: readonly CryptoProvider[],
  pkcs8: Uint8Array,
): MaybePromise<Signer> {
  const failed = (error: unknown): never => {
    wipe(pkcs8);
    throw error;
  };
  try {
    return chain(importWithFirst(providers, pkcs8), (signer) => {
      wipe(pkcs8);
      return signer;
    }, failed);
  } catch (error) {
    return failed(error);
  }
}

/** The signer of the first provider that takes the key; what the last one threw if none does. */
function importWithFirst(
  providers: readonly CryptoProvider[],
  pkcs8: Uint8Array,
): MaybePromise<Signer> {
  const [provider, ...others] = providers;
  const next = (error: unknown): MaybePromise<Signer> => {
    if (others.length === 0 || !(error instanceof TlsError)) throw error;
    return importWithFirst(others, pkcs8);
  };
  try {
    const signer = provider.importPrivateKey(pkcs8);
    return chain(signer, (signer) => signer, next);
  } catch (error) {
    return next(error);
  }
}
