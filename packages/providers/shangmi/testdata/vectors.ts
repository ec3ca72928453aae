/**
 * Reads test vectors, and lists the engines to try them on.
 *
 * @module
 */
import type { Engine } from "../engine.ts";
import { fallbackEngine } from "../fallback/engine.ts";
import { loadKernel } from "../kernel.ts";
import { kernelEngine } from "../kernel_engine.ts";

/** A file of this folder; `T` says what is in it. */
export function testdata<T>(name: string): T {
  return JSON.parse(Deno.readTextFileSync(new URL(name, import.meta.url)));
}

const folder = Deno.env.get("SEALANE_VECTORS") ??
  new URL("../../../../../shared/vectors", import.meta.url).pathname;

/** One group of a Wycheproof file. */
export interface WycheproofGroup {
  /** Bits of a nonce. */
  ivSize: number;
  /** Bits of a tag. */
  tagSize: number;
  /** The cases, in hexadecimal. */
  tests: {
    tcId: number;
    key: string;
    iv: string;
    aad: string;
    msg: string;
    ct: string;
    tag: string;
    result: "valid" | "invalid" | "acceptable";
  }[];
}

/** The groups of a Wycheproof file, or `null` where the folder that SEALANE_VECTORS names is missing. */
export function wycheproof(name: string): WycheproofGroup[] | null {
  try {
    return JSON.parse(Deno.readTextFileSync(`${folder}/wycheproof/${name}_test.json`)).testGroups;
  } catch {
    return null;
  }
}

const kernel = loadKernel();

/** Every engine that runs here, the kernel first. */
export const engines: readonly Engine[] = [
  ...(kernel === null ? [] : [kernelEngine(kernel)]),
  fallbackEngine,
];

/** Bytes that are the same in every run (xorshift32). */
export function pseudoRandom(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let x = Math.imul(seed, 0x9e3779b9) | 1;
  for (let i = 0; i < length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    bytes[i] = x >>> 11;
  }
  return bytes;
}
