/**
 * Signatures through `node:crypto`; ML-DSA from noble.
 *
 * @module
 */
import type { KeyObject } from "node:crypto";
import { TlsError, wipe } from "@sealane/wire";
import {
  bitLength,
  encodeKeyAlgorithm,
  HASHES,
  parsePublicKey,
  type PublicKey,
} from "../key_info.ts";
import { mlDsaAlgorithms, mlDsaSigner } from "../ml_dsa.ts";
import { nobleVerify } from "../noble/signatures.ts";
import type { P256 } from "../p256/kernel.ts";
import { platformAlgorithm } from "../platform_algorithm.ts";
import {
  encodePkcs8,
  isMlDsaKey,
  parsePrivateKey,
  plainPkcs8,
  type PrivateKey,
  requireOwnPublicKey,
  spkiOf,
} from "../private_key.ts";
import type { SignatureAlgorithm, Signer } from "../provider.ts";
import { pickScheme, type SchemeInfo, SCHEMES, schemesOfKey } from "../schemes.ts";
import type { Verify } from "../signature_algorithm.ts";
import { nodeHashName } from "./hash.ts";
import { KeyCache } from "./key_cache.ts";
import { p256Signer, p256Verify } from "./p256_signatures.ts";
import { type NodeCrypto, plain } from "./platform.ts";

/** How `node:crypto` is told a scheme, for `sign` and `verify` alike. */
interface NodeScheme {
  readonly hash: string | null;
  readonly padding?: number;
  readonly saltLength?: number;
}

function nodeScheme(crypto: NodeCrypto, info: SchemeInfo): NodeScheme | null {
  const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING } = crypto.constants;
  switch (info.kind) {
    case "ecdsa":
      return { hash: nodeHashName(info.hash) };
    case "rsa-pkcs1":
      return { hash: nodeHashName(info.hash), padding: RSA_PKCS1_PADDING };
    case "rsa-pss-rsae":
    case "rsa-pss-pss":
      // RFC 9846 §4.3.3: a salt as long as the digest; MGF1 takes the same hash by default.
      return {
        hash: nodeHashName(info.hash),
        padding: RSA_PKCS1_PSS_PADDING,
        saltLength: HASHES[info.hash].bytes,
      };
    case "ed25519":
    case "ed448":
      return { hash: null };
    default:
      return null;
  }
}

/** Some TLS libraries have no Ed448. */
function isSupported(crypto: NodeCrypto, info: SchemeInfo): boolean {
  if (info.kind !== "ed448") return true;
  try {
    const seed = new Uint8Array(59).fill(7);
    seed.set([0x04, 57]);
    importPkcs8(crypto, encodePkcs8(encodeKeyAlgorithm({ kind: "ed448" }), seed));
    return true;
  } catch {
    return false;
  }
}

function importSpki(crypto: NodeCrypto, spki: Uint8Array): KeyObject {
  // The types want a Buffer; the platforms take any Uint8Array.
  return crypto.createPublicKey({ key: spki as Uint8Array & string, format: "der", type: "spki" });
}

function importPkcs8(crypto: NodeCrypto, pkcs8: Uint8Array): KeyObject {
  // As above.
  return crypto.createPrivateKey({
    key: pkcs8 as Uint8Array & string,
    format: "der",
    type: "pkcs8",
  });
}

/** The algorithms that the platform has, and ML-DSA. */
export function nativeSignatures(crypto: NodeCrypto, p256: P256 | null): SignatureAlgorithm[] {
  const algorithms: SignatureAlgorithm[] = [];
  const keys = new KeyCache();
  const importKey = ({ spki }: PublicKey) => keys.get(spki, (bytes) => importSpki(crypto, bytes));
  for (const info of SCHEMES) {
    const options = nodeScheme(crypto, info);
    if (options === null) {
      algorithms.push(...mlDsaAlgorithms.filter(({ scheme }) => scheme === info.scheme));
    } else if (isSupported(crypto, info)) {
      const { hash, ...rest } = options;
      const byPlatform: Verify = (key, data, signature) =>
        crypto.verify(hash, data, { key: importKey(key), ...rest }, signature);
      const verify = info.kind === "ecdsa" && p256 !== null
        ? p256Verify(crypto, p256, info, byPlatform)
        : byPlatform;
      const reference: Verify = (key, data, signature) => nobleVerify(info, key, data, signature);
      algorithms.push(platformAlgorithm(info, verify, reference));
    }
  }
  return algorithms;
}

/** A signer for a PKCS#8 key; P-256 by the kernel, if there is one. */
export function nativeSigner(crypto: NodeCrypto, p256: P256 | null, pkcs8: Uint8Array): Signer {
  const parsed = parsePrivateKey(pkcs8);
  if (p256 !== null && parsed.kind === "ec" && parsed.curve === "P-256") {
    return p256Signer(crypto, p256, parsed);
  }
  if (isMlDsaKey(parsed)) {
    return mlDsaSigner(parsed);
  }
  const document = plainPkcs8(parsed);
  let key: KeyObject;
  let spki: Uint8Array;
  try {
    key = importPkcs8(crypto, document);
    spki = plain(crypto.createPublicKey(key).export({ format: "der", type: "spki" }));
  } catch (cause) {
    throw new TlsError("api/config", `this platform has no use for the private ${nameOf(parsed)}`, {
      cause,
    });
  } finally {
    wipe(document);
  }
  const publicKey = parsePublicKey(spki)?.key;
  if (publicKey === undefined) {
    throw new TlsError(
      "api/config",
      `the platform gives no public key of the private ${nameOf(parsed)}`,
    );
  }
  requireOwnPublicKey(parsed, publicKey);
  const schemes = schemesOfKey(parsed);
  return Object.freeze({
    schemes: schemes.map(({ scheme }) => scheme),
    publicKey: spkiOf(parsed, publicKey),
    implementation: "platform" as const,
    sign(scheme: number, data: Uint8Array): Uint8Array {
      const { hash = null, ...rest } = nodeScheme(crypto, pickScheme(schemes, scheme)) ?? {};
      return plain(crypto.sign(hash, data, { key, ...rest }));
    },
  });
}

/** A key in words, for messages. */
function nameOf(key: PrivateKey): string {
  if (key.kind === "ec") return `${key.curve} key`;
  return key.kind === "rsa" || key.kind === "rsa-pss"
    ? `RSA key of ${bitLength(key.modulus)} bits`
    : `${key.kind} key`;
}
