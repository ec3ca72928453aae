// The kernel of ChaCha20-Poly1305 (RFC 8439 section 2.8), in AssemblyScript: `tools/build_kernels.ts` compiles it to
// `../kernel_wasm.ts`.
import { xorBlocks } from "./chacha20";
import { AAD, TEXT } from "./memory";
import { finish, start, updatePadded } from "./poly1305";

export { AAD, AAD_LENGTH, KEY, NONCE, TEXT, TEXT_LENGTH } from "./memory";

/** Blocks 0 to 3: the first has the one-time key of Poly1305, the others are the key stream of the first 192 bytes. */
const FIRST: usize = memory.data(256, 16);
const TAG: usize = memory.data(16, 16);

function begin(aadLength: i32): void {
  memory.fill(FIRST, 0, 256);
  xorBlocks(FIRST, 0);
  start(FIRST);
  updatePadded(AAD, aadLength);
}

/** Encrypts or decrypts the text in place. */
function crypt(length: i32): void {
  const end = TEXT + length;
  for (let i: usize = 0; i < 192; i += 16) v128.store(TEXT + i, v128.xor(v128.load(TEXT + i), v128.load(FIRST + 64 + i)));
  memory.fill(FIRST, 0, 256);
  let counter: u32 = 4;
  for (let at = TEXT + 192; at < end; at += 256, counter += 4) xorBlocks(at, counter);
}

/** Seals the `length` bytes at TEXT in place; the tag goes behind them. */
export function seal(aadLength: i32, length: i32): void {
  begin(aadLength);
  crypt(length);
  updatePadded(TEXT, length);
  finish(TEXT + length, aadLength, length);
}

/** Opens the `length` bytes at TEXT, with the tag behind them, in place; `false` if the tag is wrong: the text stays then. */
export function open(aadLength: i32, length: i32): bool {
  begin(aadLength);
  updatePadded(TEXT, length);
  finish(TAG, aadLength, length);
  const tag = TEXT + length;
  const difference = (load<u64>(TAG) ^ load<u64>(tag)) | (load<u64>(TAG, 8) ^ load<u64>(tag, 8));
  if (difference != 0) {
    memory.fill(FIRST, 0, 256);
    return false;
  }
  crypt(length);
  return true;
}
