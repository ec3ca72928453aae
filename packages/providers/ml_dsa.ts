/**
 * ML-DSA (FIPS 204) from `@noble/post-quantum`: no platform has it everywhere yet.
 *
 * @module
 */
import { type DSA, ml_dsa44, ml_dsa65, ml_dsa87 } from "@noble/post-quantum/ml-dsa.js";
import { equalBytes, TlsError } from "@sealane/wire";
import { encodeSpki, type MlDsaKind } from "./key_info.ts";
import { type PrivateKey, requireOwnPublicKey } from "./private_key.ts";
import type { SignatureAlgorithm, Signer } from "./provider.ts";
import { pickScheme, type SchemeInfo, SCHEMES, schemesOfKey } from "./schemes.ts";
import { signatureAlgorithm } from "./signature_algorithm.ts";

const PARAMETER_SETS: Readonly<Record<MlDsaKind, DSA>> = {
  mldsa44: ml_dsa44,
  mldsa65: ml_dsa65,
  mldsa87: ml_dsa87,
};

function isMlDsa(info: SchemeInfo): info is SchemeInfo & { kind: MlDsaKind } {
  return Object.hasOwn(PARAMETER_SETS, info.kind);
}

/** The three schemes; the context string is empty (draft-ietf-tls-mldsa section 3). */
export const mlDsaAlgorithms: readonly SignatureAlgorithm[] = SCHEMES.filter(isMlDsa).map((info) =>
  signatureAlgorithm(
    info,
    (key, data, signature) => PARAMETER_SETS[info.kind].verify(signature, data, key.key),
  )
);

/** A signer for an ML-DSA key. */
export function mlDsaSigner(key: PrivateKey & { kind: MlDsaKind }): Signer {
  const parameters = PARAMETER_SETS[key.kind];
  const secretKey = expand(parameters, key);
  const publicKey = parameters.getPublicKey(secretKey);
  requireOwnPublicKey(key, publicKey);
  const schemes = schemesOfKey(key);
  return Object.freeze({
    implementation: "javascript" as const,
    schemes: schemes.map(({ scheme }) => scheme),
    publicKey: encodeSpki({ kind: key.kind }, publicKey),
    sign(scheme: number, data: Uint8Array) {
      pickScheme(schemes, scheme);
      return parameters.sign(data, secretKey);
    },
  });
}

/** RFC 9881 §6: a key that has both forms is refused if they do not match. */
function expand(
  parameters: DSA,
  key: { seed: Uint8Array | null; expanded: Uint8Array | null },
): Uint8Array {
  const secretKey = key.seed && parameters.keygen(key.seed).secretKey;
  if (secretKey && key.expanded && !equalBytes(secretKey, key.expanded)) {
    throw new TlsError("api/config", "the private key's seed does not give its expanded key");
  }
  const expanded = secretKey ?? key.expanded;
  if (expanded === null || expanded.length !== parameters.lengths.secretKey) {
    throw new TlsError("api/config", "the private key's expanded form has the wrong length");
  }
  return secretKey ?? expanded.slice();
}
