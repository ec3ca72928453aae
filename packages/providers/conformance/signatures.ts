/**
 * The kit's tests of signatures and signers.
 *
 * @module
 */
import {
  concat,
  der,
  fromHex,
  SignatureScheme as S,
  signatureSchemeName,
  TlsError,
  utf8,
} from "@sealane/wire";
import { encodeKeyAlgorithm, encodeSpki, type MlDsaKind } from "../key_info.ts";
import { nobleProvider } from "../noble/mod.ts";
import { encodePkcs8 } from "../private_key.ts";
import type { CryptoProvider, SignatureAlgorithm, SignatureUse, Signer } from "../provider.ts";
import { isClientOnlyScheme } from "../schemes.ts";
import { parseEcdsaSignature } from "../signature_form.ts";
import { check, checkBytes, checkThrows, type ConformanceTest, flipped } from "./check.ts";
import { BAD_PSS, KEYS, SIGNATURES, SIGNED, type TestSignature } from "./signature_vectors.ts";

const DATA = utf8(SIGNED);

/** A private key of the kit and the schemes that its signer has to list, in any order. */
interface KeyCase {
  readonly name: string;
  readonly pkcs8: Uint8Array;
  readonly spki: Uint8Array | null;
  readonly schemes: readonly number[];
}

function keyCase(name: keyof typeof KEYS, schemes: readonly number[]): KeyCase {
  return { name, pkcs8: fromHex(KEYS[name].pkcs8), spki: fromHex(KEYS[name].spki), schemes };
}

function mlDsaCase(kind: MlDsaKind, scheme: number): KeyCase {
  // RFC 9881 §6: the seed alone, as [0].
  const seed = new Uint8Array(32).map((_, i) => i + 1);
  const pkcs8 = encodePkcs8(encodeKeyAlgorithm({ kind }), der.implicit(0, seed));
  return { name: kind, pkcs8, spki: null, schemes: [scheme] };
}

function keyCases(): KeyCase[] {
  return [
    keyCase("p256", [S.ecdsa_secp256r1_sha256]),
    keyCase("p384", [S.ecdsa_secp384r1_sha384]),
    keyCase("p521", [S.ecdsa_secp521r1_sha512]),
    keyCase("ed25519", [S.ed25519]),
    keyCase("ed448", [S.ed448]),
    keyCase("rsa", [S.rsa_pss_rsae_sha256, S.rsa_pss_rsae_sha384, S.rsa_pss_rsae_sha512]),
    // 128 bytes have no room for two SHA-512 values.
    keyCase("rsa1024", [S.rsa_pss_rsae_sha256, S.rsa_pss_rsae_sha384]),
    keyCase("rsaPss", [S.rsa_pss_pss_sha256, S.rsa_pss_pss_sha384, S.rsa_pss_pss_sha512]),
    keyCase("rsaPssSha256", [S.rsa_pss_pss_sha256]),
    mlDsaCase("mldsa44", S.mldsa44),
    mlDsaCase("mldsa65", S.mldsa65),
    mlDsaCase("mldsa87", S.mldsa87),
  ];
}

/** Tests of every signature algorithm, and of every kind of key that the provider can import. */
export function signatureTests(provider: CryptoProvider): ConformanceTest[] {
  return [
    ...provider.signatures.flatMap(verificationTests),
    ...keyCases().flatMap((key) => signerTests(provider, key)),
    { name: "private keys: malformed ones are refused", run: () => malformedKeyTest(provider) },
  ];
}

function verificationTests(algorithm: SignatureAlgorithm): ConformanceTest[] {
  const vectors = SIGNATURES.filter(({ scheme }) => scheme === algorithm.scheme);
  const { name } = algorithm;
  return [
    {
      name: `${name}: true signatures verify, false ones do not`,
      async run() {
        for (const vector of vectors) await vectorTest(algorithm, vector);
      },
    },
    {
      name: `${name}: keys of another kind and malformed keys are false`,
      async run() {
        await wrongKeyTest(algorithm, vectors);
      },
    },
    ...(name.startsWith("ecdsa")
      ? [{ name: `${name}: only strict DER`, run: () => ecdsaFormTest(algorithm, vectors) }]
      : []),
    ...(algorithm.scheme === S.rsa_pss_rsae_sha256
      ? [{
        name: `${name}: the salt is as long as the hash, MGF1 has the same hash`,
        async run() {
          for (const [what, signature] of Object.entries(BAD_PSS)) {
            const spki = fromHex(KEYS.rsa.spki);
            const result = await algorithm.verify(
              spki,
              DATA,
              fromHex(signature),
              "certificate-verify",
            );
            check(result === false, `a signature with ${what} verified`);
          }
        },
      }]
      : []),
  ];
}

