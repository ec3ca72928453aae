/**
 * What the platform has for old files, found without imports that a browser lacks.
 *
 * @module
 */
import type * as nodeCryptoModule from "node:crypto";

interface Process {
  getBuiltinModule?(id: "node:crypto"): typeof nodeCryptoModule | undefined;
}

/** `node:crypto` on Deno, Node and Bun; `null` elsewhere. */
export function nodeCrypto(): typeof nodeCryptoModule | null {
  // `process` is a global of some platforms only; what it has is looked at before use.
  const { process } = globalThis as { process?: Process };
  return process?.getBuiltinModule?.("node:crypto") ?? null;
}
