import { assertEquals, assertRejects } from "@std/assert";
import { combineProviders, type CryptoProvider } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { shangmiProvider } from "@sealane/providers/shangmi";
import { SignatureScheme as S, TlsError } from "@sealane/wire";
import { TrustStore } from "../path/trust.ts";
import { verifyServerCertificate } from "../path/verify.ts";
import { createTestAuthority, generateTestKey, type TestKeyAlgorithm } from "./authority.ts";

const both = combineProviders(shangmiProvider, nativeProvider);
const ALGORITHMS: [TestKeyAlgorithm | undefined, CryptoProvider, S][] = [
  [undefined, nativeProvider, S.ecdsa_secp256r1_sha256],
  [undefined, shangmiProvider, S.sm2sig_sm3],
  [undefined, both, S.ecdsa_secp256r1_sha256],
  ["sm2", both, S.sm2sig_sm3],
  ["ecdsa-p256", both, S.ecdsa_secp256r1_sha256],
  ["ecdsa-p384", nativeProvider, S.ecdsa_secp384r1_sha384],
  ["ecdsa-p521", nativeProvider, S.ecdsa_secp521r1_sha512],
  ["ed25519", nativeProvider, S.ed25519],
  ["ed448", nativeProvider, S.ed448],
  ["mldsa44", nativeProvider, S.mldsa44],
  ["mldsa65", nativeProvider, S.mldsa65],
  ["mldsa87", nativeProvider, S.mldsa87],
];
for (const [algorithm, provider, scheme] of ALGORITHMS) {
  Deno.test(`a test authority with ${algorithm ?? "the default"} on ${provider.name} issues valid chains`, async () => {
    const root = await createTestAuthority(provider, { algorithm });
    const middle = await root.intermediate({ algorithm });
    const { chain, signer } = await middle.issue({ algorithm, names: ["keys.test"] });
    assertEquals(signer.schemes[0], scheme);
    const trust = TrustStore.fromCertificates([root.certificate]);
    const options = { chain, serverName: "keys.test", now: Date.now(), trust, provider };
    assertEquals((await verifyServerCertificate(options)).certificates.length, 2);
  });
}

Deno.test("a key that needs a provider is not made without one", async () => {
  for (const provider of [undefined, shangmiProvider]) {
    const { code } = await assertRejects(() => generateTestKey("mldsa44", provider), TlsError);
    assertEquals(code, "api/config");
  }
});
