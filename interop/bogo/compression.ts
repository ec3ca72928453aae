/**
 * The toy algorithms of the suite for certificate compression: one that shrinks, one that expands, one that is random.
 *
 * @module
 */
import type { CertificateCompression } from "@sealane/handshake";
import { concat, equalBytes } from "@sealane/wire";
import type { ConnectionFlags } from "./flags.ts";

const ZEROS = new Uint8Array([0, 0]);
const COUNTED = new Uint8Array([1, 2, 3, 4]);

/** Takes a prefix off, if it is there and what is left has the announced length. */
function strip(bytes: Uint8Array, prefix: Uint8Array, length: number): Uint8Array | null {
  const rest = bytes.subarray(prefix.length);
  const fits = equalBytes(bytes.subarray(0, prefix.length), prefix) && rest.length === length;
  return fits ? rest : null;
}

const ALGORITHMS: readonly CertificateCompression[] = [
  {
    id: 0xff02,
    name: "expanding",
    compress: (bytes) => concat([COUNTED, bytes]),
    decompress: (bytes, length) => strip(bytes, COUNTED, length),
  },
  {
    id: 0xff01,
    name: "shrinking",
    compress: (bytes) => {
      if (!equalBytes(bytes.subarray(0, 2), ZEROS)) throw new Error("no zeros to leave out");
      return bytes.subarray(2);
    },
    decompress: (bytes, length) => length === bytes.length + 2 ? concat([ZEROS, bytes]) : null,
  },
  {
    id: 0xff03,
    name: "random",
    compress: (bytes) => concat([crypto.getRandomValues(new Uint8Array(1)), bytes]),
    decompress: (bytes, length) => length + 1 === bytes.length ? bytes.subarray(1) : null,
  },
];

/** The algorithms that the flags install. */
export function compressionAlgorithms(flags: ConnectionFlags): readonly CertificateCompression[] {
  if (flags["install-cert-compression-algs"]) return ALGORITHMS;
  return ALGORITHMS.filter(({ id }) => id === flags["install-one-cert-compression-alg"]);
}
