import { assert, assertEquals } from "@std/assert";
import { fromHex, toHex } from "@sealane/wire";
import { Buffer } from "node:buffer";
import {
  createECDH,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from "node:crypto";
import { encodeSpki } from "../key_info.ts";
import { encodeEcdsaSignature, parseEcdsaSignature } from "../signature_form.ts";
import { loadP256, type P256 } from "./kernel.ts";

const N = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const P = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
/** How many random cases each differential test has; more with SEALANE_P256_CASES. */
const CASES = Number(Deno.env.get("SEALANE_P256_CASES") ?? 100);

function kernel(): P256 {
  const p256 = loadP256();
  assert(p256 !== null, "this platform runs the kernel");
  return p256;
}

function digestOf(data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

function scalar(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, "0"));
}

function nodeShared(privateKey: Uint8Array, point: Uint8Array): string {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(Buffer.from(privateKey));
  return ecdh.computeSecret(Buffer.from(point)).toString("hex");
}

function nodePoint(privateKey: Uint8Array): string {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(Buffer.from(privateKey));
  return ecdh.getPublicKey().toString("hex");
}

const n = BigInt(`0x${N}`);
/** Scalars at the edges: small, close to the order, one bit, and runs of zeros and ones. */
const EDGES: readonly bigint[] = [
  ...Array.from({ length: 20 }, (_, i) => BigInt(i + 1)),
  ...Array.from({ length: 20 }, (_, i) => n - BigInt(i + 1)),
  ...Array.from({ length: 16 }, (_, i) => 1n << BigInt(16 * i + 3)),
  ...Array.from({ length: 8 }, (_, i) => (1n << BigInt(31 * (i + 1))) - 1n),
  (n - 1n) / 2n,
  (n + 1n) / 2n,
  0x8888888888888888888888888888888888888888888888888888888888888888n,
  0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0fn,
];

Deno.test("P-256: public points are those of node:crypto at the edges and at random", () => {
  const p256 = kernel();
  for (const edge of EDGES) {
    assertEquals(toHex(p256.publicPoint(scalar(edge))), nodePoint(scalar(edge)), String(edge));
  }
  for (let i = 0; i < CASES; i++) {
    const key = p256.generate();
    assertEquals(toHex(p256.publicPoint(key)), nodePoint(key));
  }
});

Deno.test("P-256: secrets are those of node:crypto at the edges and at random", () => {
  const p256 = kernel();
  const peer = p256.publicPoint(p256.generate());
  for (const edge of EDGES) {
    assertEquals(toHex(p256.agree(scalar(edge), peer) ?? peer), nodeShared(scalar(edge), peer));
  }
  for (let i = 0; i < CASES; i++) {
    const [ours, theirs] = [p256.generate(), p256.generate()];
    const point = p256.publicPoint(theirs);
    const secret = p256.agree(ours, point);
    assertEquals(secret && toHex(secret), nodeShared(ours, point));
    assertEquals(secret, p256.agree(theirs, p256.publicPoint(ours)));
  }
});

Deno.test("P-256: node:crypto verifies what the kernel signs, and the other way round", () => {
  const p256 = kernel();
  for (let i = 0; i < CASES; i++) {
    const data = crypto.getRandomValues(new Uint8Array(i));
    const key = p256.generate();
    const point = p256.publicPoint(key);
    const signature = p256.sign(key, digestOf(data));
    assert(p256.verify(point, digestOf(data), signature));
    // The types want a Buffer; the platform takes any Uint8Array.
    const spki = encodeSpki({ kind: "ec", curve: "P-256" }, point) as Uint8Array & string;
    const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
    assert(verify("sha256", data, publicKey, encodeEcdsaSignature(signature)));
  }
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const point = new Uint8Array(pair.publicKey.export({ format: "der", type: "spki" })).slice(-65);
  for (let i = 0; i < CASES; i++) {
    const data = crypto.getRandomValues(new Uint8Array(i));
    const signature = parseEcdsaSignature(
      new Uint8Array(sign("sha256", data, pair.privateKey)),
      "P-256",
    );
    assert(signature !== null && p256.verify(point, digestOf(data), signature));
    for (const at of [0, 31, 32, 63]) {
      const altered = signature.with(at, signature[at] ^ 1);
      assert(!p256.verify(point, digestOf(data), altered), `byte ${at}`);
    }
    const other = digestOf(data);
    other[i % 32] ^= 1 << (i & 7);
    assert(!p256.verify(point, other, signature));
  }
});

