/**
 * What is done with delegated credentials (RFC 9345): the key of a certificate signs a short-lived key, on which then the
 * handshakes run, so that the certificate's own key can stay elsewhere.
 *
 * @module
 */
import {
  type Certificate,
  parseCertificate,
  parseSubjectPublicKeyInfo,
  signatureSchemesOfKey,
} from "@sealane/pki";
import {
  chain,
  isCertificateOnlyScheme,
  isTrue,
  type MaybePromise,
  requireBytes,
  type SignatureAlgorithm,
  type Signer,
} from "@sealane/providers";
import {
  concat,
  Reader,
  requireTime,
  type SignatureScheme,
  SignatureScheme as S,
  signatureSchemeName,
  TlsError,
  type TlsErrorCode,
  utf8,
  Writer,
} from "@sealane/wire";
import {
  type DelegatedCredential,
  delegatedCredentialInCertificate,
} from "../extensions/delegated_credential.ts";

/** Which side proves with the credential who it is. The signature tells them apart. */
export type DelegationRole = "server" | "client";

const DAY = 24 * 3600 * 1000;

/** RFC 9345 §4.1.3: the longest time, in milliseconds, for which a credential may still be valid when it is verified. */
export const MAX_DELEGATION_VALIDITY: number = 7 * DAY;

/** The bytes of a credential, as the extension carries them, to keep it in a file. They are no secret. */
export function encodeDelegatedCredential(credential: DelegatedCredential): Uint8Array {
  const writer = new Writer();
  delegatedCredentialInCertificate.encode(writer, credential);
  return writer.finish();
}

/**
 * The credential of {@link encodeDelegatedCredential}'s bytes.
 *
 * @throws {TlsError} `api/argument` if they are not exactly one.
 */
export function decodeDelegatedCredential(bytes: Uint8Array): DelegatedCredential {
  const reader = new Reader(bytes, "delegated credential", "api/argument");
  const credential = delegatedCredentialInCertificate.decode(reader);
  reader.end();
  return credential;
}

/** When a credential ends, in milliseconds since 1970: it is valid at this time itself. */
export function delegationExpiry(
  credential: DelegatedCredential,
  certificate: Certificate,
): number {
  return certificate.notBefore + 1000 * credential.validTime;
}

/** RFC 9345 §4: what the key of the certificate signs. */
function signedContent(
  role: DelegationRole,
  certificate: Certificate,
  credential: Omit<DelegatedCredential, "signature">,
): Uint8Array {
  const writer = new Writer().u32(credential.validTime).u16(credential.certVerifyAlgorithm);
  writer.vector24(credential.spki).u16(credential.algorithm);
  return concat([
    new Uint8Array(64).fill(0x20),
    utf8(`TLS, ${role} delegated credentials\0`),
    certificate.raw,
    writer.finish(),
  ]);
}

/** RFC 9345 §4: an RSA key of a credential must not have the rsaEncryption OID, so these go with none. */
export const NOT_FOR_CREDENTIALS: readonly SignatureScheme[] = [
  S.rsa_pss_rsae_sha256,
  S.rsa_pss_rsae_sha384,
  S.rsa_pss_rsae_sha512,
];

/** Why a certificate cannot delegate, or `null` if it can. */
export function certificateProblem({ extensions }: Certificate): string | null {
  // RFC 9345 §4.2: the certificate has the DelegationUsage extension and the digitalSignature KeyUsage.
  if (extensions.delegationUsage !== true) return "the certificate has no DelegationUsage";
  if (!extensions.keyUsage?.has("digitalSignature")) {
    return "the keyUsage of the certificate has no digitalSignature";
  }
  return null;
}

/** Why a key and its scheme cannot be those of a credential, or `null` if they can. */
export function keyProblem(spki: Uint8Array, scheme: SignatureScheme): string | null {
  const name = signatureSchemeName(scheme);
  if (NOT_FOR_CREDENTIALS.includes(scheme)) return `${name} is not allowed in credentials`;
  if (!schemesOfKey(spki).includes(scheme)) return `the key of the credential is not for ${name}`;
  return null;
}

