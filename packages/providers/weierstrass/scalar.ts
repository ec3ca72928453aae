/**
 * Scalars of a curve of 256 bits: 32 big-endian bytes.
 *
 * @module
 */

/** Bytes of a coordinate or a scalar. */
export const SCALAR_LENGTH = 32;

/** Whether 0 < `value` < `limit`, both 32 bytes. The time does not depend on the value. */
export function inRange(value: Uint8Array, limit: Uint8Array): boolean {
  let bits = 0;
  for (let i = 0; i < value.length; i++) bits |= value[i];
  return isBelow(value, limit) && bits !== 0;
}

/** Whether `value` < `limit`, both 32 bytes. The time does not depend on the value. */
export function isBelow(value: Uint8Array, limit: Uint8Array): boolean {
  if (value.length !== SCALAR_LENGTH) return false;
  let borrow = 0;
  for (let i = SCALAR_LENGTH - 1; i >= 0; i--) borrow = (value[i] - limit[i] - borrow) >> 8 & 1;
  return borrow === 1;
}

/** A random scalar of 1..`limit` - 1, by rejection: one in 2^32 tries fails. */
export function randomScalar(limit: Uint8Array): Uint8Array {
  for (;;) {
    const scalar = crypto.getRandomValues(new Uint8Array(SCALAR_LENGTH));
    if (inRange(scalar, limit)) return scalar;
  }
}
