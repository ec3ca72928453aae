/**
 * What is traced: for each kernel its operations on secrets, and controls: operations on public values, which take a shorter way
 * where they can, so that a trace that cannot tell ways apart would be found out.
 *
 * @module
 */
import { fromHex } from "@sealane/wire";
import type { SecretWork, TracedKernel } from "./trace.ts";

/** An operation, and whether its trace may depend on its input. */
export interface Operation {
  /** The kernel's name in `tools/build_kernels.ts`. */
  readonly kernel: string;
  /** What it is. */
  readonly name: string;
  /** What is secret in it, or that it is a control. */
  readonly secret: string;
  /** Whether the traces have to differ. */
  readonly control: boolean;
  /** Runs it. */
  readonly work: SecretWork;
}

/** Numbers at the edges and at random of 32 bytes, all below the orders of the curves; the same for the same index. */
export function scalar(index: number, stream = 0): Uint8Array {
  const bytes = new Uint8Array(32);
  if (index === 0) bytes[31] = 1;
  else if (index < 17) bytes[31] = index;
  else if (index < 33) bytes[index - 16] = 0x80;
  else if (index < 49) bytes.fill(index % 16 * 17, 1);
  else random(bytes, index + 1000 * stream);
  bytes[0] &= 0x7f;
  bytes[31] |= Number(bytes.every((byte) => byte === 0));
  return bytes;
}

/** Fills `bytes` from a number (xorshift): the same each time. */
export function random(bytes: Uint8Array, seed: number): Uint8Array {
  let state = seed * 2654435761 % 2 ** 32 | 1;
  for (let i = 0; i < bytes.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state >>> 11;
  }
  return bytes;
}

const bytesOf = (length: number, seed: number) => random(new Uint8Array(length), seed);

/** The generators, of which public points are made. */
const G = {
  "P-256": fromHex(
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
  ),
  ShangMi: fromHex(
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0",
  ),
} as const;

const PUBLIC = bytesOf(32, 7);

function p256(name: string, secret: string, control: boolean, work: SecretWork): Operation {
  return { kernel: "P-256", name, secret, control, work };
}

function shangMi(name: string, secret: string, control: boolean, work: SecretWork): Operation {
  return { kernel: "ShangMi", name, secret, control, work };
}

function mlKem(name: string, secret: string, control: boolean, work: SecretWork): Operation {
  return { kernel: "ML-KEM", name, secret, control, work };
}

const P256: readonly Operation[] = [
  p256("public point", "the private key", false, (kernel, i) => {
    kernel.put("IO", scalar(i));
    kernel.call("p256Base");
  }),
  p256("ECDH", "the private key", false, (kernel, i) => {
    kernel.put("IO", scalar(i));
    kernel.put("IO", G["P-256"], 64);
    kernel.call("p256Multiply");
  }),
  p256("ECDSA signature", "the private key and the nonce", false, (kernel, i) => {
    kernel.put("IO", scalar(i, 1));
    kernel.put("IO", scalar(70 - i, 2), 32);
    kernel.put("IO", PUBLIC, 64);
    kernel.call("sign");
  }),
  p256("ECDSA verification", "nothing: a control", true, (kernel, i) => {
    for (const [at, stream] of [[0, 1], [32, 2], [128, 3]]) {
      kernel.put("IO", scalar(100 + i, stream), at);
    }
    kernel.put("IO", G["P-256"], 64);
    kernel.call("verify");
  }),
];

