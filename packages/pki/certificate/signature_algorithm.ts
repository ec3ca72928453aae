/**
 * From the algorithm identifiers of certificates to the signature schemes of TLS, and back.
 *
 * @module
 */
import { der, DerReader, equalBytes, SignatureScheme, TlsError } from "@sealane/wire";
import {
  type AlgorithmIdentifier,
  readAlgorithmIdentifier,
  type SubjectPublicKeyInfo,
} from "./public_key.ts";

const S = SignatureScheme;

const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
const RSASSA_PSS = "1.2.840.113549.1.1.10";
const MGF1 = "1.2.840.113549.1.1.8";
const EC_PUBLIC_KEY = "1.2.840.10045.2.1";
/** The curve; old versions of OpenSSL put it in the place of the algorithm too. */
const SM2 = "1.2.156.10197.1.301";

interface Row {
  readonly id: string;
  readonly scheme: SignatureScheme;
  /** What the parameters are: RFC 4055 wants NULL for RSA, the others want none. */
  readonly parameters: "null" | "absent";
}

/** Sources: RFC 4055 §5, RFC 5758 §3.2, RFC 8410 §3, RFC 9881 §2, GM/T 0006. */
const ALGORITHMS: readonly Row[] = [
  { id: "1.2.840.113549.1.1.11", scheme: S.rsa_pkcs1_sha256, parameters: "null" },
  { id: "1.2.840.113549.1.1.12", scheme: S.rsa_pkcs1_sha384, parameters: "null" },
  { id: "1.2.840.113549.1.1.13", scheme: S.rsa_pkcs1_sha512, parameters: "null" },
  { id: "1.2.840.10045.4.3.2", scheme: S.ecdsa_secp256r1_sha256, parameters: "absent" },
  { id: "1.2.840.10045.4.3.3", scheme: S.ecdsa_secp384r1_sha384, parameters: "absent" },
  { id: "1.2.840.10045.4.3.4", scheme: S.ecdsa_secp521r1_sha512, parameters: "absent" },
  { id: "1.3.101.112", scheme: S.ed25519, parameters: "absent" },
  { id: "1.3.101.113", scheme: S.ed448, parameters: "absent" },
  { id: "2.16.840.1.101.3.4.3.17", scheme: S.mldsa44, parameters: "absent" },
  { id: "2.16.840.1.101.3.4.3.18", scheme: S.mldsa65, parameters: "absent" },
  { id: "2.16.840.1.101.3.4.3.19", scheme: S.mldsa87, parameters: "absent" },
  { id: "1.2.156.10197.1.501", scheme: S.sm2sig_sm3, parameters: "absent" },
];

/** RSASSA-PSS in the three forms that TLS names (RFC 9846 section 4.3.3): salt as long as the digest, MGF1 of the same hash. */
const PSS = [
  {
    hash: "2.16.840.1.101.3.4.2.1",
    length: 32,
    rsae: S.rsa_pss_rsae_sha256,
    pss: S.rsa_pss_pss_sha256,
  },
  {
    hash: "2.16.840.1.101.3.4.2.2",
    length: 48,
    rsae: S.rsa_pss_rsae_sha384,
    pss: S.rsa_pss_pss_sha384,
  },
  {
    hash: "2.16.840.1.101.3.4.2.3",
    length: 64,
    rsae: S.rsa_pss_rsae_sha512,
    pss: S.rsa_pss_pss_sha512,
  },
] as const;

/** Signatures over MD2, MD5 and SHA-1, named to say why they are refused. */
const BROKEN: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.2": "md2WithRSAEncryption",
  "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
  "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
  "1.2.840.10040.4.3": "dsa-with-sha1",
  "1.2.840.10045.4.1": "ecdsa-with-SHA1",
};

const CURVE_SCHEMES: Readonly<Record<string, SignatureScheme>> = {
  "1.2.840.10045.3.1.7": S.ecdsa_secp256r1_sha256,
  "1.3.132.0.34": S.ecdsa_secp384r1_sha384,
  "1.3.132.0.35": S.ecdsa_secp521r1_sha512,
  "1.3.36.3.3.2.8.1.1.7": S.ecdsa_brainpoolP256r1tls13_sha256,
  "1.3.36.3.3.2.8.1.1.11": S.ecdsa_brainpoolP384r1tls13_sha384,
  "1.3.36.3.3.2.8.1.1.13": S.ecdsa_brainpoolP512r1tls13_sha512,
  [SM2]: S.sm2sig_sm3,
};

const NULL = der.nullValue();

/**
 * The scheme to verify a certificate's (or OCSP response's) signature with, given the issuer's key. ECDSA schemes stand
 * for their hash with any curve (`use` is `certificate`).
 *
 * @throws {TlsError} `peer/bad-certificate` for MD5 and SHA-1 (RFC 9846 section 4.5.1.3), `peer/unsupported-certificate`
 * for what is not known.
 */
