import { isPromise } from "../maybe_promise.ts";
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  concat,
  decodePem,
  der,
  fromHex,
  SignatureScheme,
  TlsError,
  toHex,
  utf8,
} from "@sealane/wire";
import { importPrivateKey } from "../keys.ts";
import type { SignatureUse, Signer } from "../provider.ts";
import { CURVE_SM2, toBigInt, toBytes32 } from "./curve.ts";
import { shangmiProvider } from "./mod.ts";
import { encodeSm2Spki } from "./sm2_keys.ts";
import { identityHash, signHash, sm2sigSm3, verifyHash } from "./sm2_signature.ts";
import { sm3Digest } from "./sm3.ts";
import { engines, pseudoRandom, testdata } from "./testdata/vectors.ts";

interface SignedMessage {
  name: string;
  id: string;
  private_key: string;
  public_key: string;
  message: string;
  za: string;
  e: string;
  k: string;
  r: string;
  s: string;
  signature_der: string;
}
interface Prehashed {
  private_key: string;
  public_key: string;
  e: string;
  signature_der: string;
}
interface Agreement {
  name: string;
  private_a: string;
  public_a: string;
  private_b: string;
  public_b: string;
  shared_x: string;
}

const vectors = testdata<{
  sign_verify: SignedMessage[];
  verify_prehashed: { cases: Prehashed[] };
  verify_invalid_derived: { cases: SignedMessage[] };
  ecdh_derived: { cases: Agreement[] };
  invalid_public_keys: { cases: { public: string; reason: string }[] };
}>("sm2.json");
const files = testdata<{
  keys: Record<string, string>;
  certificates: Record<string, string>;
}>("sm2_keys.json");

const { n, p } = CURVE_SM2;
const SCHEME = SignatureScheme.sm2sig_sm3;
const point = (publicKey: string) => fromHex(publicKey).subarray(1);
const signature = (r: Uint8Array, s: Uint8Array) => der.sequence(der.integer(r), der.integer(s));
const bytes32 = (hex: string) => fromHex(hex.padStart(64, "0"));
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
/** The value of a synchronous operation. */
function now<T>(value: T | Promise<T>): T {
  assert(!isPromise(value));
  return value;
}
function spkiOf(signer: Signer): Uint8Array {
  assert(signer.publicKey);
  return signer.publicKey;
}

Deno.test("SM2 hashes the identity and makes the signatures of GB/T 32918.5 annex A with its k", () => {
  for (const { id, public_key, message, za, e, private_key, k, r, s } of vectors.sign_verify) {
    const identity = identityHash(fromHex(id), point(public_key));
    assertEquals(toHex(identity), za);
    assertEquals(toHex(sm3Digest(identity, fromHex(message))), e);
    for (const { sm2 } of engines) {
      const prepared = sm2.prepareKey(fromHex(private_key));
      // One is enough here; signHash would ask for more only if r or s were zero.
      const once = [fromHex(k)].values() as Iterator<Uint8Array, never>;
      const numbers = signHash(prepared, fromHex(e), once, sm2);
      assertEquals(numbers.map(toHex), [r, s]);
    }
  }
});

Deno.test("SM2 verifies the signatures of GB/T 32918.5 and refuses the derived bad ones", () => {
  for (const { id, public_key, message, e, r, s, signature_der } of vectors.sign_verify) {
    assert(verifyHash(point(public_key), fromHex(e), fromHex(r), fromHex(s)));
    if (id !== toHex(utf8("1234567812345678"))) continue;
    const spki = encodeSm2Spki(point(public_key));
    const [data, signed] = [fromHex(message), fromHex(signature_der)];
    assert(sm2sigSm3.verify(spki, data, signed, "certificate"));
    assertEquals(sm2sigSm3.verify(spki, data, signed, "certificate-verify"), false);
    assertEquals(sm2sigSm3.verify(spki, data, signed, "delegated-credential"), false);
  }
  for (const { name, id, public_key, message, r, s } of vectors.verify_invalid_derived.cases) {
    const use: SignatureUse = id.startsWith("3132") ? "certificate" : "certificate-verify";
    const signed = signature(fromHex(r), fromHex(s));
    const spki = encodeSm2Spki(point(public_key));
    assertEquals(sm2sigSm3.verify(spki, fromHex(message), signed, use), false, name);
  }
});

