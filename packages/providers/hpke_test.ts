import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromHex, TlsError, toHex, utf8 } from "@sealane/wire";
import * as oracle from "hpke";
import { Hpke, HpkeAead, HpkeKdf, HpkeKem } from "./hpke.ts";
import { nobleProvider } from "./noble/mod.ts";
import { PROVIDERS, readTestData } from "./testdata/support.ts";

interface HpkeCase {
  readonly kem_id: number;
  readonly kdf_id: number;
  readonly aead_id: number;
  readonly info: string;
  readonly ikmE: string | null;
  readonly skEm: string;
  readonly pkEm: string;
  readonly enc: string;
  readonly ikmR: string | null;
  readonly skRm: string;
  readonly pkRm: string;
  readonly encryptions: readonly Record<string, string | number>[];
  readonly exports: readonly Record<string, string | number>[];
}

const { suites } = readTestData<{ suites: HpkeCase[] }>("rfc9180_hpke.json");
const text = (value: string | number | undefined): string => String(value ?? "");

for (const provider of PROVIDERS) {
  for (const test of suites) {
    const name = `${test.kem_id}/${test.kdf_id}/${test.aead_id}`;
    Deno.test(`HPKE ${name} of RFC 9180 on ${provider.name}`, async () => {
      const suite = { kem: test.kem_id, kdf: test.kdf_id, aead: test.aead_id };
      const hpke = new Hpke(provider, suite);
      // One of the suites has its keys published without their keying material.
      const keyPair = (ikm: string | null, privateKey: string) => {
        if (ikm !== null) return hpke.deriveKeyPair(fromHex(ikm));
        const key = fromHex(privateKey);
        return { privateKey: key, publicKey: hpke.publicKey(key) };
      };
      const ephemeral = keyPair(test.ikmE, test.skEm);
      const own = keyPair(test.ikmR, test.skRm);
      assertEquals(toHex(ephemeral.privateKey), test.skEm);
      assertEquals(toHex(ephemeral.publicKey), test.pkEm);
      assertEquals(toHex(own.privateKey), test.skRm);
      assertEquals(toHex(own.publicKey), test.pkRm);
      const info = fromHex(test.info);
      const sender = await hpke.setupSender(own.publicKey, info, ephemeral);
      const recipient = await hpke.setupRecipient(fromHex(test.enc), own.privateKey, info);
      assert(sender !== null && recipient !== null);
      assertEquals(toHex(sender.enc), test.enc);
      let count = 0;
      const plaintext = fromHex(text(test.encryptions[0].pt));
      for (let sequence = 0; sequence <= 256; sequence++) {
        const expected = test.encryptions.find(({ seq }) => seq === sequence);
        const aad = expected ? fromHex(text(expected.aad)) : utf8(`Count-${sequence}`);
        const sealed = await sender.context.seal(aad, plaintext);
        if (expected) {
          count++;
          assertEquals(toHex(sealed), expected.ct);
        }
        const forged = sealed.slice();
        forged[0] ^= 1;
        assertEquals(await recipient.open(aad, forged), null);
        assertEquals(await recipient.open(aad, sealed), plaintext);
      }
      assertEquals(count, test.encryptions.length);
      for (const exported of test.exports) {
        const value = sender.context.exportSecret(
          fromHex(text(exported.exporter_context)),
          Number(exported.L),
        );
        assertEquals(toHex(value), exported.exported_value);
      }
    });
  }
}

const KEMS = [
  [HpkeKem.DHKEM_P256_HKDF_SHA256, oracle.KEM_DHKEM_P256_HKDF_SHA256],
  [HpkeKem.DHKEM_X25519_HKDF_SHA256, oracle.KEM_DHKEM_X25519_HKDF_SHA256],
] as const;
const KDFS = [
  [HpkeKdf.HKDF_SHA256, oracle.KDF_HKDF_SHA256],
  [HpkeKdf.HKDF_SHA384, oracle.KDF_HKDF_SHA384],
] as const;
const AEADS = [
  [HpkeAead.AES_128_GCM, oracle.AEAD_AES_128_GCM],
  [HpkeAead.AES_256_GCM, oracle.AEAD_AES_256_GCM],
] as const;

for (const [kem, kemOracle] of KEMS) {
  for (const [kdf, kdfOracle] of KDFS) {
    for (const [aead, aeadOracle] of AEADS) {
      Deno.test(`HPKE ${kem}/${kdf}/${aead} speaks with the package hpke, both ways`, async () => {
        const ours = new Hpke(nobleProvider, { kem, kdf, aead });
        const theirs = new oracle.CipherSuite(kemOracle, kdfOracle, aeadOracle);
        const [info, aad, message] = [utf8("info"), utf8("aad"), utf8("a message")];
        const keys = await theirs.GenerateKeyPair(true);
        const publicKey = new Uint8Array(await theirs.SerializePublicKey(keys.publicKey));
        const sealed = await ours.seal(publicKey, info, aad, message);
        assert(sealed !== null);
        const opened = await theirs.Open(keys, sealed.enc, sealed.ciphertext, { info, aad });
        assertEquals(new Uint8Array(opened), message);

        const own = ours.generateKeyPair();
        const peerKey = await theirs.DeserializePublicKey(own.publicKey);
        const back = await theirs.Seal(peerKey, message, { info, aad });
        const [enc, ciphertext] = [
          new Uint8Array(back.encapsulatedSecret),
          new Uint8Array(back.ciphertext),
        ];
        assertEquals(await ours.open(enc, own.privateKey, info, aad, ciphertext), message);
        assertEquals(await ours.open(enc, own.privateKey, aad, aad, ciphertext), null);
      });
    }
  }
}

Deno.test("HPKE: bad keys are null, unknown suites are api/config", () => {
  for (const kem of Object.values(HpkeKem)) {
    const suite = { kem, kdf: HpkeKdf.HKDF_SHA256, aead: HpkeAead.AES_128_GCM };
    const hpke = new Hpke(nobleProvider, suite);
    const { privateKey, publicKey } = hpke.generateKeyPair();
    const none = new Uint8Array(0);
    for (const bad of [none, publicKey.subarray(1), new Uint8Array(publicKey.length)]) {
      assertEquals(hpke.setupSender(bad, none), null);
      assertEquals(hpke.setupRecipient(bad, privateKey, none), null);
    }
    assertThrows(() => hpke.publicKey(new Uint8Array(5)), TlsError);
    for (const part of ["kem", "kdf", "aead"]) {
      const unknown = { ...suite, [part]: 0xfff0 };
      assertEquals(Hpke.supports(nobleProvider, unknown), false);
      const error = assertThrows(() => new Hpke(nobleProvider, unknown), TlsError);
      assertEquals(error.code, "api/config");
    }
  }
});
