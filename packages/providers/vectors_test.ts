import { assertEquals, assertThrows } from "@std/assert";
import { fromHex, namedGroupName, TlsError, toHex } from "@sealane/wire";
import { hkdfExpand, hkdfExpandLabel, hkdfExtract } from "./hkdf.ts";
import { hybridGroup } from "./hybrid.ts";
import { ML_KEM, mlKemGroups, mlKemKeyPair } from "./ml_kem.ts";
import { nobleProvider } from "./noble/mod.ts";
import { CURVES, PROVIDERS, readTestData } from "./testdata/support.ts";
import { encodeKeyAlgorithm, encodeSpki, type MlDsaKind } from "./key_info.ts";
import { encodePkcs8 } from "./private_key.ts";
import { der } from "@sealane/wire";
import type { KeyExchangeGroup } from "./provider.ts";

const hashLists = PROVIDERS.map(({ name, cipherSuites }) => ({
  name,
  hashes: new Map(cipherSuites.map(({ hash }) => [hash.name, hash])),
}));

interface HkdfCase {
  readonly section: string;
  readonly Hash: string;
  readonly IKM: string;
  readonly salt: string;
  readonly info: string;
  readonly L: number;
  readonly PRK: string;
  readonly OKM: string;
}

for (const { name, hashes } of hashLists) {
  Deno.test(`HKDF of RFC 5869 appendix A on ${name}`, () => {
    const { cases } = readTestData<{ cases: HkdfCase[] }>("rfc5869_hkdf.json");
    let count = 0;
    for (const test of cases) {
      const hash = hashes.get(test.Hash);
      if (hash === undefined) continue; // SHA-1
      count++;
      const key = hkdfExtract(hash, fromHex(test.salt ?? ""), fromHex(test.IKM));
      assertEquals(toHex(key), test.PRK, test.section);
      assertEquals(
        toHex(hkdfExpand(hash, key, fromHex(test.info), test.L)),
        test.OKM,
        test.section,
      );
    }
    assertEquals(count, 3);
  });

  Deno.test(`HKDF-Expand-Label of NIST ACVP on ${name}`, () => {
    const { cases } = readTestData<
      { cases: Record<"hash" | "key" | "data" | "label" | "output", string>[] }
    >(
      "tls13_expand_label.json",
    );
    for (const test of cases) {
      const hash = hashes.get(test.hash);
      if (hash === undefined) throw new Error(`no ${test.hash}`);
      const length = test.output.length / 2;
      const output = hkdfExpandLabel(
        hash,
        fromHex(test.key),
        test.label,
        fromHex(test.data),
        length,
      );
      assertEquals(toHex(output), test.output);
    }
  });
}

Deno.test("HKDF refuses lengths, labels and contexts that are out of range", () => {
  const [{ hash }] = nobleProvider.cipherSuites;
  const key = new Uint8Array(hash.outputLength);
  const none = new Uint8Array(0);
  assertEquals(hkdfExpand(hash, key, none, 255 * 32).length, 255 * 32);
  assertEquals(hkdfExpand(hash, key, none, 0).length, 0);
  for (
    const bad of [
      () => hkdfExpand(hash, key, none, 255 * 32 + 1),
      () => hkdfExpand(hash, key, none, -1),
      () => hkdfExpand(hash, key, none, 1.5),
      () => hkdfExpand(hash, key.subarray(1), none, 16),
      () => hkdfExpandLabel(hash, key, "x".repeat(250), none, 16),
      () => hkdfExpandLabel(hash, key, "x", new Uint8Array(256), 16),
    ]
  ) assertEquals(assertThrows(bad, TlsError).code, "api/argument");
  assertEquals(hkdfExpandLabel(hash, key, "x".repeat(249), new Uint8Array(255), 16).length, 16);
  assertEquals(hkdfExpandLabel(hash, key, "", none, 16).length, 16);
});

interface XdhData {
  readonly scalarmult: readonly Record<"scalar" | "u" | "output", string>[];
  readonly dh: Record<
    "alice_private" | "alice_public" | "bob_private" | "bob_public" | "shared",
    string
  >;
}

