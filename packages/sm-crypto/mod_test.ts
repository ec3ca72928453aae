import { assert, assertEquals, assertThrows } from "@std/assert";
import { isPromise, type SignatureUse } from "@sealane/providers";
import { conformanceTests } from "@sealane/providers/conformance";
import { shangmiProvider } from "@sealane/providers/shangmi";
import { concat, der, SignatureScheme, TlsError, toHex } from "@sealane/wire";
import { SeededRandom } from "@sealane/wire/testing";
import { smCryptoProvider } from "./mod.ts";

const BOTH = [shangmiProvider, smCryptoProvider];
const SCHEME = SignatureScheme.sm2sig_sm3;

/** The value of a synchronous operation. */
function now<T>(value: T | Promise<T>): T {
  assert(!isPromise(value));
  return value;
}

const pkcs8 = (scalar: Uint8Array, publicKey?: Uint8Array) =>
  der.sequence(
    der.integer(0),
    der.sequence(
      der.objectIdentifier("1.2.840.10045.2.1"),
      der.objectIdentifier("1.2.156.10197.1.301"),
    ),
    der.octetString(der.sequence(
      der.integer(1),
      der.octetString(scalar),
      ...(publicKey ? [der.explicit(1, der.bitString(publicKey))] : []),
    )),
  );

for (const { name, run } of conformanceTests(smCryptoProvider)) {
  Deno.test(`${smCryptoProvider.name}: ${name}`, run);
}

Deno.test("SM3 and HMAC-SM3 agree with sm-crypto", () => {
  const random = new SeededRandom(1);
  const [ours, theirs] = BOTH.map(({ cipherSuites: [{ hash }] }) => hash);
  for (const length of [...Array(140).keys(), 1000]) {
    const [key, data] = [random.bytes(length), random.bytes(length)];
    assertEquals(ours.create().update(data).digest(), theirs.create().update(data).digest());
    assertEquals(ours.hmac(key, data, key), theirs.hmac(key, data, key));
  }
});

shangmiProvider.cipherSuites.forEach(({ name, aead }, index) => {
  Deno.test(`${name} agrees with one made of sm-crypto's cipher at all lengths`, () => {
    const random = new SeededRandom(2);
    for (const length of [...Array(150).keys(), 191, 255, 256, 257, 1200, 16_401]) {
      const key = random.bytes(16);
      const nonce = random.bytes(12);
      const [aad, plaintext] = [random.bytes(length % 37), random.bytes(length)];
      const ours = now(aead.importKey(key));
      const theirs = now(smCryptoProvider.cipherSuites[index].aead.importKey(key));
      const sealed = now(theirs.seal(nonce, aad, plaintext));
      assertEquals(now(ours.seal(nonce, aad, plaintext)), sealed, String(length));
      assertEquals(now(ours.open(nonce, aad, sealed)), plaintext, String(length));
      assertEquals(now(theirs.open(nonce, aad, sealed)), plaintext, String(length));
    }
    const aad = random.bytes(0xff00);
    const [key, nonce] = [random.bytes(16), random.bytes(12)];
    const [ours, theirs] = BOTH.map(({ cipherSuites }) =>
      now(now(cipherSuites[index].aead.importKey(key)).seal(nonce, aad, aad))
    );
    assertEquals(toHex(ours), toHex(theirs));
  });
});

Deno.test("SM2 signatures are verified by sm-crypto and those of sm-crypto by us, under each identifier", () => {
  const random = new SeededRandom(3);
  const uses: SignatureUse[] = ["certificate-verify", "certificate", "delegated-credential"];
  for (let i = 0; i < 6; i++) {
    const key = pkcs8(random.bytes(32).fill(i, 0, 1));
    const signers = BOTH.map((provider) => now(provider.importPrivateKey(key)));
    const [spki, theirs] = signers.map(({ publicKey }) => publicKey);
    assert(spki !== undefined);
    assertEquals(spki, theirs);
    const data = random.bytes(40 * i);
    for (const use of uses) {
      const other = use === "certificate" ? "certificate-verify" : "certificate";
      for (const signer of signers) {
        const signed = now(signer.sign(SCHEME, data, { use }));
        for (const { signatures: [algorithm] } of BOTH) {
          assert(algorithm.verify(spki, data, signed, use));
          assertEquals(algorithm.verify(spki, data, signed, other), false);
        }
      }
    }
  }
});

Deno.test("curveSM2 agrees with sm-crypto in both roles", () => {
  const [[ours], [theirs]] = BOTH.map(({ groups }) => groups);
  for (const [client, server] of [[ours, theirs], [theirs, ours], [theirs, theirs]]) {
    const pair = now(client.generate());
    const answer = now(server.respond(pair.share));
    assert(answer !== null);
    assertEquals(now(pair.complete(answer.share)), answer.secret);
  }
});

Deno.test("curveSM2 of sm-crypto answers null to shares that are no points", () => {
  const [group] = smCryptoProvider.groups;
  const pair = now(group.generate());
  const offCurve = pair.share.slice();
  offCurve[64] ^= 1;
  const hybrid = pair.share.slice();
  hybrid[0] = 6 | hybrid[64] & 1;
  const tooLarge = new Uint8Array(65).fill(0xff).fill(4, 0, 1);
  const shares: Uint8Array[] = [offCurve, hybrid, tooLarge, new Uint8Array(), new Uint8Array(65)];
  shares.push(concat([pair.share, Uint8Array.of(0)]), pair.share.subarray(0, 64));
  for (const share of shares) {
    assertEquals(now(group.respond(share)), null, toHex(share));
    assertEquals(now(pair.complete(share)), null, toHex(share));
  }
});

Deno.test("both refuse private keys out of range or with the public key of another", () => {
  const n = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;
  const scalar = (value: bigint) =>
    Uint8Array.from(
      value.toString(16).padStart(64, "0").match(/../g) ?? [],
      (hex) => parseInt(hex, 16),
    );
  const other = now(shangmiProvider.groups[0].generate()).share;
  const bad = [
    pkcs8(scalar(0n)),
    pkcs8(scalar(n - 1n)),
    pkcs8(scalar(n)),
    pkcs8(new Uint8Array(31).fill(1)),
    pkcs8(new Uint8Array(33).fill(1)),
    pkcs8(new Uint8Array()),
    pkcs8(scalar(5n), other),
    concat([pkcs8(scalar(5n)), Uint8Array.of(0)]),
  ];
  for (const provider of BOTH) {
    for (const key of bad) assertThrows(() => provider.importPrivateKey(key), TlsError);
    now(provider.importPrivateKey(pkcs8(scalar(n - 2n))));
  }
});
