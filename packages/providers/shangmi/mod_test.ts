import { assert, assertEquals } from "@std/assert";
import { CipherSuiteId, NamedGroup, SignatureScheme } from "@sealane/wire";
import { combineProviders } from "../combine.ts";
import { conformanceTests } from "../conformance/mod.ts";
import { importPrivateKey } from "../keys.ts";
import { nativeProvider } from "../native/mod.ts";
import { shangmiProvider, shangmiQuicProvider } from "./mod.ts";
import { testdata } from "./testdata/vectors.ts";

for (const provider of [shangmiProvider, shangmiQuicProvider]) {
  for (const { name, run } of conformanceTests(provider)) {
    Deno.test(`${provider.name}: ${name}`, run);
  }
}

Deno.test("the ShangMi provider lists what RFC 8998 registers, and the hybrid group, and nothing can be changed in it", () => {
  const { cipherSuites, groups, signatures } = shangmiProvider;
  assertEquals(cipherSuites.map(({ id }) => id), [
    CipherSuiteId.TLS_SM4_GCM_SM3,
    CipherSuiteId.TLS_SM4_CCM_SM3,
  ]);
  assertEquals(groups.map(({ id }) => id), [NamedGroup.curveSM2, NamedGroup.curveSM2MLKEM768]);
  assertEquals(signatures.map(({ scheme }) => scheme), [SignatureScheme.sm2sig_sm3]);
  for (const part of [shangmiProvider, cipherSuites, groups, signatures, cipherSuites[0]]) {
    assert(Object.isFrozen(part));
  }
});

Deno.test("only the QUIC variant has header protection, since none is registered", () => {
  assert(shangmiProvider.cipherSuites.every((suite) => !("headerProtection" in suite)));
  assert(shangmiQuicProvider.cipherSuites.every(({ headerProtection }) => headerProtection));
});

Deno.test("ShangMi and native combine to one provider that takes keys of both kinds", async () => {
  const provider = combineProviders(shangmiProvider, nativeProvider);
  assertEquals(
    provider.cipherSuites.length,
    shangmiProvider.cipherSuites.length + nativeProvider.cipherSuites.length,
  );
  const { keys } = testdata<{ keys: Record<string, string> }>("sm2_keys.json");
  const sm2 = await importPrivateKey(provider, keys["sm2.key"]);
  assertEquals(sm2.schemes, [SignatureScheme.sm2sig_sm3]);
  const ed25519 = await importPrivateKey(
    provider,
    `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----`,
  );
  assertEquals(ed25519.schemes, [SignatureScheme.ed25519]);
});
