// Where things lie. The caller copies its input to these places, calls, and copies the result out.

/** Bytes of the longest text: a record of TLS with its type and some padding. */
export const TEXT_LENGTH: i32 = 17408;
/** Bytes of the longest additional data. */
export const AAD_LENGTH: i32 = 256;

/** The key, 32 bytes, and the nonce, 12 bytes behind it. */
export const KEY: usize = memory.data(48, 16);
export const NONCE: usize = KEY + 32;
/** Additional data. */
export const AAD: usize = memory.data(256, 16);
/** Plaintext or ciphertext, in place, then the tag; 256 bytes more are overwritten behind it. */
export const TEXT: usize = memory.data(17408 + 16 + 256, 16);
