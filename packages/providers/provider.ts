/**
 * The provider interface: the primitives that TLS 1.3 and QUIC need, as preference-ordered lists of objects that carry
 * their IANA code points. Everything above primitives (HKDF, records, packets, tickets) exists once, in the packages
 * above, so that a provider cannot get it wrong.
 *
 * A provider is a plain frozen object: to mix providers, spread their arrays (or use {@link combineProviders}). Every
 * provider, ours or yours, has to pass the kit in `@sealane/providers/conformance`.
 *
 * What is synchronous is part of the contract. Hashes, HMAC and header-protection masks always are: a handshake makes
 * dozens of HMACs, and a promise costs more than one of them. AEADs, key exchange and signatures may return a promise;
 * where they return a plain value, nothing above them waits.
 *
 * Who checks what: `open`, `respond` and `complete` answer `null` to bad *peer input* (a forged record, an off-curve or
 * low-order share, a share of the wrong length); they throw only if our own code misuses them (a key or nonce of the
 * wrong length).
 *
 * @module
 */
import type { CipherSuiteId, NamedGroup, SignatureScheme } from "@sealane/wire";

/** A value now or later. Synchronous providers return the value itself, and nothing yields to the event loop. */
export type MaybePromise<T> = T | Promise<T>;

/** A set of primitives. The order of each list is the order of preference. */
export interface CryptoProvider {
  /** A short name for messages and tables, for instance `native`. */
  readonly name: string;
  /** Cipher suites, most preferred first. */
  readonly cipherSuites: readonly CipherSuite[];
  /** Key exchange groups, most preferred first. A client sends a key share for the first. */
  readonly groups: readonly KeyExchangeGroup[];
  /** Signature algorithms that can be verified, most preferred first. */
  readonly signatures: readonly SignatureAlgorithm[];
  /** `length` bytes from a cryptographic random source. */
  random(length: number): Uint8Array;
  /**
   * A signer for a private key in PKCS#8 DER (RFC 5958). {@link importPrivateKey} also takes SEC1 and PEM.
   *
   * @throws {TlsError} `api/config` if the key is malformed or of a kind that this provider cannot use.
   */
  importPrivateKey(pkcs8: Uint8Array): MaybePromise<Signer>;
  /**
   * What each algorithm of the lists is computed by on this platform, in their order: for tables, and to see that a
   * platform's own code or a fallback is in use. Providers may leave it out.
   */
  describe?(): readonly AlgorithmSource[];
}

/** Where an algorithm of a provider comes from. */
export interface AlgorithmSource {
  /** Which of the lists it is in. */
  readonly kind: "cipher suite" | "group" | "signature";
  /** Its registered name. */
  readonly name: string;
  /**
   * What computes it: `node:crypto`, `WebCrypto`, `WebAssembly` (a kernel of this package), `TypeScript` (this package) or the
   * name of an npm package. Two of them are joined by ` and `.
   */
  readonly from: string;
}

/** A TLS 1.3 cipher suite: an AEAD and a hash (RFC 9846 appendix B.4). */
export interface CipherSuite {
  /** IANA code point. */
  readonly id: CipherSuiteId;
  /** Registered name, for instance `TLS_AES_128_GCM_SHA256`. */
  readonly name: string;
  /** The hash of transcript and key schedule. */
  readonly hash: Hash;
  /** The AEAD that protects records and packets. */
  readonly aead: Aead;
  /** QUIC header protection (RFC 9001 section 5.4). A suite without it is refused in QUIC. */
  readonly headerProtection?: HeaderProtection;
}

