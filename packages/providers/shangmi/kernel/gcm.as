// SM4-GCM with 12-byte nonces and 16-byte tags (NIST SP 800-38D section 7, RFC 8998 section 3.5.1).
import { BLOCK, IO } from "./memory";
import { ghash, ghash4, ghashKey, ghashReset, ghashSum } from "./ghash";
import { counter4, counter8, encrypt2, OUT, sm4Block, sm4Key } from "./sm4";

/** What the tag is encrypted with. */
const TAG_MASK: usize = memory.data(16, 16);
let n0: u32 = 0, n1: u32 = 0, n2: u32 = 0, counter: u32 = 0;

/** Expands the SM4 key at BLOCK to KEY, with the GHASH key that belongs to it. */
export function gcmKey(): void {
  sm4Key();
  v128.store(BLOCK, i64x2.splat(0));
  sm4Block();
  ghashKey();
}

/** Begins a message with the nonce in the first 12 bytes of BLOCK. */
export function gcmStart(): void {
  n0 = bswap(load<u32>(BLOCK));
  n1 = bswap(load<u32>(BLOCK, 4));
  n2 = bswap(load<u32>(BLOCK, 8));
  counter = 2;
  const first = i32x4.replace_lane(v128.load(BLOCK), 3, 0x01000000);
  encrypt2(first, first);
  v128.store(TAG_MASK, v128.load(OUT));
  ghashReset();
}

/** Absorbs `length` bytes of additional data at IO; only the last call may have a length that is no multiple of 16. */
export function gcmAad(length: i32): void {
  ghash(IO, length);
}

/**
 * Encrypts (`seal` = 1) or decrypts `length` bytes at `IO + offset` in place and absorbs the ciphertext. Only the last
 * call may have a length that is no multiple of 128. Up to 15 bytes after the data may be overwritten.
 */
export function gcmUpdate(offset: i32, length: i32, seal: i32): void {
  let at: usize = IO + offset;
  while (length >= 128) {
    if (!seal) {
      ghash4(at);
      ghash4(at + 64);
    }
    counter8(n0, n1, n2, counter);
    counter += 8;
    for (let i = 0; i < 128; i += 16) {
      v128.store(at + i, v128.xor(v128.load(at + i), v128.load(OUT + i)));
    }
    if (seal) {
      ghash4(at);
      ghash4(at + 64);
    }
    at += 128;
    length -= 128;
  }
  if (length == 0) return;
  if (length > 64) counter8(n0, n1, n2, counter);
  else counter4(n0, n1, n2, counter);
  counter += (length + 15) >> 4;
  if (!seal) ghash(at, length);
  for (let i = 0; i < length; i += 16) {
    v128.store(at + i, v128.xor(v128.load(at + i), v128.load(OUT + i)));
  }
  if (seal) ghash(at, length);
}

/** Ends a message: the tag is left at BLOCK. */
export function gcmFinish(aadLength: f64, length: f64): void {
  store<u64>(BLOCK, bswap(<u64>aadLength << 3));
  store<u64>(BLOCK, bswap(<u64>length << 3), 8);
  ghash(BLOCK, 16);
  v128.store(BLOCK, v128.xor(ghashSum(), v128.load(TAG_MASK)));
}
