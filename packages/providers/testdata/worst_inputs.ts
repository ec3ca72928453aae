/**
 * Keys and signatures that cost as much as they can, for every algorithm of every provider; and as a program, what each costs: one
 * line of JSON a case, in milliseconds of CPU, the least of some runs.
 *
 * @module
 */
import { der, fromHex, TlsError } from "@sealane/wire";
import { encodePss } from "../conformance/crafted_signatures.ts";
import { KEYS, SIGNATURES, SIGNED } from "../conformance/signature_vectors.ts";
import { encodeSpki } from "../key_info.ts";
import type { CryptoProvider, SignatureAlgorithm } from "../provider.ts";
import { PROVIDERS } from "./support.ts";

/** An algorithm at work on one input. */
export interface WorstInput {
  /** The provider, the algorithm, and what makes the input expensive. */
  readonly name: string;
  /** Verifies; what comes of it does not matter. */
  call(): Promise<unknown>;
}

const DATA = new Uint8Array(16_384);

/** An RSA key of this size with the longest exponent that is taken, all ones. */
function rsaKey(bytes: number): Uint8Array {
  const modulus = new Uint8Array(bytes).fill(0xff);
  return encodeSpki(
    { kind: "rsa" },
    der.sequence(der.integer(modulus), der.integer(Uint8Array.of(0xff, 0xff, 0xff, 0xff))),
  );
}

/** Keys whose parsing costs most: numbers as long as a certificate may have them. */
function longKeys(): [what: string, spki: Uint8Array][] {
  const long = new Uint8Array(60_000).fill(0xff);
  const numbers = (modulus: Uint8Array, exponent: Uint8Array) =>
    encodeSpki({ kind: "rsa" }, der.sequence(der.integer(modulus), der.integer(exponent)));
  return [
    ["a modulus of 60,000 bytes", numbers(long, Uint8Array.of(3))],
    ["an exponent of 60,000 bytes", numbers(long.subarray(0, 256), long)],
    ["60,000 bytes that are no key", long],
    ["60,000 bytes of nested sequences", new Uint8Array(60_000).fill(0x30)],
    ["a point of 60,000 bytes", encodeSpki({ kind: "ec", curve: "P-521" }, long)],
  ];
}

function inputsOf(
  algorithm: SignatureAlgorithm,
): [what: string, ...Parameters<SignatureAlgorithm["verify"]>][] {
  const vectors = SIGNATURES.filter(({ scheme }) => scheme === algorithm.scheme);
  const inputs = vectors.map(({ key, use, signature }) => {
    const data = key.startsWith("mldsa") ? DATA : new TextEncoder().encode(SIGNED);
    return [`by ${key}`, fromHex(KEYS[key].spki), data, fromHex(signature), use] as const;
  });
  const use = algorithm.name.includes("pkcs1") ? "certificate" : "certificate-verify";
  const rsa = algorithm.name.startsWith("rsa")
    ? [256, 512, 1024].map((bytes) => {
      const signature = new Uint8Array(bytes).fill(0xff);
      signature[bytes - 1] = 0xfe;
      return [`RSA of ${8 * bytes} bits`, rsaKey(bytes), DATA, signature, use] as const;
    })
    : [];
  const long = longKeys().map(([what, spki]) =>
    [what, spki, DATA, new Uint8Array(60_000).fill(0x30), use] as const
  );
  return [...inputs, ...rsa, ...long].map((each) => [...each]);
}

/** Every case. */
export function worstInputs(providers: readonly CryptoProvider[] = PROVIDERS): WorstInput[] {
  return providers.flatMap((provider) =>
    provider.signatures.flatMap((algorithm) =>
      inputsOf(algorithm).map(([what, ...inputs]) => ({
        name: `${provider.name}, ${algorithm.name}: ${what}`,
        async call() {
          try {
            return await algorithm.verify(...inputs);
          } catch (error) {
            if (error instanceof TlsError) return error.code;
            throw error;
          }
        },
      }))
    )
  );
}

// The cast: Deno, Node and Bun, which run this as a program, have this global.
const { process } = globalThis as unknown as {
  readonly process: { cpuUsage(): { readonly user: number; readonly system: number } };
};

/** Milliseconds of CPU of this process so far. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

if (import.meta.main) {
  encodePss("SHA-256", DATA, new Uint8Array(32)); // what is set up once
  for (const { name, call } of worstInputs()) {
    await call();
    let least = Infinity;
    for (let i = 0; i < 5 && least > 5; i++) {
      const before = cpu();
      await call();
      least = Math.min(least, cpu() - before);
    }
    console.log(JSON.stringify({ name, milliseconds: least }));
  }
}
