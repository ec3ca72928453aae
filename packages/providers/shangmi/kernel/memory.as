// Where things lie. The kernel has no allocator: the caller copies its input to these places, calls, and copies the
// result out. One instance serves all keys, since every operation runs to its end before another can begin.

/** Bulk input and output: records and packets, transcript bytes, points and scalars. */
export const IO_LENGTH: i32 = 32768;
export const IO: usize = memory.data(32768, 16);
/** An expanded SM4 key: 32 round keys, then four powers of the GHASH key in the form that `ghash.as` multiplies by. */
export const KEY_LENGTH: i32 = 896;
export const KEY: usize = memory.data(896, 16);
export const GHASH_KEY: usize = KEY + 128;

/** One block in or out: a key, a counter block, a tag, a mask. */
export const BLOCK: usize = memory.data(16, 16);

/** The chaining state of SM3: eight 32-bit words. */
export const SM3_STATE: usize = memory.data(32, 16);

/** Overwrites everything that a key or a plaintext may have left behind. */
export function wipe(ioLength: i32): void {
  memory.fill(KEY, 0, KEY_LENGTH);
  memory.fill(IO, 0, ioLength);
}
