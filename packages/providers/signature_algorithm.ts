/**
 * What is the same in every provider's verification: which key a scheme takes, how large it is, and what form a signature has.
 *
 * @module
 */
import { signatureSchemeName, TlsError } from "@sealane/wire";
import { isTrue } from "./answers.ts";
import { chain } from "./maybe_promise.ts";
import { parsePublicKey, type PublicKey } from "./key_info.ts";
import type { MaybePromise, SignatureAlgorithm, SignatureUse } from "./provider.ts";
import { rsaBoundsProblem } from "./rsa_sizes.ts";
import { isClientOnlyScheme, type SchemeInfo } from "./schemes.ts";
import { isWellFormed } from "./signature_form.ts";

function accepts(info: SchemeInfo, key: PublicKey, use: SignatureUse): boolean {
  switch (info.kind) {
    case "ecdsa":
      // RFC 9846 §4.3.3: outside certificates the scheme fixes the curve too.
      return key.kind === "ec" && (use === "certificate" || key.curve === info.curve);
    case "rsa-pss-rsae":
      return key.kind === "rsa";
    case "rsa-pss-pss":
      // RFC 9846 §4.3.3: the key's parameters, if present, are the signature's.
      return key.kind === "rsa-pss" && (key.hash === null || key.hash === info.hash);
    case "rsa-pkcs1":
      return key.kind === "rsa" &&
        use === (isClientOnlyScheme(info.scheme) ? "certificate-verify" : "certificate");
    default:
      return key.kind === info.kind;
  }
}

/** Decides about a signature whose key and form are right. What it throws counts as no. */
export type Verify = (
  key: PublicKey,
  data: Uint8Array,
  signature: Uint8Array,
) => MaybePromise<boolean>;

/** Options of {@link signatureAlgorithm}. */
export interface VerifyOptions {
  /** Whether `verify` reads its inputs after it has returned; then it gets copies. */
  readonly readsLate?: boolean;
}

/**
 * A signature algorithm from `verify`, which sees only keys of the right kind and signatures of the right form. If
 * `verify` throws, the signature does not verify.
 */
export function signatureAlgorithm(
  info: SchemeInfo,
  verify: Verify,
  { readsLate = false }: VerifyOptions = {},
): SignatureAlgorithm {
  const own = (bytes: Uint8Array) => readsLate ? bytes.slice() : bytes;
  return Object.freeze({
    scheme: info.scheme,
    name: signatureSchemeName(info.scheme),
    verify(spki: Uint8Array, data: Uint8Array, signature: Uint8Array, use: SignatureUse) {
      const key = parsePublicKey(own(spki));
      if (key === null || !accepts(info, key, use)) return false;
      requireSupported(key);
      if (!isWellFormed(info, key, signature)) return false;
      try {
        return chain(verify(key, own(data), own(signature)), isTrue, () => false);
      } catch {
        return false; // a point off the curve, for instance: bad peer input
      }
    },
  });
}

/**
 * Refuses a key that is larger or smaller than we verify with: that says nothing about the signature.
 *
 * @throws {TlsError} `peer/unsupported-certificate`.
 */
function requireSupported(key: PublicKey): void {
  const problem = key.modulus && key.exponent && rsaBoundsProblem(key.modulus, key.exponent);
  if (problem) throw new TlsError("peer/unsupported-certificate", `the public key: ${problem}`);
}
