/**
 * The kit's tests of signature algorithms.
 *
 * @module
 */
import { concat, der, fromHex, SignatureScheme as S, utf8 } from "@sealane/wire";
import type { CryptoProvider, SignatureAlgorithm, SignatureUse } from "../provider.ts";
import { parseEcdsaSignature } from "../signature_form.ts";
import { check, type ConformanceTest, flipped } from "./check.ts";
import { BAD_PSS, KEYS, SIGNATURES, SIGNED, type TestSignature } from "./signature_vectors.ts";
import { signerTests } from "./signers.ts";
import { strictnessTests } from "./strictness.ts";

const DATA = utf8(SIGNED);

/** Tests of every signature algorithm, and of every kind of key that the provider can import. */
export function signatureTests(provider: CryptoProvider): ConformanceTest[] {
  return [
    ...provider.signatures.flatMap(verificationTests),
    ...signerTests(provider),
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
    ...strictnessTests(algorithm, vectors, DATA),
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
