/**
 * The names that OpenSSL and Node have for cipher suites, groups and signature schemes.
 *
 * @module
 */
import type { CryptoProvider } from "@sealane/providers";
import { CipherSuiteId, NamedGroup, SignatureScheme, TlsError } from "@sealane/wire";
import { argumentValueError, nodeError } from "./node_error.ts";

/** What OpenSSL calls groups, where that is not their name in the registry. */
const GROUP_NAMES: Readonly<Record<string, NamedGroup>> = {
  "prime256v1": NamedGroup.secp256r1,
  "P-256": NamedGroup.secp256r1,
  "P-384": NamedGroup.secp384r1,
  "P-521": NamedGroup.secp521r1,
  "X25519": NamedGroup.x25519,
  "X448": NamedGroup.x448,
};

/** Curves that OpenSSL has and TLS 1.3 has not: they are passed over, as they are for a connection over TLS 1.3 there. */
const OLDER_GROUPS: ReadonlySet<string> = new Set([
  "secp256k1",
  "secp224r1",
  "prime192v1",
  "secp192k1",
  "secp224k1",
  "brainpoolP256r1",
  "brainpoolP384r1",
  "brainpoolP512r1",
  "sect163k1",
  "sect233k1",
  "sect233r1",
  "sect283k1",
  "sect283r1",
  "sect409k1",
  "sect409r1",
  "sect571k1",
  "sect571r1",
]);

/**
 * The cipher suites of the option `ciphers` that TLS 1.3 has, in its order; `undefined` where it names none: all of the
 * provider then. Names of older versions are passed over.
 *
 * @throws {TlsError} `api/config` if a name of TLS 1.3 is unknown, or the provider has none of those named.
 */
export function cipherSuitesOf(
  ciphers: string | undefined,
  provider: CryptoProvider,
): readonly CipherSuiteId[] | undefined {
  if (ciphers === undefined) return undefined;
  const names = ciphers.split(/[:, ]|(?=@)/).filter((name) => name !== "");
  if (names.length === 0) throw argumentValueError("options.ciphers", ciphers.split(":"));
  const older = names.filter((name) => !name.startsWith("TLS_") && !name.startsWith("!TLS_"));
  const modern = names.filter((name) => name.startsWith("TLS_"));
  const ids = modern.map((name) => {
    if (Object.hasOwn(CipherSuiteId, name)) {
      // The registry has this name, as the line above has seen.
      return CipherSuiteId[name as keyof typeof CipherSuiteId];
    }
    throw nodeError("ERR_SSL_NO_CIPHER_MATCH", `SSL routines::no cipher match: ${name}`);
  });
  if (ids.length === 0) {
    if (older.some(isOlderCipher)) return undefined;
    throw nodeError("ERR_SSL_NO_CIPHER_MATCH", `SSL routines::no cipher match: ${ciphers}`);
  }
  const possible = ids.filter((id) => provider.cipherSuites.some((suite) => suite.id === id));
  if (possible.length > 0) return possible;
  throw new TlsError("api/config", `the provider ${provider.name} has none of ${modern.join(":")}`);
}

/**
 * The groups of the option `ecdhCurve`; `undefined` for `auto`, and where the provider has none of a list that names only
 * groups of older versions.
 *
 * @throws an error with Node's words for a name that nobody knows.
 */
export function groupsOf(
  curves: string | undefined,
  provider: CryptoProvider,
): readonly NamedGroup[] | undefined {
  if (curves === undefined || curves === "auto") return undefined;
  const registry: Readonly<Record<string, NamedGroup>> = { ...NamedGroup, ...GROUP_NAMES };
  const ids = curves.split(":").flatMap((name) => {
    if (Object.hasOwn(registry, name)) return [registry[name]];
    if (OLDER_GROUPS.has(name)) return [];
    throw nodeError("ERR_CRYPTO_OPERATION_FAILED", `Failed to set ECDH curve: ${name}`);
  }).filter((id) => provider.groups.some((group) => group.id === id));
  if (ids.length > 0) return ids;
  throw new TlsError("api/config", `ecdhCurve ${curves} names no group of TLS 1.3`);
}

/** Words of OpenSSL's cipher lists (openssl-ciphers(1)): all of them are about versions before TLS 1.3. */
const CIPHER_WORDS: ReadonlySet<string> = new Set([
  ..."ALL COMPLEMENTOFALL DEFAULT COMPLEMENTOFDEFAULT HIGH MEDIUM LOW NULL aNULL eNULL".split(" "),
  ..."kRSA aRSA RSA kDHE kEDH DHE EDH ADH kECDHE kEECDH ECDHE EECDH AECDH aDSS DSS".split(" "),
  ..."aECDSA ECDSA AES AES128 AES256 AESGCM AESCCM AESCCM8 ARIA ARIA128 ARIA256".split(" "),
  ..."CAMELLIA CAMELLIA128 CAMELLIA256 CHACHA20 3DES DES RC2 RC4 IDEA SEED MD5".split(" "),
  ..."SHA SHA1 SHA256 SHA384 PSK kPSK aPSK kECDHEPSK kDHEPSK kRSAPSK SRP kSRP aSRP".split(" "),
  ..."EXP EXPORT EXPORT40 EXPORT56 SSLv3 TLSv1 TLSv1.0 TLSv1.2 CBC GOST".split(" "),
  ..."SUITEB128 SUITEB128ONLY SUITEB192".split(" "),
]);

