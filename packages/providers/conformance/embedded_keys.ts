/**
 * The kit's private keys with something beside them: a public key, in the right place or not, their own or not; attributes.
 *
 * @module
 */
import { concat, contextTag, der, fromHex } from "@sealane/wire";
import { encodeKeyAlgorithm } from "../key_info.ts";
import type { Signer } from "../provider.ts";
import { encodePkcs8, parsePrivateKey } from "../private_key.ts";
import { check, checkBytes, flipped } from "./check.ts";
import { KEYS } from "./signature_vectors.ts";

type Curve = "P-256" | "P-384" | "P-521";
type EcName = "p256" | "p384" | "p521";

const EC: readonly (readonly [EcName, Curve])[] = [
  ["p256", "P-256"],
  ["p384", "P-384"],
  ["p521", "P-521"],
];

/** The key of a SubjectPublicKeyInfo, of these kinds: what stands in its BIT STRING. */
function publicKeyOf(name: keyof typeof KEYS, length: number): Uint8Array {
  return fromHex(KEYS[name].spki).slice(-length);
}

/** RFC 5958 section 2: version 2, with attributes and a public key. */
function version2(
  algorithm: Uint8Array,
  privateKey: Uint8Array,
  publicKey: Uint8Array,
): Uint8Array {
  const bits = concat([Uint8Array.of(0), publicKey]);
  return der.sequence(
    der.integer(1),
    algorithm,
    der.octetString(privateKey),
    der.element(contextTag(1, "primitive"), bits),
  );
}

function withAttributes(algorithm: Uint8Array, privateKey: Uint8Array): Uint8Array {
  // RFC 2985 section 5.4.1: friendlyName of PKCS #9, empty.
  const friendlyName = der.sequence(
    der.objectIdentifier("1.2.840.113549.1.9.20"),
    der.element(0x31, der.element(0x1e)),
  );
  const attributes = der.element(contextTag(0, "constructed"), friendlyName);
  return der.sequence(der.integer(0), algorithm, der.octetString(privateKey), attributes);
}

/** A document and whether it is good. */
export interface EmbeddedCase {
  /** What stands beside the private key. */
  readonly what: string;
  /** The document. */
  readonly pkcs8: Uint8Array;
  /** Whether it is good. */
  readonly good: boolean;
  /** The SubjectPublicKeyInfo. */
  readonly spki: string;
}

function ecCases(name: EcName, curve: Curve): EmbeddedCase[] {
  const { pkcs8, spki } = KEYS[name];
  const parsed = parsePrivateKey(fromHex(pkcs8));
  if (parsed.kind !== "ec") return [];
  const { scalar } = parsed;
  const width = scalar.length;
  const own = publicKeyOf(name, 1 + 2 * width);
  const compressed = own.slice(0, 1 + width);
  compressed[0] = 2 + (own[2 * width] & 1);
  const negative = compressed.slice();
  negative[0] ^= 1;
  const hybrid = own.slice();
  hybrid[0] = 6 + (own[2 * width] & 1);
  // The point of another scalar: it is on the curve.
  const other = fromHex(OTHER_POINTS[curve]);
  const algorithm = encodeKeyAlgorithm({ kind: "ec", curve });
  const inner = (...more: Uint8Array[]) =>
    der.sequence(der.integer(1), der.octetString(scalar), ...more);
  const inside = (point: Uint8Array) =>
    encodePkcs8(algorithm, inner(der.explicit(1, der.bitString(point))));
  const outside = (point: Uint8Array) => version2(algorithm, inner(), point);
  const named = der.explicit(0, der.objectIdentifier(CURVE_OIDS[curve]));
  const good = (what: string, pkcs8: Uint8Array) => ({ what, pkcs8, spki, good: true });
  const bad = (what: string, pkcs8: Uint8Array) => ({ what, pkcs8, spki, good: false });
  return [
    good("nothing beside it", encodePkcs8(algorithm, inner())),
    good("its curve", encodePkcs8(algorithm, inner(named))),
    good("its own point", inside(own)),
    good("its own point, compressed", inside(compressed)),
    good("its own point outside", outside(own)),
    good("attributes", withAttributes(algorithm, inner())),
    bad("another point", inside(other)),
    bad("another point outside", outside(other)),
    bad("the negative of its point", inside(negative)),
    bad("a point off the curve", inside(flipped(own, -1))),
    bad("its point in hybrid form", inside(hybrid)),
    bad("no point", inside(new Uint8Array(0))),
    bad(
      "its own point inside and another outside",
      version2(algorithm, inner(der.explicit(1, der.bitString(own))), other),
    ),
  ];
}

