// Poly1305 (RFC 8439 section 2.5): the accumulator and r in five limbs of 26 bits. No branch and no address depends on them.
const MASK: u64 = 0x3ffffff;
let h0: u64 = 0, h1: u64 = 0, h2: u64 = 0, h3: u64 = 0, h4: u64 = 0;
let r0: u64 = 0, r1: u64 = 0, r2: u64 = 0, r3: u64 = 0, r4: u64 = 0;
let s0: u64 = 0, s1: u64 = 0;

const LAST: usize = memory.data(16, 16);

/** Begins with the one-time key of 32 bytes at `key`: r, which is clamped, and s. */
export function start(key: usize): void {
  const low = load<u64>(key), high = load<u64>(key, 8);
  r0 = low & 0x3ffffff;
  r1 = (low >> 26) & 0x3ffff03;
  r2 = ((low >> 52) | (high << 12)) & 0x3ffc0ff;
  r3 = (high >> 14) & 0x3f03fff;
  r4 = (high >> 40) & 0x00fffff;
  s0 = load<u64>(key, 16);
  s1 = load<u64>(key, 24);
  h0 = h1 = h2 = h3 = h4 = 0;
}

/** Takes in `count` blocks of 16 bytes. */
function blocks(at: usize, count: i32): void {
  let a0 = h0, a1 = h1, a2 = h2, a3 = h3, a4 = h4;
  const q0 = r0, q1 = r1, q2 = r2, q3 = r3, q4 = r4;
  // 2^130 is 5.
  const f1 = 5 * q1, f2 = 5 * q2, f3 = 5 * q3, f4 = 5 * q4;
  for (; count > 0; count--, at += 16) {
    const low = load<u64>(at), high = load<u64>(at, 8);
    a0 += low & MASK;
    a1 += (low >> 26) & MASK;
    a2 += ((low >> 52) | (high << 12)) & MASK;
    a3 += (high >> 14) & MASK;
    a4 += (high >> 40) | 0x1000000;
    const d0 = a0 * q0 + a1 * f4 + a2 * f3 + a3 * f2 + a4 * f1;
    let d1 = a0 * q1 + a1 * q0 + a2 * f4 + a3 * f3 + a4 * f2;
    let d2 = a0 * q2 + a1 * q1 + a2 * q0 + a3 * f4 + a4 * f3;
    let d3 = a0 * q3 + a1 * q2 + a2 * q1 + a3 * q0 + a4 * f4;
    let d4 = a0 * q4 + a1 * q3 + a2 * q2 + a3 * q1 + a4 * q0;
    d1 += d0 >> 26;
    d2 += d1 >> 26;
    d3 += d2 >> 26;
    d4 += d3 >> 26;
    a0 = (d0 & MASK) + 5 * (d4 >> 26);
    a1 = (d1 & MASK) + (a0 >> 26);
    a0 &= MASK;
    a2 = d2 & MASK;
    a3 = d3 & MASK;
    a4 = d4 & MASK;
  }
  h0 = a0;
  h1 = a1;
  h2 = a2;
  h3 = a3;
  h4 = a4;
}

/** Takes in `length` bytes, filled up with zeros to a block (RFC 8439 section 2.8). */
export function updatePadded(at: usize, length: i32): void {
  blocks(at, length >> 4);
  const rest = length & 15;
  if (rest == 0) return;
  v128.store(LAST, i64x2.splat(0));
  memory.copy(LAST, at + (length & ~15), rest);
  blocks(LAST, 1);
}

/** Takes in the lengths of additional data and ciphertext, and leaves the tag at `tag`. */
export function finish(tag: usize, aadLength: i32, length: i32): void {
  store<u64>(LAST, aadLength);
  store<u64>(LAST, length, 8);
  blocks(LAST, 1);
  let c = h1 >> 26;
  let a1 = h1 & MASK;
  let a2 = h2 + c;
  c = a2 >> 26;
  a2 &= MASK;
  let a3 = h3 + c;
  c = a3 >> 26;
  a3 &= MASK;
  let a4 = h4 + c;
  c = a4 >> 26;
  a4 &= MASK;
  let a0 = h0 + 5 * c;
  c = a0 >> 26;
  a0 &= MASK;
  a1 += c;
  // h - p, which is taken if it is not negative.
  let b0 = a0 + 5;
  c = b0 >> 26;
  b0 &= MASK;
  let b1 = a1 + c;
  c = b1 >> 26;
  b1 &= MASK;
  let b2 = a2 + c;
  c = b2 >> 26;
  b2 &= MASK;
  let b3 = a3 + c;
  c = b3 >> 26;
  b3 &= MASK;
  const b4 = a4 + c - (1 << 26);
  const take = (b4 >> 63) - 1;
  a0 ^= (a0 ^ b0) & take;
  a1 ^= (a1 ^ b1) & take;
  a2 ^= (a2 ^ b2) & take;
  a3 ^= (a3 ^ b3) & take;
  a4 ^= (a4 ^ b4) & take;
  // Plus s, modulo 2^128.
  const low = a0 | (a1 << 26) | (a2 << 52);
  const high = (a2 >> 12) | (a3 << 14) | (a4 << 40);
  const sum = low + s0;
  // The carry of an addition without a comparison: where both have the top bit, or one has and the sum has not.
  const carry = ((low & s0) | ((low | s0) & ~sum)) >> 63;
  store<u64>(tag, sum);
  store<u64>(tag, high + s1 + carry, 8);
  h0 = h1 = h2 = h3 = h4 = r0 = r1 = r2 = r3 = r4 = s0 = s1 = 0;
}
