/**
 * From a passphrase to a key: PBKDF2 (RFC 8018 section 5.2), scrypt (RFC 7914), the function of PKCS #12 (RFC 7292 appendix
 * B) and that of old PEM files.
 *
 * @module
 */
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { pbkdf2 as pbkdf2OfNoble } from "@noble/hashes/pbkdf2.js";
import { scrypt } from "@noble/hashes/scrypt.js";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { concat, type DerReader, TlsError, utf8 } from "@sealane/wire";
import { nodeCrypto } from "./node_crypto.ts";

/** A hash function for passphrases. */
export type PassphraseHash = typeof sha256 | typeof sha1;

/** The hashes by the object identifier of the hash, of HMAC with it (RFC 8018 appendix B.1.2), and by the name in node:crypto. */
const HASHES = [
  { hash: sha1, name: "sha1", digest: "1.3.14.3.2.26", hmac: "1.2.840.113549.2.7" },
  { hash: sha224, name: "sha224", digest: "2.16.840.1.101.3.4.2.4", hmac: "1.2.840.113549.2.8" },
  { hash: sha256, name: "sha256", digest: "2.16.840.1.101.3.4.2.1", hmac: "1.2.840.113549.2.9" },
  { hash: sha384, name: "sha384", digest: "2.16.840.1.101.3.4.2.2", hmac: "1.2.840.113549.2.10" },
  { hash: sha512, name: "sha512", digest: "2.16.840.1.101.3.4.2.3", hmac: "1.2.840.113549.2.11" },
] as const;

/** The most iterations that are done: a damaged file must not hang its reader. */
const MAX_ITERATIONS = 10_000_000;
/** The most memory that scrypt may take, in bytes. */
const MAX_SCRYPT_MEMORY = 1 << 28;

/** The hash that an object identifier names, of the hash itself or of HMAC with it. */
export function hashById(id: string, reader: DerReader): (typeof HASHES)[number] {
  const found = HASHES.find(({ digest, hmac }) => digest === id || hmac === id);
  return found ?? reader.fail(`the hash ${id} is not supported`);
}

/** An iteration count, from 1 to the bound. */
export function readIterations(reader: DerReader): number {
  const iterations = reader.number("iterationCount");
  if (iterations < 1 || iterations > MAX_ITERATIONS) {
    reader.fail(`there are ${iterations} iterations, not 1 to ${MAX_ITERATIONS}`);
  }
  return iterations;
}

/** A passphrase as PBKDF2 and scrypt take it. */
export function passphraseBytes(passphrase: string | Uint8Array): Uint8Array {
  return typeof passphrase === "string" ? utf8(passphrase) : passphrase;
}

/** Derives a key of so many bytes with the key derivation function that an AlgorithmIdentifier names. */
export function deriveKey(
  reader: DerReader,
  passphrase: Uint8Array,
  length: number,
): Uint8Array {
  return reader.sequence("keyDerivationFunc", (kdf) => {
    const id = kdf.objectIdentifier("algorithm");
    if (id === "1.2.840.113549.1.5.12") return readPbkdf2(kdf, passphrase, length);
    if (id === "1.3.6.1.4.1.11591.4.11") return readScrypt(kdf, passphrase, length);
    return kdf.fail(`the key derivation function ${id} is not supported`);
  });
}

/** PBKDF2-params, RFC 8018 appendix A.2. */
function readPbkdf2(kdf: DerReader, passphrase: Uint8Array, length: number): Uint8Array {
  return kdf.sequence("PBKDF2-params", (parameters) => {
    const salt = parameters.octetString("salt");
    const iterations = readIterations(parameters);
    if (parameters.peek() === 0x02 && parameters.number("keyLength") !== length) {
      parameters.fail("keyLength is not that of the cipher");
    }
    const prf = parameters.remaining === 0 ? HASHES[0] : parameters.sequence("prf", (algorithm) => {
      const found = hashById(algorithm.objectIdentifier("prf"), algorithm);
      if (algorithm.remaining > 0) algorithm.null("parameters");
      return found;
    });
    return pbkdf2(prf, passphrase, salt, iterations, length);
  });
}

