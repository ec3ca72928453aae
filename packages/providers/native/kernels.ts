/**
 * The WebAssembly kernels that serve where the platform is slower or has nothing.
 *
 * @module
 */
import { type ChachaKernel, type ChachaLimits, loadChacha } from "../chacha/kernel.ts";
import type { SuiteParts } from "../cipher_suites.ts";
import { isPromise } from "../maybe_promise.ts";
import { loadMlKem, type MlKemKernel } from "../mlkem/kernel.ts";
import { loadP256, type P256 } from "../p256/kernel.ts";
import { isDeno } from "./platform.ts";

/** Each is `null` where it is not wanted, or the platform cannot run it. */
export interface Kernels {
  /** For P-256. */
  readonly p256: P256 | null;
  /** For ML-KEM. */
  readonly mlKem: MlKemKernel | null;
  /** For short ChaCha20-Poly1305. */
  readonly chacha: ChachaKernel | null;
}

/** Where everything is the platform's or noble's. */
export const NO_KERNELS: Kernels = { p256: null, mlKem: null, chacha: null };

/** The kernels of this platform. */
export function loadKernels(): Kernels {
  return {
    // Deno's P-256 takes several times as long as the kernel; Node's OpenSSL and Bun's BoringSSL are faster than it.
    p256: isDeno ? loadP256() : null,
    mlKem: loadMlKem(),
    chacha: loadChacha(),
  };
}

/**
 * Up to which length the kernel takes less time than the platform, whose calls cost 7 to 10 us before the first byte. Measured
 * with Deno 2.9, Node 20 and Node 26: they meet at 5 KiB (sealing) and 3 KiB (opening) on Deno, at 8 and 6 KiB on Node.
 */
const CHACHA_LIMITS: ChachaLimits = isDeno
  ? { seal: 4096, open: 3072 }
  : { seal: 8192, open: 5120 };

/** The AEADs of a platform, with the kernel for short texts of ChaCha20-Poly1305, if both have it. */
export function withChacha(
  aeads: SuiteParts["aeads"],
  { chacha }: Kernels,
): SuiteParts["aeads"] {
  const platform = aeads["ChaCha20-Poly1305"];
  if (platform === undefined || chacha === null) return aeads;
  return {
    ...aeads,
    "ChaCha20-Poly1305": (key: Uint8Array) => {
      const platformKey = platform(key);
      return isPromise(platformKey)
        ? platformKey
        : chacha.importKey(key, CHACHA_LIMITS, platformKey);
    },
  };
}

/** What computes an algorithm of the native provider, by name. */
export function sourceOf({ p256, mlKem, chacha }: Kernels): (name: string) => string {
  const ofP256 = p256 === null ? "node:crypto" : "WebAssembly";
  const ofMlKem = mlKem === null ? "@noble/post-quantum" : "WebAssembly";
  const join = (first: string, second: string) =>
    first === second ? first : `${first} and ${second}`;
  return (name) => {
    if (name.includes("CHACHA20") && chacha !== null) return "WebAssembly and node:crypto";
    if (name === "secp256r1" || name === "ecdsa_secp256r1_sha256") return ofP256;
    if (name === "SecP256r1MLKEM768") return join(ofP256, ofMlKem);
    if (name.startsWith("MLKEM")) return ofMlKem;
    if (name.startsWith("mldsa")) return "@noble/post-quantum";
    return name.includes("MLKEM") ? join("node:crypto", ofMlKem) : "node:crypto";
  };
}