async function vectorTest(algorithm: SignatureAlgorithm, vector: TestSignature): Promise<void> {
  const spki = fromHex(KEYS[vector.key].spki);
  const signature = fromHex(vector.signature);
  const verify = (data: Uint8Array, signature: Uint8Array, use: SignatureUse = vector.use) =>
    algorithm.verify(spki, data, signature, use);
  check(await verify(DATA, signature) === true, `a true signature by ${vector.key} is refused`);
  const isEcdsaOfOtherCurve = vector.use === "certificate" && algorithm.name.startsWith("ecdsa");
  if (isEcdsaOfOtherCurve) {
    // RFC 9846 §4.3.3: the scheme fixes the curve outside certificates.
    for (const use of ["certificate-verify", "delegated-credential"] as const) {
      check(await verify(DATA, signature, use) === false, `${vector.key} is taken for ${use}`);
    }
  }
  check(await verify(flipped(DATA, 0), signature) === false, "other data verified");
  check(await verify(DATA.subarray(1), signature) === false, "less data verified");
  for (const at of [0, 1, 8, 56, signature.length >> 1, -1]) {
    check(await verify(DATA, flipped(signature, at)) === false, `a change at ${at} verified`);
  }
  const lengths = [
    new Uint8Array(0),
    signature.subarray(0, -1),
    signature.subarray(1),
    concat([signature, Uint8Array.of(0)]),
    concat([Uint8Array.of(0), signature]),
    new Uint8Array(signature.length),
    new Uint8Array(signature.length).fill(0xff),
  ];
  for (const [i, bad] of lengths.entries()) {
    check(await verify(DATA, bad) === false, `malformed signature ${i} verified`);
  }
}

async function wrongKeyTest(
  algorithm: SignatureAlgorithm,
  vectors: readonly TestSignature[],
): Promise<void> {
  const own = new Set(vectors.map(({ key }) => key));
  const signature = fromHex(vectors[0]?.signature ?? "00");
  const keys = Object.entries(KEYS).filter(([name]) => ![...own].some((key) => key === name));
  const malformed = vectors.flatMap(({ key }) => {
    const spki = fromHex(KEYS[key].spki);
    const point = KEYS[key].spki.startsWith("30") && algorithm.name.startsWith("ecdsa")
      ? [flipped(spki, -1)]
      : [];
    return [
      spki.subarray(0, -1),
      concat([spki, Uint8Array.of(0)]),
      flipped(spki, 0, 0x20),
      ...point,
    ];
  });
  for (
    const spki of [
      new Uint8Array(0),
      ...keys.map(([, { spki }]) => fromHex(spki)),
      ...malformed,
    ]
  ) {
    for (const use of ["certificate-verify", "certificate", "delegated-credential"] as const) {
      const result = await algorithm.verify(spki, DATA, signature, use);
      check(result === false, `a signature verified under a key of ${spki.length} bytes`);
    }
  }
}

async function ecdsaFormTest(
  algorithm: SignatureAlgorithm,
  vectors: readonly TestSignature[],
): Promise<void> {
  for (const { key, use, signature } of vectors) {
    const curve = key === "p256" ? "P-256" : key === "p384" ? "P-384" : "P-521";
    const pair = parseEcdsaSignature(fromHex(signature), curve);
    check(pair !== null, "the vector itself is strict DER");
    const [r, s] = [pair.slice(0, pair.length / 2), pair.slice(pair.length / 2)];
    const padded = (number: Uint8Array) => der.element(2, concat([new Uint8Array(2), number]));
    const [derR, derS] = [der.integer(r), der.integer(s)];
    const zero = der.integer(0);
    const forms: Record<string, Uint8Array> = {
      "as IEEE P1363": pair,
      "with padded r": der.sequence(padded(r), derS),
      "with padded s": der.sequence(derR, padded(s)),
      "with a long length": concat([
        Uint8Array.of(0x30, 0x82, 0),
        der.sequence(derR, derS).subarray(-(derR.length + derS.length) - 1),
      ]),
      "with indefinite length": concat([Uint8Array.of(0x30, 0x80), derR, derS, new Uint8Array(2)]),
      "with a third number": der.sequence(derR, derS, zero),
      "with trailing bytes": concat([der.sequence(derR, derS), Uint8Array.of(0)]),
      "with r = 0": der.sequence(zero, derS),
      "with s = 0": der.sequence(derR, zero),
      "of zeros": der.sequence(zero, zero),
      "as a SET": der.element(0x31, derR, derS),
      "of r alone": der.sequence(derR),
      "with negative r": der.sequence(der.integer(-5), derS),
    };
    for (const [form, bytes] of Object.entries(forms)) {
      const result = await algorithm.verify(fromHex(KEYS[key].spki), DATA, bytes, use);
      check(result === false, `a signature ${form} verified`);
    }
  }
}