function schemesOfKey(spki: Uint8Array): readonly SignatureScheme[] {
  try {
    return signatureSchemesOfKey(parseSubjectPublicKeyInfo(spki));
  } catch {
    return [];
  }
}

/** Throws with a message that says what it is about. */
export function fail(code: TlsErrorCode, problem: string): never {
  throw new TlsError(code, `delegated credential: ${problem}`);
}

/** What {@link issueDelegatedCredential} needs. */
export interface DelegationOptions {
  /** The certificate that delegates, DER; it has the DelegationUsage extension. */
  readonly certificate: Uint8Array;
  /** The private key of the certificate, here or far away. */
  readonly signer: Signer;
  /** The public key that the credential is for, a DER SubjectPublicKeyInfo. RSA has to be an id-RSASSA-PSS key. */
  readonly publicKey: Uint8Array;
  /** The scheme that the new key will sign handshakes with; its first unless given. */
  readonly certVerifyAlgorithm?: SignatureScheme;
  /** The scheme that the certificate's key signs the credential with; its first unless given. */
  readonly algorithm?: SignatureScheme;
  /** Which side will use it; `server` unless given. */
  readonly role?: DelegationRole;
  /**
   * Milliseconds for which it is valid from now on; six days unless given. Seven are the most; then a peer whose clock is slow
   * refuses it.
   */
  readonly validFor?: number;
  /** Milliseconds since 1970; the present unless given. */
  readonly now?: number;
}

/**
 * Issues a delegated credential.
 *
 * ```ts
 * import { issueDelegatedCredential } from "@sealane/handshake";
 * import { der } from "@sealane/wire";
 * import { ExtensionId } from "@sealane/pki";
 * import { createTestAuthority, encodeExtension, generateTestKey } from "@sealane/pki/testing";
 * import { nativeProvider as provider } from "@sealane/providers/native";
 *
 * const authority = await createTestAuthority(provider);
 * const extensions = [encodeExtension(ExtensionId.delegationUsage, der.nullValue())];
 * const { chain: [certificate], signer } = await authority.issue({ names: ["a.test"], extensions });
 * const { publicKey } = await generateTestKey();
 * const credential = await issueDelegatedCredential({ certificate, signer, publicKey });
 * console.assert(credential.signature.length > 0);
 * ```
 *
 * @throws {TlsError} `api/argument` if the certificate cannot delegate, the key cannot be delegated to, or the time is more
 * than seven days or ends after the certificate.
 */
export function issueDelegatedCredential(
  options: DelegationOptions,
): MaybePromise<DelegatedCredential> {
  const { signer, publicKey: spki, role = "server", validFor = 6 * DAY } = options;
  const certificate = parseOwnCertificate(options.certificate);
  const problem = certificateProblem(certificate);
  if (problem !== null) fail("api/argument", problem);
  const certificateSchemes = signatureSchemesOfKey(certificate.subjectPublicKeyInfo);
  const algorithm = options.algorithm ??
    signer.schemes.find((scheme) => certificateSchemes.includes(scheme));
  if (algorithm === undefined || !certificateSchemes.includes(algorithm)) {
    fail("api/argument", "the signer has no scheme of the certificate's key");
  }
  const certVerifyAlgorithm = options.certVerifyAlgorithm ?? schemesOfKey(spki)[0];
  if (certVerifyAlgorithm === undefined) fail("api/argument", "TLS 1.3 has no use for the key");
  const unfit = keyProblem(spki, certVerifyAlgorithm);
  if (unfit !== null) fail("api/argument", unfit);
  const validTime = delegationValidTime(
    certificate,
    requireTime("now", options.now ?? Date.now()),
    validFor,
  );
  const credential = { validTime, certVerifyAlgorithm, spki, algorithm };
  const content = signedContent(role, certificate, credential);
  return chain(
    signer.sign(algorithm, content, { use: "delegated-credential" }),
    (bytes) => ({
      ...credential,
      signature: requireBytes(bytes, "the signature by the private key"),
    }),
  );
}