Deno.test("P-256: RFC 6979 appendix A.2.5", () => {
  const p256 = kernel();
  const key = fromHex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
  const cases = [
    [
      "sample",
      "a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60",
      "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    ],
    [
      "test",
      "d16b6ae827f17175e040871a1c7ec3500192c4c92677336ec2537acaee0008e0",
      "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
    ],
  ];
  for (const [text, nonce, signature] of cases) {
    const digest = digestOf(new TextEncoder().encode(text));
    assertEquals(toHex(p256.sign(key, digest, fromHex(nonce))), signature);
  }
});

Deno.test("P-256: what is no point of the curve is refused by ECDH and by verification", () => {
  const p256 = kernel();
  const key = p256.generate();
  const point = p256.publicPoint(key);
  const digest = digestOf(point);
  const signature = p256.sign(key, digest);
  const edit = (change: (bytes: Uint8Array) => void) => {
    const bytes = point.slice();
    change(bytes);
    return bytes;
  };
  const wrong: Record<string, Uint8Array> = {
    "x altered": edit((bytes) => bytes[32] ^= 1),
    "y altered": edit((bytes) => bytes[64] ^= 1),
    "(0, 0)": edit((bytes) => bytes.fill(0, 1)),
    "y of another point": edit((bytes) =>
      bytes.set(p256.publicPoint(p256.generate()).subarray(33), 33)
    ),
    "x is p": edit((bytes) => bytes.set(fromHex(P), 1)),
    "all ones": edit((bytes) => bytes.fill(255, 1)),
    "compressed mark": edit((bytes) => bytes[0] = 2),
    "too short": point.subarray(0, 64),
    "infinity": Uint8Array.of(0),
    "empty": new Uint8Array(0),
  };
  for (const [what, bytes] of Object.entries(wrong)) {
    assertEquals(p256.agree(key, bytes), null, what);
    assert(!p256.verify(bytes, digest, signature), what);
  }
  // The x coordinate of a point may be below 2^256 - p: then x + p has 32 bytes too, and is refused all the same.
  const small = fromHex(
    "0000000000000000000000000000000000000000000000000000000000000005459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc",
  );
  const withSmall = new Uint8Array([4, ...small]);
  assertEquals(p256.agree(scalar(1n), withSmall), small.slice(0, 32));
  const plusP = scalar(5n + BigInt(`0x${P}`));
  assertEquals(p256.agree(key, new Uint8Array([4, ...plusP, ...small.subarray(32)])), null);
});

Deno.test("P-256: r and s outside 1..n-1 are refused", () => {
  const p256 = kernel();
  const key = p256.generate();
  const point = p256.publicPoint(key);
  const digest = digestOf(point);
  const signature = p256.sign(key, digest);
  for (const value of [0n, n, n + 1n, 2n ** 256n - 1n]) {
    for (const at of [0, 32]) {
      const altered = signature.slice();
      altered.set(scalar(value), at);
      assert(!p256.verify(point, digest, altered), `${value} at ${at}`);
    }
  }
  for (const value of [0n, n, 2n ** 256n - 1n]) assert(!p256.isPrivateKey(scalar(value)));
  for (const value of [1n, n - 1n]) assert(p256.isPrivateKey(scalar(value)));
  assert(!p256.isPrivateKey(new Uint8Array(31).fill(1)));
});

Deno.test("P-256: a digest of zero, and sums that are infinity or doublings", () => {
  const p256 = kernel();
  const zero = new Uint8Array(32);
  const key = scalar(5n);
  const point = p256.publicPoint(key);
  assert(p256.verify(point, zero, p256.sign(key, zero)));
  // e = -r d: then u1 G + u2 Q is infinity, and nothing is signed.
  const r = 0x1234567n;
  const minus = scalar(((n - r) * 5n) % n);
  const forged = new Uint8Array([...scalar(r), ...scalar(7n)]);
  assert(!p256.verify(point, minus, forged));
  // e = r d: both terms are the same point. 2 u1 G has to be right, which a nonce of that value shows.
  const k = 99n;
  const rOfK = BigInt(`0x${toHex(p256.publicPoint(scalar(k)).slice(1, 33))}`) % n;
  const e = scalar(rOfK * 5n % n);
  assert(p256.verify(point, e, p256.sign(key, e, scalar(k))));
});
