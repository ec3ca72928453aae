/**
 * The option `certificateCompression`: algorithms of RFC 8879 by name.
 *
 * @module
 */
import { builtinCompression, type CertificateCompression } from "@sealane/handshake";
import { argumentTypeError, argumentValueError } from "./node_error.ts";

/**
 * The algorithms of the option; empty without it.
 *
 * @throws an error with code `ERR_INVALID_ARG_VALUE` for names that nobody knows or that this platform has not.
 */
export function compressionOf(
  names: readonly string[] | null | undefined,
  where: string,
): readonly CertificateCompression[] {
  if (names === undefined || names === null) return [];
  const option = `${where}.certificateCompression`;
  if (!Array.isArray(names)) throw argumentTypeError(option, "Array", names);
  if (names.length > 3) {
    throw argumentValueError(option, names, "can specify at most 3 algorithms");
  }
  const known = builtinCompression();
  return names.map((name, i) => {
    const found = known.find((algorithm) => algorithm.name === name);
    if (found !== undefined) return found;
    throw argumentValueError(`${option}[${i}]`, name, "must be 'zlib', 'brotli', or 'zstd'");
  });
}
