import { assertEquals, assertThrows } from "@std/assert";
import { nativeProvider as provider } from "@sealane/providers/native";
import { HpkeKem } from "@sealane/providers/hpke";
import { encodePem, TlsError } from "@sealane/wire";
import { decodeEchConfig } from "./ech_config.ts";
import { checkEchKeys, echConfigList, generateEchKey } from "./ech_keys.ts";
import { encodeEchPem, readEchPem } from "./ech_pem.ts";

/** Figure 1 of RFC 9934. */
const FIGURE = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VuBCIEICjd4yGRdsoP9gU7YT7My8DHx1Tjme8GYDXrOMCi8v1V
-----END PRIVATE KEY-----
-----BEGIN ECHCONFIG-----
AD7+DQA65wAgACA8wVN2BtscOl3vQheUzHeIkVmKIiydUhDCliA4iyQRCwAEAAEA
AQALZXhhbXBsZS5jb20AAA==
-----END ECHCONFIG-----
`;

Deno.test("the example of RFC 9934 is read, with its key and without", () => {
  const { keys, configList } = readEchPem(provider, FIGURE);
  assertEquals(keys.length, 1);
  assertEquals(decodeEchConfig(keys[0].config).publicName, "example.com");
  assertEquals(echConfigList(keys), configList);
  assertEquals(checkEchKeys(provider, keys)?.keys.length, 1);
  assertEquals(encodeEchPem(keys[0]), FIGURE);
  const [, forClients] = FIGURE.split("-----END PRIVATE KEY-----\n");
  assertEquals(readEchPem(provider, forClients), { configList, keys: [] });
  assertEquals(readEchPem(provider, new TextEncoder().encode(FIGURE)).configList, configList);
});

Deno.test("what is written is read, of each KEM, and of a list the configurations of the key", () => {
  for (const kem of [HpkeKem.DHKEM_X25519_HKDF_SHA256, HpkeKem.DHKEM_P256_HKDF_SHA256]) {
    const [key, other] = ["a.example", "b.example"].map((publicName) =>
      generateEchKey({ provider, publicName, kem })
    );
    const configList = echConfigList([other, key]);
    const read = readEchPem(provider, encodeEchPem(key, configList));
    assertEquals(read, { configList, keys: [key] });
  }
});

Deno.test("a file without a list, with a foreign key or one of another kind is api/config", () => {
  const [key, other] = ["a.example", "b.example"].map((publicName) =>
    generateEchKey({ provider, publicName })
  );
  const cases = [
    ["", "no ECHCONFIG block"],
    [FIGURE.slice(0, 200), "has no end"],
    [encodePem("ECHCONFIG", new Uint8Array(3)), "ECHConfigList"],
    [encodeEchPem(key, echConfigList([other])), "belongs to none"],
    [FIGURE.replace("K2Vu", "K2Vw"), "1.3.101.112 is of no use for ECH"],
  ];
  for (const [file, part] of cases) {
    const { code } = assertThrows(() => readEchPem(provider, file), TlsError, part);
    assertEquals(code, "api/config");
  }
});
