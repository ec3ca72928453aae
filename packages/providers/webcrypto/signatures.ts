/**
 * Signatures through `crypto.subtle`; Ed448, ML-DSA, and what the platform lacks come from noble.
 *
 * @module
 */
import { wipe } from "@sealane/wire";
import { type EcCurve, HASHES, parsePublicKey, type PublicKey } from "../key_info.ts";
import { nobleSignatures, nobleSigner, nobleVerify } from "../noble/signatures.ts";
import { platformAlgorithm } from "../platform_algorithm.ts";
import { isMlDsaKey, parsePrivateKey, plainPkcs8 } from "../private_key.ts";
import type { MaybePromise, SignatureAlgorithm, Signer } from "../provider.ts";
import { pickScheme, type SchemeInfo, SCHEMES, schemesOfKey } from "../schemes.ts";
import type { Verify } from "../signature_algorithm.ts";
import { encodeEcdsaSignature, parseEcdsaSignature } from "../signature_form.ts";
import { input, subtle } from "./subtle.ts";

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
  return await subtle.verify(scheme.use, cryptoKey, input(pair), input(data));
}

function algorithm(info: SchemeInfo, fallback: SignatureAlgorithm): SignatureAlgorithm {
  if (info.kind !== "ecdsa" && subtleScheme(info, null) === null) return fallback;
  const ask: Verify = (key, data, signature) => {
    const scheme = subtleScheme(info, key.kind === "ec" ? key.curve : null);
    return scheme !== null && verify(scheme, key, data, signature);
  };
  const reference: Verify = (key, data, signature) => nobleVerify(info, key, data, signature);
  return platformAlgorithm(info, ask, reference, { readsLate: true });
}

/** Every algorithm, most preferred first. */
export const webCryptoSignatures: readonly SignatureAlgorithm[] = nobleSignatures.map(
  (fallback) => {
    const info = SCHEMES.find(({ scheme }) => scheme === fallback.scheme);
    return info === undefined ? fallback : algorithm(info, fallback);
  },
);

/**
 * A signer for a PKCS#8 key. The public key and the checks come from noble; the platform signs, where it has the algorithm and
 * takes the key.
 */
export function webCryptoSigner(pkcs8: Uint8Array): MaybePromise<Signer> {
  const own = pkcs8.slice();
  const parsed = parsePrivateKey(own);
  const fallback = nobleSigner(own);
  if (isMlDsaKey(parsed)) {
    return fallback;
  }
  const schemes = schemesOfKey(parsed);
  const curve = parsed.kind === "ec" ? parsed.curve : null;
  const algorithms = new Map<number, SubtleScheme>();
  for (const info of schemes) {
    const scheme = subtleScheme(info, curve);
    if (scheme !== null) algorithms.set(info.scheme, scheme);
  }
  if (algorithms.size === 0) return fallback;
  const publicKey = fallback.publicKey && parsePublicKey(fallback.publicKey)?.key;
  return importSigner(plainPkcs8(parsed, publicKey), schemes, algorithms, fallback);
}

/** What the platform does not take, noble signs with: {@link Signer.implementation} says so. */
async function importSigner(
  pkcs8: Uint8Array,
  schemes: readonly SchemeInfo[],
  algorithms: ReadonlyMap<number, SubtleScheme>,
  fallback: Signer,
): Promise<Signer> {
  const keys = new Map<number, CryptoKey>();
  try {
    // An RSA CryptoKey is for one hash, so there is one for each scheme.
    for (const [scheme, { key }] of algorithms) {
      keys.set(scheme, await subtle.importKey("pkcs8", input(pkcs8), key, false, ["sign"]));
    }
  } catch {
    return fallback;
  } finally {
    wipe(pkcs8);
  }
  return Object.freeze({
    schemes: fallback.schemes,
    publicKey: fallback.publicKey,
    implementation: "platform" as const,
    async sign(scheme: number, data: Uint8Array): Promise<Uint8Array> {
      const info = pickScheme(schemes, scheme);
      const key = keys.get(scheme);
      const use = algorithms.get(scheme)?.use;
      if (key === undefined || use === undefined) return await fallback.sign(scheme, data);
      const signature = new Uint8Array(await subtle.sign(use, key, data.slice()));
      return info.kind === "ecdsa" ? encodeEcdsaSignature(signature) : signature;
    },
  });
}
