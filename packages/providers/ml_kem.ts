/**
 * ML-KEM (FIPS 203) as key exchange groups (draft-ietf-tls-mlkem), from `@noble/post-quantum`: no platform has it
 * everywhere yet. The initiator's share is an encapsulation key, the responder's a ciphertext.
 *
 * @module
 */
import { ml_kem1024, ml_kem512, ml_kem768, type MLKEM } from "@noble/post-quantum/ml-kem.js";
import { NamedGroup, namedGroupName } from "@sealane/wire";
import type { KeyExchangeGroup, KeyPair } from "./provider.ts";

interface Parameters {
  readonly id: NamedGroup;
  readonly kem: MLKEM;
  /** Bytes of an encapsulation key (FIPS 203 table 3). */
  readonly shareLength: number;
  /** Bytes of a ciphertext (FIPS 203 table 3). */
  readonly ciphertextLength: number;
}

function mlKemGroup({ id, kem, shareLength, ciphertextLength }: Parameters): KeyExchangeGroup {
  return Object.freeze({
    id,
    name: namedGroupName(id),
    shareLength,
    generate(): KeyPair {
      const { publicKey, secretKey } = kem.keygen();
      return {
        share: publicKey,
        complete(peerShare) {
          // FIPS 203 §7.3: the only check of a ciphertext is its length; a wrong one yields an unrelated secret.
          if (peerShare.length !== ciphertextLength) return null;
          return kem.decapsulate(peerShare, secretKey);
        },
      };
    },
    respond(peerShare: Uint8Array) {
      if (peerShare.length !== shareLength) return null;
      try {
        const { cipherText, sharedSecret } = kem.encapsulate(peerShare);
        return { share: cipherText, secret: sharedSecret };
      } catch {
        return null; // FIPS 203 §7.2: a coefficient is not below the modulus
      }
    },
  });
}

/** ML-KEM-512. */
export const mlKem512: KeyExchangeGroup = mlKemGroup({
  id: NamedGroup.MLKEM512,
  kem: ml_kem512,
  shareLength: 800,
  ciphertextLength: 768,
});

/** ML-KEM-768. */
export const mlKem768: KeyExchangeGroup = mlKemGroup({
  id: NamedGroup.MLKEM768,
  kem: ml_kem768,
  shareLength: 1184,
  ciphertextLength: 1088,
});

/** ML-KEM-1024. */
export const mlKem1024: KeyExchangeGroup = mlKemGroup({
  id: NamedGroup.MLKEM1024,
  kem: ml_kem1024,
  shareLength: 1568,
  ciphertextLength: 1568,
});
