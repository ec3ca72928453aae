/**
 * ECDSA with P-256 by the kernel, and the hash by `node:crypto`.
 *
 * @module
 */
import type { P256 } from "../p256/kernel.ts";
import { type ClassicKey, requireOwnPublicKey, spkiOf } from "../private_key.ts";
import type { Signer } from "../provider.ts";
import { type EcdsaScheme, pickScheme, schemesOfKey } from "../schemes.ts";
import type { Verify } from "../signature_algorithm.ts";
import { encodeEcdsaSignature, parseEcdsaSignature } from "../signature_form.ts";
import { nodeHashName } from "./hash.ts";
import { type NodeCrypto, plain } from "./platform.ts";

/** FIPS 186-5 §6.4: of a digest that is longer than the order, the leftmost bits count. */
function digestOf(crypto: NodeCrypto, hash: string, data: Uint8Array): Uint8Array {
  return plain(crypto.createHash(hash).update(data).digest()).subarray(0, 32);
}

/** Verifies under keys of P-256; `others` is asked about other curves. */
export function p256Verify(
  crypto: NodeCrypto,
  p256: P256,
  { hash }: EcdsaScheme,
  others: Verify,
): Verify {
  const algorithm = nodeHashName(hash);
  return (key, data, signature) => {
    if (key.kind !== "ec" || key.curve !== "P-256") return others(key, data, signature);
    const pair = parseEcdsaSignature(signature, "P-256");
    return pair !== null && p256.verify(key.key, digestOf(crypto, algorithm, data), pair);
  };
}

/** A signer with a private key of P-256, of which it keeps a copy. */
export function p256Signer(
  crypto: NodeCrypto,
  p256: P256,
  key: ClassicKey & { readonly kind: "ec" },
): Signer {
  const privateKey = key.scalar.slice();
  const publicKey = p256.publicPoint(privateKey);
  requireOwnPublicKey(key, publicKey);
  const schemes = schemesOfKey(key);
  return Object.freeze({
    schemes: schemes.map(({ scheme }) => scheme),
    publicKey: spkiOf(key, publicKey),
    implementation: "webassembly" as const,
    sign(scheme: number, data: Uint8Array): Uint8Array {
      pickScheme(schemes, scheme);
      return encodeEcdsaSignature(p256.sign(privateKey, digestOf(crypto, "sha256", data)));
    },
  });
}
