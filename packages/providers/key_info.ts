/**
 * What a public or private key is, whatever wrapping it came in: the object identifiers of key types, and strict
 * readers of SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) and its parameters.
 *
 * @module
 */
import { der, DerReader, equalBytes, fromHex, TlsError } from "@sealane/wire";

/** The NIST curves of TLS 1.3. */
export type EcCurve = "P-256" | "P-384" | "P-521";
/** The hashes of TLS 1.3 signatures. */
export type HashName = "SHA-256" | "SHA-384" | "SHA-512";
/** Edwards curves (RFC 8410). */
export type EdwardsKind = "ed25519" | "ed448";
/** ML-DSA parameter sets (RFC 9881). */
export type MlDsaKind = "mldsa44" | "mldsa65" | "mldsa87";

/** A kind of key, with what its algorithm identifier fixes. */
export type KeyKind =
  | { readonly kind: "ec"; readonly curve: EcCurve }
  | { readonly kind: "rsa" }
  | { readonly kind: "rsa-pss"; readonly hash: HashName | null }
  | { readonly kind: EdwardsKind }
  | { readonly kind: MlDsaKind };

/** A parsed public key. */
export type PublicKey = KeyKind & {
  /**
   * The key in its plainest SubjectPublicKeyInfo: as it came, but an id-RSASSA-PSS key as an rsaEncryption key, since
   * not every platform reads the former, and its parameters have been checked here.
   */
  readonly spki: Uint8Array;
  /** The content of the BIT STRING: a point, an RSAPublicKey, or a raw key. */
  readonly key: Uint8Array;
  /** RSA only: the modulus, without leading zeros. */
  readonly modulus?: Uint8Array;
  /** RSA only: the public exponent, without leading zeros. */
  readonly exponent?: Uint8Array;
};

const OID = {
  rsaEncryption: "1.2.840.113549.1.1.1",
  rsassaPss: "1.2.840.113549.1.1.10",
  mgf1: "1.2.840.113549.1.1.8",
  ecPublicKey: "1.2.840.10045.2.1",
} as const;

/** A curve: its object identifier (RFC 5480 section 2.1.1.1), bytes of a coordinate, and order (SP 800-186 section 3.2.1). */
export interface EcCurveInfo {
  /** Dotted decimal. */
  readonly oid: string;
  /** Bytes of a coordinate and of a scalar. */
  readonly bytes: number;
  /** The order of the base point. */
  readonly order: bigint;
  /** The order in the width of a scalar. */
  readonly orderBytes: Uint8Array;
}

function curve(oid: string, bytes: number, order: bigint): EcCurveInfo {
  return { oid, bytes, order, orderBytes: fromHex(order.toString(16).padStart(2 * bytes, "0")) };
}

/** The curves by name. */
export const EC_CURVES: Readonly<Record<EcCurve, EcCurveInfo>> = {
  "P-256": curve(
    "1.2.840.10045.3.1.7",
    32,
    0xffffffff_00000000_ffffffff_ffffffff_bce6faad_a7179e84_f3b9cac2_fc632551n,
  ),
  "P-384": curve(
    "1.3.132.0.34",
    48,
    0xffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_c7634d81_f4372ddf_581a0db2_48b0a77a_ecec196a_ccc52973n,
  ),
  "P-521": curve(
    "1.3.132.0.35",
    66,
    0x01ff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_ffffffff_fffffffa_51868783_bf2f966b_7fcc0148_f709a5d0_3bb5c9b8_899c47ae_bb6fb71e_91386409n,
  ),
};

/** Bytes of a digest, and the object identifier, of each hash (RFC 4055 section 2.1). */
export const HASHES: Readonly<Record<HashName, { oid: string; bytes: number }>> = {
  "SHA-256": { oid: "2.16.840.1.101.3.4.2.1", bytes: 32 },
  "SHA-384": { oid: "2.16.840.1.101.3.4.2.2", bytes: 48 },
  "SHA-512": { oid: "2.16.840.1.101.3.4.2.3", bytes: 64 },
};

/** Keys that are plain byte strings: their object identifiers (RFC 8410, RFC 9881) and lengths. */
export const RAW_KEYS: Readonly<
  Record<EdwardsKind | MlDsaKind, { oid: string; publicBytes: number; seedBytes: number }>