export function certificateSignatureScheme(
  algorithm: AlgorithmIdentifier,
  issuerKey: SubjectPublicKeyInfo,
): SignatureScheme {
  if (Object.hasOwn(BROKEN, algorithm.id)) {
    throw new TlsError(
      "peer/bad-certificate",
      `certificate is signed with ${BROKEN[algorithm.id]}, which is broken`,
    );
  }
  const row = ALGORITHMS.find(({ id }) => id === algorithm.id);
  if (row !== undefined) {
    // RFC 4055 §5: NULL is right and absent is to be accepted. Certificates with SM2 have both.
    const lenient = row.parameters === "null" || row.scheme === S.sm2sig_sm3;
    const { parameters } = algorithm;
    if (parameters === undefined || (lenient && equalBytes(parameters, NULL))) return row.scheme;
  }
  if (algorithm.id === RSASSA_PSS) {
    const pss = PSS.find(({ hash, length }) => isPss(algorithm, hash, length));
    if (pss !== undefined) return issuerKey.algorithm.id === RSASSA_PSS ? pss.pss : pss.rsae;
  }
  throw new TlsError(
    "peer/unsupported-certificate",
    `certificate signature algorithm ${algorithm.id} or its parameters are not supported`,
  );
}

/** Whether RSASSA-PSS-params (RFC 4055 section 3.1) name `hash` twice and the salt length. */
function isPss({ parameters }: AlgorithmIdentifier, hash: string, saltLength: number): boolean {
  if (parameters === undefined) return false;
  try {
    const outer = new DerReader(parameters, "RSASSA-PSS parameters");
    const matches = outer.sequence("RSASSA-PSS-params", (s) => {
      const isHash = ({ id, parameters }: AlgorithmIdentifier) =>
        id === hash && (parameters === undefined || equalBytes(parameters, NULL));
      const first = s.constructed(0xa0, "hashAlgorithm", (t) => readAlgorithmIdentifier(t, "hash"));
      const mgf = s.constructed(
        0xa1,
        "maskGenAlgorithm",
        (t) => readAlgorithmIdentifier(t, "mask"),
      );
      const salt = s.constructed(0xa2, "saltLength", (t) => t.number("salt"));
      const trailer = s.optionalConstructed(0xa3, "trailerField", (t) => t.number("trailer")) ?? 1;
      if (mgf.id !== MGF1 || mgf.parameters === undefined) return false;
      const second = readAlgorithmIdentifier(new DerReader(mgf.parameters, "MGF1"), "hash");
      return isHash(first) && isHash(second) && salt === saltLength && trailer === 1;
    });
    outer.end();
    return matches;
  } catch (error) {
    if (error instanceof TlsError) return false;
    throw error;
  }
}

/**
 * The schemes that a key can make CertificateVerify with (RFC 9846 section 4.3.3), strongest hash last; empty for a key
 * that TLS 1.3 has no use for.
 *
 * @throws {TlsError} `peer/decode-error` if the parameters are malformed.
 */
export function signatureSchemesOfKey(key: SubjectPublicKeyInfo): readonly SignatureScheme[] {
  const { id, parameters } = key.algorithm;
  if (id === RSA_ENCRYPTION) return PSS.map(({ rsae }) => rsae);
  if (id === RSASSA_PSS) {
    // RFC 4055 §3.1: without parameters the key goes with every hash.
    return PSS.filter(({ hash, length }) =>
      parameters === undefined || isPss(key.algorithm, hash, length)
    ).map(({ pss }) => pss);
  }
  if (id === EC_PUBLIC_KEY || id === SM2) {
    if (parameters === undefined || parameters[0] !== 0x06) return [];
    const curve = new DerReader(parameters, "EC parameters").objectIdentifier("curve");
    return Object.hasOwn(CURVE_SCHEMES, curve) ? [CURVE_SCHEMES[curve]] : [];
  }
  // EdDSA and ML-DSA: one identifier for the key and for its signatures.
  const row = ALGORITHMS.find((row) => row.id === id && row.scheme !== S.sm2sig_sm3);
  const isKey = row !== undefined && row.parameters === "absent" &&
    !id.startsWith("1.2.840.10045.4");
  return isKey && parameters === undefined ? [row.scheme] : [];
}

/**
 * The DER AlgorithmIdentifier to put into a certificate that is signed with `scheme`.
 *
 * @throws {TlsError} `api/argument` for a scheme that certificates are not signed with.
 */
export function signatureAlgorithmIdentifier(scheme: SignatureScheme): Uint8Array {
  const row = ALGORITHMS.find((row) => row.scheme === scheme);
  if (row !== undefined) {
    const id = der.objectIdentifier(row.id);
    return row.parameters === "null" ? der.sequence(id, NULL) : der.sequence(id);
  }
  const pss = PSS.find(({ rsae, pss }) => rsae === scheme || pss === scheme);
  if (pss === undefined) {
    throw new TlsError(
      "api/argument",
      `scheme 0x${scheme.toString(16)} does not sign certificates`,
    );
  }
  const hash = der.sequence(der.objectIdentifier(pss.hash), NULL);
  return der.sequence(
    der.objectIdentifier(RSASSA_PSS),
    der.sequence(
      der.explicit(0, hash),
      der.explicit(1, der.sequence(der.objectIdentifier(MGF1), hash)),
      der.explicit(2, der.integer(pss.length)),
    ),
  );
}