function pbkdf2(
  { hash, name }: (typeof HASHES)[number],
  passphrase: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  length: number,
): Uint8Array {
  const native = nodeCrypto();
  return native === null
    ? pbkdf2OfNoble(hash, passphrase, salt, { c: iterations, dkLen: length })
    : new Uint8Array(native.pbkdf2Sync(passphrase, salt, iterations, length, name));
}

/** scrypt-params, RFC 7914 section 7. */
function readScrypt(kdf: DerReader, passphrase: Uint8Array, length: number): Uint8Array {
  return kdf.sequence("scrypt-params", (parameters) => {
    const salt = parameters.octetString("salt");
    const [N, r, p] = ["costParameter", "blockSize", "parallelizationParameter"].map((field) =>
      parameters.number(field)
    );
    if (parameters.remaining > 0 && parameters.number("keyLength") !== length) {
      parameters.fail("keyLength is not that of the cipher");
    }
    if (
      N < 2 || (N & (N - 1)) !== 0 || r < 1 || p < 1 || p > 64 || 128 * N * r > MAX_SCRYPT_MEMORY
    ) {
      parameters.fail(`the cost of scrypt (N ${N}, r ${r}, p ${p}) is out of bounds`);
    }
    return scrypt(passphrase, salt, { N, r, p, dkLen: length, maxmem: 2 * MAX_SCRYPT_MEMORY });
  });
}

/** What the function of PKCS #12 makes: RFC 7292 appendix B.3. */
export const Pkcs12Purpose = { key: 1, iv: 2, mac: 3 } as const;

/** RFC 7292 appendix B.1: a BMPString with two zero bytes at its end. */
export function pkcs12Passphrase(passphrase: string | Uint8Array): Uint8Array {
  const text = typeof passphrase === "string" ? passphrase : new TextDecoder().decode(passphrase);
  const bytes = new Uint8Array(2 * text.length + 2);
  for (let i = 0; i < text.length; i++) {
    bytes[2 * i] = text.charCodeAt(i) >> 8;
    bytes[2 * i + 1] = text.charCodeAt(i) & 0xff;
  }
  return bytes;
}

/** RFC 7292 appendix B.2. */
export function pkcs12Kdf(
  hash: PassphraseHash,
  passphrase: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  purpose: 1 | 2 | 3,
  length: number,
): Uint8Array {
  const { blockLen: block, outputLen } = hash;
  const input = concat([repeated(salt, block), repeated(passphrase, block)]);
  const chunks: Uint8Array[] = [];
  for (let made = 0; made < length; made += outputLen) {
    let a = hash(concat([new Uint8Array(block).fill(purpose), input]));
    for (let i = 1; i < iterations; i++) a = hash(a);
    chunks.push(a);
    // Every block of the input grows by a repeated, and by 1.
    const b = repeated(a, block, block);
    for (let at = 0; at < input.length; at += block) {
      let carry = 1;
      for (let i = block - 1; i >= 0; i--) {
        carry += input[at + i] + b[i];
        input[at + i] = carry & 0xff;
        carry >>= 8;
      }
    }
  }
  return concat(chunks).subarray(0, length);
}

/** `bytes` repeated up to a multiple of `block`, or to `length`; nothing of nothing. */
function repeated(
  bytes: Uint8Array,
  block: number,
  length = block * Math.ceil(bytes.length / block),
): Uint8Array {
  return new Uint8Array(bytes.length === 0 ? 0 : length).map((_, i) => bytes[i % bytes.length]);
}

/** OpenSSL's EVP_BytesToKey with MD5 and one iteration: what `Proc-Type: 4,ENCRYPTED` files are encrypted under. */
export function legacyPemKey(passphrase: Uint8Array, salt: Uint8Array, length: number): Uint8Array {
  let key = new Uint8Array();
  for (let last = new Uint8Array(); key.length < length; key = concat([key, last])) {
    last = md5(concat([last, passphrase, salt]));
  }
  return key.subarray(0, length);
}

/** For a key that is encrypted where there is no passphrase. */
export function passphraseNeeded(what: string): never {
  throw new TlsError("api/config", `${what} is encrypted: pass its passphrase`);
}

/** For what does not decrypt. */
export function passphraseWrong(what: string, cause?: unknown): never {
  const message = `the passphrase is wrong, or ${what} is damaged`;
  throw new TlsError("api/config", message, { cause });
}
