/**
 * The kit's tests of signatures that are good for one who checks less than the standards want, and of inputs that change under a
 * verification.
 *
 * @module
 */
import { concat, SignatureScheme as S, utf8 } from "@sealane/wire";
import { nobleProvider } from "../noble/mod.ts";
import { SCHEMES } from "../schemes.ts";
import type { SignatureAlgorithm, SignatureUse } from "../provider.ts";
import { check, type ConformanceTest, flipped, pattern, withCopies } from "./check.ts";
import {
  type CraftedSignature,
  digestInfo,
  ecdsaOutOfRange,
  edwardsOutOfRange,
  encodePkcs1,
  encodePss,
  pkcs1WithFaults,
  pssWithFaults,
  rsaOutOfRange,
} from "./crafted_signatures.ts";
import { fromHex } from "@sealane/wire";
import { KEYS, type TestSignature } from "./signature_vectors.ts";

const DATA = utf8("what was never signed in this way");

/** What the crafted signatures of a scheme are for. */
function useOf(scheme: number): SignatureUse {
  const isPkcs1 = scheme === S.rsa_pkcs1_sha256 || scheme === S.rsa_pkcs1_sha384 ||
    scheme === S.rsa_pkcs1_sha512;
  return isPkcs1 ? "certificate" : "certificate-verify";
}

/** The crafted signatures of a scheme over `DATA`, but those of {@link numberedData}. */
function craftedFor(scheme: number): CraftedSignature[] {
  const info = SCHEMES.find((each) => each.scheme === scheme);
  switch (info?.kind) {
    case "ecdsa":
      return ecdsaOutOfRange(info.curve, info.hash, DATA);
    case "ed25519":
    case "ed448":
      return edwardsOutOfRange(info.kind, DATA);
    case "rsa-pss-rsae":
      return pssWithFaults(info.hash, DATA);
    case "rsa-pkcs1":
      return pkcs1WithFaults(info.hash, DATA);
    default:
      return [];
  }
}

/** RSA signatures that are not below the modulus, of the data with a number behind it: not every one leaves room. */
function largeRsa(
  scheme: number,
): { readonly data: Uint8Array; readonly cases: CraftedSignature[] } {
  const info = SCHEMES.find((each) => each.scheme === scheme);
  let data = DATA;
  const numbered = (attempt: number) => data = concat([DATA, utf8(String(attempt))]);
  switch (info?.kind) {
    case "rsa-pss-rsae": {
      const salt = pattern(info.hash === "SHA-256" ? 32 : info.hash === "SHA-384" ? 48 : 64);
      const cases = rsaOutOfRange((attempt) => encodePss(info.hash, numbered(attempt), salt));
      return { data, cases };
    }
    case "rsa-pkcs1": {
      const cases = rsaOutOfRange((n) => encodePkcs1(digestInfo(info.hash, numbered(n))));
      return { data, cases };
    }
    default:
      return { data, cases: [] };
  }
}

/** Tests of one algorithm; `vectors` are true signatures of it over `signed`. */
export function strictnessTests(
  algorithm: SignatureAlgorithm,
  vectors: readonly TestSignature[],
  signed: Uint8Array,
): ConformanceTest[] {
  const { name, scheme } = algorithm;
  const use = useOf(scheme);
  const judge = async (data: Uint8Array, cases: readonly CraftedSignature[]) => {
    for (const { what, spki, signature, good } of cases) {
      const verdict = await algorithm.verify(spki, data, signature, use);
      check(verdict === good, `a signature with ${what} is ${verdict}, not ${good}`);
    }
  };
  return [
    {
      name: `${name}: numbers out of range and wrong encodings are false`,
      async run() {
        await judge(DATA, craftedFor(scheme));
        const { data, cases } = largeRsa(scheme);
        await judge(data, cases);
      },
    },
    {
      name: `${name}: inputs are read at once`,
      async run() {
        for (const { key, signature, use } of vectors) {
          const inputs = [fromHex(KEYS[key].spki), signed, fromHex(signature)];
          const verify = (spki: Uint8Array, data: Uint8Array, signature: Uint8Array) =>
            algorithm.verify(spki, data, signature, use);
          const verdict = await withCopies(inputs, verify);
          check(
            verdict === true,
            "a true signature was refused when its inputs changed afterwards",
          );
          const other = [inputs[0], flipped(signed, 0), inputs[2]];
          const [spki, data, text] = other.map((input) => input.slice());
          const judging = algorithm.verify(spki, data, text, use);
          data.set(signed);
          check(await judging === false, "a false signature was taken when the data became right");
        }
      },
    },
    { name: `${name}: all of the data counts, however long`, run: () => lengthTest(algorithm) },
  ];
}

/** Signatures by the reference over nothing, and over more than a buffer of a library holds. */
async function lengthTest({ scheme, verify }: SignatureAlgorithm): Promise<void> {
  const key = Object.values(KEYS).find(({ pkcs8 }) => schemesOf(pkcs8).includes(scheme));
  if (key === undefined) return;
  const signer = await nobleProvider.importPrivateKey(fromHex(key.pkcs8));
  const spki = fromHex(key.spki);
  const use = "certificate-verify";
  for (const length of [0, 1, 8191, 65_537, 100_000]) {
    const data = pattern(length);
    const signature = await signer.sign(scheme, data);
    check(await verify(spki, data, signature, use) === true, `a signature of ${length} bytes`);
    const longer = concat([data, Uint8Array.of(0)]);
    check(await verify(spki, longer, signature, use) === false, `a zero behind ${length} bytes`);
    if (length === 0) continue;
    for (const at of [0, length >> 1, length - 1]) {
      const verdict = await verify(spki, flipped(data, at), signature, use);
      check(verdict === false, `byte ${at} of ${length} does not count`);
    }
    check(await verify(spki, new Uint8Array(0), signature, use) === false, "no data verified");
  }
}

function schemesOf(pkcs8: string): readonly number[] {
  // The reference answers at once.
  const signer = nobleProvider.importPrivateKey(fromHex(pkcs8));
  return "schemes" in signer ? signer.schemes : [];
}