for (const { name, sm2 } of engines) {
  Deno.test(`SM2 arithmetic (${name}) verifies the prehashed signatures of OpenSSL`, () => {
    for (const { public_key, private_key, e, signature_der } of vectors.verify_prehashed.cases) {
      const signed = signature_der;
      const [r, s] = [...signed.matchAll(/022[01](?:00)?([0-9a-f]{64})/g)].map(([, hex]) => hex);
      const t = toBytes32((BigInt(`0x${r}`) + BigInt(`0x${s}`)) % n);
      const sum = sm2.multiplyAdd(fromHex(s), t, point(public_key));
      assert(sum !== null);
      assertEquals((toBigInt(fromHex(e)) + toBigInt(sum.subarray(0, 32))) % n, BigInt(`0x${r}`));
      assertEquals(toHex(sm2.multiplyBase(fromHex(private_key))), public_key.slice(2));
    }
  });

  Deno.test(`SM2 arithmetic (${name}) agrees on the derived ECDH secrets`, () => {
    for (const pair of vectors.ecdh_derived.cases) {
      const [a, b] = [bytes32(pair.private_a), bytes32(pair.private_b)];
      assertEquals(toHex(sm2.multiplyBase(a)), pair.public_a.slice(2), pair.name);
      const secrets = [
        sm2.multiply(a, point(pair.public_b)),
        sm2.multiply(b, point(pair.public_a)),
      ];
      for (const secret of secrets) {
        assert(secret !== null);
        assertEquals(toHex(secret.subarray(0, 32)), pair.shared_x, pair.name);
      }
    }
  });

  Deno.test(`SM2 arithmetic (${name}) refuses what is not on the curve, and an infinite sum`, () => {
    const one = toBytes32(1n);
    for (const { public: hex, reason } of vectors.invalid_public_keys.cases) {
      if (hex.length !== 130) continue;
      if (toBigInt(point(hex).subarray(0, 32)) >= p) continue; // refused by decodePoint
      assertEquals(sm2.multiply(one, point(hex)), null, reason);
      assertEquals(sm2.multiplyAdd(one, one, point(hex)), null, reason);
      assertEquals(sm2.onCurve(point(hex)), false, reason);
    }
    const g = sm2.multiplyBase(one);
    assert(sm2.onCurve(g));
    assertEquals(sm2.multiplyAdd(toBytes32(n - 5n), toBytes32(5n), g), null);
    assertEquals(
      sm2.multiplyAdd(toBytes32(5n), toBytes32(n - 3n), g),
      sm2.multiplyBase(toBytes32(2n)),
    );
  });
}

Deno.test("SM2 arithmetic is the same in both engines for edge and random scalars", () => {
  const [first, ...others] = engines;
  const scalars = [1n, 2n, 15n, 16n, 17n, 255n, 256n, n - 1n, n - 2n, n >> 1n, 1n << 255n]
    .map(toBytes32);
  for (let i = 0; i < 24; i++) scalars.push(pseudoRandom(32, i + 1).fill(0x7f, 0, 1));
  let q = first.sm2.multiplyBase(toBytes32(0xabcdefn));
  for (const k of scalars) {
    const product = first.sm2.multiply(k, q);
    assert(product !== null);
    for (const { sm2 } of others) {
      assertEquals(sm2.multiplyBase(k), first.sm2.multiplyBase(k));
      assertEquals(sm2.multiply(k, q), product);
      assertEquals(
        sm2.multiplyAdd(k, q.slice(0, 32), q),
        first.sm2.multiplyAdd(k, q.slice(0, 32), q),
      );
    }
    q = product;
  }
});

Deno.test("SM2 signing is the same in both engines, to the refusal of s = 0 and r + k = n", () => {
  for (let i = 0; i < 40; i++) {
    const [d, k, r] = [1, 2, 3].map((j) => pseudoRandom(32, 3 * i + j).fill(i, 0, 1));
    const results = engines.map(({ sm2 }) => {
      const s = sm2.sign(sm2.prepareKey(d), k, r);
      assert(s !== null);
      return toHex(s);
    });
    const w = toBigInt(engines[0].sm2.prepareKey(d));
    assertEquals(w * (1n + toBigInt(d)) % n, 1n);
    const expected = ((w * (toBigInt(k) - toBigInt(r) * toBigInt(d))) % n + n) % n;
    for (const result of results) assertEquals(BigInt(`0x${result}`), expected);
  }
  for (const { sm2 } of engines) {
    const k = pseudoRandom(32, 9).fill(1, 0, 1);
    const prepared = sm2.prepareKey(toBytes32(5n));
    assertEquals(sm2.sign(prepared, k, toBytes32(n - toBigInt(k))), null);
    // s = (k - r d) / (1 + d) is zero for k = r d.
    assertEquals(sm2.sign(prepared, toBytes32(35n), toBytes32(7n)), null);
  }
});

