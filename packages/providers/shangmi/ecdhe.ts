/**
 * The group curveSM2: plain ECDHE, as RFC 9846 section 7.4.2 says for NIST curves. The key exchange protocol of SM2 itself
 * is not used in TLS 1.3 (RFC 8998 section 3.4).
 *
 * @module
 */
import { NamedGroup, namedGroupName, wipe } from "@sealane/wire";
import type { KeyAgreement, KeyExchangeGroup, KeyPair } from "../provider.ts";
import { randomScalar } from "../weierstrass/scalar.ts";
import { engine } from "./choose_engine.ts";
import { decodePoint, encodePoint, N_BYTES, POINT_LENGTH } from "./curve.ts";

/** The x coordinate of the product, or `null` for a share that is no point of the curve. */
function agree(scalar: Uint8Array, peerShare: Uint8Array): Uint8Array | null {
  const point = decodePoint(peerShare);
  // The curve has prime order: every point on it has that order, so there are no small subgroups to check for.
  const product = point && engine().sm2.multiply(scalar, point);
  if (product === null) return null;
  const secret = product.slice(0, 32);
  wipe(product);
  return secret;
}

/** curveSM2, group 41. */
export const curveSM2: KeyExchangeGroup = Object.freeze({
  id: NamedGroup.curveSM2,
  name: namedGroupName(NamedGroup.curveSM2),
  shareLength: POINT_LENGTH,
  generate(): KeyPair {
    const scalar = randomScalar(N_BYTES);
    return {
      share: encodePoint(engine().sm2.multiplyBase(scalar)),
      complete: (peerShare: Uint8Array) => agree(scalar, peerShare),
    };
  },
  respond(peerShare: Uint8Array): KeyAgreement | null {
    const scalar = randomScalar(N_BYTES);
    const secret = agree(scalar, peerShare);
    const share = secret && encodePoint(engine().sm2.multiplyBase(scalar));
    wipe(scalar);
    return secret && share && { share, secret };
  },
});