const SHANGMI: readonly Operation[] = [
  shangMi("SM2 public point", "the private key", false, (kernel, i) => {
    kernel.put("IO", scalar(i));
    kernel.call("sm2Base");
  }),
  shangMi("SM2 key exchange", "the private key", false, (kernel, i) => {
    kernel.put("IO", scalar(i));
    kernel.put("IO", G.ShangMi, 64);
    kernel.call("sm2Multiply");
  }),
  shangMi("SM2 private key prepared", "the private key", false, (kernel, i) => {
    kernel.put("IO", scalar(i));
    kernel.call("sm2PrepareKey");
  }),
  shangMi("SM2 signature", "the private key and the nonce", false, (kernel, i) => {
    kernel.put("IO", scalar(i, 1));
    kernel.put("IO", scalar(70 - i, 2), 32);
    kernel.put("IO", PUBLIC, 64);
    kernel.call("sm2Sign");
  }),
  shangMi("SM4-GCM", "the key and the plaintext", false, (kernel, i) => {
    kernel.put("BLOCK", scalar(i).subarray(16));
    kernel.call("gcmKey");
    kernel.put("BLOCK", PUBLIC.subarray(0, 12));
    kernel.call("gcmStart");
    kernel.put("IO", PUBLIC);
    kernel.call("gcmAad", 13);
    kernel.put("IO", bytesOf(333, i + 1));
    kernel.call("gcmUpdate", 0, 333, 1);
    kernel.call("gcmFinish", 13, 333);
  }),
  shangMi("HMAC-SM3", "the key and the data", false, (kernel, i) => {
    kernel.put("IO", scalar(i));
    kernel.put("IO", bytesOf(100, i + 1), 64);
    kernel.call("sm3Hmac", 32, 100);
  }),
  shangMi("SM2 sum of products", "nothing: a control", true, (kernel, i) => {
    kernel.put("IO", scalar(100 + i, 1));
    kernel.put("IO", scalar(100 + i, 2), 32);
    kernel.put("IO", G.ShangMi, 64);
    kernel.call("sm2MultiplyAdd");
  }),
];

/** ML-KEM-768. */
const K = 3;
const VECTOR_LENGTH = 384 * K;

/** Makes the key pair of seed 1: the encapsulation key stays the same whatever is secret. */
function keyPair(kernel: TracedKernel): { vector: Uint8Array; ciphertext: Uint8Array } {
  kernel.put("SEED", bytesOf(64, 1));
  kernel.call("generate", K);
  const at = kernel.address("SECRET_VECTOR");
  const vector = kernel.memory.slice(at, at + VECTOR_LENGTH);
  kernel.put("SEED", bytesOf(32, 2));
  kernel.call("encapsulate", K);
  const from = kernel.address("CIPHERTEXT");
  return { vector, ciphertext: kernel.memory.slice(from, from + 1088) };
}

/** A secret vector at random: coefficients below q in 12 bits. */
function randomVector(seed: number): Uint8Array {
  const bytes = bytesOf(VECTOR_LENGTH, seed);
  for (let i = 0; i < bytes.length; i += 3) {
    bytes[i + 1] &= 0xf7;
    bytes[i + 2] &= 0x7f;
  }
  return bytes;
}

const ML_KEM: readonly Operation[] = [
  mlKem("encapsulation", "the message", false, (kernel, i) => {
    keyPair(kernel);
    kernel.put("SEED", bytesOf(32, 100 + i));
    kernel.call("encapsulate", K);
  }),
  mlKem(
    "decapsulation",
    "the secret vector and z; number 0 is the right one",
    false,
    (kernel, i) => {
      const { vector, ciphertext } = keyPair(kernel);
      kernel.put("SECRET_VECTOR", i === 0 ? vector : randomVector(i));
      kernel.put("REJECTION", bytesOf(32, 200 + i));
      kernel.put("CIPHERTEXT", ciphertext);
      kernel.call("decapsulate", K);
    },
  ),
  mlKem("key pairs", "nothing: the matrix is public, a control", true, (kernel, i) => {
    kernel.put("SEED", bytesOf(64, 300 + i));
    kernel.call("generate", K);
  }),
];

function chacha(name: string, secret: string, control: boolean, work: SecretWork): Operation {
  return { kernel: "ChaCha20-Poly1305", name, secret, control, work };
}

const CHACHA: readonly Operation[] = [
  chacha("seal", "the key and the plaintext", false, (kernel, i) => {
    kernel.put("KEY", scalar(i));
    kernel.put("TEXT", bytesOf(1205, i + 1));
    kernel.call("seal", 13, 1205);
  }),
  chacha("open", "the key and the ciphertext, all of them refused", false, (kernel, i) => {
    kernel.put("KEY", scalar(i));
    kernel.put("TEXT", bytesOf(1221, i + 1));
    kernel.call("open", 13, 1205);
  }),
  chacha("open", "nothing: number 0 is not refused, a control", true, (kernel, i) => {
    kernel.put("KEY", scalar(1));
    kernel.put("TEXT", bytesOf(1205, 1));
    kernel.call("seal", 13, 1205);
    if (i > 0) kernel.put("TEXT", bytesOf(16, i), 1205);
    kernel.call("open", 13, 1205);
  }),
];

/** Everything that is traced. */
export const OPERATIONS: readonly Operation[] = [...P256, ...SHANGMI, ...ML_KEM, ...CHACHA];
