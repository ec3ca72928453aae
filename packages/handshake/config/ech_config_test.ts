import { assert, assertEquals, assertThrows } from "@std/assert";
import { HpkeKem } from "@sealane/providers/hpke";
import { nobleProvider as provider } from "@sealane/providers/noble";
import { TlsError } from "@sealane/wire";
import {
  chooseEchConfig,
  decodeEchConfig,
  decodeEchConfigList,
  type EchConfigContents,
  encodeEchConfig,
  encodeEchConfigList,
  isValidPublicName,
} from "./ech_config.ts";
import { checkEchKeys, echConfigList, generateEchKey } from "./ech_keys.ts";

const key = generateEchKey({ provider, publicName: "public.example" });
const good = decodeEchConfig(key.config);

function encoded(changes: Partial<EchConfigContents>): Uint8Array {
  return encodeEchConfig({ ...good, ...changes });
}

function chosen(...configs: readonly Uint8Array[]): number | null {
  const choice = chooseEchConfig(provider, decodeEchConfigList(encodeEchConfigList(configs)));
  return choice?.config.configId ?? null;
}

Deno.test("an ECHConfig is encoded as it was decoded", () => {
  const contents = { ...good, extensions: [{ type: 0x1234, data: Uint8Array.of(1, 2) }] };
  const config = decodeEchConfig(encodeEchConfig(contents));
  assertEquals(config, { ...contents, raw: encodeEchConfig(contents) });
});

const id = good.configId;
const UNUSABLE: Readonly<Record<string, Uint8Array>> = {
  "an unknown version": Uint8Array.of(0xba, 0xdd, 0, 5, 5, 4, 3, 2, 1),
  "an unknown KEM": encoded({ kem: 0x6666, publicKey: Uint8Array.of(1, 2, 3, 4) }),
  "no suite of ours": encoded({ cipherSuites: [{ kdf: 0x1111, aead: 0x2222 }] }),
  "a public key of the wrong length": encoded({ publicKey: new Uint8Array(31) }),
  "a mandatory extension": encoded({ extensions: [{ type: 0xaaaa, data: new Uint8Array() }] }),
  "an underscore in the public name": encoded({ publicName: "no_names.example" }),
  "a public name that is an address": encoded({ publicName: "192.0.2.1" }),
};
for (const [what, config] of Object.entries(UNUSABLE)) {
  Deno.test(`row 231: a client skips a configuration with ${what}`, () => {
    assertEquals(chosen(config), null);
    assertEquals(chosen(config, key.config), id);
  });
}

Deno.test("a client takes the first configuration and the first suite that it can use", () => {
  const other = encoded({ configId: (id + 1) % 256 });
  assertEquals(chosen(other, key.config), (id + 1) % 256);
  const cipherSuites = [{ kdf: 1, aead: 0x2222 }, { kdf: 0x1111, aead: 3 }, { kdf: 1, aead: 3 }];
  const choice = chooseEchConfig(provider, [decodeEchConfig(encoded({ cipherSuites }))]);
  assertEquals(choice?.suite, { kdf: 1, aead: 3 });
});

Deno.test("an extension that is not mandatory does not matter", () => {
  assertEquals(chosen(encoded({ extensions: [{ type: 0x6666, data: new Uint8Array(3) }] })), id);
});

const list = echConfigList([key]);
const twice = { type: 1, data: new Uint8Array() };
const MALFORMED: Readonly<Record<string, Uint8Array>> = {
  "an empty one": new Uint8Array(2),
  "one that is cut": list.subarray(0, -1),
  "one with a byte too many": new Uint8Array([...list, 0]),
  "one with a cut configuration": encodeEchConfigList([key.config.subarray(1)]),
  "one without cipher suites": encodeEchConfigList([encoded({ cipherSuites: [] })]),
  "one with an empty public name": encodeEchConfigList([encoded({ publicName: "" })]),
  "one with an extension twice": encodeEchConfigList([encoded({ extensions: [twice, twice] })]),
};
for (const [what, bytes] of Object.entries(MALFORMED)) {
  Deno.test(`row 231: ${what} is no ECHConfigList: an error of the configuration or of the server`, () => {
    const own = assertThrows(() => decodeEchConfigList(bytes), TlsError);
    assertEquals(own.code, "api/config");
    const peer = assertThrows(() => decodeEchConfigList(bytes, "peer/decode-error"), TlsError);
    assertEquals(peer.code, "peer/decode-error");
  });
}

const NAMES: Readonly<Record<string, boolean>> = {
  "public.example": true,
  "localhost": true,
  "a-b.example": true,
  "0x.example": true,
  "127.0.0.1.example": true,
  ["a".repeat(63)]: true,
  ["a".repeat(64)]: false,
  "": false,
  ".example": false,
  "example.": false,
  "a..b": false,
  "-a.example": false,
  "a-.example": false,
  "under_score.example": false,
  "münchen.example": false,
  "1.2.3.4": false,
  "example.5": false,
  "example.0x": false,
  "0X7f.0Xff": false,
};
Deno.test("public names are LDH names that no parser takes for an IPv4 address", () => {
  for (const [name, valid] of Object.entries(NAMES)) {
    assertEquals(isValidPublicName(name), valid, name);
  }
});

Deno.test("a new key has another config_id than those besides it", () => {
  const besides = [key];
  for (let i = 0; i < 200; i++) {
    besides.push(generateEchKey({ provider, publicName: "public.example", besides }));
  }
  const ids = besides.map(({ config }) => decodeEchConfig(config).configId);
  assertEquals(new Set(ids).size, ids.length);
});

Deno.test("a key may be of P-256", () => {
  const kem = HpkeKem.DHKEM_P256_HKDF_SHA256;
  const p256 = generateEchKey({ provider, publicName: "public.example", kem });
  assertEquals(decodeEchConfig(p256.config).publicKey.length, 65);
  assert(checkEchKeys(provider, [p256]) !== null);
});

Deno.test("a server refuses keys that cannot serve", () => {
  const other = generateEchKey({ provider, publicName: "public.example" });
  const refused = [
    [{ config: key.config, privateKey: other.privateKey }],
    [{ ...key, retry: false }],
    [{ ...key, config: list }],
    [{ ...key, config: encoded({ cipherSuites: [{ kdf: 9, aead: 9 }] }) }],
  ];
  for (const keys of refused) {
    assertEquals(assertThrows(() => checkEchKeys(provider, keys), TlsError).code, "api/config");
  }
  assertThrows(() => generateEchKey({ provider, publicName: "1.2.3.4" }), TlsError);
});

Deno.test("what is published leaves out the keys on their way out", () => {
  const old = generateEchKey({ provider, publicName: "public.example", besides: [key] });
  assertEquals(echConfigList([key, { ...old, retry: false }]), list);
});