/** The signer, or `null` if the provider says in the agreed way that it cannot use the key. */
async function importOrNull(provider: CryptoProvider, pkcs8: Uint8Array): Promise<Signer | null> {
  try {
    return await provider.importPrivateKey(pkcs8);
  } catch (error) {
    check(error instanceof TlsError && error.code === "api/config", `threw ${error}`);
    return null;
  }
}

function signerTests(provider: CryptoProvider, key: KeyCase): ConformanceTest[] {
  return [{
    name: `private key ${key.name}: its signatures verify here and with the reference`,
    async run() {
      const bytes = key.pkcs8.slice();
      const signer = await importOrNull(provider, bytes);
      if (signer === null) return;
      bytes.fill(0);
      // PKCS#1 v1.5 of clients (RFC 9963) is welcome, and tested below, but nobody has to have it.
      const listed = signer.schemes.filter((scheme) => !isClientOnlyScheme(scheme)).map(
        signatureSchemeName,
      ).toSorted().join();
      const expected = key.schemes.map(signatureSchemeName).toSorted().join();
      check(listed === expected, `the signer lists ${listed} instead of ${expected}`);
      const spki = signer.publicKey ?? key.spki;
      if (spki === null) return;
      if (key.spki !== null) checkBytes(spki, key.spki, "the public key");
      for (const scheme of signer.schemes) {
        const signature = await signer.sign(scheme, DATA);
        const empty = await signer.sign(scheme, new Uint8Array(0));
        for (const verifier of [provider, nobleProvider]) {
          const algorithm = verifier.signatures.find((candidate) => candidate.scheme === scheme);
          if (algorithm === undefined) continue;
          const verify = (data: Uint8Array, signature: Uint8Array) =>
            algorithm.verify(spki, data, signature, "certificate-verify");
          check(await verify(DATA, signature), `${algorithm.name} by ${verifier.name}`);
          check(await verify(new Uint8Array(0), empty), `${algorithm.name} of nothing`);
          check(!await verify(flipped(DATA, 3), signature), `${algorithm.name} of other data`);
        }
      }
      const foreign = signer.schemes.includes(S.ed25519) ? S.ed448 : S.ed25519;
      for (const scheme of [foreign, S.rsa_pkcs1_sha256]) {
        await checkThrows(() => signer.sign(scheme, DATA), `scheme ${scheme} of another key`);
      }
    },
  }];
}

async function malformedKeyTest(provider: CryptoProvider): Promise<void> {
  const p256 = fromHex(KEYS.p256.pkcs8);
  const algorithm = encodeKeyAlgorithm({ kind: "ec", curve: "P-256" });
  const ecKey = (scalar: Uint8Array) =>
    encodePkcs8(algorithm, der.sequence(der.integer(1), der.octetString(scalar)));
  const rsa = fromHex(KEYS.rsa.pkcs8);
  const bad: Record<string, Uint8Array> = {
    "no bytes": new Uint8Array(0),
    "a public key": fromHex(KEYS.p256.spki),
    "a key cut off": p256.subarray(0, -1),
    "a key with a trailing byte": concat([p256, Uint8Array.of(0)]),
    "a scalar of 31 bytes": ecKey(new Uint8Array(31).fill(1)),
    "the scalar zero": ecKey(new Uint8Array(32)),
    "a scalar above the order": ecKey(new Uint8Array(32).fill(0xff)),
    "an Ed25519 seed of 31 bytes": encodePkcs8(
      encodeKeyAlgorithm({ kind: "ed25519" }),
      der.octetString(new Uint8Array(31)),
    ),
    "an unknown algorithm": encodePkcs8(
      der.sequence(der.objectIdentifier("1.2.3")),
      new Uint8Array(3),
    ),
    "an RSA key with other primes": flipped(rsa, rsa.length >> 1),
    "an ML-DSA seed of 31 bytes": encodePkcs8(
      encodeKeyAlgorithm({ kind: "mldsa65" }),
      der.implicit(0, new Uint8Array(31)),
    ),
    "a public key in the place of a private one": encodeSpki(
      { kind: "ed25519" },
      new Uint8Array(32),
    ),
  };
  for (const [what, pkcs8] of Object.entries(bad)) {
    check(await importOrNull(provider, pkcs8) === null, `${what} was imported`);
  }
}