/** Whether a name of a cipher list is one that OpenSSL knows: a word, words with `+` between them, or a cipher suite. */
function isOlderCipher(name: string): boolean {
  if (name.startsWith("@")) return true;
  const plain = name.replace(/^[!+-]/, "");
  if (plain.split("+").every((word) => CIPHER_WORDS.has(word))) return true;
  // Cipher suites of TLS 1.2 are in capital letters: ECDHE-RSA-AES128-GCM-SHA256.
  return /^[A-Z0-9]+(-[A-Z0-9]+)+$/.test(plain);
}

/** OpenSSL's names of signature schemes, in pairs of algorithm and hash. */
const SCHEME_NAMES: readonly (readonly [string, SignatureScheme])[] = [
  ["RSA-PSS+SHA256", SignatureScheme.rsa_pss_rsae_sha256],
  ["RSA-PSS+SHA384", SignatureScheme.rsa_pss_rsae_sha384],
  ["RSA-PSS+SHA512", SignatureScheme.rsa_pss_rsae_sha512],
  ["ECDSA+SHA256", SignatureScheme.ecdsa_secp256r1_sha256],
  ["ECDSA+SHA384", SignatureScheme.ecdsa_secp384r1_sha384],
  ["ECDSA+SHA512", SignatureScheme.ecdsa_secp521r1_sha512],
  ["RSA+SHA256", SignatureScheme.rsa_pkcs1_sha256],
  ["RSA+SHA384", SignatureScheme.rsa_pkcs1_sha384],
  ["RSA+SHA512", SignatureScheme.rsa_pkcs1_sha512],
  ["Ed25519+SHA512", SignatureScheme.ed25519],
  ["ed25519", SignatureScheme.ed25519],
  ["ed448", SignatureScheme.ed448],
];

/** The signature schemes of the option `sigalgs`. */
export interface SchemeChoice {
  /** For CertificateVerify. */
  readonly signatureSchemes: readonly SignatureScheme[];
  /** For certificates, where there are more: PKCS#1 signatures, which CertificateVerify does not have. */
  readonly certificateSignatureSchemes: readonly SignatureScheme[];
}

/**
 * The signature schemes of the option `sigalgs`.
 *
 * @throws {TlsError} `api/config` for a name that nobody knows, or if none of them can make CertificateVerify.
 */
export function schemesOf(sigalgs: string): SchemeChoice {
  const all = sigalgs.split(":").flatMap((name) => {
    const named = SCHEME_NAMES.filter(([known]) => known.toLowerCase() === name.toLowerCase());
    if (named.length > 0) return named.map(([, scheme]) => scheme);
    if (Object.hasOwn(SignatureScheme, name)) {
      // The registry has this name, as the line above has seen.
      return [SignatureScheme[name as keyof typeof SignatureScheme]];
    }
    throw new TlsError("api/config", `sigalgs names ${name}, which is no signature scheme`);
  });
  // RFC 9846 §4.3.3: PKCS#1 signatures are for certificates only.
  const signatureSchemes = all.filter((scheme) => (scheme & 0xff) !== 0x01);
  if (signatureSchemes.length === 0) {
    throw new TlsError("api/config", `sigalgs ${sigalgs} has nothing that TLS 1.3 signs with`);
  }
  return { signatureSchemes, certificateSignatureSchemes: all };
}

/** What OpenSSL calls a scheme, for `getSharedSigalgs()`. */
export function schemeName(scheme: SignatureScheme): string {
  const found = SCHEME_NAMES.find(([, id]) => id === scheme);
  return found?.[0] ?? `0x${scheme.toString(16).padStart(4, "0")}`;
}

/** OpenSSL's name and kind of a group, for `getEphemeralKeyInfo()`. */
export function ephemeralKey(group: NamedGroup): { type: string; name?: string; size?: number } {
  switch (group) {
    case NamedGroup.secp256r1:
      return { type: "ECDH", name: "prime256v1", size: 256 };
    case NamedGroup.secp384r1:
      return { type: "ECDH", name: "secp384r1", size: 384 };
    case NamedGroup.secp521r1:
      return { type: "ECDH", name: "secp521r1", size: 521 };
    case NamedGroup.x25519:
      return { type: "ECDH", name: "X25519", size: 253 };
    case NamedGroup.x448:
      return { type: "ECDH", name: "X448", size: 448 };
    default: {
      const name = Object.entries(NamedGroup).find(([, id]) => id === group)?.[0];
      return { type: "KEM", ...(name !== undefined && { name }) };
    }
  }
}