Deno.test("SM2 signs CertificateVerify under the TLS identifier unless told otherwise, anew each time", () => {
  const signer = now(shangmiProvider.importPrivateKey(pkcs8(toBytes32(77n))));
  const data = pseudoRandom(20);
  const [a, b] = [now(signer.sign(SCHEME, data)), now(signer.sign(SCHEME, data))];
  assertNotEquals(toHex(a), toHex(b));
  for (const signed of [a, b]) {
    assert(sm2sigSm3.verify(spkiOf(signer), data, signed, "certificate-verify"));
  }
  assertThrows(() => signer.sign(SignatureScheme.ecdsa_secp256r1_sha256, data), TlsError);
});

Deno.test("SM2 refuses signatures that are not strict DER", () => {
  const signer = now(shangmiProvider.importPrivateKey(pkcs8(toBytes32(77n))));
  const spki = spkiOf(signer);
  const data = pseudoRandom(20);
  // Until r and s have no leading zero to speak of, so that every change below is a change.
  let signed = now(signer.sign(SCHEME, data));
  while (signed.length !== 70) signed = now(signer.sign(SCHEME, data));
  const [r, s] = [signed.subarray(4, 36), signed.subarray(38, 70)];
  const verify = (bytes: Uint8Array) => sm2sigSm3.verify(spki, data, bytes, "certificate-verify");
  assert(verify(signed) && verify(signature(r, s)));
  const padded = (content: Uint8Array) => der.element(2, Uint8Array.of(0), content);
  const bad: [string, Uint8Array][] = [
    ["empty", new Uint8Array()],
    ["trailing byte", concat([signed, Uint8Array.of(0)])],
    ["trailing element", der.sequence(der.integer(r), der.integer(s), der.integer(1))],
    ["one number", der.sequence(der.integer(r))],
    ["padded r", der.sequence(padded(r), der.integer(s))],
    ["padded s", der.sequence(der.integer(r), padded(s))],
    ["negative r", der.sequence(der.element(2, concat([Uint8Array.of(0xff), r])), der.integer(s))],
    ["long length", concat([Uint8Array.of(0x30, 0x81, 68), signed.subarray(2)])],
    ["indefinite", concat([Uint8Array.of(0x30, 0x80), signed.subarray(2), new Uint8Array(2)])],
    ["plain r || s", concat([r, s])],
    ["r + n", der.sequence(der.integer(toBigInt(r) + n), der.integer(s))],
    ["s + n", der.sequence(der.integer(r), der.integer(toBigInt(s) + n))],
    ["n - s", der.sequence(der.integer(r), der.integer(n - toBigInt(s)))],
    ["s and r", signature(s, r)],
    ["huge r", der.sequence(der.integer(new Uint8Array(5000).fill(1)), der.integer(s))],
  ];
  for (const [name, bytes] of bad) assertEquals(verify(bytes), false, name);
  for (let i = 0; i < signed.length; i++) assertEquals(verify(signed.subarray(0, i)), false);
});

Deno.test("SM2 verification refuses keys that are malformed, of another kind or off the curve", () => {
  const signer = now(shangmiProvider.importPrivateKey(pkcs8(toBytes32(77n))));
  const data = pseudoRandom(20);
  const signed = now(signer.sign(SCHEME, data));
  const spki = spkiOf(signer);
  assert(sm2sigSm3.verify(spki, data, signed, "certificate-verify"));
  const key = spki.subarray(-65);
  const info = (algorithm: string[], bits: Uint8Array) =>
    der.sequence(der.sequence(...algorithm.map(der.objectIdentifier)), der.bitString(bits));
  const [ec, sm2, p256] = ["1.2.840.10045.2.1", "1.2.156.10197.1.301", "1.2.840.10045.3.1.7"];
  assert(sm2sigSm3.verify(info([sm2, sm2], key), data, signed, "certificate-verify"));
  const bad = [
    new Uint8Array(),
    spki.subarray(0, -1),
    concat([spki, Uint8Array.of(0)]),
    info([ec, p256], key),
    info([ec], key),
    info([p256, sm2], key),
    ...vectors.invalid_public_keys.cases.map(({ public: hex }) => info([ec, sm2], fromHex(hex))),
  ];
  for (const bytes of bad) {
    assertEquals(sm2sigSm3.verify(bytes, data, signed, "certificate-verify"), false, toHex(bytes));
  }
});

