/**
 * What every provider has to say the same of, on every runtime: signatures of all kinds, and private keys with something beside
 * them.
 *
 * @module
 */
import { concat, der, fromHex, SignatureScheme as S, TlsError, utf8 } from "@sealane/wire";
import type { CryptoProvider, SignatureUse } from "../../provider.ts";
import {
  type CraftedSignature,
  ecdsaOutOfRange,
  edwardsMixedOrder,
  edwardsOutOfRange,
  pkcs1WithFaults,
  pssWithFaults,
} from "../../conformance/crafted_signatures.ts";
import { embeddedCases } from "../../conformance/embedded_keys.ts";
import { KEYS, SIGNATURES, SIGNED } from "../../conformance/signature_vectors.ts";
import { encodeSpki } from "../../key_info.ts";
import rsaSizes from "../rsa_sizes.json" with { type: "json" };

/** A case. */
export interface VerdictCase {
  /** What it is a case of: cases with the same text are one line of the table. */
  readonly what: string;
  /** What the answer is by the standards. */
  readonly expected: string;
  /** What says so. */
  readonly why: string;
  /** The answer of a provider; `absent` if it has no such algorithm or key. */
  answer(provider: CryptoProvider): Promise<string>;
}

const DATA = utf8("what was never signed in this way");

function answerOf(error: unknown): string {
  if (!(error instanceof TlsError)) return `threw ${error}`;
  return error.code === "peer/unsupported-certificate" ? "unsupported" : `refused, ${error.code}`;
}

function signatureCase(
  scheme: number,
  use: SignatureUse,
  data: Uint8Array,
  { what, spki, signature, good }: CraftedSignature,
  why: string,
  expected: string = String(good),
): VerdictCase {
  return {
    what,
    expected,
    why,
    async answer({ signatures }) {
      const algorithm = signatures.find((each) => each.scheme === scheme);
      if (algorithm === undefined) return "absent";
      try {
        return String(await algorithm.verify(spki, data, signature, use));
      } catch (error) {
        return answerOf(error);
      }
    },
  };
}

const ECDSA = [
  [S.ecdsa_secp256r1_sha256, "P-256", "SHA-256"],
  [S.ecdsa_secp384r1_sha384, "P-384", "SHA-384"],
  [S.ecdsa_secp521r1_sha512, "P-521", "SHA-512"],
] as const;
const RSA = [
  [S.rsa_pss_rsae_sha256, S.rsa_pkcs1_sha256, "SHA-256"],
  [S.rsa_pss_rsae_sha384, S.rsa_pkcs1_sha384, "SHA-384"],
  [S.rsa_pss_rsae_sha512, S.rsa_pkcs1_sha512, "SHA-512"],
] as const;

function craftedCases(): VerdictCase[] {
  const cases: VerdictCase[] = [];
  const add = (
    kind: string,
    why: string,
    scheme: number,
    use: SignatureUse,
    list: readonly CraftedSignature[],
  ) => {
    for (const each of list) {
      const named = { ...each, what: `${kind} with ${each.what}` };
      cases.push(signatureCase(scheme, use, DATA, named, why));
    }
  };
  for (const [scheme, curve, hash] of ECDSA) {
    const why = "FIPS 186-5 section 6.4.2, step 1";
    add("ECDSA", why, scheme, "certificate-verify", ecdsaOutOfRange(curve, hash, DATA));
  }
  for (const [scheme, kind] of [[S.ed25519, "ed25519"], [S.ed448, "ed448"]] as const) {
    const why = "RFC 8032 sections 5.1.3, 5.1.7, 5.2.3 and 5.2.7";
    add("EdDSA", why, scheme, "certificate-verify", edwardsOutOfRange(kind, DATA));
    const mixed = edwardsMixedOrder(kind, DATA);
    cases.push(signatureCase(
      scheme,
      "certificate-verify",
      DATA,
      { ...mixed, what: `EdDSA with ${mixed.what}` },
      "RFC 8032 sections 5.1.7 and 5.2.7 allow either; without the cofactor, as the platforms have it",
    ));
  }
  for (const [pss, pkcs1, hash] of RSA) {
    const [verify, certificate] = ["certificate-verify", "certificate"] as const;
    add("RSA-PSS", "RFC 8017 section 9.1.2", pss, verify, pssWithFaults(hash, DATA));
    add(
      "RSA PKCS#1 v1.5",
      "RFC 8017 section 8.2.2",
      pkcs1,
      certificate,
      pkcs1WithFaults(hash, DATA),
    );
  }
  return cases;
}

