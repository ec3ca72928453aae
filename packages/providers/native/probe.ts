/**
 * Whether a primitive of a platform does what it should. Platforms have names without what is behind them: a function may be
 * missing or say that it is not implemented, a cipher may be listed and refuse its parameters. So each is tried, once, against noble
 * where that is fast, and what does not work is not offered.
 *
 * @module
 */
import type { AeadName, SuiteParts } from "../cipher_suites.ts";
import { AEADS, NONCE_LENGTH } from "../cipher_suites.ts";
import type { Curve } from "../curve_group.ts";
import { nobleAeads, nobleMasks } from "../noble/aead.ts";
import { nobleHash } from "../noble/hash.ts";
import type { Hash } from "../provider.ts";
import { equalBytes } from "@sealane/wire";
import { isPromise } from "../maybe_promise.ts";

/** Whether `run` says yes; what it throws means no. */
function works(run: () => boolean): boolean {
  try {
    return run();
  } catch {
    return false;
  }
}

const sample = (length: number) => Uint8Array.from({ length }, (_, i) => i);

function hashWorks(name: "SHA-256" | "SHA-384", hash: Hash): boolean {
  const [data, key] = [sample(100), sample(32)];
  const reference = nobleHash(name);
  const digest = ({ create }: Hash) => {
    const state = create().update(data);
    const clone = state.clone();
    return [state.update(key).digest(), clone.digest()];
  };
  const [expected, found] = [digest(reference), digest(hash)];
  return expected.every((bytes, i) => equalBytes(bytes, found[i])) &&
    equalBytes(hash.hmac(key, data, key), reference.hmac(key, data, key));
}

function aeadWorks(name: AeadName, importKey: typeof nobleAeads[AeadName]): boolean {
  const [data, nonce] = [sample(40), sample(NONCE_LENGTH)];
  const [key, reference] = [importKey, nobleAeads[name]].map((make) =>
    make(sample(AEADS[name].keyLength))
  );
  if (isPromise(key) || isPromise(reference)) return false;
  const [sealed, expected] = [key, reference].map((each) => each.seal(nonce, nonce, data));
  if (isPromise(sealed) || isPromise(expected) || !equalBytes(sealed, expected)) return false;
  const opened = key.open(nonce, nonce, sealed);
  const forged = sealed.slice();
  forged[0] ^= 1;
  return opened !== null && !isPromise(opened) && equalBytes(opened, data) &&
    key.open(nonce, nonce, forged) === null;
}

type MaskName = keyof typeof nobleMasks;

function maskWorks(name: MaskName, { keyLength, importKey }: typeof nobleMasks[MaskName]): boolean {
  const [own, reference] = [importKey, nobleMasks[name].importKey].map((make) =>
    make(sample(keyLength)).mask(sample(16))
  );
  return equalBytes(own.subarray(0, 5), reference.subarray(0, 5));
}

/** The parts of cipher suites that work. */
export function workingParts({ hashes, aeads, masks }: SuiteParts): SuiteParts {
  return {
    hashes: keep(hashes, hashWorks),
    aeads: keep(aeads, aeadWorks),
    masks: keep(masks, maskWorks),
  };
}

function keep<K extends string, V>(
  parts: Readonly<Partial<Record<K, V>>>,
  probe: (name: K, part: V) => boolean,
): Partial<Record<K, V>> {
  const kept: Partial<Record<K, V>> = {};
  // The keys of a record are those of its type.
  for (const name of Object.keys(parts) as K[]) {
    const part = parts[name];
    if (part !== undefined && works(() => probe(name, part))) kept[name] = part;
  }
  return kept;
}

/** Whether a curve gives a key, and a secret with it. */
export function curveWorks<Key>(curve: Curve<Key>, shareLength: number): boolean {
  return works(() => {
    const pair = curve.generate();
    if (isPromise(pair) || pair.share.length !== shareLength) return false;
    const secret = curve.agree(pair.privateKey, pair.share);
    return !isPromise(secret) && secret.length > 0 && secret.some((byte) => byte !== 0);
  });
}
