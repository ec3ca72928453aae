/**
 * Certificates for tests and local development: a certificate authority in memory. **Not** a CA for anything else:
 * serial numbers are random, nothing is recorded, nothing can be revoked.
 *
 * ```ts
 * import { createTestAuthority } from "@sealane/pki/testing";
 * import { nativeProvider } from "@sealane/providers/native";
 *
 * const authority = await createTestAuthority(nativeProvider);
 * const { chain, privateKey } = await authority.issue({ names: ["localhost", "127.0.0.1"] });
 * console.assert(chain.length === 1 && privateKey.length > 0);
 * ```
 *
 * @module
 */
import { sha1 } from "@noble/hashes/legacy.js";
import type { CryptoProvider, MaybePromise, Signer } from "@sealane/providers";
import { der, type SignatureScheme, utf8 } from "@sealane/wire";
import { parseCertificate } from "../certificate/certificate.ts";
import {
  ExtensionId,
  type KeyPurpose,
  type KeyUsage,
  KeyUsages,
} from "../certificate/extensions.ts";
import { run, settle, type Steps } from "../path/maybe_promise.ts";
import { parseIpAddress } from "../names/ip_address.ts";
import { parseSubjectPublicKeyInfo } from "../certificate/public_key.ts";
import {
  signatureAlgorithmIdentifier,
  signatureSchemesOfKey,
} from "../certificate/signature_algorithm.ts";

import { generateTestKey, type TestKey, type TestKeyAlgorithm } from "./keys.ts";

export { generateTestKey, type TestKey, type TestKeyAlgorithm } from "./keys.ts";
export { issueOcspResponse, type OcspResponseFields, type OcspStatus } from "./ocsp.ts";

/** What to put into a certificate. */
export interface CertificateFields {
  /** The key, a DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  /** The common name of the subject; an empty name if absent. A DER Name is taken as it is. */
  readonly subject?: string | Uint8Array;
  /** DNS names and IP addresses (as text) for subjectAltName. */
  readonly names?: readonly string[];
  /** Whether it is a CA, and how many CAs may follow below. */
  readonly ca?: boolean | { readonly pathLength: number };
  /** keyUsage; no extension if absent. */
  readonly keyUsage?: readonly KeyUsage[];
  /** extKeyUsage; no extension if absent. */
  readonly extKeyUsage?: readonly KeyPurpose[];
  /** First moment of validity in milliseconds since 1970; an hour ago unless given. */
  readonly notBefore?: number;
  /** Last moment of validity in milliseconds since 1970; in 30 days unless given. */
  readonly notAfter?: number;
  /** The serial number; random unless given. */
  readonly serialNumber?: Uint8Array;
  /** More extensions, from {@link encodeExtension}. */
  readonly extensions?: readonly Uint8Array[];
}

/** Who signs a certificate. */
export interface CertificateIssuer {
  /** The DER Name of the issuer; the subject itself if absent. */
  readonly name?: Uint8Array;
  /** The issuer's private key. */
  readonly signer: Signer;
  /** The scheme to sign with; the first of the signer's unless given. */
  readonly scheme?: SignatureScheme;
}

/** A DER Name with one common name, or an empty one. */
export function encodeCommonName(commonName: string): Uint8Array {
  if (commonName === "") return der.sequence();
  const attribute = der.sequence(der.objectIdentifier("2.5.4.3"), der.text(commonName));
  return der.sequence(der.setOf(attribute));
}

/** A DER Extension with `value`, the DER that extnValue holds. */
export function encodeExtension(id: ExtensionId, value: Uint8Array, critical = false): Uint8Array {
  const flag = critical ? [der.boolean(true)] : [];
  return der.sequence(der.objectIdentifier(id), ...flag, der.octetString(value));
}

function encodeName(name: string): Uint8Array {
  const address = parseIpAddress(name);
  return address === null ? der.implicit(2, utf8(name)) : der.implicit(7, address);
}

function* encodeExtensions(fields: CertificateFields): Generator<Uint8Array> {
  const { ca = false, keyUsage, extKeyUsage, names = [], subject = "" } = fields;
  if (ca !== false) {
    const length = ca === true ? [] : [der.integer(ca.pathLength)];
    const value = der.sequence(der.boolean(true), ...length);
    yield encodeExtension(ExtensionId.basicConstraints, value, true);
  }
  if (keyUsage !== undefined) {
    const bits = der.namedBits(keyUsage.map((usage) => KeyUsages.indexOf(usage)));
    yield encodeExtension(ExtensionId.keyUsage, bits, true);
  }
  if (extKeyUsage !== undefined) {
    const purposes = extKeyUsage.map((id) => der.objectIdentifier(id));
    yield encodeExtension(ExtensionId.extKeyUsage, der.sequence(...purposes));
  }
  if (names.length > 0) {
    const value = der.sequence(...names.map(encodeName));
    yield encodeExtension(ExtensionId.subjectAltName, value, subject.length === 0);
  }
  yield* fields.extensions ?? [];
}

/** RFC 5280 section 4.2.1.2, method 1; strict verifiers want key identifiers in every certificate. */
function keyIdentifier(publicKey: Uint8Array): Uint8Array {
  return sha1(parseSubjectPublicKeyInfo(publicKey).publicKey);
}

function identifyKeys(publicKey: Uint8Array, issuerKey: Uint8Array | null): Uint8Array[] {
  const subject = der.octetString(keyIdentifier(publicKey));
  const extensions = [encodeExtension(ExtensionId.subjectKeyIdentifier, subject)];
  if (issuerKey !== null) {
    const value = der.sequence(der.implicit(0, keyIdentifier(issuerKey)));
    extensions.push(encodeExtension(ExtensionId.authorityKeyIdentifier, value));
  }
  return extensions;
}

