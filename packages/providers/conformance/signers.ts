/**
 * The kit's tests of private keys and signers.
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
import type { CryptoProvider, Signer } from "../provider.ts";
import { isClientOnlyScheme } from "../schemes.ts";
import { parseEcdsaSignature } from "../signature_form.ts";
import {
  check,
  checkBytes,
  checkIsBytes,
  checkThrows,
  type ConformanceTest,
  flipped,
  withCopies,
} from "./check.ts";
import { embeddedKeyTest } from "./embedded_keys.ts";
import { KEYS, SIGNED } from "./signature_vectors.ts";

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

/** Tests of every kind of private key that the provider can import. */
export function signerTests(provider: CryptoProvider): ConformanceTest[] {
  return [
    ...keyCases().flatMap((key) => keyTests(provider, key)),
    { name: "private keys: malformed ones are refused", run: () => malformedKeyTest(provider) },
    {
      name: "private keys: a public key beside them is theirs",
      run: () => embeddedKeyTest((pkcs8) => importOrNull(provider, pkcs8)),
    },
  ];
}

/** The signer, or `null` if the provider says in the agreed way that it cannot use the key. */
async function importOrNull(provider: CryptoProvider, pkcs8: Uint8Array): Promise<Signer | null> {
  try {
    await provider.importPrivateKey(pkcs8.slice());
  } catch (error) {
    check(error instanceof TlsError && error.code === "api/config", `threw ${error}`);
    return null;
  }
  // The caller wipes its bytes when the call has returned, if not when the promise is resolved.
  return await withCopies([pkcs8], (copy) => provider.importPrivateKey(copy));
}

function keyTests(provider: CryptoProvider, key: KeyCase): ConformanceTest[] {
  return [{
    name: `private key ${key.name}: its signatures verify here and with the reference`,
    async run() {
      const signer = await importOrNull(provider, key.pkcs8);
      if (signer === null) return;
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
        const signature = await withCopies([DATA], (data) => signer.sign(scheme, data));
        checkIsBytes(signature, "a signature");
        const kept = signature.slice();
        const empty = await signer.sign(scheme, new Uint8Array(0));
        checkBytes(signature, kept, "a signature after another");
        for (const verifier of [provider, nobleProvider]) {
          const algorithm = verifier.signatures.find((candidate) => candidate.scheme === scheme);
          if (algorithm === undefined) continue;
          const verify = (data: Uint8Array, signature: Uint8Array) =>
            algorithm.verify(spki, data, signature, "certificate-verify");
          check(await verify(DATA, signature) === true, `${algorithm.name} by ${verifier.name}`);
          check(await verify(new Uint8Array(0), empty) === true, `${algorithm.name} of nothing`);
          check(
            await verify(flipped(DATA, 3), signature) === false,
            `${algorithm.name} of other data`,
          );
        }
      }
      await freshnessTest(signer);
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

const CURVES = new Map<number, "P-256" | "P-384" | "P-521">([
  [S.ecdsa_secp256r1_sha256, "P-256"],
  [S.ecdsa_secp384r1_sha384, "P-384"],
  [S.ecdsa_secp521r1_sha512, "P-521"],
]);

/**
 * What has to be new in each signature is: the nonce of ECDSA, of which one that serves two messages gives the private key away
 * (FIPS 186-5 section 6.4.1), and the salt of PSS.
 */
async function freshnessTest(signer: Signer): Promise<void> {
  for (const scheme of signer.schemes) {
    const curve = CURVES.get(scheme);
    const seen = new Set<string>();
    const messages = [DATA, flipped(DATA, 0), new Uint8Array(0), new Uint8Array(1000)];
    for (const message of messages) {
      const signature = await signer.sign(scheme, message);
      const pair = curve && parseEcdsaSignature(signature, curve);
      seen.add((pair ? pair.subarray(0, pair.length / 2) : signature).join());
    }
    check(seen.size === messages.length, `two messages have one nonce with scheme ${scheme}`);
    if (!signatureSchemeName(scheme).startsWith("rsa_pss")) continue;
    const again = await Promise.all([1, 2, 3].map(() => signer.sign(scheme, DATA)));
    const different = new Set(again.map((signature) => signature.join()));
    check(different.size === again.length, "two signatures have one salt");
  }
}
