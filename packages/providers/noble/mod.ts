/**
 * The provider in plain JavaScript: `@noble/hashes`, `@noble/ciphers`, `@noble/curves`, `@noble/post-quantum`, and RSA
 * over BigInt. It has everything and runs everywhere, synchronously, but it is the slowest, and JavaScript promises no
 * constant time: where a platform has a primitive, prefer the platform's.
 *
 * ```ts
 * import { nobleProvider } from "@sealane/providers/noble";
 *
 * const [group] = nobleProvider.groups;
 * const pair = await group.generate();
 * const answer = await group.respond(pair.share);
 * console.assert(answer !== null && (await pair.complete(answer.share))?.length === 64);
 * ```
 *
 * @module
 */
import { cipherSuites } from "../cipher_suites.ts";
import { describeLists } from "../describe.ts";
import type { CryptoProvider } from "../provider.ts";
import { nobleAeads, nobleMasks } from "./aead.ts";
import { nobleGroups } from "./groups.ts";
import { nobleHash } from "./hash.ts";
import { randomBytes } from "./random.ts";
import { nobleSignatures, nobleSigner } from "./signatures.ts";

const hashes = { "SHA-256": nobleHash("SHA-256"), "SHA-384": nobleHash("SHA-384") };

const lists = {
  // ChaCha20-Poly1305 is about four times as fast as AES here, and free of tables.
  cipherSuites: Object.freeze(
    cipherSuites({ hashes, aeads: nobleAeads, masks: nobleMasks }, { chachaFirst: true }),
  ),
  groups: Object.freeze(nobleGroups),
  signatures: Object.freeze(nobleSignatures),
};

/** The npm package that an algorithm comes from. */
function sourceOf(name: string): string {
  if (name.startsWith("TLS_")) return "@noble/ciphers";
  if (name.startsWith("rsa_")) return "TypeScript";
  if (/^mldsa|^MLKEM/.test(name)) return "@noble/post-quantum";
  return name.includes("MLKEM") ? "@noble/curves and @noble/post-quantum" : "@noble/curves";
}

/** The provider in plain JavaScript. */
export const nobleProvider: CryptoProvider = Object.freeze({
  name: "noble",
  ...lists,
  random: randomBytes,
  importPrivateKey: nobleSigner,
  describe: () => describeLists(lists, sourceOf),
});
