// SM4-CCM with 12-byte nonces and 16-byte tags (NIST SP 800-38C, RFC 8998 section 3.5.2). One pass of the cipher takes a
// block of the MAC and the counter block of the next block of data, so CCM costs one serial pass for each block.
import { BLOCK, IO } from "./memory";
import { encrypt2, OUT } from "./sm4";

const MAC: usize = memory.data(16, 16);
const TAG_MASK: usize = memory.data(16, 16);
const KEY_STREAM: usize = memory.data(16, 16);
const COUNTER: usize = memory.data(16, 16);

// The counter is the last three bytes of its block (q = 3).
// @ts-ignore: decorator
@inline function setCounter(value: u32): void {
  const fixed = load<u32>(COUNTER, 12) & 0xff;
  store<u32>(COUNTER, bswap(value) | fixed, 12);
}

let counter: u32 = 0;

/** Begins a message whose block B_0 is at BLOCK. */
export function ccmStart(): void {
  const b0 = v128.load(BLOCK);
  v128.store(COUNTER, i8x16.replace_lane(b0, 0, 2));
  setCounter(0);
  encrypt2(b0, v128.load(COUNTER));
  v128.store(MAC, v128.load(OUT));
  v128.store(TAG_MASK, v128.load(OUT, 16));
  counter = 0;
}

/** Absorbs `length` bytes at IO: the encoded additional data. Padded with zeros; up to 15 bytes after are overwritten. */
export function ccmAad(length: i32): void {
  if (length & 15) memory.fill(IO + length, 0, 16 - (length & 15));
  let mac = v128.load(MAC);
  for (let i = 0; i < length; i += 16) {
    mac = v128.xor(mac, v128.load(IO + i));
    encrypt2(mac, mac);
    mac = v128.load(OUT);
  }
  v128.store(MAC, mac);
}

/**
 * Encrypts (`seal` = 1) or decrypts `length` bytes at `IO + offset` in place. Only the last call may have a length that is
 * no multiple of 16. Up to 15 bytes after the data are overwritten.
 */
export function ccmUpdate(offset: i32, length: i32, seal: i32): void {
  if (length == 0) return;
  const at: usize = IO + offset;
  const rest = length & 15;
  if (rest) memory.fill(at + length, 0, 16 - rest);
  let mac = v128.load(MAC);
  if (counter == 0) {
    counter = 1;
    setCounter(1);
    const x = v128.load(COUNTER);
    encrypt2(x, x);
    v128.store(KEY_STREAM, v128.load(OUT));
  }
  let stream = v128.load(KEY_STREAM);
  for (let i = 0; i < length; i += 16) {
    // The padding of the last block is zero in the plaintext.
    if (length - i < 16) {
      v128.store(KEY_STREAM, stream);
      memory.fill(KEY_STREAM + rest, 0, 16 - rest);
      stream = v128.load(KEY_STREAM);
    }
    const input = v128.load(at + i);
    const output = v128.xor(input, stream);
    v128.store(at + i, output);
    counter++;
    setCounter(counter);
    encrypt2(v128.xor(mac, seal ? input : output), v128.load(COUNTER));
    mac = v128.load(OUT);
    stream = v128.load(OUT, 16);
  }
  v128.store(MAC, mac);
  v128.store(KEY_STREAM, stream);
}

/** Ends a message: the tag is left at BLOCK. */
export function ccmFinish(): void {
  v128.store(BLOCK, v128.xor(v128.load(MAC), v128.load(TAG_MASK)));
}
