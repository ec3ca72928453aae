/**
 * ML-KEM (FIPS 203) as key exchange groups (draft-ietf-tls-mlkem), by the kernel of `mlkem/` or by
 * `@noble/post-quantum`: no platform has it everywhere yet. The initiator's share is an encapsulation key, the responder's a ciphertext.
 *
 * @module
 */
import { ml_kem1024, ml_kem512, ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { NamedGroup, namedGroupName } from "@sealane/wire";
import type { KeyExchangeGroup, KeyPair } from "./provider.ts";

/** The functions of a parameter set (FIPS 203 section 7). Random bytes are fresh unless given, which is for tests. */
export interface MlKem {
  /** A key pair; `seed` is d and z, 64 bytes. The form of the secret key is the implementation's own. */
  keygen(seed?: Uint8Array): { publicKey: Uint8Array; secretKey: Uint8Array };
  /** A shared secret and its ciphertext; `message` is m, 32 bytes. Throws if a coefficient of the key is not below the modulus. */
  encapsulate(
    publicKey: Uint8Array,
    message?: Uint8Array,
  ): { cipherText: Uint8Array; sharedSecret: Uint8Array };
  /** The shared secret of a ciphertext, whose length is right. */
  decapsulate(cipherText: Uint8Array, secretKey: Uint8Array): Uint8Array;
}

/** A parameter set of ML-KEM. */
export interface MlKemParameters {
  /** The group. */
  readonly id: NamedGroup;
  /** Its functions. */
  readonly kem: MlKem;
  /** Bytes of an encapsulation key (FIPS 203 table 3). */
  readonly shareLength: number;
  /** Bytes of a ciphertext (FIPS 203 table 3). */
  readonly ciphertextLength: number;
}

/** A key pair, fresh unless its `seed` (d and z of FIPS 203 section 7.1, 64 bytes) is given, which is for tests. */
export function mlKemKeyPair(parameters: MlKemParameters, seed?: Uint8Array): KeyPair {
  const { kem, ciphertextLength } = parameters;
  const { publicKey, secretKey } = kem.keygen(seed);
  return {
    share: publicKey,
    complete(peerShare) {
      // FIPS 203 §7.3: the only check of a ciphertext is its length; a wrong one yields an unrelated secret.
      if (peerShare.length !== ciphertextLength) return null;
      return kem.decapsulate(peerShare, secretKey);
    },
  };
}

/** Bytes of the seed rho at the end of an encapsulation key. */
const RHO_LENGTH = 32;

/** FIPS 203 §7.2, the modulus check: coefficients of 12 bits each, two in three bytes, are below q. */
function isEncapsulationKey(share: Uint8Array): boolean {
  for (let at = 0; at < share.length - RHO_LENGTH; at += 3) {
    const [low, middle, high] = [share[at], share[at + 1], share[at + 2]];
    if ((low | (middle & 15) << 8) >= MODULUS || (middle >> 4 | high << 4) >= MODULUS) return false;
  }
  return true;
}

/** q of FIPS 203. */
const MODULUS = 3329;

function mlKemGroup(parameters: MlKemParameters): KeyExchangeGroup {
  const { id, kem, shareLength } = parameters;
  return Object.freeze({
    id,
    name: namedGroupName(id),
    shareLength,
    generate: () => mlKemKeyPair(parameters),
    respond(peerShare: Uint8Array) {
      if (peerShare.length !== shareLength || !isEncapsulationKey(peerShare)) return null;
      const { cipherText, sharedSecret } = kem.encapsulate(peerShare);
      return { share: cipherText, secret: sharedSecret };
    },
  });
}

/** The parameter sets. */
export const ML_KEM: Readonly<Record<"512" | "768" | "1024", MlKemParameters>> = {
  "512": { id: NamedGroup.MLKEM512, kem: ml_kem512, shareLength: 800, ciphertextLength: 768 },
  "768": { id: NamedGroup.MLKEM768, kem: ml_kem768, shareLength: 1184, ciphertextLength: 1088 },
  "1024": { id: NamedGroup.MLKEM1024, kem: ml_kem1024, shareLength: 1568, ciphertextLength: 1568 },
};

/** The three groups, most preferred first, with the functions of `kems`. */
export function mlKemGroupsOf(
  kems: Readonly<Record<"512" | "768" | "1024", MlKem>>,
): readonly KeyExchangeGroup[] {
  const sizes = ["768", "1024", "512"] as const;
  return sizes.map((size) => mlKemGroup({ ...ML_KEM[size], kem: kems[size] }));
}

/** The three groups of noble, most preferred first. */
export const mlKemGroups: readonly KeyExchangeGroup[] = mlKemGroupsOf({
  "512": ml_kem512,
  "768": ml_kem768,
  "1024": ml_kem1024,
});
