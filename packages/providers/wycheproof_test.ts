import { assert, assertEquals } from "@std/assert";
import { fromHex, NamedGroup, toHex } from "@sealane/wire";
import { hkdfExpand, hkdfExtract } from "./hkdf.ts";
import { ML_KEM, mlKemGroups, mlKemGroupsOf, mlKemKeyPair } from "./ml_kem.ts";
import { loadMlKem } from "./mlkem/kernel.ts";
import { nativeHash } from "./native/hash.ts";
import { findNodeCrypto } from "./native/platform.ts";
import { nobleHash } from "./noble/hash.ts";
import type { Hash } from "./provider.ts";
import { CURVES, fromHexNumber, PROVIDERS, wycheproofTest } from "./testdata/support.ts";

type Verdict = "valid" | "invalid" | "acceptable";
interface Case {
  readonly tcId: number;
  readonly comment?: string;
  readonly flags?: readonly string[];
  readonly result: Verdict;
}
const about = (file: string, name: string, { tcId, comment = "" }: Case) =>
  `${file} ${tcId} on ${name}: ${comment}`;

/** Least number of cases that a test must have run, so that it cannot pass by finding none. */
function ran(count: number, least: number): void {
  assert(count >= least, `only ${count} cases were run`);
}

interface AeadGroup {
  readonly ivSize: number;
  readonly keySize: number;
  readonly tagSize: number;
  readonly tests: readonly (Case & Record<"key" | "iv" | "aad" | "msg" | "ct" | "tag", string>)[];
}

/** The suite of our lists that has the AEAD of a group. */
function suiteName(file: string, { keySize, tagSize }: AeadGroup): string | undefined {
  const names: Record<string, string> = {
    "aes_gcm 128 128": "TLS_AES_128_GCM_SHA256",
    "aes_gcm 256 128": "TLS_AES_256_GCM_SHA384",
    "chacha20_poly1305 256 128": "TLS_CHACHA20_POLY1305_SHA256",
    "aes_ccm 128 128": "TLS_AES_128_CCM_SHA256",
    "aes_ccm 128 64": "TLS_AES_128_CCM_8_SHA256",
  };
  return names[`${file} ${keySize} ${tagSize}`];
}

for (const provider of PROVIDERS) {
  const files = ["aes_gcm", "aes_ccm", "chacha20_poly1305"];
  const least: Record<string, number> = { aes_gcm: 100, aes_ccm: 30, chacha20_poly1305: 200 };
  wycheproofTest<AeadGroup>(`AEADs on ${provider.name}`, files, async (groups, file) => {
    let count = 0;
    for (const group of groups.filter(({ ivSize }) => ivSize === 96)) {
      const suite = provider.cipherSuites.find(({ name }) => name === suiteName(file, group));
      if (suite === undefined) continue;
      for (const test of group.tests) {
        count++;
        const what = about(file, provider.name, test);
        const key = await suite.aead.importKey(fromHex(test.key));
        const [nonce, aad, sealed] = [
          fromHex(test.iv),
          fromHex(test.aad),
          fromHex(test.ct + test.tag),
        ];
        const opened = await key.open(nonce, aad, sealed);
        assertEquals(opened && toHex(opened), test.result === "valid" ? test.msg : null, what);
        if (test.result !== "valid") continue;
        assertEquals(
          toHex(await key.seal(nonce, aad, fromHex(test.msg))),
          test.ct + test.tag,
          what,
        );
      }
    }
    ran(count, least[file]);
  });
}

interface XdhGroup {
  readonly tests: readonly (Case & Record<"public" | "private" | "shared", string>)[];
}
const XDH_FILES: readonly (readonly [NamedGroup, string, number])[] = [
  [NamedGroup.x25519, "x25519", 500],
  [NamedGroup.x448, "x448", 500],
  [NamedGroup.secp256r1, "ecdh_secp256r1_ecpoint", 350],
  [NamedGroup.secp384r1, "ecdh_secp384r1_ecpoint", 780],
  [NamedGroup.secp521r1, "ecdh_secp521r1_ecpoint", 650],
];