for (const curve of CURVES) {
  const name = namedGroupName(curve.id);
  if (name !== "x25519" && name !== "x448") continue;
  Deno.test(`${name} of RFC 7748 on ${curve.provider}`, async () => {
    const { scalarmult, dh } =
      readTestData<Record<string, XdhData>>("rfc7748_x25519_x448.json")[name];
    for (const { scalar, u, output } of scalarmult) {
      assertEquals(toHex(await curve.agree(fromHex(scalar), fromHex(u)) ?? fromHex("")), output);
    }
    const a = await curve.agree(fromHex(dh.alice_private), fromHex(dh.bob_public));
    const b = await curve.agree(fromHex(dh.bob_private), fromHex(dh.alice_public));
    assertEquals([a, b].map((secret) => secret && toHex(secret)), [dh.shared, dh.shared]);
  });
}

interface HybridCase {
  readonly group: string;
  readonly group_id: number;
  readonly client_mlkem_seed_d_z: string;
  readonly client_ecdh_private: string;
  readonly client_key_exchange: string;
  readonly server_key_exchange: string;
  readonly shared_secret: string;
}
interface HybridData {
  readonly cases: readonly HybridCase[];
  readonly invalid: readonly {
    group: string;
    side: string;
    key_exchange: string;
    reason: string;
  }[];
}

/** The client's group of a case: its parts have the private keys of the case. */
function fixedHybrid(test: HybridCase, provider: string): KeyExchangeGroup | null {
  const parts: KeyExchangeGroup[] = [];
  for (const size of ["768", "1024"] as const) {
    const seed = fromHex(test.client_mlkem_seed_d_z);
    const kem = mlKemGroups.find(({ id }) => id === ML_KEM[size].id);
    if (kem) parts.push({ ...kem, generate: () => mlKemKeyPair(ML_KEM[size], seed) });
  }
  const share = fromHex(test.client_key_exchange);
  for (const curve of CURVES.filter((candidate) => candidate.provider === provider)) {
    const group = nobleProvider.groups.find(({ id }) => id === curve.id);
    if (group === undefined) continue;
    const isLast = test.group === "X25519MLKEM768";
    const own = isLast ? share.slice(-group.shareLength) : share.slice(0, group.shareLength);
    const scalar = fromHex(test.client_ecdh_private);
    parts.push({
      ...group,
      generate: () => ({ share: own, complete: (peer) => curve.agree(scalar, peer) }),
    });
  }
  return hybridGroup(test.group_id, parts);
}

for (const { name } of PROVIDERS) {
  Deno.test(`hybrid shares and secrets composed of published parts on ${name}`, async () => {
    const { cases, invalid } = readTestData<HybridData>("hybrid_mlkem.json");
    for (const test of cases) {
      const pair = await fixedHybrid(test, name)?.generate();
      assertEquals(toHex(pair?.share ?? fromHex("")), test.client_key_exchange);
      const secret = await pair?.complete(fromHex(test.server_key_exchange));
      assertEquals(secret && toHex(secret), test.shared_secret);
      for (const { group, side, key_exchange, reason } of invalid) {
        if (group !== test.group || !side.startsWith("client")) continue;
        assertEquals(await pair?.complete(fromHex(key_exchange)), null, reason);
      }
    }
    const provider = PROVIDERS.find((candidate) => candidate.name === name);
    for (const { group, side, key_exchange, reason } of invalid) {
      const ours = provider?.groups.find((candidate) => candidate.name === group);
      if (side.startsWith("client")) continue;
      assertEquals(await ours?.respond(fromHex(key_exchange)), null, reason);
    }
  });

  Deno.test(`ML-DSA keys and signatures of another implementation on ${name}`, async () => {
    const { cases } = readTestData<{ cases: Record<string, string>[] }>("ml_dsa.json");
    for (const test of cases) {
      // The file says ML-DSA-44 and so on, which are the names of the kinds but for their hyphens.
      const kind = test.parameters.toLowerCase().replaceAll("-", "") as MlDsaKind;
      const provider = PROVIDERS.find((candidate) => candidate.name === name);
      const algorithm = provider?.signatures.find((candidate) => candidate.name === kind);
      const spki = encodeSpki({ kind }, fromHex(test.publicKey));
      const data = new TextEncoder().encode(test.message);
      const signature = fromHex(test.signature);
      assertEquals(await algorithm?.verify(spki, data, signature, "certificate-verify"), true);
      signature[signature.length - 1] ^= 1;
      assertEquals(await algorithm?.verify(spki, data, signature, "certificate-verify"), false);
      const seed = der.implicit(0, fromHex(test.seed));
      const signer = await provider?.importPrivateKey(
        encodePkcs8(encodeKeyAlgorithm({ kind }), seed),
      );
      assertEquals(toHex(signer?.publicKey ?? fromHex("")), toHex(spki));
    }
  });
}
