/**
 * Signatures through `crypto.subtle`; Ed448, ML-DSA, and what the platform lacks come from noble.
 *
 * @module
 */
import { TlsError } from "@sealane/wire";
import { type EcCurve, encodeKeyAlgorithm, HASHES, type PublicKey } from "../key_info.ts";
import { nobleSignatures, nobleSigner } from "../noble/signatures.ts";
import { encodePkcs8, parsePrivateKey, type PrivateKey } from "../private_key.ts";
import type { MaybePromise, SignatureAlgorithm, Signer } from "../provider.ts";
import {
  encodeEcdsaSignature,
  parseEcdsaSignature,
  pickScheme,
  type SchemeInfo,
  SCHEMES,
  schemesOfKey,
  signatureAlgorithm,
} from "../schemes.ts";
import { input, isUnsupported, orElse, subtle } from "./subtle.ts";

/** How `crypto.subtle` is told a scheme: for the import of a key, and for its use. */
interface SubtleScheme {
  readonly key: RsaHashedImportParams | EcKeyImportParams | { name: "Ed25519" };
  readonly use: RsaPssParams | EcdsaParams | { name: string };
}

function subtleScheme(info: SchemeInfo, curve: EcCurve | null): SubtleScheme | null {
  switch (info.kind) {
    case "ecdsa":
      return curve && {
        key: { name: "ECDSA", namedCurve: curve },
        use: { name: "ECDSA", hash: info.hash },
      };
    case "rsa-pkcs1":
      return {
        key: { name: "RSASSA-PKCS1-v1_5", hash: info.hash },
        use: { name: "RSASSA-PKCS1-v1_5" },
      };
    case "rsa-pss-rsae":
    case "rsa-pss-pss":
      return {
        key: { name: "RSA-PSS", hash: info.hash },
        use: { name: "RSA-PSS", saltLength: HASHES[info.hash].bytes },
      };
    case "ed25519":
      return { key: { name: "Ed25519" }, use: { name: "Ed25519" } };
    default:
      return null;
  }
}

async function verify(
  scheme: SubtleScheme,
  key: PublicKey,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const pair = key.kind === "ec" ? parseEcdsaSignature(signature, key.curve) : signature;
  if (pair === null) return false;
  const cryptoKey = await subtle.importKey("spki", input(key.spki), scheme.key, false, ["verify"]);
  return subtle.verify(scheme.use, cryptoKey, input(pair), input(data));
}

function algorithm(info: SchemeInfo, fallback: SignatureAlgorithm): SignatureAlgorithm {
  if (info.kind !== "ecdsa" && subtleScheme(info, null) === null) return fallback;
  return signatureAlgorithm(info, (key, data, signature) => {
    const scheme = subtleScheme(info, key.kind === "ec" ? key.curve : null);
    if (scheme === null) return false;
    // The key has passed for this scheme, and noble looks at the scheme of certificates with any curve.
    const again = () => fallback.verify(key.spki, data, signature, "certificate");
    return orElse(() => verify(scheme, key, data, signature), again);
  });
}

/** Every algorithm, most preferred first. */
export const webCryptoSignatures: readonly SignatureAlgorithm[] = nobleSignatures.map(
  (fallback) => {
    const info = SCHEMES.find(({ scheme }) => scheme === fallback.scheme);
    return info === undefined ? fallback : algorithm(info, fallback);
  },
);

/** A signer for a PKCS#8 key. The public key and the checks come from noble; the platform signs. */
export function webCryptoSigner(pkcs8: Uint8Array): MaybePromise<Signer> {
  const own = pkcs8.slice();
  const parsed = parsePrivateKey(own);
  const fallback = nobleSigner(own);
  const schemes = schemesOfKey(parsed);
  const curve = parsed.kind === "ec" ? parsed.curve : null;
  const algorithms = new Map<number, SubtleScheme>();
  for (const info of schemes) {
    const scheme = subtleScheme(info, curve);
    if (scheme !== null) algorithms.set(info.scheme, scheme);
  }
  return algorithms.size === 0
    ? fallback
    : importSigner(parsed, own, schemes, algorithms, fallback);
}

async function importSigner(
  parsed: PrivateKey,
  pkcs8: Uint8Array,
  schemes: readonly SchemeInfo[],
  algorithms: ReadonlyMap<number, SubtleScheme>,
  fallback: Signer,
): Promise<Signer> {
  // Platforms do not read id-RSASSA-PSS keys: their numbers come as an rsaEncryption key.
  const document = parsed.kind === "rsa-pss"
    ? encodePkcs8(encodeKeyAlgorithm({ kind: "rsa" }), parsed.pkcs1)
    : pkcs8;
  const keys = new Map<number, CryptoKey>();
  try {
    // An RSA CryptoKey is for one hash, so there is one for each scheme.
    for (const [scheme, { key }] of algorithms) {
      keys.set(scheme, await subtle.importKey("pkcs8", input(document), key, false, ["sign"]));
    }
  } catch (error) {
    if (isUnsupported(error)) return fallback;
    throw new TlsError("api/config", `the private key of type ${parsed.kind} is malformed`, {
      cause: error,
    });
  }
  return Object.freeze({
    schemes: fallback.schemes,
    publicKey: fallback.publicKey,
    async sign(scheme: number, data: Uint8Array): Promise<Uint8Array> {
      const info = pickScheme(schemes, scheme);
      const key = keys.get(scheme);
      const use = algorithms.get(scheme)?.use;
      if (key === undefined || use === undefined) return await fallback.sign(scheme, data);
      const copy = data.slice();
      const run = async () => new Uint8Array(await subtle.sign(use, key, copy));
      const toTls = (signature: Uint8Array) =>
        info.kind === "ecdsa" ? encodeEcdsaSignature(signature) : signature;
      return await orElse(async () => toTls(await run()), () => fallback.sign(scheme, copy));
    },
  });
}
