/**
 * `node:crypto`, found without an import: a static one would keep this package from loading in browsers and Workers.
 *
 * @module
 */
import type * as nodeCrypto from "node:crypto";

/** The module `node:crypto`. */
export type NodeCrypto = typeof nodeCrypto;

interface Process {
  getBuiltinModule?(id: "node:crypto"): NodeCrypto | undefined;
}

/** `node:crypto` where the platform has it: Deno, Node from 20.16, Bun. */
export function findNodeCrypto(): NodeCrypto | null {
  // `process` is a global of some platforms only; what it has is looked at before use.
  const { process } = globalThis as { process?: Process };
  return process?.getBuiltinModule?.("node:crypto") ?? null;
}

/** Deno's AES-GCM is several times slower than its ChaCha20-Poly1305; elsewhere AES hardware wins. */
export const isDeno: boolean = "Deno" in globalThis;

/** Node itself: Deno and Bun have its modules too, over other libraries. */
export const isNode: boolean = "process" in globalThis && !isDeno && !("Bun" in globalThis);

/** A plain view over the bytes of a Buffer, whose `slice` and `toString` are its own. */
export function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