/** A hash function. Always synchronous. */
export interface Hash {
  /** For messages and for comparing hashes: `SHA-256`, `SHA-384`, `SHA-512` or `SM3`. */
  readonly name: string;
  /** Bytes of a digest. */
  readonly outputLength: number;
  /** Bytes of a compression-function block, for HMAC. */
  readonly blockLength: number;
  /** A new incremental computation. */
  create(): HashState;
  /** HMAC (RFC 2104) over the concatenation of `data`, which may be empty. The key may have any length. */
  hmac(key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array;
}

/** An incremental hash computation. */
export interface HashState {
  /** Appends `data` and returns this state. */
  update(data: Uint8Array): this;
  /** An independent copy of the state; this one goes on unchanged. */
  clone(): HashState;
  /** The digest. The state is not used after this: take it from a {@link HashState.clone} to go on. */
  digest(): Uint8Array;
}

/** An AEAD (RFC 5116) with its limits as TLS and QUIC count them. */
export interface Aead {
  /** Bytes of a key. */
  readonly keyLength: number;
  /** Bytes of a nonce: 12 for every TLS 1.3 suite. */
  readonly nonceLength: number;
  /** Bytes that a ciphertext is longer than its plaintext. */
  readonly tagLength: number;
  /** How many records or packets one key may protect (RFC 9846 section 5.5, RFC 9001 section 6.6). */
  readonly confidentialityLimit: number;
  /** How many forged packets one key may meet in QUIC (RFC 9001 section 6.6). */
  readonly integrityLimit: number;
  /** A key ready for use; `key` has `keyLength` bytes and is not kept by reference. */
  importKey(key: Uint8Array): MaybePromise<AeadKey>;
}

/** One AEAD key. */
export interface AeadKey {
  /**
   * Seals `plaintext`. The result is ciphertext and tag, `plaintext.length + tagLength` bytes. With `out`, of at least
   * that length, the result stands at its start and the returned view is over `out`; `out` may be the very memory of
   * `plaintext` (same start), else the two do not overlap.
   *
   * An asynchronous `seal` has copied its inputs by the time it returns the promise: callers reuse `nonce` at once.
   */
  seal(
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
    out?: Uint8Array,
  ): MaybePromise<Uint8Array>;
  /**
   * Opens `ciphertext`, which ends with the tag; `null` if it is forged or shorter than a tag. `out` as in
   * {@link AeadKey.seal}, of at least `ciphertext.length - tagLength` bytes; nothing is promised of its content after
   * `null`. Inputs are copied before a promise is returned.
   */
  open(
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
    out?: Uint8Array,
  ): MaybePromise<Uint8Array | null>;
}

/** Header protection of QUIC packets (RFC 9001 section 5.4). Always synchronous. */
export interface HeaderProtection {
  /** Bytes of a key. */
  readonly keyLength: number;
  /** A key ready for use. */
  importKey(key: Uint8Array): HeaderProtectionKey;
}

/** One header-protection key. */
export interface HeaderProtectionKey {
  /** At least 5 bytes of mask from a 16-byte sample. The view is valid until the next call. */
  mask(sample: Uint8Array): Uint8Array;
}

/** A key exchange group, Diffie-Hellman or KEM. */
export interface KeyExchangeGroup {
  /** IANA code point. */
  readonly id: NamedGroup;
  /** Registered name, for instance `x25519`. */
  readonly name: string;
  /** Bytes of the share that the initiator (the TLS client) sends. */
  readonly shareLength: number;
  /** A fresh key pair for the initiator. */
  generate(): MaybePromise<KeyPair>;
  /** The responder's (the TLS server's) whole part: its share and the secret, or `null` for a bad `peerShare`. */
  respond(peerShare: Uint8Array): MaybePromise<KeyAgreement | null>;
}

/** What the responder of a key exchange has at the end. */
export interface KeyAgreement {
  /** The share to send back. */
  readonly share: Uint8Array;
  /** The shared secret, which the caller wipes. */
  readonly secret: Uint8Array;
}

/** The initiator's key pair. */
export interface KeyPair {
  /** The share to send: `shareLength` bytes. */
  readonly share: Uint8Array;
  /** The shared secret, or `null` for a bad `peerShare`. */
  complete(peerShare: Uint8Array): MaybePromise<Uint8Array | null>;
  /**
   * The key pair of a group that this hybrid key pair contains, so that one X25519 key serves the hybrid share and the
   * plain share (RFC 9954 section 3.2); `null` if it contains none of that group.
   */
  component?(group: NamedGroup): KeyPair | null;
}

/** What a signature is for: SM2 signs under another identifier in CertificateVerify than in certificates (RFC 8998). */
export type SignatureUse = "certificate-verify" | "certificate" | "delegated-credential";

/** A signature algorithm for verification. */
export interface SignatureAlgorithm {
  /** IANA code point. */
  readonly scheme: SignatureScheme;
  /** Registered name, for instance `ecdsa_secp256r1_sha256`. */
  readonly name: string;
  /**
   * Whether `signature` over `data` verifies under the key in `spki` (a DER SubjectPublicKeyInfo). A key of another
   * kind, a malformed key and a malformed signature are `false`. Nothing is read of the inputs after the call has returned.
   *
   * With `use` `certificate`, ECDSA schemes name only the hash: `ecdsa_secp384r1_sha384` then verifies
   * ecdsa-with-SHA384 under any curve that the provider has. With the other uses the curve must be the scheme's (RFC
   * 9846 section 4.3.3). `rsa_pss_rsae_*` wants an rsaEncryption key, `rsa_pss_pss_*` an id-RSASSA-PSS key.
   *
   * @throws {TlsError} `peer/unsupported-certificate` for a key that the provider cannot verify with, an RSA key of more bits
   * than it takes: that says nothing about the signature. {@link combineProviders} asks the next provider then.
   */
  verify(
    spki: Uint8Array,
    data: Uint8Array,
    signature: Uint8Array,
    use: SignatureUse,
  ): MaybePromise<boolean>;
}

/** A private key, here or far away (a KMS or an HSM). */
export interface Signer {
  /** The schemes that this key can sign with, most preferred first. */
  readonly schemes: readonly SignatureScheme[];
  /** The public key as DER SubjectPublicKeyInfo, where known: it is checked against the certificate. */
  readonly publicKey?: Uint8Array;
  /**
   * What computes with the private key, where known: the TLS library of the platform, a WebAssembly kernel of this package, which
   * takes the same way whatever the key is, or JavaScript, whose arithmetic takes a time that depends on the key. SECURITY.md says
   * what that means.
   */
  readonly implementation?: "platform" | "webassembly" | "javascript";
  /**
   * Signs `data` with one of {@link Signer.schemes}, in the form that TLS sends (ECDSA and SM2: DER). The `use` is
   * `certificate-verify` unless given.
   */
  sign(
    scheme: SignatureScheme,
    data: Uint8Array,
    options?: SignOptions,
  ): MaybePromise<Uint8Array>;
}

/** Options of {@link Signer.sign}. */
export interface SignOptions {
  /** Aborted when the handshake is: a remote signer may stop. */
  readonly signal?: AbortSignal;
  /** What the signature is for; `certificate-verify` unless given. */
  readonly use?: SignatureUse;
}
