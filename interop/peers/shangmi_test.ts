/** The suites of RFC 8998 with stacks that others wrote, in both roles: data both ways, client certificates, both providers. */
import { assertEquals } from "@std/assert";
import { combineProviders, type CryptoProvider } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { shangmiProvider } from "@sealane/providers/shangmi";
import { smCryptoProvider } from "@sealane/sm-crypto";
import { CipherSuiteId as C, cipherSuiteName, NamedGroup, SignatureScheme } from "@sealane/wire";
import { openConnection, type Scenario } from "./connect.ts";
import { exchange } from "./exchange.ts";
import { bouncyCastle, kona } from "./java.ts";
import { makeShangmiMaterial } from "./shangmi_material.ts";

const material = await makeShangmiMaterial();
globalThis.addEventListener("unload", () => material[Symbol.dispose]());

const UP = new TextEncoder().encode("上\n".repeat(9000));
const DOWN = new TextEncoder().encode("下\n".repeat(9000));
const both = combineProviders(shangmiProvider, nativeProvider);

interface Case extends Omit<Scenario, "peer" | "role"> {
  readonly title: string;
  readonly provider: CryptoProvider;
}

function* cases(suites: readonly C[]): Generator<Case> {
  for (const suite of suites) {
    const name = cipherSuiteName(suite);
    yield { title: name, provider: shangmiProvider, suite };
    yield {
      title: `${name}, client certificate`,
      provider: shangmiProvider,
      suite,
      clientKey: "ecdsa-p256", // any kind: the material has one
    };
  }
  yield { title: "both worlds offered", provider: both };
  yield { title: "sm-crypto as the provider", provider: smCryptoProvider };
}

async function check(scenario: Scenario): Promise<void> {
  const connection = await openConnection(material, scenario);
  const { info } = connection;
  try {
    await exchange(connection.ours, connection.peer, UP, DOWN);
    assertEquals(info.suite.hash.name, "SM3");
    if (scenario.suite !== undefined) assertEquals(info.suite.id, scenario.suite);
    assertEquals(info.group, NamedGroup.curveSM2);
    const authenticated = scenario.role === "client" || scenario.clientKey !== undefined;
    assertEquals(info.peerSignatureScheme, authenticated ? SignatureScheme.sm2sig_sm3 : null);
    const signed = scenario.role === "server" || scenario.clientKey !== undefined;
    assertEquals(info.signatureScheme, signed ? SignatureScheme.sm2sig_sm3 : null);
  } finally {
    await connection.close();
  }
}

for (
  const [peer, suites] of [
    [bouncyCastle, [C.TLS_SM4_GCM_SM3, C.TLS_SM4_CCM_SM3]],
    [kona, [C.TLS_SM4_GCM_SM3]],
  ] as const
) {
  const missing = await peer.missing();
  const needs = missing === null ? "" : ` (needs ${peer.program}: ${missing})`;
  for (const role of ["client", "server"] as const) {
    for (const { title, ...scenario } of cases(suites)) {
      Deno.test({
        name: `ShangMi ${role} to ${peer.name}: ${title}${needs}`,
        ignore: missing !== null,
        fn: () => check({ peer, role, ...scenario }),
      });
    }
  }
}