Deno.test("curveSM2 has two ends agree", () => {
  const [group] = shangmiProvider.groups;
  const pair = now(group.generate());
  assertEquals([pair.share.length, pair.share[0], group.shareLength], [65, 4, 65]);
  const answer = now(group.respond(pair.share));
  assert(answer !== null);
  assertEquals(now(pair.complete(answer.share)), answer.secret);
  assertEquals(answer.secret.length, 32);
});

Deno.test("curveSM2 answers null to shares that are no points", () => {
  const [group] = shangmiProvider.groups;
  const pair = now(group.generate());
  const shares = vectors.invalid_public_keys.cases.map(({ public: hex }) => fromHex(hex));
  shares.push(new Uint8Array(), Uint8Array.of(0), new Uint8Array(65), new Uint8Array(66));
  shares.push(concat([pair.share, Uint8Array.of(0)]), pair.share.subarray(0, 64));
  const hybrid = pair.share.slice();
  hybrid[0] = 6 | hybrid[64] & 1;
  shares.push(hybrid);
  for (const share of shares) {
    assertEquals(now(group.respond(share)), null, toHex(share));
    assertEquals(now(pair.complete(share)), null, toHex(share));
  }
});

Deno.test("SM2 private keys are read from PKCS#8, SEC1 and what Tongsuo writes", () => {
  const scalars = new Map<string, string>();
  for (const [name, pem] of Object.entries(files.keys)) {
    const signer = now(importPrivateKey(shangmiProvider, pem));
    assertEquals(signer.schemes, [SCHEME], name);
    const data = pseudoRandom(33);
    assert(
      sm2sigSm3.verify(spkiOf(signer), data, now(signer.sign(SCHEME, data)), "certificate-verify"),
    );
    scalars.set(name, toHex(spkiOf(signer)));
  }
  // The same key in two encodings.
  assertEquals(scalars.get("sm2.key"), scalars.get("sm2_begin_ec.key"));
  const [{ bytes }] = decodePem(files.keys["sm2_begin_ec.key"]);
  assertEquals(
    toHex(spkiOf(now(importPrivateKey(shangmiProvider, bytes)))),
    scalars.get("sm2.key"),
  );
});

Deno.test("SM2 private keys out of range, of another curve or with a wrong public key are refused", () => {
  const other = shangmiProvider.groups[0].generate();
  const bad = [
    pkcs8(toBytes32(0n)),
    pkcs8(toBytes32(n - 1n)),
    pkcs8(toBytes32(n)),
    pkcs8(new Uint8Array(31).fill(1)),
    pkcs8(new Uint8Array(33).fill(1)),
    pkcs8(toBytes32(5n), now(other).share),
    pkcs8(toBytes32(5n), new Uint8Array(65)),
    pkcs8(toBytes32(5n)).subarray(1),
    concat([pkcs8(toBytes32(5n)), Uint8Array.of(0)]),
  ];
  for (const key of bad) {
    assertThrows(() => shangmiProvider.importPrivateKey(key), TlsError);
  }
  now(shangmiProvider.importPrivateKey(pkcs8(toBytes32(n - 2n))));
});

Deno.test("SM2 verifies certificates under 1234567812345678, and not those signed without an identity", () => {
  /** The signed part, the signature, and the key, of a certificate. */
  function parts(name: string): [Uint8Array, Uint8Array, Uint8Array] {
    const [{ bytes }] = decodePem(files.certificates[name]);
    const at = 4;
    const length = 4 + (bytes[at + 2] << 8 | bytes[at + 3]);
    const signed = bytes.subarray(at, at + length);
    const rest = bytes.subarray(at + length);
    // The point follows the curve's identifier: BIT STRING of 66 bytes, no unused bits, 0x04.
    const key = toHex(signed).indexOf("2a811ccf5501822d03420004") / 2 + 12;
    const bits = rest.subarray(2 + rest[1]);
    return [signed, bits.subarray(3), encodeSm2Spki(signed.subarray(key, key + 64))];
  }
  const [, , rootKey] = parts("sm2-root-cert.pem");
  for (const name of ["sm2-root-cert.pem", "sm2-first-crt.pem"]) {
    const [signed, bits] = parts(name);
    assert(sm2sigSm3.verify(rootKey, signed, bits, "certificate"), name);
    assertEquals(sm2sigSm3.verify(rootKey, signed, bits, "certificate-verify"), false, name);
  }
  const [signed, bits, key] = parts("sm2-noza-root-cert.pem");
  assertEquals(sm2sigSm3.verify(key, signed, bits, "certificate"), false);
});