for (const [id, file, least] of XDH_FILES) {
  for (const curve of CURVES.filter((candidate) => candidate.id === id)) {
    wycheproofTest<XdhGroup>(`${file} on ${curve.provider}`, [file], async (groups) => {
      let count = 0;
      for (const test of groups.flatMap(({ tests }) => tests)) {
        count++;
        const share = fromHex(test.public);
        const secret = await curve.agree(fromHexNumber(test.private), share);
        // TLS takes no compressed points and no all-zero secrets; everything else that is acceptable it takes.
        const refused = test.result === "invalid" || test.flags?.includes("CompressedPoint") ||
          /^0*$/.test(test.shared);
        const what = about(file, curve.provider, test);
        assertEquals(secret && toHex(secret), refused ? null : test.shared, what);
      }
      ran(count, least);
    });
  }
}

interface SignatureGroup {
  readonly publicKeyDer: string;
  readonly sha: string;
  readonly mgfSha?: string;
  readonly sLen?: number;
  readonly tests: readonly (Case & Record<"msg" | "sig", string>)[];
}

/** Verifies every case with the algorithm `schemeName` of each provider. */
function signatureTest(
  files: readonly string[],
  schemeName: (group: SignatureGroup) => string,
  fitsTls: (group: SignatureGroup) => boolean,
): void {
  for (const provider of PROVIDERS) {
    for (const file of files) {
      wycheproofTest<SignatureGroup>(`${file} on ${provider.name}`, [file], async (groups) => {
        let count = 0;
        for (const group of groups) {
          const name = schemeName(group);
          const algorithm = provider.signatures.find((candidate) => candidate.name === name);
          if (algorithm === undefined) continue;
          const spki = fromHex(group.publicKeyDer);
          const use = name.startsWith("rsa_pkcs1") ? "certificate" : "certificate-verify";
          for (const test of group.tests) {
            count++;
            // Of parameters that TLS does not use, a wrong signature may have those that it does.
            if (test.result !== "valid" && !fitsTls(group)) continue;
            const [data, signature] = [fromHex(test.msg), fromHex(test.sig)];
            const result = await algorithm.verify(spki, data, signature, use);
            const expected = test.result === "valid" && fitsTls(group);
            assertEquals(result, expected, about(file, provider.name, test));
          }
        }
        ran(count, 20);
      });
    }
  }
}

const bits = (sha: string) => sha.replace("SHA-", "");
const always = () => true;

signatureTest(["ecdsa_secp256r1_sha256"], () => "ecdsa_secp256r1_sha256", always);
signatureTest(["ecdsa_secp384r1_sha384"], () => "ecdsa_secp384r1_sha384", always);
signatureTest(["ecdsa_secp521r1_sha512"], () => "ecdsa_secp521r1_sha512", always);
signatureTest(["ed25519"], () => "ed25519", always);
signatureTest(["ed448"], () => "ed448", always);
signatureTest(
  [2048, 3072, 4096].flatMap((size) =>
    [256, 384, 512].map((sha) => `rsa_signature_${size}_sha${sha}`)
  ),
  ({ sha }) => `rsa_pkcs1_sha${bits(sha)}`,
  always,
);

/** RFC 9846 §4.3.3: MGF1 with the same hash, a salt of its length. */
const isTlsPss = ({ sha, mgfSha, sLen }: SignatureGroup) =>
  sha === mgfSha && 8 * (sLen ?? 0) === Number(bits(sha));
signatureTest(
  [
    "rsa_pss_2048_sha256_mgf1_0",
    "rsa_pss_2048_sha256_mgf1_32",
    "rsa_pss_2048_sha384_mgf1_48",
    "rsa_pss_3072_sha256_mgf1_32",
    "rsa_pss_4096_sha256_mgf1_32",
    "rsa_pss_4096_sha384_mgf1_48",
    "rsa_pss_4096_sha512_mgf1_64",
    "rsa_pss_misc",
  ],
  ({ sha }) => `rsa_pss_rsae_sha${bits(sha)}`,
  isTlsPss,
);
signatureTest(
  [
    "rsa_pss_2048_sha256_mgf1_32_params",
    "rsa_pss_3072_sha256_mgf1_32_params",
    "rsa_pss_4096_sha512_mgf1_64_params",
    "rsa_pss_misc_params",
  ],
  ({ sha }) => `rsa_pss_pss_sha${bits(sha)}`,
  isTlsPss,
);

