/**
 * HKDF (RFC 5869) and HKDF-Expand-Label (RFC 9846 section 7.1) over the HMAC of any provider. It exists once, here, so
 * that no provider can get it wrong.
 *
 * @module
 */
import { hmacOf } from "./answers.ts";
import { TlsError, utf8, wipe } from "@sealane/wire";
import type { Hash } from "./provider.ts";

const LABEL_PREFIX = "tls13 ";
/** The counter of the first block, which most often is the only one. */
const FIRST = Uint8Array.of(1);

/**
 * HKDF-Extract (RFC 5869 section 2.2): a pseudorandom key of `hash.outputLength` bytes. An empty `salt` means a string
 * of zeros, which HMAC makes of it anyway.
 *
 * ```ts
 * import { nativeProvider } from "@sealane/providers/native";
 * import { hkdfExpandLabel, hkdfExtract } from "@sealane/providers";
 *
 * const [{ hash }] = nativeProvider.cipherSuites;
 * const early = hkdfExtract(hash, new Uint8Array(0), new Uint8Array(hash.outputLength));
 * const derived = hkdfExpandLabel(hash, early, "key", new Uint8Array(0), 16);
 * console.assert(derived.length === 16);
 * ```
 */
export function hkdfExtract(
  hash: Hash,
  salt: Uint8Array,
  inputKeyingMaterial: Uint8Array,
): Uint8Array {
  return hmacOf(hash, salt, inputKeyingMaterial);
}

/**
 * HKDF-Expand (RFC 5869 section 2.3): `length` bytes, 0 to 255 times `hash.outputLength`.
 *
 * @throws {TlsError} `api/argument` if `length` is out of range or the key is shorter than `hash.outputLength`.
 */
export function hkdfExpand(
  hash: Hash,
  pseudorandomKey: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const { outputLength } = hash;
  // RFC 5869 §2.3: L <= 255*HashLen.
  if (!Number.isInteger(length) || length < 0 || length > 255 * outputLength) {
    throw new TlsError("api/argument", `HKDF-Expand cannot make ${length} bytes of ${hash.name}`);
  }
  // RFC 5869 §2.3: PRK has at least HashLen bytes.
  if (pseudorandomKey.length < outputLength) {
    throw new TlsError(
      "api/argument",
      `HKDF-Expand was given a key of ${pseudorandomKey.length} bytes, fewer than ${outputLength}`,
    );
  }
  if (length <= outputLength) {
    const block = hmacOf(hash, pseudorandomKey, info, FIRST);
    return length === outputLength ? block : cut(block, length);
  }
  const output = new Uint8Array(length);
  let previous: Uint8Array = new Uint8Array(0);
  for (let offset = 0, counter = 1; offset < length; offset += outputLength, counter++) {
    const block = hmacOf(hash, pseudorandomKey, previous, info, Uint8Array.of(counter));
    output.set(block.subarray(0, length - offset), offset);
    wipe(previous);
    previous = block;
  }
  wipe(previous);
  return output;
}

/** The first `length` bytes alone, so that the rest of the block does not live on behind a view. */
function cut(block: Uint8Array, length: number): Uint8Array {
  const output = block.slice(0, length);
  wipe(block);
  return output;
}

/** Room for the largest HkdfLabel. It holds nothing secret, and is read before the next one is made. */
const infos = new Uint8Array(2 + 1 + 255 + 1 + 255);

/** Labels as they stand in an HkdfLabel, with their length. A key schedule has few; beyond this many none is kept. */
const encodedLabels = new Map<string, Uint8Array>();
const MAX_ENCODED_LABELS = 64;

function encodeLabel(label: string): Uint8Array {
  const known = encodedLabels.get(label);
  if (known !== undefined) return known;
  const fullLabel = utf8(LABEL_PREFIX + label);
  // RFC 9846 §7.1: opaque label<7..255> with its prefix, opaque context<0..255>. The prefix alone has 6 bytes: an exporter
  // with an empty label gives that, and every implementation computes it.
  if (fullLabel.length > 255) {
    throw new TlsError(
      "api/argument",
      `HKDF-Expand-Label label has ${fullLabel.length} bytes, more than 255`,
    );
  }
  const encoded = Uint8Array.of(fullLabel.length, ...fullLabel);
  if (encodedLabels.size < MAX_ENCODED_LABELS) encodedLabels.set(label, encoded);
  return encoded;
}

/**
 * HKDF-Expand-Label (RFC 9846 section 7.1). `label` comes without its prefix `tls13 `, has 0 to 249 characters of
 * ASCII; `context` has 0 to 255 bytes (most often a transcript hash, or nothing).
 *
 * @throws {TlsError} `api/argument` if `label`, `context` or `length` is out of range.
 */
export function hkdfExpandLabel(
  hash: Hash,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const encodedLabel = encodeLabel(label);
  if (context.length > 255) {
    throw new TlsError(
      "api/argument",
      `HKDF-Expand-Label context has ${context.length} bytes, more than 255`,
    );
  }
  const contextAt = 3 + encodedLabel.length;
  const info = infos.subarray(0, contextAt + context.length);
  info[0] = length >> 8;
  info[1] = length;
  info.set(encodedLabel, 2);
  info[contextAt - 1] = context.length;
  info.set(context, contextAt);
  return hkdfExpand(hash, secret, info, length);
}