function parseOwnCertificate(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    throw new TlsError("api/argument", "the delegating certificate is malformed", { cause });
  }
}

/** `valid_time` in seconds, within the seven days and the certificate. */
function delegationValidTime(certificate: Certificate, now: number, validFor: number): number {
  // RFC 9345 §3: no longer than seven days, nor beyond the certificate.
  if (!(validFor > 0 && validFor <= MAX_DELEGATION_VALIDITY)) {
    fail("api/argument", `a validity of ${validFor} milliseconds is not within seven days`);
  }
  const validTime = Math.floor((now + validFor - certificate.notBefore) / 1000);
  const expiry = certificate.notBefore + 1000 * validTime;
  if (validTime < 0 || validTime > 0xffffffff || expiry > certificate.notAfter) {
    fail("api/argument", "it would be valid when its certificate is not");
  }
  return validTime;
}

/** What a peer's delegated credential is held against. */
export interface DelegationVerification {
  /** The end-entity certificate, which has been verified, or will be, in the usual way. */
  readonly certificate: Certificate;
  /** Which side the peer is. */
  readonly role: DelegationRole;
  /** The scheme of the peer's CertificateVerify. */
  readonly certVerifyAlgorithm: SignatureScheme;
  /** What our delegated_credential extension offered. */
  readonly offeredForCredentials: readonly SignatureScheme[];
  /** What our signature_algorithms extension offered. */
  readonly offered: readonly SignatureScheme[];
  /** The provider's algorithms. */
  readonly signatures: readonly SignatureAlgorithm[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Verifies a delegated credential (RFC 9345 section 4.1.3). After it, the CertificateVerify is verified with the key of the
 * credential.
 *
 * @throws {TlsError} `peer/delegated-credential`.
 */
export function verifyDelegatedCredential(
  credential: DelegatedCredential,
  context: DelegationVerification,
): MaybePromise<void> {
  const problem = credentialProblem(credential, context);
  if (problem !== null) fail("peer/delegated-credential", problem);
  const { certificate, role, signatures } = context;
  const verifier = signatures.find(({ scheme }) => scheme === credential.algorithm);
  const spki = certificate.subjectPublicKeyInfo.raw;
  const content = signedContent(role, certificate, credential);
  const good = verifier?.verify(spki, content, credential.signature, "delegated-credential");
  return chain(good ?? false, (good) => {
    if (!isTrue(good)) fail("peer/delegated-credential", "the signature is wrong");
  });
}

function credentialProblem(
  credential: DelegatedCredential,
  context: DelegationVerification,
): string | null {
  const { certificate, now } = context;
  const expiry = delegationExpiry(credential, certificate);
  // RFC 9345 §4.1.3, in its order.
  if (now > expiry) return "it has expired";
  if (expiry > now + MAX_DELEGATION_VALIDITY) return "it is valid for more than seven days";
  // RFC 9345 §3: nor beyond the validity of the certificate.
  if (expiry > certificate.notAfter) return "it is valid for longer than its certificate";
  const { certVerifyAlgorithm, algorithm, spki } = credential;
  if (certVerifyAlgorithm !== context.certVerifyAlgorithm) {
    const [expected, used] = [certVerifyAlgorithm, context.certVerifyAlgorithm];
    return `it is for ${signatureSchemeName(expected)}, but CertificateVerify uses ${
      signatureSchemeName(used)
    }`;
  }
  // RFC 9345 §4.1.1: both schemes are among those that were offered for them.
  if (!context.offeredForCredentials.includes(certVerifyAlgorithm)) {
    return `${signatureSchemeName(certVerifyAlgorithm)} was not offered for credentials`;
  }
  // RFC 9846 §4.3.3: PKCS #1 v1.5 is for certificates alone, which a credential is not.
  if (!context.offered.includes(algorithm) || isCertificateOnlyScheme(algorithm)) {
    return `it is signed with ${signatureSchemeName(algorithm)}, which was not offered`;
  }
  return keyProblem(spki, certVerifyAlgorithm) ?? certificateProblem(certificate);
}