const CURVE_OIDS: Readonly<Record<Curve, string>> = {
  "P-256": "1.2.840.10045.3.1.7",
  "P-384": "1.3.132.0.34",
  "P-521": "1.3.132.0.35",
};

/** Points that are not those of the kit's keys: 1,234,567 times the base point. */
const OTHER_POINTS: Readonly<Record<Curve, string>> = {
  "P-256":
    "0465de15fecb7ec3cdfb570fa87ab71ce1f18e89d5976b07057cdbbff5ff85b76067d85098b6903bad82beb0c988f79f1f295e9c1285c580b199836120ed1bbf7e",
  "P-384":
    "040b9eeb6fed0ee2e53ed882ab96e5abc0c17df74e85d6bdd86df83a635b0be059ad48cdda906eb74a09e6b670cd8838327039ed25e843ba051cc8f5c9039c11b6b6e2630bb833ffba6a26c172f035d0750e871474bba992279c852e1371ac727f",
  "P-521":
    "0400f9d3bdc40ca303d6bfc34102d233b654f53ac71560ff332c95908b214353f834ff2e682c3e66af6c5436ffd60646cb2582ecaeef67dc0186900444fd5d0aeab5bf00e2e637f46ee071424c4c8499ec8ead096460dcad23dca893dbfbdda2d073ea90cddd78679711b6bc48148cfea8a33a27baf4ea12df787fca7ab23c6642d0e88c02",
};

function otherCases(): EmbeddedCase[] {
  const cases: EmbeddedCase[] = [];
  for (const [name, length] of [["ed25519", 32], ["ed448", 57]] as const) {
    const { pkcs8, spki } = KEYS[name];
    const parsed = parsePrivateKey(fromHex(pkcs8));
    if (parsed.kind !== "ed25519" && parsed.kind !== "ed448") continue;
    const algorithm = encodeKeyAlgorithm({ kind: name });
    const seed = der.octetString(parsed.seed);
    const own = publicKeyOf(name, length);
    cases.push(
      {
        what: "its own public key outside",
        pkcs8: version2(algorithm, seed, own),
        spki,
        good: true,
      },
      { what: "attributes", pkcs8: withAttributes(algorithm, seed), spki, good: true },
      {
        what: "another public key outside",
        pkcs8: version2(algorithm, seed, flipped(own, 3)),
        spki,
        good: false,
      },
    );
  }
  const parsed = parsePrivateKey(fromHex(KEYS.rsa.pkcs8));
  if (parsed.kind === "rsa") {
    const { spki } = KEYS.rsa;
    const algorithm = encodeKeyAlgorithm({ kind: "rsa" });
    const numbers = (modulus: Uint8Array) =>
      der.sequence(der.integer(modulus), der.integer(parsed.exponent));
    cases.push(
      {
        what: "its own public key outside",
        pkcs8: version2(algorithm, parsed.pkcs1, numbers(parsed.modulus)),
        spki,
        good: true,
      },
      { what: "attributes", pkcs8: withAttributes(algorithm, parsed.pkcs1), spki, good: true },
      {
        what: "another public key outside",
        pkcs8: version2(algorithm, parsed.pkcs1, numbers(flipped(parsed.modulus, 9))),
        spki,
        good: false,
      },
    );
  }
  return cases;
}

/** All documents. */
export function embeddedCases(): EmbeddedCase[] {
  return [...EC.flatMap(([name, curve]) => ecCases(name, curve)), ...otherCases()];
}

/**
 * What a signer says of its public key, signatures verify under: so a document with another one is refused, and one with its own
 * is as good as one with none (RFC 5958 section 2, RFC 5915 section 3). A provider that takes none of a kind is not asked.
 */
export async function embeddedKeyTest(
  importKey: (pkcs8: Uint8Array) => Promise<Signer | null>,
): Promise<void> {
  const unusable = new Set<string>();
  for (const { pkcs8, spki } of Object.values(KEYS)) {
    if (await importKey(fromHex(pkcs8)) === null) unusable.add(spki);
  }
  for (const { what, pkcs8, spki, good } of embeddedCases()) {
    if (unusable.has(spki)) continue;
    const signer = await importKey(pkcs8);
    check((signer !== null) === good, `a key with ${what} is ${good ? "refused" : "taken"}`);
    if (signer?.publicKey) checkBytes(signer.publicKey, fromHex(spki), "its public key");
  }
}
