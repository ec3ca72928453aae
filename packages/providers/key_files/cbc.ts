/**
 * The ciphers that private keys are encrypted with: AES in CBC mode everywhere, three-key triple DES where the platform still
 * has it.
 *
 * @module
 */
import { cbc } from "@noble/ciphers/aes.js";
import { TlsError } from "@sealane/wire";
import { nodeCrypto } from "./node_crypto.ts";
import { passphraseWrong } from "./passphrase.ts";

/** A cipher in CBC mode with the padding of PKCS #7. */
export interface CbcCipher {
  /** Its name in messages. */
  readonly name: string;
  /** Bytes of a key. */
  readonly keyLength: number;
  /** Bytes of an initialization vector, and of a block. */
  readonly blockLength: 8 | 16;
}

/** The ciphers by object identifier (RFC 8018 appendix B.2, FIPS 197) and by the name in a `DEK-Info` header. */
const CIPHERS: readonly (CbcCipher & { readonly id: string })[] = [
  { id: "2.16.840.1.101.3.4.1.2", name: "AES-128-CBC", keyLength: 16, blockLength: 16 },
  { id: "2.16.840.1.101.3.4.1.22", name: "AES-192-CBC", keyLength: 24, blockLength: 16 },
  { id: "2.16.840.1.101.3.4.1.42", name: "AES-256-CBC", keyLength: 32, blockLength: 16 },
  { id: "1.2.840.113549.3.7", name: "DES-EDE3-CBC", keyLength: 24, blockLength: 8 },
];

/** The cipher of an object identifier or a name. */
export function cipherNamed(idOrName: string): CbcCipher {
  const found = CIPHERS.find(({ id, name }) => id === idOrName || name === idOrName);
  if (found !== undefined) return found;
  return unsupportedCipher(idOrName);
}

/** For a cipher that is not there. */
export function unsupportedCipher(name: string): never {
  throw new TlsError(
    "api/config",
    `the private key is encrypted with ${name}, which is not supported: encrypt it anew, ` +
      "for instance with `openssl pkcs8 -topk8 -v2 aes-256-cbc`",
  );
}

/**
 * Decrypts, and takes the padding off. `what` is decrypted, for messages.
 *
 * @throws {TlsError} `api/config` if the padding is wrong, as it most often is under a wrong passphrase, and where the
 * platform does not have the cipher.
 */
export function decryptCbc(
  cipher: CbcCipher,
  key: Uint8Array,
  iv: Uint8Array,
  ciphertext: Uint8Array,
  what: string,
): Uint8Array {
  if (iv.length !== cipher.blockLength) {
    throw new TlsError("api/config", `${what} has an initialization vector of ${iv.length} bytes`);
  }
  if (cipher.blockLength === 8) return decryptTripleDes(key, iv, ciphertext, what);
  try {
    return cbc(key, iv).decrypt(ciphertext);
  } catch (cause) {
    return passphraseWrong(what, cause);
  }
}

function decryptTripleDes(
  key: Uint8Array,
  iv: Uint8Array,
  ciphertext: Uint8Array,
  what: string,
): Uint8Array {
  const native = nodeCrypto();
  if (native === null || !native.getCiphers().includes("des-ede3-cbc")) {
    return unsupportedCipher("triple DES");
  }
  try {
    const decipher = native.createDecipheriv("des-ede3-cbc", key, iv);
    return new Uint8Array([...decipher.update(ciphertext), ...decipher.final()]);
  } catch (cause) {
    return passphraseWrong(what, cause);
  }
}
