/**
 * Certificate chains as files have them, in any order.
 *
 * @module
 */
import { equalBytes, TlsError } from "@sealane/wire";
import { type Certificate, isSelfIssued, parseCertificate } from "./certificate.ts";

/**
 * The chain to send for a key, of certificates in any order (RFC 9846 section 4.5.1: each certifies the one before it): the
 * certificate of the key first, then those that its issuers' names lead to. What is on no such way is left out, a
 * self-issued certificate at its end stays if it was there. Without `publicKey` (DER SubjectPublicKeyInfo) the first
 * certificate is the key's.
 *
 * @throws {TlsError} `api/config` if a certificate is malformed, or if none has the key.
 */
export function orderChain(
  certificates: readonly Uint8Array[],
  publicKey?: Uint8Array,
): Uint8Array[] {
  const parsed = certificates.map(parse);
  const leaf = publicKey === undefined
    ? parsed[0]
    : parsed.find(({ subjectPublicKeyInfo: { raw } }) => equalBytes(raw, publicKey));
  if (leaf === undefined) {
    throw new TlsError(
      "api/config",
      `the private key belongs to none of the ${certificates.length} certificates`,
    );
  }
  const chain = [leaf];
  for (let last: Certificate | undefined = leaf; last !== undefined && !isSelfIssued(last);) {
    last = parsed.find((next) =>
      next.subject.key === chain[chain.length - 1].issuer.key && !chain.includes(next)
    );
    if (last !== undefined) chain.push(last);
  }
  return chain.map(({ raw }) => raw);
}

function parse(certificate: Uint8Array, index: number): Certificate {
  try {
    return parseCertificate(certificate);
  } catch (cause) {
    const { message } = TlsError.from(cause);
    throw new TlsError("api/config", `certificate ${index + 1} of the chain: ${message}`, {
      cause,
    });
  }
}
