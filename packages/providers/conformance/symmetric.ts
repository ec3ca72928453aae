/**
 * The kit's tests of cipher suites: of each hash once, of each AEAD and its header protection.
 *
 * @module
 */
import type { CryptoProvider } from "../provider.ts";
import { aeadTests, maskTests } from "./aeads.ts";
import type { ConformanceTest } from "./check.ts";
import { hashTests } from "./hashes.ts";

/** Tests of every suite. */
export function symmetricTests(provider: CryptoProvider): ConformanceTest[] {
  const hashes = new Map(provider.cipherSuites.map(({ hash }) => [hash.name, hash]));
  return [
    ...[...hashes.values()].flatMap(hashTests),
    ...provider.cipherSuites.flatMap(aeadTests),
    ...provider.cipherSuites.flatMap(maskTests),
  ];
}
