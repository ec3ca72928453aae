/**
 * The cipher suites of TLS 1.3 as data: identifiers, lengths and limits. A back end adds the code.
 *
 * @module
 */
import { CipherSuiteId, cipherSuiteName, TlsError } from "@sealane/wire";
import type {
  Aead,
  AeadKey,
  CipherSuite,
  Hash,
  HeaderProtection,
  MaybePromise,
} from "./provider.ts";

/** The AEADs of TLS 1.3. */
export type AeadName =
  | "AES-128-GCM"
  | "AES-256-GCM"
  | "ChaCha20-Poly1305"
  | "AES-128-CCM"
  | "AES-128-CCM-8";

/** What is fixed for an AEAD. */
export interface AeadParameters {
  /** Bytes of a key. */
  readonly keyLength: number;
  /** Bytes of a tag. */
  readonly tagLength: number;
  /** Records or packets that one key may protect. */
  readonly confidentialityLimit: number;
  /** Forged packets that one key may meet. */
  readonly integrityLimit: number;
}

/** Bytes of every nonce (RFC 9846 section 5.3). */
export const NONCE_LENGTH = 12;

// RFC 9001 §6.6. AES-GCM: 2^23 packets, which is below the 2^24.5 full-size records of RFC 9846 §5.5. ChaCha20-Poly1305
// has no limit below the 2^62 packets that can be numbered. AES-CCM: 2^21.5 both ways (RFC 9001 appendix B.2).
const GCM = { tagLength: 16, confidentialityLimit: 2 ** 23, integrityLimit: 2 ** 52 } as const;
const CCM_LIMIT = Math.floor(2 ** 21.5);

/** Lengths and limits of each AEAD. */
export const AEADS: Readonly<Record<AeadName, AeadParameters>> = {
  "AES-128-GCM": { keyLength: 16, ...GCM },
  "AES-256-GCM": { keyLength: 32, ...GCM },
  "ChaCha20-Poly1305": {
    keyLength: 32,
    tagLength: 16,
    confidentialityLimit: 2 ** 62,
    integrityLimit: 2 ** 36,
  },
  "AES-128-CCM": {
    keyLength: 16,
    tagLength: 16,
    confidentialityLimit: CCM_LIMIT,
    integrityLimit: CCM_LIMIT,
  },
  // RFC 9001 §5.3 forbids it in QUIC; the limit is that of RFC 9147 §4.5.3, by the same analysis.
  "AES-128-CCM-8": {
    keyLength: 16,
    tagLength: 8,
    confidentialityLimit: CCM_LIMIT,
    integrityLimit: 2 ** 7,
  },
};

/** The suites: which AEAD, which hash, which header protection (RFC 9001 section 5.4: none for CCM_8). */
export const SUITES: readonly {
  readonly id: CipherSuiteId;
  readonly aead: AeadName;
  readonly hash: "SHA-256" | "SHA-384";
  readonly mask: "AES-128" | "AES-256" | "ChaCha20" | null;
}[] = [
  {
    id: CipherSuiteId.TLS_AES_128_GCM_SHA256,
    aead: "AES-128-GCM",
    hash: "SHA-256",
    mask: "AES-128",
  },
  {
    id: CipherSuiteId.TLS_AES_256_GCM_SHA384,
    aead: "AES-256-GCM",
    hash: "SHA-384",
    mask: "AES-256",
  },
  {
    id: CipherSuiteId.TLS_CHACHA20_POLY1305_SHA256,
    aead: "ChaCha20-Poly1305",
    hash: "SHA-256",
    mask: "ChaCha20",
  },
  {
    id: CipherSuiteId.TLS_AES_128_CCM_SHA256,
    aead: "AES-128-CCM",
    hash: "SHA-256",
    mask: "AES-128",
  },
  {
    id: CipherSuiteId.TLS_AES_128_CCM_8_SHA256,
    aead: "AES-128-CCM-8",
    hash: "SHA-256",
    mask: null,
  },
];

/** What a back end brings to the suites. What it lacks is left out, and so are the suites that need it. */
export interface SuiteParts {
  /** Hashes by name. */
  readonly hashes: Readonly<Partial<Record<"SHA-256" | "SHA-384", Hash>>>;
  /** AEADs by name: from a key of the right length. */
  readonly aeads: Readonly<Partial<Record<AeadName, (key: Uint8Array) => MaybePromise<AeadKey>>>>;
  /** Header protections by name. */
  readonly masks: Readonly<Partial<Record<"AES-128" | "AES-256" | "ChaCha20", HeaderProtection>>>;
}

/** The suites that can be made of `parts`; ChaCha20-Poly1305 comes first where AES is slow. */
export function cipherSuites(
  parts: SuiteParts,
  { chachaFirst }: { chachaFirst: boolean },
): CipherSuite[] {
  const suites: CipherSuite[] = [];
  for (const { id, aead, hash, mask } of SUITES) {
    const hashFunction = parts.hashes[hash];
    const importKey = parts.aeads[aead];
    if (hashFunction === undefined || importKey === undefined) continue;
    const headerProtection = mask === null ? undefined : parts.masks[mask];
    const suite = Object.freeze({
      id,
      name: cipherSuiteName(id),
      hash: hashFunction,
      aead: makeAead(aead, importKey),
      ...(headerProtection && { headerProtection }),
    });
    if (chachaFirst && aead === "ChaCha20-Poly1305") suites.unshift(suite);
    else suites.push(suite);
  }
  return suites;
}

function makeAead(name: AeadName, importKey: (key: Uint8Array) => MaybePromise<AeadKey>): Aead {
  const parameters = AEADS[name];
  return Object.freeze({
    ...parameters,
    nonceLength: NONCE_LENGTH,
    importKey(key: Uint8Array) {
      checkLength(`the ${name} key`, key, parameters.keyLength);
      return importKey(key);
    },
  });
}

/** Throws `api/argument` unless `bytes` has `length` bytes. */
export function checkLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new TlsError("api/argument", `${what} has ${bytes.length} bytes instead of ${length}`);
  }
}

/** The place of a result: `out` if it has room, or new memory if there is none. */
export function placeFor(length: number, out: Uint8Array | undefined): Uint8Array {
  if (out === undefined) return new Uint8Array(length);
  if (out.length < length) {
    throw new TlsError("api/argument", `out has ${out.length} bytes, fewer than ${length}`);
  }
  return out.length === length ? out : out.subarray(0, length);
}
