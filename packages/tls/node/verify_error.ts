/**
 * Why a certificate was refused, in the codes of OpenSSL's verification, which programs of Node match on.
 *
 * @module
 */
import { type Certificate, isSelfIssued, parseCertificate, type TrustStore } from "@sealane/pki";
import type { TlsError } from "@sealane/wire";
import { nodeError } from "./node_error.ts";

/** OpenSSL's words for its codes. */
const MESSAGES = {
  CERT_HAS_EXPIRED: "certificate has expired",
  CERT_NOT_YET_VALID: "certificate is not yet valid",
  CERT_REJECTED: "certificate rejected",
  CERT_REVOKED: "certificate revoked",
  CERT_SIGNATURE_FAILURE: "certificate signature failure",
  DEPTH_ZERO_SELF_SIGNED_CERT: "self-signed certificate",
  INVALID_CA: "invalid CA certificate",
  INVALID_PURPOSE: "unsuitable certificate purpose",
  PATH_LENGTH_EXCEEDED: "path length constraint exceeded",
  SELF_SIGNED_CERT_IN_CHAIN: "self-signed certificate in certificate chain",
  UNABLE_TO_GET_CRL: "unable to get certificate CRL",
  UNABLE_TO_GET_ISSUER_CERT: "unable to get issuer certificate",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unable to get local issuer certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unable to verify the first certificate",
} as const;

type VerifyCode = keyof typeof MESSAGES;

/** The chain that a verdict is about, and what was trusted. */
export interface Judged {
  /** The chain as sent, DER. */
  readonly chain: readonly Uint8Array[];
  /** The anchors. */
  readonly trust: TrustStore;
  /** Certificates that we had beforehand and that are no anchors. */
  readonly intermediates: readonly Certificate[];
}

/** The error that a program sees, with the verdict of Sealane as its cause. */
export function verifyError(error: TlsError, judged: Judged): Error {
  const code = codeOf(error, judged);
  return nodeError(code, `${MESSAGES[code]}: ${error.message}`, Error, { cause: error });
}

function codeOf(error: TlsError, judged: Judged): VerifyCode {
  const { message } = error;
  switch (error.code) {
    case "peer/certificate-expired":
      return message.includes("not valid before") ? "CERT_NOT_YET_VALID" : "CERT_HAS_EXPIRED";
    case "peer/certificate-revoked":
      return "CERT_REVOKED";
    case "peer/certificate-unknown":
      return "UNABLE_TO_GET_CRL";
    case "peer/unknown-ca":
      return codeOfMissingAnchor(judged);
    case "peer/unsupported-certificate":
    case "peer/key-usage":
      return "INVALID_PURPOSE";
    case "peer/bad-certificate":
      if (message.includes("signature does not verify")) return "CERT_SIGNATURE_FAILURE";
      if (message.includes("not a CA's")) return "INVALID_CA";
      return message.includes("more CAs follow") ? "PATH_LENGTH_EXCEEDED" : "CERT_REJECTED";
    default:
      return "CERT_REJECTED";
  }
}

/** Where the chain ends that leads to no anchor. */
function codeOfMissingAnchor({ chain, trust, intermediates }: Judged): VerifyCode {
  const certificates = chain.flatMap(parsed);
  let [last] = certificates;
  if (last === undefined) return "CERT_REJECTED";
  const rest = [...certificates.slice(1), ...intermediates];
  let depth = 0;
  while (!isSelfIssued(last)) {
    const at = rest.findIndex(({ subject }) => subject.key === last.issuer.key);
    if (at === -1) break;
    [last] = rest.splice(at, 1);
    depth++;
  }
  if (isSelfIssued(last)) {
    return depth === 0 ? "DEPTH_ZERO_SELF_SIGNED_CERT" : "SELF_SIGNED_CERT_IN_CHAIN";
  }
  if (intermediates.some(({ subject }) => subject.key === last.subject.key)) {
    return "UNABLE_TO_GET_ISSUER_CERT";
  }
  if (trust.find(last.issuer).length > 0) return "CERT_SIGNATURE_FAILURE";
  return depth === 0 ? "UNABLE_TO_VERIFY_LEAF_SIGNATURE" : "UNABLE_TO_GET_ISSUER_CERT_LOCALLY";
}

function parsed(der: Uint8Array): Certificate[] {
  try {
    return [parseCertificate(der)];
  } catch {
    return []; // the peer wrote it
  }
}