const HOUR = 3600_000;

/** Makes and signs a certificate. The result is DER. */
export function issueCertificate(
  fields: CertificateFields,
  issuer: CertificateIssuer,
): MaybePromise<Uint8Array> {
  return run(issue(fields, issuer));
}

function* issue(fields: CertificateFields, issuer: CertificateIssuer): Steps<Uint8Array> {
  const { subject = "", notBefore = Date.now() - HOUR, notAfter = Date.now() + 720 * HOUR } =
    fields;
  const subjectName = typeof subject === "string" ? encodeCommonName(subject) : subject;
  const scheme = issuer.scheme ?? issuer.signer.schemes[0];
  const algorithm = signatureAlgorithmIdentifier(scheme);
  const serial = fields.serialNumber ?? crypto.getRandomValues(new Uint8Array(16));
  const extensions = [...encodeExtensions(fields)];
  const tbs = der.sequence(
    der.explicit(0, der.integer(2)),
    der.integer(serial),
    algorithm,
    issuer.name ?? subjectName,
    der.sequence(der.time(notBefore), der.time(notAfter)),
    subjectName,
    fields.publicKey,
    ...(extensions.length > 0 ? [der.explicit(3, der.sequence(...extensions))] : []),
  );
  const signed = issuer.signer.sign(scheme, tbs, { use: "certificate" });
  const signature = yield* settle(signed);
  return der.sequence(tbs, algorithm, der.bitString(signature));
}

/** A key with its certificate chain, as a server or client needs it. */
export interface TestCredential extends TestKey {
  /** DER certificates, the end entity's first; without the root. */
  readonly chain: readonly Uint8Array[];
  /** The private key. */
  readonly signer: Signer;
}

/** What {@link TestAuthority.issue} may be told; the rest has defaults that suit a TLS server and client. */
export interface IssueOptions extends Partial<Omit<CertificateFields, "publicKey">> {
  /**
   * What key to make, where `key` is not given; `ecdsa-p256` unless given, or `sm2` with a provider that has nothing else.
   */
  readonly algorithm?: TestKeyAlgorithm;
  /** The key pair to certify; a new one unless given. */
  readonly key?: TestKey;
}

/** A certificate authority in memory. */
export interface TestAuthority {
  /** The CA certificate, DER. */
  readonly certificate: Uint8Array;
  /** The chain to send below the root: empty for a root, the intermediates for an intermediate. */
  readonly chain: readonly Uint8Array[];
  /** The CA's key. */
  readonly signer: Signer;
  /** Issues an end-entity certificate. */
  issue(options?: IssueOptions): Promise<TestCredential>;
  /** Issues the certificate of an intermediate CA. */
  intermediate(options?: IssueOptions): Promise<TestAuthority>;
}

/** Makes a self-signed CA, whose certificate goes into a trust store. */
export async function createTestAuthority(
  provider: CryptoProvider,
  options: IssueOptions = {},
): Promise<TestAuthority> {
  const key = options.key ?? await generateTestKey(options.algorithm, provider);
  const signer = await provider.importPrivateKey(key.privateKey);
  const extensions = [...identifyKeys(key.publicKey, null), ...options.extensions ?? []];
  const { publicKey } = key;
  const fields = { ...caFields("Sealane test CA"), publicKey, ...options, extensions };
  const scheme = pickScheme(signer, key.publicKey);
  return authority(provider, await issueCertificate(fields, { signer, scheme }), key, signer, []);
}

function caFields(subject: string): Omit<CertificateFields, "publicKey"> {
  return { subject, ca: true, keyUsage: ["digitalSignature", "keyCertSign", "cRLSign"] };
}

/** RSA signers may prefer PKCS#1 or PSS; the key tells what is safe to use in both places. */
function pickScheme(signer: Signer, publicKey: Uint8Array): SignatureScheme {
  const schemes = signatureSchemesOfKey(parseSubjectPublicKeyInfo(publicKey));
  return schemes.find((scheme) => signer.schemes.includes(scheme)) ?? signer.schemes[0];
}

function authority(
  provider: CryptoProvider,
  certificate: Uint8Array,
  key: TestKey,
  signer: Signer,
  chain: readonly Uint8Array[],
): TestAuthority {
  const name = parseCertificate(certificate).subject.raw;
  const scheme = pickScheme(signer, key.publicKey);
  const certify = async (options: IssueOptions, defaults: Omit<CertificateFields, "publicKey">) => {
    const subjectKey = options.key ?? await generateTestKey(options.algorithm, provider);
    const { publicKey } = subjectKey;
    const extensions = [...identifyKeys(publicKey, key.publicKey), ...options.extensions ?? []];
    const fields = { ...defaults, publicKey, ...options, extensions };
    const signed = await issueCertificate(fields, { name, signer, scheme });
    const subjectSigner = await provider.importPrivateKey(subjectKey.privateKey);
    return { key: subjectKey, signed, signer: subjectSigner };
  };
  return {
    certificate,
    chain,
    signer,
    async issue(options: IssueOptions = {}): Promise<TestCredential> {
      const { key, signed, signer } = await certify(options, {
        subject: options.names?.[0] ?? "Sealane test",
        keyUsage: ["digitalSignature"],
      });
      return { ...key, chain: [signed, ...chain], signer };
    },
    async intermediate(options: IssueOptions = {}): Promise<TestAuthority> {
      const { key, signed, signer } = await certify(options, caFields("Sealane test intermediate"));
      return authority(provider, signed, key, signer, [signed, ...chain]);
    },
  };
}