> = {
  ed25519: { oid: "1.3.101.112", publicBytes: 32, seedBytes: 32 },
  ed448: { oid: "1.3.101.113", publicBytes: 57, seedBytes: 57 },
  mldsa44: { oid: "2.16.840.1.101.3.4.3.17", publicBytes: 1312, seedBytes: 32 },
  mldsa65: { oid: "2.16.840.1.101.3.4.3.18", publicBytes: 1952, seedBytes: 32 },
  mldsa87: { oid: "2.16.840.1.101.3.4.3.19", publicBytes: 2592, seedBytes: 32 },
};

function keyOf<K extends string>(
  table: Readonly<Record<K, { oid: string }>>,
  oid: string,
): K | null {
  // The keys of a table literal are its type's; Object.keys forgets that.
  for (const name of Object.keys(table) as K[]) if (table[name].oid === oid) return name;
  return null;
}

/** RSASSA-PSS-params (RFC 4055 section 3.1) of a key; only what TLS can use: MGF1 of the same hash, salt as long as it. */
function readPssParameters(reader: DerReader): HashName {
  return reader.sequence("RSASSA-PSS-params", (params) => {
    const hashIdentifier = (explicit: DerReader): HashName =>
      explicit.sequence("hash", (identifier) => {
        const oid = identifier.objectIdentifier("hash");
        if (identifier.remaining > 0) identifier.null("hash parameters");
        return keyOf(HASHES, oid) ?? identifier.fail(`the hash ${oid} is not for TLS`);
      });
    const hash = params.constructed(0xa0, "hashAlgorithm", hashIdentifier);
    const maskHash = params.constructed(
      0xa1,
      "maskGenAlgorithm",
      (explicit) =>
        explicit.sequence("MGF", (identifier) => {
          if (identifier.objectIdentifier("MGF") !== OID.mgf1) {
            identifier.fail("the MGF is not MGF1");
          }
          return hashIdentifier(identifier);
        }),
    );
    const saltLength = params.constructed(
      0xa2,
      "saltLength",
      (explicit) => explicit.number("salt"),
    );
    params.optionalConstructed(0xa3, "trailerField", (explicit) => {
      if (explicit.number("trailer") !== 1) explicit.fail("the trailer field is not 1");
    });
    // RFC 9846 §4.3.3: MGF1 with the same hash, and a salt of its length.
    if (maskHash !== hash || saltLength !== HASHES[hash].bytes) {
      params.fail("the parameters fit no scheme of TLS");
    }
    return hash;
  });
}

/** Reads an AlgorithmIdentifier of a key. */
export function readKeyAlgorithm(reader: DerReader): KeyKind {
  return reader.sequence("algorithm", (identifier): KeyKind => {
    const oid = identifier.objectIdentifier("algorithm");
    if (oid === OID.ecPublicKey) {
      const curveOid = identifier.objectIdentifier("namedCurve");
      const curve = keyOf(EC_CURVES, curveOid) ?? identifier.fail(`unknown curve ${curveOid}`);
      return { kind: "ec", curve };
    }
    if (oid === OID.rsaEncryption) {
      // RFC 4055 §1.2: the parameters are NULL.
      identifier.null("parameters");
      return { kind: "rsa" };
    }
    if (oid === OID.rsassaPss) {
      return {
        kind: "rsa-pss",
        hash: identifier.remaining > 0 ? readPssParameters(identifier) : null,
      };
    }
    // RFC 8410 §3, RFC 9881 §2: no parameters; what is left is refused by the sequence.
    return { kind: keyOf(RAW_KEYS, oid) ?? identifier.fail(`unknown key type ${oid}`) };
  });
}

/** The AlgorithmIdentifier of a key, for keys whose parameters are absent or fixed. */
export function encodeKeyAlgorithm(key: Exclude<KeyKind, { kind: "rsa-pss" }>): Uint8Array {
  if (key.kind === "ec") {
    const curve = der.objectIdentifier(EC_CURVES[key.curve].oid);
    return der.sequence(der.objectIdentifier(OID.ecPublicKey), curve);
  }
  if (key.kind === "rsa") {
    return der.sequence(der.objectIdentifier(OID.rsaEncryption), der.nullValue());
  }
  return der.sequence(der.objectIdentifier(RAW_KEYS[key.kind].oid));
}

