/**
 * A key exchange group over an elliptic curve, from a back end's own keys and agreement function: the checks of shares and
 * secrets are here, once for all back ends.
 *
 * @module
 */
import { chain, isPromise } from "./maybe_promise.ts";
import { NamedGroup, namedGroupName, TlsError, wipe } from "@sealane/wire";
import type { KeyAgreement, KeyExchangeGroup, KeyPair, MaybePromise } from "./provider.ts";
import { isGoodShare } from "./share_check.ts";

/** What a back end brings: its own kind of private key, and what to do with it. */
export interface Curve<Key> {
  /** The group. */
  readonly id: NamedGroup;
  /** A fresh private key and its share. */
  generate(): MaybePromise<{ readonly privateKey: Key; readonly share: Uint8Array }>;
  /** The x coordinate in the width of the field. Throws (or rejects) on a share that is no point. */
  agree(privateKey: Key, peerShare: Uint8Array): MaybePromise<Uint8Array>;
}

/** Bytes of a share: uncompressed points (RFC 9846 section 4.3.8.2), or u coordinates (RFC 7748 section 5). */
export const CURVE_SHARE_LENGTHS: ReadonlyMap<NamedGroup, number> = new Map([
  [NamedGroup.x25519, 32],
  [NamedGroup.secp256r1, 65],
  [NamedGroup.secp384r1, 97],
  [NamedGroup.secp521r1, 133],
  [NamedGroup.x448, 56],
]);

function isMontgomery(id: NamedGroup): boolean {
  return id === NamedGroup.x25519 || id === NamedGroup.x448;
}

/**
 * The secret between `privateKey` and a peer's share, or `null` for a bad share.
 *
 * @throws {TlsError} `local/internal` (or rejects with it) if the back end fails over a share that is good.
 */
export function agreeOnCurve<Key>(
  curve: Curve<Key>,
  privateKey: Key,
  peerShare: Uint8Array,
): MaybePromise<Uint8Array | null> {
  if (peerShare.length !== CURVE_SHARE_LENGTHS.get(curve.id)) return null;
  // RFC 9846 §4.3.8.2: 4 marks an uncompressed point, and nothing else is allowed.
  if (!isMontgomery(curve.id) && peerShare[0] !== 4) return null;
  let secret: MaybePromise<Uint8Array>;
  try {
    secret = curve.agree(privateKey, peerShare);
  } catch (error) {
    return refuseShare(curve.id, peerShare, error);
  }
  if (!isPromise(secret)) return refuseZero(secret);
  const own = peerShare.slice(); // the caller's memory may change meanwhile
  return chain(secret, refuseZero, (error) => refuseShare(curve.id, own, error));
}

/** `null` if the share is off the curve or of low order. That a back end fails over a good one is not the peer's fault. */
function refuseShare(id: NamedGroup, share: Uint8Array, cause: unknown): null {
  if (!isGoodShare(id, share)) return null;
  const message = `the provider cannot compute a secret of ${namedGroupName(id)}`;
  throw new TlsError("local/internal", message, { cause });
}

/** RFC 9846 §7.4.2, RFC 7748 §6: an all-zero secret comes from a share of low order. */
function refuseZero(secret: Uint8Array): Uint8Array | null {
  let bits = 0;
  for (const byte of secret) bits |= byte;
  return bits === 0 ? null : secret;
}

/** The group over a curve. */
export function curveGroup<Key>(curve: Curve<Key>): KeyExchangeGroup {
  type Generated = { readonly privateKey: Key; readonly share: Uint8Array };

  const initiate = ({ privateKey, share }: Generated): KeyPair => ({
    share,
    complete: (peerShare) => agreeOnCurve(curve, privateKey, peerShare),
  });

  function answer({ privateKey, share }: Generated, peerShare: Uint8Array) {
    const finish = (secret: Uint8Array | null): KeyAgreement | null => {
      if (privateKey instanceof Uint8Array) wipe(privateKey);
      return secret === null ? null : { share, secret };
    };
    return chain(agreeOnCurve(curve, privateKey, peerShare), finish);
  }

  return Object.freeze({
    id: curve.id,
    name: namedGroupName(curve.id),
    shareLength: CURVE_SHARE_LENGTHS.get(curve.id) ?? 0,
    generate: (): MaybePromise<KeyPair> => chain(curve.generate(), initiate),
    respond(peerShare: Uint8Array): MaybePromise<KeyAgreement | null> {
      const generated = curve.generate();
      if (!isPromise(generated)) return answer(generated, peerShare);
      const own = peerShare.slice(); // the caller's memory may change meanwhile
      return chain(generated, (keys) => answer(keys, own));
    },
  });
}
