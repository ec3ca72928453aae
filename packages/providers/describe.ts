/**
 * How providers say where their algorithms come from.
 *
 * @module
 */
import type { AlgorithmSource, CryptoProvider } from "./provider.ts";

type Lists = Pick<CryptoProvider, "cipherSuites" | "groups" | "signatures">;

/** The algorithms of `lists`, each with what `from` says of it. */
export function describeLists(
  { cipherSuites, groups, signatures }: Lists,
  from: (name: string) => string,
): AlgorithmSource[] {
  const describe = (kind: AlgorithmSource["kind"], list: readonly { readonly name: string }[]) =>
    list.map(({ name }) => ({ kind, name, from: from(name) }));
  return [
    ...describe("cipher suite", cipherSuites),
    ...describe("group", groups),
    ...describe("signature", signatures),
  ];
}

/** What a provider says of an algorithm, or else the provider's name. */
export function sourceIn(provider: CryptoProvider, name: string): string {
  const found = provider.describe?.().find((source) => source.name === name);
  return found?.from ?? provider.name;
}