/** A SubjectPublicKeyInfo. */
export function encodeSpki(
  algorithm: Exclude<KeyKind, { kind: "rsa-pss" }>,
  key: Uint8Array,
): Uint8Array {
  return der.sequence(encodeKeyAlgorithm(algorithm), der.bitString(key));
}

/** An id-RSASSA-PSS SubjectPublicKeyInfo, its parameters as `hash` says. */
export function encodePssSpki(hash: HashName | null, key: Uint8Array): Uint8Array {
  const identifier = hash === null ? [] : [encodePssParameters(hash)];
  const algorithm = der.sequence(der.objectIdentifier(OID.rsassaPss), ...identifier);
  return der.sequence(algorithm, der.bitString(key));
}

function encodePssParameters(hash: HashName): Uint8Array {
  const { oid, bytes } = HASHES[hash];
  const identifier = der.sequence(der.objectIdentifier(oid), der.nullValue());
  return der.sequence(
    der.explicit(0, identifier),
    der.explicit(1, der.sequence(der.objectIdentifier(OID.mgf1), identifier)),
    der.explicit(2, der.integer(bytes)),
  );
}

function readPublicKey(spki: Uint8Array): PublicKey {
  const reader = new DerReader(spki, "SubjectPublicKeyInfo");
  const [algorithm, key] = reader.sequence(
    "SubjectPublicKeyInfo",
    (info) => [readKeyAlgorithm(info), info.bitStringBytes("subjectPublicKey")] as const,
  );
  reader.end();
  if (algorithm.kind === "ec") {
    const { bytes } = EC_CURVES[algorithm.curve];
    // RFC 5480 §2.2: 0x04 marks the uncompressed form, the only one that TLS uses.
    if (key.length !== 1 + 2 * bytes || key[0] !== 4) reader.fail("not an uncompressed point");
    return { ...algorithm, spki, key };
  }
  if (algorithm.kind === "rsa" || algorithm.kind === "rsa-pss") {
    const rsa = readRsaPublicKey(key);
    return {
      ...algorithm,
      ...rsa,
      spki: algorithm.kind === "rsa" ? spki : encodeSpki({ kind: "rsa" }, key),
      key,
    };
  }
  if (key.length !== RAW_KEYS[algorithm.kind].publicBytes) reader.fail("the key's length is wrong");
  return { ...algorithm, spki, key };
}

/** RSAPublicKey (RFC 8017 appendix A.1.1). */
function readRsaPublicKey(bytes: Uint8Array): { modulus: Uint8Array; exponent: Uint8Array } {
  const reader = new DerReader(bytes, "RSAPublicKey");
  const rsa = reader.sequence("RSAPublicKey", (key) => ({
    modulus: key.unsigned("modulus"),
    exponent: key.unsigned("publicExponent"),
  }));
  reader.end();
  checkRsaPublicKey(rsa.modulus, rsa.exponent, reader);
  return rsa;
}

/** Refuses numbers that cannot be those of an RSA key: an even modulus, an even exponent, 1. */
export function checkRsaPublicKey(
  modulus: Uint8Array,
  exponent: Uint8Array,
  reader: DerReader,
): void {
  const isOdd = (magnitude: Uint8Array) => (magnitude[magnitude.length - 1] & 1) === 1;
  if (!isOdd(modulus) || !isOdd(exponent) || equalBytes(exponent, Uint8Array.of(1))) {
    reader.fail("the modulus or the exponent cannot be one of RSA");
  }
}

/** A parsed SubjectPublicKeyInfo, or `null` if it is malformed or of a kind that TLS does not use. */
export function parsePublicKey(spki: Uint8Array): PublicKey | null {
  try {
    return readPublicKey(spki);
  } catch (error) {
    if (error instanceof TlsError) return null;
    throw error;
  }
}

/** Bits of a magnitude without leading zeros. */
export function bitLength(magnitude: Uint8Array): number {
  return 8 * magnitude.length - Math.clz32(magnitude[0]) + 24;
}
