/** What the standards refuse is refused on every provider, and before a platform is asked. */
import { fromHex, SignatureScheme as S, TlsError, utf8 } from "@sealane/wire";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type CraftedSignature,
  ecdsaOutOfRange,
  edwardsMixedOrder,
  edwardsOutOfRange,
} from "./conformance/crafted_signatures.ts";
import { embeddedCases } from "./conformance/embedded_keys.ts";
import { defaultProvider } from "./default.ts";
import { findNodeCrypto, type NodeCrypto } from "./native/platform.ts";
import { nativeSignatures } from "./native/signatures.ts";
import type { SignatureAlgorithm } from "./provider.ts";
import { PROVIDERS } from "./testdata/support.ts";

const DATA = utf8("what was never signed in this way");

const CASES: readonly [scheme: number, cases: readonly CraftedSignature[]][] = [
  [S.ecdsa_secp256r1_sha256, ecdsaOutOfRange("P-256", "SHA-256", DATA)],
  [S.ecdsa_secp384r1_sha384, ecdsaOutOfRange("P-384", "SHA-384", DATA)],
  [S.ecdsa_secp521r1_sha512, ecdsaOutOfRange("P-521", "SHA-512", DATA)],
  [S.ed25519, [...edwardsOutOfRange("ed25519", DATA), edwardsMixedOrder("ed25519", DATA)]],
  [S.ed448, [...edwardsOutOfRange("ed448", DATA), edwardsMixedOrder("ed448", DATA)]],
];

async function judge(signatures: readonly SignatureAlgorithm[]): Promise<void> {
  for (const [scheme, cases] of CASES) {
    const algorithm = signatures.find((each) => each.scheme === scheme);
    if (algorithm === undefined) continue;
    for (const { what, spki, signature, good } of cases) {
      const verdict = await algorithm.verify(spki, DATA, signature, "certificate-verify");
      assertEquals(verdict, good, `${algorithm.name} with ${what}`);
    }
  }
}

for (const provider of [...PROVIDERS, defaultProvider()]) {
  Deno.test(`row 290: ${provider.name} refuses numbers out of range, points that are not canonical, keys of small order`, async () => {
    await judge(provider.signatures);
  });

  Deno.test(`row 290: ${provider.name} refuses a private key beside which a public key is not its own`, async () => {
    for (const { what, pkcs8, good, spki } of embeddedCases()) {
      // A platform may not have the algorithm at all: then there is nothing to see.
      if (good) {
        const signer = await Promise.resolve(provider.importPrivateKey(pkcs8)).catch(() => null);
        if (signer !== null) assertEquals(signer.publicKey, fromHex(spki), what);
        continue;
      }
      const error = await assertRejects(
        async () => await provider.importPrivateKey(pkcs8),
        TlsError,
      );
      assertEquals(error.code, "api/config", what);
    }
  });
}

Deno.test("row 290: a platform is not asked about what the standards refuse", async () => {
  const crypto = findNodeCrypto();
  if (crypto === null) return;
  let asked = 0;
  // A platform that says yes to everything; what else it has is not used here.
  const eager: Partial<NodeCrypto> = {
    constants: crypto.constants,
    createPublicKey: crypto.createPublicKey,
    createPrivateKey: crypto.createPrivateKey,
    verify: () => {
      asked++;
      return true;
    },
  };
  const signatures = nativeSignatures(eager as NodeCrypto, null);
  for (const [scheme, cases] of CASES) {
    const algorithm = signatures.find((each) => each.scheme === scheme);
    assert(algorithm !== undefined);
    for (const { what, spki, signature, good } of cases) {
      if (good || what.includes("exchanged") || what.includes("mixed")) continue;
      const verdict = await algorithm.verify(spki, DATA, signature, "certificate-verify");
      assertEquals(verdict, false, `${algorithm.name} with ${what}`);
    }
  }
  assertEquals(asked, 0);
});