interface MacGroup {
  readonly tagSize: number;
  readonly tests: readonly (Case & Record<"key" | "msg" | "tag", string>)[];
}
interface HkdfGroup {
  readonly tests:
    readonly (Case & Record<"ikm" | "salt" | "info" | "okm", string> & { size: number })[];
}

const nodeCrypto = findNodeCrypto();
for (const bits of [256, 384, 512] as const) {
  const hashes: [string, Hash][] = [["noble", nobleHash(`SHA-${bits}`)]];
  if (nodeCrypto !== null) hashes.push(["native", nativeHash(nodeCrypto, `SHA-${bits}`)]);
  for (const [name, hash] of hashes) {
    wycheproofTest<MacGroup>(`HMAC-SHA-${bits} on ${name}`, [`hmac_sha${bits}`], (groups, file) => {
      for (const group of groups) {
        for (const test of group.tests) {
          const mac = hash.hmac(fromHex(test.key), fromHex(test.msg)).subarray(
            0,
            group.tagSize / 8,
          );
          assertEquals(toHex(mac) === test.tag, test.result === "valid", about(file, name, test));
        }
      }
    });
    wycheproofTest<HkdfGroup>(
      `HKDF-SHA-${bits} on ${name}`,
      [`hkdf_sha${bits}`],
      (groups, file) => {
        for (const test of groups.flatMap(({ tests }) => tests)) {
          const key = hkdfExtract(hash, fromHex(test.salt), fromHex(test.ikm));
          let output: string | null = null;
          try {
            output = toHex(hkdfExpand(hash, key, fromHex(test.info), test.size));
          } catch {
            // too long
          }
          assertEquals(output, test.result === "valid" ? test.okm : null, about(file, name, test));
        }
      },
    );
  }
}

interface KemGroup {
  readonly tests: readonly (Case & Record<"seed" | "ek" | "c" | "K", string>)[];
}
const mlKem = loadMlKem();
const KEMS = ["noble", ...(mlKem === null ? [] : ["kernel"])];

for (const [name, size] of KEMS.flatMap((kem) => [[kem, "768"], [kem, "1024"]] as const)) {
  const files = [`mlkem_${size}_encaps`, `mlkem_${size}`];
  const groups = mlKem === null || name === "noble" ? mlKemGroups : mlKemGroupsOf(mlKem);
  const kem = mlKem === null || name === "noble" ? ML_KEM[size].kem : mlKem[size];
  const group = groups.find(({ id }) => id === ML_KEM[size].id);
  wycheproofTest<KemGroup>(
    `ML-KEM-${size} on ${name}: encapsulation keys`,
    files.slice(0, 1),
    async (groups, file) => {
      for (const test of groups.flatMap(({ tests }) => tests)) {
        const answer = await group?.respond(fromHex(test.ek));
        assertEquals(answer !== null, test.result === "valid", about(file, name, test));
      }
    },
  );
  wycheproofTest<KemGroup>(
    `ML-KEM-${size} on ${name}: seeds and ciphertexts`,
    files.slice(1),
    async (groups, file) => {
      for (const test of groups.flatMap(({ tests }) => tests)) {
        const what = about(file, name, test);
        const seed = fromHex(test.seed);
        if (seed.length !== 64) {
          assertEquals(test.result, "invalid", what);
          continue;
        }
        const pair = mlKemKeyPair({ ...ML_KEM[size], kem }, seed);
        if (test.result === "valid") assertEquals(toHex(pair.share), test.ek, what);
        const secret = await pair.complete(fromHex(test.c));
        assertEquals(secret && toHex(secret), test.result === "valid" ? test.K : null, what);
      }
    },
  );
}
