/**
 * The oldest runtimes that the packages are for, as the README names them. Published code is compiled with the types of that
 * age alone, so that what a newer runtime has on top of them is not found.
 *
 * @module
 */

/** The oldest versions. `process.getBuiltinModule`, by which `node:crypto` is found without an import, is of Node 20.16. */
export const OLDEST = { node: "20.16.0", bun: "1.2.0" } as const;

/** The ECMAScript edition that Node 20 knows whole. */
export const OLDEST_LIB = "es2023";

/** The syntax that the JavaScript of the packages is written in. */
export const OLDEST_TARGET = "es2022";

/** npm packages to compile with; the types of Node are those of the oldest one. */
export const COMPILER: Readonly<Record<string, string>> = {
  "typescript": "7.0.2",
  "@types/node": "^20.19.0",
  "@types/deno": "^2.7.0",
};

/**
 * Globals that Node 20 has and that its types leave to those of browsers, which know more than Node 20 does. `sm-crypto` has no
 * types at all.
 */
export const OLDEST_GLOBALS = `
import type { webcrypto } from "node:crypto";
declare global {
  type AesGcmParams = webcrypto.AesGcmParams;
  type CryptoKey = webcrypto.CryptoKey;
  type CryptoKeyPair = webcrypto.CryptoKeyPair;
  type EcKeyAlgorithm = webcrypto.EcKeyAlgorithm;
  type EcKeyGenParams = webcrypto.EcKeyGenParams;
  type EcKeyImportParams = webcrypto.EcKeyImportParams;
  type EcdsaParams = webcrypto.EcdsaParams;
  type KeyUsage = webcrypto.KeyUsage;
  type RsaHashedImportParams = webcrypto.RsaHashedImportParams;
  type RsaHashedKeyGenParams = webcrypto.RsaHashedKeyGenParams;
  type RsaPssParams = webcrypto.RsaPssParams;
  type SubtleCrypto = webcrypto.SubtleCrypto;
  namespace WebAssembly {
    type ImportValue = object | number | bigint | ((...args: never[]) => unknown);
    type Exports = Record<string, unknown>;
    type Imports = Record<string, Record<string, ImportValue>>;
    class Module { constructor(bytes: Uint8Array); }
    class Instance {
      constructor(module: Module, imports?: Imports);
      readonly exports: Record<string, unknown>;
    }
    class Memory { readonly buffer: ArrayBuffer; }
    class Global { value: number; }
  }
}
declare module "stream/web" {
  interface WritableStreamDefaultController { readonly signal: AbortSignal; }
}
`;

/** Declarations of modules without types. */
export const UNTYPED_MODULES = `
declare module "sm-crypto";
declare module "sm-crypto/src/sm2/utils.js";
`;
