/**
 * Suites for tests, made of noble's ciphers: one that answers at once, one that answers when it is told to. Not
 * published.
 *
 * @module
 */
import { gcm } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Aead, AeadKey, CipherSuite, Hash, HashState } from "@sealane/providers";
import { concat, type TlsError, type TlsErrorCode } from "@sealane/wire";
import { assertEquals, assertRejects } from "@std/assert";
import { TrafficKey } from "./traffic_key.ts";

const hash: Hash = {
  name: "SHA-256",
  outputLength: 32,
  blockLength: 64,
  create(): HashState {
    throw new Error("records need no transcript");
  },
  hmac: (key, ...data) => hmac(sha256, key, concat(data)),
};

type Cipher = typeof gcm | typeof chacha20poly1305;

function into(bytes: Uint8Array, out?: Uint8Array): Uint8Array {
  if (out === undefined) return bytes;
  out.set(bytes);
  return out.subarray(0, bytes.length);
}

function nobleKey(cipher: Cipher, key: Uint8Array): AeadKey {
  return {
    seal: (nonce, aad, plaintext, out) => into(cipher(key, nonce, aad).encrypt(plaintext), out),
    open(nonce, aad, ciphertext, out) {
      if (ciphertext.length < 16) return null;
      try {
        return into(cipher(key, nonce, aad).decrypt(ciphertext), out);
      } catch {
        return null;
      }
    },
  };
}

function nobleAead(cipher: Cipher, keyLength: number, confidentialityLimit: number): Aead {
  return {
    keyLength,
    nonceLength: 12,
    tagLength: 16,
    confidentialityLimit,
    integrityLimit: 2 ** 52,
    importKey: (key) => nobleKey(cipher, key.slice()),
  };
}

/** TLS_AES_128_GCM_SHA256, synchronous. */
export const aesSuite: CipherSuite = {
  id: 0x1301,
  name: "TLS_AES_128_GCM_SHA256",
  hash,
  aead: nobleAead(gcm, 16, Math.floor(2 ** 24.5)),
};

/** TLS_AES_256_GCM_SHA384 with the hash of the other suites, which makes no difference to records; synchronous. */
export const aes256Suite: CipherSuite = {
  id: 0x1302,
  name: "AES-256-GCM with SHA-256",
  hash,
  aead: nobleAead(gcm, 32, Math.floor(2 ** 24.5)),
};

/** TLS_CHACHA20_POLY1305_SHA256, synchronous. */
export const chachaSuite: CipherSuite = {
  id: 0x1303,
  name: "TLS_CHACHA20_POLY1305_SHA256",
  hash,
  aead: nobleAead(chacha20poly1305, 32, Infinity),
};

/** `suite` with another number of records that a key may protect. */
export function limitedSuite(suite: CipherSuite, confidentialityLimit: number): CipherSuite {
  return { ...suite, aead: { ...suite.aead, confidentialityLimit } };
}

/** What an asynchronous provider has to do yet. */
export class Later {
  readonly #jobs: (() => void)[] = [];

  /** How many answers are due. */
  get waiting(): number {
    return this.#jobs.length;
  }

  /** A promise for what `job` returns once it is run. */
  add<T>(job: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#jobs.push(() => {
        try {
          resolve(job());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Runs what is waiting, the last first. */
  runLastFirst(): void {
    for (const job of this.#jobs.splice(0).reverse()) job();
  }
}

/** A suite with the same results as `suite`, each given when `later` is run; inputs are copied, as is the contract. */
export function laterSuite(
  suite: CipherSuite,
  later: Later,
  importLater = false,
): CipherSuite {
  const importKey = (bytes: Uint8Array): AeadKey => {
    const key = suite.aead.importKey(bytes) as AeadKey; // the suites above are synchronous
    return {
      seal(nonce, aad, plaintext, out) {
        const [n, a, p] = [nonce.slice(), aad.slice(), plaintext.slice()];
        return later.add(() => key.seal(n, a, p, out) as Uint8Array); // as above
      },
      open(nonce, aad, ciphertext, out) {
        const [n, a, c] = [nonce.slice(), aad.slice(), ciphertext.slice()];
        return later.add(() => key.open(n, a, c, out) as Uint8Array | null); // as above
      },
    };
  };
  return {
    ...suite,
    aead: {
      ...suite.aead,
      importKey(bytes) {
        const copy = bytes.slice();
        return importLater ? later.add(() => importKey(copy)) : importKey(copy);
      },
    },
  };
}

/** A traffic secret that is nobody's. */
export const SECRET: Uint8Array = new Uint8Array(32).fill(7);

/** The two ends of one direction. */
export function keyPair(suite: CipherSuite = aesSuite): { write: TrafficKey; read: TrafficKey } {
  return { write: new TrafficKey(suite, SECRET), read: new TrafficKey(suite, SECRET) };
}

/** A protected record as any inner plaintext, header and sequence number could make it. */
export function forgeRecord(
  key: TrafficKey,
  inner: Uint8Array,
  { type = 23, version = 0x0303 }: { type?: number; version?: number } = {},
): Uint8Array {
  const length = inner.length + key.tagLength;
  const record = new Uint8Array(5 + length);
  record.set([type, version >> 8, version & 0xff, length >> 8, length & 0xff]);
  key.seal(record.subarray(0, 5), inner, record.subarray(5));
  return record;
}

/** A plaintext record. */
export function plaintextRecord(type: number, content: Uint8Array, version = 0x0303): Uint8Array {
  const header = [type, version >> 8, version & 0xff, content.length >> 8, content.length & 0xff];
  return concat([new Uint8Array(header), content]);
}

/** Asserts that `fn` throws a `TlsError` with `code`, now or later. */
export async function assertCode(code: TlsErrorCode, fn: () => unknown): Promise<TlsError> {
  const error = await assertRejects(async () => await fn()) as TlsError; // its code is looked at next
  assertEquals(error.code, code, error.message);
  return error;
}