function vectorCases(): VerdictCase[] {
  return SIGNATURES.map(({ scheme, key, use, signature }) =>
    signatureCase(
      scheme,
      use,
      utf8(SIGNED),
      {
        what: `true, by ${key}`,
        spki: fromHex(KEYS[key].spki),
        signature: fromHex(signature),
        good: true,
      },
      "RFC 9846 section 4.3.3",
    )
  );
}

/** The SubjectPublicKeyInfo of an RSA key with a modulus that nobody has the factors of. */
function rsaOfBits(bits: number): Uint8Array {
  const modulus = new Uint8Array(bits / 8).fill(0xa5);
  return encodeSpki({ kind: "rsa" }, der.sequence(der.integer(modulus), der.integer(65537)));
}

function sizeCases(): VerdictCase[] {
  const data = utf8(rsaSizes.message);
  const cases = rsaSizes.keys.flatMap(({ bits, exponent, spki, pkcs1, pss }) => {
    const what = `RSA of ${bits} bits${exponent === 65537 ? "" : `, exponent ${exponent}`}`;
    const of = (signature: string) => ({
      what,
      spki: fromHex(spki),
      signature: fromHex(signature),
      good: true,
    });
    const changed = fromHex(pss);
    changed[changed.length >> 1] ^= 1;
    return [
      signatureCase(S.rsa_pkcs1_sha256, "certificate", data, of(pkcs1), "RFC 8017"),
      signatureCase(S.rsa_pss_rsae_sha256, "certificate-verify", data, of(pss), "RFC 8017"),
      signatureCase(
        S.rsa_pss_rsae_sha256,
        "certificate-verify",
        data,
        { what: `${what}, changed`, spki: fromHex(spki), signature: changed, good: false },
        "RFC 8017",
      ),
    ];
  });
  for (const bits of [8200, 16_384, 504]) {
    const signature = new Uint8Array(bits / 8).fill(1);
    const crafted = { what: `RSA of ${bits} bits`, spki: rsaOfBits(bits), signature, good: false };
    const why = "larger or smaller than we verify with, which says nothing about the signature";
    for (const [pss, pkcs1] of RSA) {
      cases.push(
        signatureCase(pss, "certificate-verify", DATA, crafted, why, "unsupported"),
        signatureCase(pkcs1, "certificate", DATA, crafted, why, "unsupported"),
      );
    }
  }
  const small = { what: "RSA of 512 bits, for any hash", spki: rsaOfBits(512), good: false };
  for (const [pss, pkcs1] of RSA) {
    const crafted = { ...small, signature: new Uint8Array(64).fill(1) };
    cases.push(
      signatureCase(pss, "certificate-verify", DATA, crafted, "RFC 8017 section 9.1.2"),
      signatureCase(pkcs1, "certificate", DATA, crafted, "RFC 8017 section 9.2"),
    );
  }
  return cases;
}

function keyCases(): VerdictCase[] {
  return embeddedCases().map(({ what, pkcs8, good, spki }) => ({
    what: `private key with ${what}`,
    expected: good ? "taken" : "refused",
    why: "RFC 5958 section 2, RFC 5915 section 3",
    async answer(provider) {
      const plain = Object.values(KEYS).find((key) => key.spki === spki);
      const take = async (bytes: Uint8Array) => {
        try {
          const { publicKey } = await provider.importPrivateKey(bytes);
          const own = publicKey === undefined ||
            concat([publicKey]).join() === fromHex(spki).join();
          return own ? "taken" : "taken with another public key";
        } catch (error) {
          const refused = error instanceof TlsError && error.code === "api/config";
          return refused ? "refused" : answerOf(error);
        }
      };
      if (plain !== undefined && await take(fromHex(plain.pkcs8)) === "refused") return "absent";
      return await take(pkcs8);
    },
  }));
}

/** All cases. */
export function verdictCases(): VerdictCase[] {
  return [...vectorCases(), ...sizeCases(), ...craftedCases(), ...keyCases()];
}
