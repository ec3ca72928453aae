/**
 * HPKE in base mode (RFC 9180), as Encrypted Client Hello needs it: DHKEM with X25519 or P-256, HKDF-SHA256 or
 * HKDF-SHA384, and the AEADs of the cipher suites, over the hashes and AEADs of any provider.
 *
 * The private keys of the KEM are bytes that a server holds for months, which a provider's groups cannot take (their keys
 * live for one exchange); so the Diffie-Hellman functions come from noble, whatever the provider.
 *
 * @module
 */
import { randomFrom, requireBytes } from "./answers.ts";
import { chain, isPromise } from "./maybe_promise.ts";
import { p256 } from "@noble/curves/nist.js";
import { CipherSuiteId, concat, NamedGroup, TlsError, utf8, wipe } from "@sealane/wire";
import { agreeOnCurve, type Curve, CURVE_SHARE_LENGTHS } from "./curve_group.ts";
import { hkdfExpand, hkdfExtract } from "./hkdf.ts";
import { nobleHash } from "./noble/hash.ts";
import { nobleCurves, publicShare } from "./noble/groups.ts";
import type { Aead, AeadKey, CryptoProvider, Hash, MaybePromise } from "./provider.ts";

/** Key encapsulation mechanisms (RFC 9180 section 7.1) that there are here. */
export const HpkeKem = {
  DHKEM_P256_HKDF_SHA256: 0x0010,
  DHKEM_X25519_HKDF_SHA256: 0x0020,
} as const;
/** A key encapsulation mechanism. Any 16-bit number; see the object of the same name. */
export type HpkeKem = number;

/** Key derivation functions (RFC 9180 section 7.2) that there are here. */
export const HpkeKdf = { HKDF_SHA256: 0x0001, HKDF_SHA384: 0x0002 } as const;
/** A key derivation function. Any 16-bit number; see the object of the same name. */
export type HpkeKdf = number;

/** AEADs (RFC 9180 section 7.3) that there are here. */
export const HpkeAead = {
  AES_128_GCM: 0x0001,
  AES_256_GCM: 0x0002,
  ChaCha20Poly1305: 0x0003,
} as const;
/** An AEAD of HPKE. Any 16-bit number; see the object of the same name. */
export type HpkeAead = number;

/** Which KEM, KDF and AEAD. */
export interface HpkeSuite {
  /** The key encapsulation mechanism. */
  readonly kem: HpkeKem;
  /** The key derivation function. */
  readonly kdf: HpkeKdf;
  /** The AEAD. */
  readonly aead: HpkeAead;
}

/** A key pair of a KEM, as bytes. */
export interface HpkeKeyPair {
  /** 32 bytes. */
  readonly privateKey: Uint8Array;
  /** 32 bytes with X25519, 65 (uncompressed) with P-256. */
  readonly publicKey: Uint8Array;
}

/** What a sender has at the end of the set-up. */
export interface HpkeSetup {
  /** The encapsulated key, to send. */
  readonly enc: Uint8Array;
  /** To seal with. */
  readonly context: HpkeContext;
}

const KEM_CURVES: ReadonlyMap<HpkeKem, NamedGroup> = new Map([
  [HpkeKem.DHKEM_P256_HKDF_SHA256, NamedGroup.secp256r1],
  [HpkeKem.DHKEM_X25519_HKDF_SHA256, NamedGroup.x25519],
]);
const KDF_HASHES: ReadonlyMap<HpkeKdf, string> = new Map([
  [HpkeKdf.HKDF_SHA256, "SHA-256"],
  [HpkeKdf.HKDF_SHA384, "SHA-384"],
]);
const AEAD_SUITES: ReadonlyMap<HpkeAead, CipherSuiteId> = new Map([
  [HpkeAead.AES_128_GCM, CipherSuiteId.TLS_AES_128_GCM_SHA256],
  [HpkeAead.AES_256_GCM, CipherSuiteId.TLS_AES_256_GCM_SHA384],
  [HpkeAead.ChaCha20Poly1305, CipherSuiteId.TLS_CHACHA20_POLY1305_SHA256],
]);

const NONE = new Uint8Array(0);
const VERSION = utf8("HPKE-v1");
/** Both KEMs use HKDF-SHA256 and make secrets of 32 bytes (RFC 9180 section 7.1). */
const KEM_HASH = nobleHash("SHA-256");
const KEM_SECRET_LENGTH = 32;
const PRIVATE_KEY_LENGTH = 32;

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value);
}

