import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromHex, TlsError, toHex } from "@sealane/wire";
import { type CipherGCMTypes, createCipheriv } from "node:crypto";
import type { AeadKey } from "../provider.ts";
import { type ChachaKernel, loadChacha } from "./kernel.ts";

function kernel(): ChachaKernel {
  const chacha = loadChacha();
  assert(chacha !== null, "this platform runs the kernel");
  return chacha;
}

const none: AeadKey = {
  seal: () => Uint8Array.of(1),
  open: () => Uint8Array.of(2),
};
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
const importKey = (key: Uint8Array) =>
  kernel().importKey(key, { seal: Infinity, open: Infinity }, none);

function nodeSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, data: Uint8Array) {
  // The types give ChaCha20-Poly1305 an overload of its own with the same methods.
  const algorithm = "chacha20-poly1305" as CipherGCMTypes;
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: 16 });
  cipher.setAAD(aad);
  const sealed = cipher.update(data);
  cipher.final();
  return toHex(new Uint8Array([...sealed, ...cipher.getAuthTag()]));
}

const LENGTHS = [
  ...Array.from({ length: 530 }, (_, i) => i),
  1199,
  1200,
  4096,
  16384,
  16385,
  17408,
];

Deno.test("ChaCha20-Poly1305: texts of every length are sealed as node:crypto does, and opened", () => {
  const key = random(32);
  const ours = importKey(key);
  for (const length of LENGTHS) {
    const [nonce, aad, data] = [random(12), random(length % 257), random(length)];
    const sealed = ours.seal(nonce, aad, data);
    assert(sealed instanceof Uint8Array);
    assertEquals(toHex(sealed), nodeSeal(key, nonce, aad, data), `${length} bytes`);
    assertEquals(ours.open(nonce, aad, sealed), data);
  }
});

Deno.test("ChaCha20-Poly1305: RFC 8439 section 2.8.2", () => {
  const text =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
  const key = importKey(Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i));
  const sealed = key.seal(
    fromHex("070000004041424344454647"),
    fromHex("50515253c0c1c2c3c4c5c6c7"),
    new TextEncoder().encode(text),
  );
  assert(sealed instanceof Uint8Array);
  assertEquals(toHex(sealed.subarray(-16)), "1ae10b594f09e26a7e902ecbd0600691");
  assertEquals(toHex(sealed.subarray(0, 8)), "d31a8d34648e60db");
});

Deno.test("ChaCha20-Poly1305: Poly1305 is right where its accumulator comes close to the prime", () => {
  // Texts that are key streams: then the ciphertexts are chosen, all ones or zeros.
  const key = random(32);
  const ours = importKey(key);
  const nonce = random(12);
  for (const length of [16, 32, 48, 64, 160, 1024]) {
    const stream = ours.seal(nonce, new Uint8Array(0), new Uint8Array(length));
    assert(stream instanceof Uint8Array);
    for (const mask of [0xff, 0xfb, 0x00]) {
      const chosen = stream.subarray(0, length).map((byte) => byte ^ mask);
      const aad = new Uint8Array(32).fill(mask);
      const sealed = ours.seal(nonce, aad, chosen);
      assert(sealed instanceof Uint8Array);
      assertEquals(toHex(sealed), nodeSeal(key, nonce, aad, chosen));
    }
  }
});

Deno.test("ChaCha20-Poly1305: what was changed anywhere, cut or put under another nonce is refused", () => {
  const ours = importKey(random(32));
  const [nonce, aad] = [random(12), random(13)];
  const sealed = ours.seal(nonce, aad, random(100));
  assert(sealed instanceof Uint8Array);
  for (let i = 0; i < sealed.length; i++) {
    assertEquals(ours.open(nonce, aad, sealed.with(i, sealed[i] ^ 1 << (i & 7))), null);
  }
  for (let length = 0; length < sealed.length; length++) {
    assertEquals(ours.open(nonce, aad, sealed.subarray(0, length)), null);
  }
  assertEquals(ours.open(nonce.with(0, nonce[0] ^ 1), aad, sealed), null);
  assertEquals(ours.open(nonce, aad.with(12, aad[12] ^ 1), sealed), null);
  assertEquals(ours.open(nonce, aad.subarray(1), sealed), null);
  assert(ours.open(nonce, aad, sealed) !== null);
});

Deno.test("ChaCha20-Poly1305: two keys in turn do not mix, in place and in a larger buffer", () => {
  const [a, b] = [random(32), random(32)];
  const [ours, other] = [importKey(a), importKey(b)];
  const [nonce, aad, data] = [random(12), random(5), random(300)];
  for (let i = 0; i < 3; i++) {
    const buffer = new Uint8Array(400);
    buffer.set(data);
    const sealed = ours.seal(nonce, aad, buffer.subarray(0, 300), buffer);
    assert(sealed instanceof Uint8Array && sealed.buffer === buffer.buffer);
    assertEquals(toHex(sealed), nodeSeal(a, nonce, aad, data));
    assertEquals(toHex(other.seal(nonce, aad, data) as Uint8Array), nodeSeal(b, nonce, aad, data));
    const opened = ours.open(nonce, aad, sealed, sealed);
    assertEquals(opened, data);
    assert(opened instanceof Uint8Array && opened.buffer === buffer.buffer);
  }
});

Deno.test("ChaCha20-Poly1305: what is too long for the kernel goes to the others, and nonces are checked", () => {
  const key = kernel().importKey(random(32), { seal: 100, open: 100 }, none);
  const nonce = random(12);
  assertEquals(key.seal(nonce, nonce, random(101)), Uint8Array.of(1));
  assertEquals(key.open(nonce, nonce, random(101 + 16)), Uint8Array.of(2));
  assertEquals(key.seal(nonce, random(257), nonce), Uint8Array.of(1));
  assertEquals(key.open(nonce, nonce, random(100 + 16)), null);
  assertThrows(() => key.seal(random(11), nonce, nonce), TlsError);
  assertThrows(() => key.open(random(13), nonce, random(5)), TlsError);
  assertThrows(() => key.seal(nonce, nonce, nonce, new Uint8Array(27)), TlsError);
  const all = importKey(random(32));
  assertEquals(all.seal(nonce, nonce, random(kernel().maxLength + 1)), Uint8Array.of(1));
});
