/**
 * Key pairs for tests and local development; exported by `authority.ts`.
 *
 * @module
 */
import type { CryptoProvider } from "@sealane/providers";
import { der, SignatureScheme, TlsError } from "@sealane/wire";

/** A key pair. */
export interface TestKey {
  /** PKCS#8 DER. */
  readonly privateKey: Uint8Array;
  /** SubjectPublicKeyInfo DER. */
  readonly publicKey: Uint8Array;
}

/** A kind of key that {@link generateTestKey} can make. */
export type TestKeyAlgorithm =
  | "ecdsa-p256"
  | "ecdsa-p384"
  | "ecdsa-p521"
  | "ed25519"
  | "rsa-2048"
  | "rsa-3072"
  | "rsa-4096"
  | "ed448"
  | "mldsa44"
  | "mldsa65"
  | "mldsa87"
  | "sm2";

const rsa = (modulusLength: number): RsaHashedKeyGenParams => ({
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength,
  publicExponent: Uint8Array.of(1, 0, 1),
});

/** What WebCrypto makes everywhere. */
const WEB_CRYPTO: Partial<
  Readonly<Record<TestKeyAlgorithm, EcKeyGenParams | RsaHashedKeyGenParams>>
> = {
  "ecdsa-p256": { name: "ECDSA", namedCurve: "P-256" },
  "ecdsa-p384": { name: "ECDSA", namedCurve: "P-384" },
  "ecdsa-p521": { name: "ECDSA", namedCurve: "P-521" },
  "ed25519": { name: "Ed25519", namedCurve: "" },
  "rsa-2048": rsa(2048),
  "rsa-3072": rsa(3072),
  "rsa-4096": rsa(4096),
};

/** What else there is: the key is random bytes, and the provider says the public key that belongs to them. */
const RAW: Partial<Readonly<Record<TestKeyAlgorithm, () => Uint8Array>>> = {
  // RFC 8410 §7.
  "ed448": () => rawKey("1.3.101.113", der.octetString(random(57))),
  // RFC 9881 §6: the seed.
  "mldsa44": () => rawKey("2.16.840.1.101.3.4.3.17", der.implicit(0, random(32))),
  "mldsa65": () => rawKey("2.16.840.1.101.3.4.3.18", der.implicit(0, random(32))),
  "mldsa87": () => rawKey("2.16.840.1.101.3.4.3.19", der.implicit(0, random(32))),
  "sm2": () => {
    const scalar = random(32);
    // Below the order of the curve, which begins with 0xff.
    scalar[0] &= 0x7f;
    const key = der.sequence(der.integer(1), der.octetString(scalar));
    const curve = der.objectIdentifier("1.2.156.10197.1.301");
    const algorithm = der.sequence(der.objectIdentifier("1.2.840.10045.2.1"), curve);
    return der.sequence(der.integer(0), algorithm, der.octetString(key));
  },
};

function random(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

function rawKey(id: string, content: Uint8Array): Uint8Array {
  const algorithm = der.sequence(der.objectIdentifier(id));
  return der.sequence(der.integer(0), algorithm, der.octetString(content));
}

/** The algorithm for a provider where nobody says one. */
function defaultAlgorithm(provider?: CryptoProvider): TestKeyAlgorithm {
  const has = (scheme: SignatureScheme) =>
    provider?.signatures.some((each) => each.scheme === scheme) ?? true;
  const onlySm2 = !has(SignatureScheme.ecdsa_secp256r1_sha256) && has(SignatureScheme.sm2sig_sm3);
  return onlySm2 ? "sm2" : "ecdsa-p256";
}

/**
 * Makes a key pair: with WebCrypto, or for `ed448`, `mldsa44` to `mldsa87` and `sm2` with a provider that has them.
 *
 * @throws {TlsError} `api/config` if the provider is missing or does not have the algorithm.
 */
export async function generateTestKey(
  algorithm?: TestKeyAlgorithm,
  provider?: CryptoProvider,
): Promise<TestKey> {
  const chosen = algorithm ?? defaultAlgorithm(provider);
  const parameters = WEB_CRYPTO[chosen];
  if (parameters === undefined) return await generateRawKey(chosen, provider);
  const pair = await crypto.subtle.generateKey(parameters, true, ["sign", "verify"]);
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.exportKey("pkcs8", pair.privateKey),
    crypto.subtle.exportKey("spki", pair.publicKey),
  ]);
  return { privateKey: new Uint8Array(privateKey), publicKey: new Uint8Array(publicKey) };
}

async function generateRawKey(
  algorithm: TestKeyAlgorithm,
  provider?: CryptoProvider,
): Promise<TestKey> {
  const make = RAW[algorithm];
  if (make === undefined || provider === undefined) {
    throw new TlsError("api/config", `a key of the kind ${algorithm} needs a provider that has it`);
  }
  const privateKey = make();
  const { publicKey } = await provider.importPrivateKey(privateKey.slice());
  if (publicKey === undefined) {
    throw new TlsError("api/config", `the provider ${provider.name} does not say its public keys`);
  }
  return { privateKey, publicKey };
}
