// Where things lie. The caller copies its input to these places, calls, and copies the result out.

/** The seeds d and z (FIPS 203 section 7.1), or the message m of an encapsulation in the first 32 bytes. */
export const SEED: usize = memory.data(64, 16);
/** Half a decapsulation key: the secret vector in the transform's domain, encoded, 384 k bytes. */
export const SECRET_VECTOR: usize = memory.data(1536, 16);
/** The encapsulation key: 384 k + 32 bytes. */
export const ENCAPSULATION_KEY: usize = memory.data(1568, 16);
/** z, and a ciphertext behind it: at most 32 + 1568 bytes. */
export const REJECTION: usize = memory.data(1600, 16);
export const CIPHERTEXT: usize = REJECTION + 32;
/** The shared secret, 32 bytes. */
export const SHARED_SECRET: usize = memory.data(32, 16);
