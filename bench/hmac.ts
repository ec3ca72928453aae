/**
 * The HMACs of a key schedule with the native provider, against `createHmac` of `node:crypto`: a handshake makes some forty
 * of them on both sides together, all over short inputs.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import { nativeProvider } from "@sealane/providers/native";
import { type BenchRow, compare } from "./row.ts";

/** An HkdfLabel with a transcript hash, and the counter of HKDF-Expand. */
const INFO = new Uint8Array(54).fill(1);
const COUNTER = Uint8Array.of(1);

/** One row for each hash of the provider's suites. */
export async function rows(): Promise<BenchRow[]> {
  const hashes = new Set(nativeProvider.cipherSuites.map(({ hash }) => hash));
  const table: BenchRow[] = [];
  for (const { name, outputLength, hmac } of hashes) {
    const key = new Uint8Array(outputLength).fill(2);
    const algorithm = name.replace("-", "");
    table.push(
      await compare(
        `HMAC-${name} of a derivation, native, to node:crypto`,
        { unit: "/s", perCall: 1 },
        () => hmac(key, INFO, COUNTER),
        () => createHmac(algorithm, key).update(INFO).update(COUNTER).digest(),
      ),
    );
  }
  return table;
}