/** LabeledExtract and LabeledExpand of RFC 9180 section 4, for one suite identifier. */
class LabeledKdf {
  readonly #hash: Hash;
  readonly #suiteId: Uint8Array;

  constructor(hash: Hash, suiteId: Uint8Array) {
    this.#hash = hash;
    this.#suiteId = suiteId;
  }

  extract(salt: Uint8Array, label: string, inputKeyingMaterial: Uint8Array): Uint8Array {
    const labeled = concat([VERSION, this.#suiteId, utf8(label), inputKeyingMaterial]);
    return hkdfExtract(this.#hash, salt, labeled);
  }

  expand(key: Uint8Array, label: string, info: Uint8Array, length: number): Uint8Array {
    const labeled = concat([u16(length), VERSION, this.#suiteId, utf8(label), info]);
    return hkdfExpand(this.#hash, key, labeled, length);
  }

  get outputLength(): number {
    return this.#hash.outputLength;
  }
}

/**
 * HPKE in base mode with one suite.
 *
 * ```ts
 * import { Hpke, HpkeAead, HpkeKdf, HpkeKem } from "@sealane/providers/hpke";
 * import { nobleProvider } from "@sealane/providers/noble";
 *
 * const hpke = new Hpke(nobleProvider, {
 *   kem: HpkeKem.DHKEM_X25519_HKDF_SHA256,
 *   kdf: HpkeKdf.HKDF_SHA256,
 *   aead: HpkeAead.AES_128_GCM,
 * });
 * const { privateKey, publicKey } = hpke.generateKeyPair();
 * const info = new Uint8Array(0);
 * const sender = await hpke.setupSender(publicKey, info);
 * const recipient = sender && await hpke.setupRecipient(sender.enc, privateKey, info);
 * const sealed = await sender?.context.seal(info, new Uint8Array([1, 2, 3]));
 * const opened = sealed && await recipient?.open(info, sealed);
 * console.assert(opened?.length === 3);
 * ```
 */
export class Hpke {
  /** Which KEM, KDF and AEAD. */
  readonly suite: HpkeSuite;
  readonly #curve: Curve<Uint8Array>;
  readonly #aead: Aead;
  readonly #kemKdf: LabeledKdf;
  readonly #kdf: LabeledKdf;
  readonly #random: (length: number) => Uint8Array;

  /**
   * HPKE with the hash and the AEAD of `provider`.
   *
   * @throws {TlsError} `api/config` if a part of the suite is missing: see {@link Hpke.supports}.
   */
  constructor(provider: CryptoProvider, suite: HpkeSuite) {
    const parts = findParts(provider, suite);
    if (parts === null) {
      const ids = [suite.kem, suite.kdf, suite.aead].map((id) => `0x${id.toString(16)}`).join("/");
      throw new TlsError("api/config", `the provider ${provider.name} lacks the HPKE suite ${ids}`);
    }
    this.suite = suite;
    this.#curve = parts.curve;
    this.#aead = parts.aead;
    // RFC 9180 §4.1 and §5.1: the identifiers of the KEM and of the whole suite.
    this.#kemKdf = new LabeledKdf(KEM_HASH, concat([utf8("KEM"), u16(suite.kem)]));
    const suiteId = concat([utf8("HPKE"), u16(suite.kem), u16(suite.kdf), u16(suite.aead)]);
    this.#kdf = new LabeledKdf(parts.hash, suiteId);
    this.#random = (length) => randomFrom(provider, length);
  }

  /** Whether the suite can be had with `provider`. */
  static supports(provider: CryptoProvider, suite: HpkeSuite): boolean {
    return findParts(provider, suite) !== null;
  }

  /** Bytes that sealing adds. */
  get tagLength(): number {
    return this.#aead.tagLength;
  }

  /** Bytes of a public key and of an encapsulated key. */
  get encLength(): number {
    return CURVE_SHARE_LENGTHS.get(this.#curve.id) ?? 0;
  }

  /** A fresh key pair. */
  generateKeyPair(): HpkeKeyPair {
    const inputKeyingMaterial = this.#random(PRIVATE_KEY_LENGTH);
    const pair = this.deriveKeyPair(inputKeyingMaterial);
    wipe(inputKeyingMaterial);
    return pair;
  }

  /** DeriveKeyPair (RFC 9180 section 7.1.3): the key pair of keying material of 32 bytes or more. */
  deriveKeyPair(inputKeyingMaterial: Uint8Array): HpkeKeyPair {
    if (inputKeyingMaterial.length < PRIVATE_KEY_LENGTH) {
      throw new TlsError("api/argument", "the keying material has fewer than 32 bytes");
    }
    const key = this.#kemKdf.extract(NONE, "dkp_prk", inputKeyingMaterial);
    if (this.#curve.id === NamedGroup.x25519) {
      return this.#keyPair(this.#kemKdf.expand(key, "sk", NONE, PRIVATE_KEY_LENGTH));
    }
    for (let counter = 0; counter < 256; counter++) {
      const info = Uint8Array.of(counter);
      const candidate = this.#kemKdf.expand(key, "candidate", info, PRIVATE_KEY_LENGTH);
      if (p256.utils.isValidSecretKey(candidate)) return this.#keyPair(candidate);
    }
    throw new TlsError("local/internal", "the keying material gives no P-256 key");
  }

  /**
   * The public key of a private key.
   *
   * @throws {TlsError} `api/config` if it is not one.
   */
  publicKey(privateKey: Uint8Array): Uint8Array {
    return this.#keyPair(privateKey).publicKey;
  }

  #keyPair(privateKey: Uint8Array): HpkeKeyPair {
    try {
      return { privateKey, publicKey: publicShare(this.#curve.id, privateKey) };
    } catch (cause) {
      throw new TlsError("api/config", "the HPKE private key is out of range", { cause });
    }
  }

  /**
   * SetupBaseS (RFC 9180 section 5.1.1), or `null` if `publicKey` is not a public key. The `ephemeral` key pair is fresh
   * unless given, which is for tests; a fresh one is wiped.
   */
  setupSender(
    publicKey: Uint8Array,
    info: Uint8Array,
    ephemeral?: HpkeKeyPair,
  ): MaybePromise<HpkeSetup | null> {
    const { privateKey, publicKey: enc } = ephemeral ?? this.generateKeyPair();
    const secret = this.#agree(privateKey, publicKey, concat([enc, publicKey]));
    if (ephemeral === undefined) wipe(privateKey);
    if (secret === null) return null;
    return chain(this.#schedule(secret, info), (context) => ({ enc, context }));
  }

  /** SetupBaseR (RFC 9180 section 5.1.1), or `null` if `enc` is not an encapsulated key. */
  setupRecipient(
    enc: Uint8Array,
    privateKey: Uint8Array,
    info: Uint8Array,
  ): MaybePromise<HpkeContext | null> {
    const kemContext = concat([enc, this.publicKey(privateKey)]);
    const secret = this.#agree(privateKey, enc, kemContext);
    return secret === null ? null : this.#schedule(secret, info);
  }

  /** Encap or Decap of RFC 9180 section 4.1, without the keys. */
  #agree(privateKey: Uint8Array, peerKey: Uint8Array, kemContext: Uint8Array): Uint8Array | null {
    const dh = agreeOnCurve(this.#curve, privateKey, peerKey);
    // The curves of noble are synchronous.
    if (dh === null || isPromise(dh)) return null;
    const key = this.#kemKdf.extract(NONE, "eae_prk", dh);
    const secret = this.#kemKdf.expand(key, "shared_secret", kemContext, KEM_SECRET_LENGTH);
    wipe(dh, key);
    return secret;
  }

  /** KeySchedule of RFC 9180 section 5.1 in base mode, without a PSK. */
  #schedule(sharedSecret: Uint8Array, info: Uint8Array): MaybePromise<HpkeContext> {
    const kdf = this.#kdf;
    const mode = Uint8Array.of(0);
    const pskIdHash = kdf.extract(NONE, "psk_id_hash", NONE);
    const context = concat([mode, pskIdHash, kdf.extract(NONE, "info_hash", info)]);
    const secret = kdf.extract(sharedSecret, "secret", NONE);
    const key = kdf.expand(secret, "key", context, this.#aead.keyLength);
    const baseNonce = kdf.expand(secret, "base_nonce", context, this.#aead.nonceLength);
    const exporterSecret = kdf.expand(secret, "exp", context, kdf.outputLength);
    const imported = this.#aead.importKey(key);
    wipe(sharedSecret, secret, key);
    const finish = (key: AeadKey) =>
      new HpkeContext(
        key,
        baseNonce,
        this.#aead.confidentialityLimit,
        (context, length) => kdf.expand(exporterSecret, "sec", context, length),
      );
    return chain(imported, finish);
  }

  /** Seals one message (RFC 9180 section 6.1), or `null` if `publicKey` is not a public key. */
  async seal(
    publicKey: Uint8Array,
    info: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
  ): Promise<{ enc: Uint8Array; ciphertext: Uint8Array } | null> {
    const setup = await this.setupSender(publicKey, info);
    return setup && { enc: setup.enc, ciphertext: await setup.context.seal(aad, plaintext) };
  }

  /** Opens one message (RFC 9180 section 6.1), or `null` if it is forged. */
  async open(
    enc: Uint8Array,
    privateKey: Uint8Array,
    info: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
  ): Promise<Uint8Array | null> {
    const context = await this.setupRecipient(enc, privateKey, info);
    return context && await context.open(aad, ciphertext);
  }
}

function findParts(
  provider: CryptoProvider,
  suite: HpkeSuite,
): { curve: Curve<Uint8Array>; hash: Hash; aead: Aead } | null {
  const curveId = KEM_CURVES.get(suite.kem);
  const curve = nobleCurves.find(({ id }) => id === curveId);
  const hashName = KDF_HASHES.get(suite.kdf);
  const hash = provider.cipherSuites.find(({ hash }) => hash.name === hashName)?.hash;
  const suiteId = AEAD_SUITES.get(suite.aead);
  const aead = provider.cipherSuites.find(({ id }) => id === suiteId)?.aead;
  return curve === undefined || hash === undefined || aead === undefined
    ? null
    : { curve, hash, aead };
}

/**
 * One direction of messages under one encapsulated key (RFC 9180 section 5.2): the sender's seals, the recipient's opens,
 * in the same order. The next call waits for the answer of the last.
 */
export class HpkeContext {
  readonly #key: AeadKey;
  readonly #baseNonce: Uint8Array;
  readonly #limit: number;
  readonly #export: (context: Uint8Array, length: number) => Uint8Array;
  #sequence = 0;

  /** Contexts come from {@link Hpke}; nobody else makes one. */
  constructor(
    key: AeadKey,
    baseNonce: Uint8Array,
    limit: number,
    exporter: (context: Uint8Array, length: number) => Uint8Array,
  ) {
    this.#key = key;
    this.#baseNonce = baseNonce;
    this.#limit = Math.min(limit, Number.MAX_SAFE_INTEGER);
    this.#export = exporter;
  }

  /** ComputeNonce of RFC 9180 section 5.2. */
  #nonce(): Uint8Array {
    if (this.#sequence >= this.#limit) {
      throw new TlsError("local/aead-limit", "an HPKE context is used up");
    }
    const nonce = this.#baseNonce.slice();
    for (let at = nonce.length - 1, rest = this.#sequence; rest > 0; at--) {
      nonce[at] ^= rest % 256;
      rest = Math.floor(rest / 256);
    }
    return nonce;
  }

  /** Seals the next message. */
  seal(aad: Uint8Array, plaintext: Uint8Array): MaybePromise<Uint8Array> {
    const nonce = this.#nonce();
    this.#sequence++;
    return chain(
      this.#key.seal(nonce, aad, plaintext),
      (sealed) => requireBytes(sealed, "what the AEAD sealed"),
    );
  }

  /** Opens the next message; `null` if it is forged, and then the next message is still the same. */
  open(aad: Uint8Array, ciphertext: Uint8Array): MaybePromise<Uint8Array | null> {
    const opened = this.#key.open(this.#nonce(), aad, ciphertext);
    const advance = (plaintext: Uint8Array | null) => {
      if (plaintext === null) return null;
      requireBytes(plaintext, "what the AEAD opened");
      this.#sequence++;
      return plaintext;
    };
    return chain(opened, advance);
  }

  /** A secret of `length` bytes for `context` (RFC 9180 section 5.3). */
  exportSecret(context: Uint8Array, length: number): Uint8Array {
    return this.#export(context, length);
  }
}
