/**
 * The WebAssembly kernel of P-256, made on first use: ECDH and ECDSA on plain bytes.
 *
 * What the peer sends is public, so that a wrong point or signature may take a shorter way; what is done with private keys
 * and nonces takes the same way whatever they are (`deno task constant-time` shows it).
 *
 * @module
 */
import { fromHex, wipe } from "@sealane/wire";
import { instantiateBase64 } from "../wasm/instantiate.ts";
import { inRange, isBelow, randomScalar, SCALAR_LENGTH } from "../weierstrass/scalar.ts";
import { KERNEL_WASM } from "./kernel_wasm.ts";

/** What the module exports; `kernel/` has the source. Functions return 0 for `false`. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly IO: WebAssembly.Global;
  p256Base(): number;
  p256Multiply(): number;
  sign(): number;
  verify(): number;
}

/** P-256. Points are in uncompressed form, 65 bytes; scalars and digests have 32 bytes. */
export interface P256 {
  /** A fresh private key. */
  generate(): Uint8Array;
  /** Whether these bytes are a private key: 32 bytes, of 1..n-1. */
  isPrivateKey(privateKey: Uint8Array): boolean;
  /** The public point of a private key. */
  publicPoint(privateKey: Uint8Array): Uint8Array;
  /** The x coordinate of the product of a private key and a peer's point; `null` if that is no point. */
  agree(privateKey: Uint8Array, point: Uint8Array): Uint8Array | null;
  /** A signature, r and s in 32 bytes each, of a digest, with a fresh nonce unless `nonce` is given, which is for tests. */
  sign(privateKey: Uint8Array, digest: Uint8Array, nonce?: Uint8Array): Uint8Array;
  /** Whether r and s, 64 bytes, sign a digest under a public point. */
  verify(point: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean;
}

/** NIST SP 800-186 section 3.2.1.3: p, and the order n. */
const P = fromHex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
const N = fromHex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
const POINT_LENGTH = 1 + 2 * SCALAR_LENGTH;
/** Bytes of the kernel's memory for input and output. */
const IO_LENGTH = 256;

/** Whether `point` is marked as uncompressed, with coordinates below p. Whether it is on the curve the kernel sees. */
function hasCoordinates(point: Uint8Array): boolean {
  return point.length === POINT_LENGTH && point[0] === 4 && isBelow(point.subarray(1, 33), P) &&
    isBelow(point.subarray(33), P);
}

function bind(call: KernelExports): P256 {
  const io = new Uint8Array(call.memory.buffer, call.IO.value, IO_LENGTH);

  /** Puts `inputs` at their places, calls, and takes `length` bytes at `from` where the answer is `true`. */
  function run(
    operation: () => number,
    inputs: readonly (readonly [at: number, bytes: Uint8Array])[],
    from: number,
    length: number,
  ): Uint8Array | null {
    for (const [at, bytes] of inputs) io.set(bytes, at);
    const result = operation() === 0 ? null : io.slice(from, from + length);
    io.fill(0);
    return result;
  }

  return Object.freeze({
    generate: () => randomScalar(N),
    isPrivateKey: (privateKey: Uint8Array) => inRange(privateKey, N),
    publicPoint(privateKey: Uint8Array): Uint8Array {
      const point = new Uint8Array(POINT_LENGTH);
      point[0] = 4;
      point.set(run(call.p256Base, [[0, privateKey]], 64, 64) ?? [], 1);
      return point;
    },
    agree(privateKey: Uint8Array, point: Uint8Array): Uint8Array | null {
      if (!hasCoordinates(point)) return null;
      return run(call.p256Multiply, [[0, privateKey], [64, point.subarray(1)]], 64, 32);
    },
    sign(privateKey: Uint8Array, digest: Uint8Array, nonce?: Uint8Array): Uint8Array {
      for (;;) {
        // FIPS 186-5 §6.4.1 step 2, appendix A.3.2: a nonce by rejection, so that none is more likely than another.
        const k = nonce ?? randomScalar(N);
        const signature = run(call.sign, [[0, privateKey], [32, k], [64, digest]], 96, 64);
        if (nonce === undefined) wipe(k);
        if (signature !== null) return signature;
      }
    },
    verify(point: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
      const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
      // FIPS 186-5 §6.4.2 step 1.
      if (!inRange(r, N) || !inRange(s, N) || !hasCoordinates(point)) return false;
      const inputs = [[0, digest], [32, r], [64, point.subarray(1)], [128, s]] as const;
      return run(call.verify, inputs, 0, 0) !== null;
    },
  });
}

function instantiate(): P256 | null {
  try {
    // The module is our own: it has these exports (kernel/index.as).
    return bind(instantiateBase64(KERNEL_WASM) as unknown as KernelExports);
  } catch {
    return null; // the platform cannot run it, and its own functions serve
  }
}

let kernel: P256 | null | undefined;

/** The kernel, or `null` where the platform cannot run it. */
export function loadP256(): P256 | null {
  if (kernel === undefined) kernel = instantiate();
  return kernel;
}
