/**
 * Mixing providers.
 *
 * @module
 */
import { chain } from "./maybe_promise.ts";
import { TlsError } from "@sealane/wire";
import type { CryptoProvider, MaybePromise, Signer } from "./provider.ts";

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
 * arguments; where several have the same code point the first wins. Random bytes come from the first; a private key goes
 * to the first that can use it.
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
  return Object.freeze({
    name: providers.map(({ name }) => name).join("+"),
    cipherSuites: union(providers.map(({ cipherSuites }) => cipherSuites), ({ id }) => id),
    groups: union(providers.map(({ groups }) => groups), ({ id }) => id),
    signatures: union(providers.map(({ signatures }) => signatures), ({ scheme }) => scheme),
    random: (length: number) => first.random(length),
    importPrivateKey: (pkcs8: Uint8Array) => importWithFirst(providers, pkcs8),
  });
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
