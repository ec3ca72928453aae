/**
 * One traffic secret at work: key, IV and sequence number (RFC 9846 sections 5.3, 5.5, 7.2 and 7.3).
 *
 * @module
 */
import {
  type AeadKey,
  chain,
  type CipherSuite,
  hkdfExpandLabel,
  isPromise,
  type MaybePromise,
  requireOpened,
  requireSealed,
} from "@sealane/providers";
import { TlsError, wipe } from "@sealane/wire";
import { KEY_UPDATE_MARGIN, MAX_SEQUENCE_NUMBER } from "./limits.ts";

const NO_CONTEXT = new Uint8Array(0);

/** Options of a {@link TrafficKey}. */
export interface TrafficKeyOptions {
  /**
   * After how many records {@link TrafficKey.updateDue} turns true. Unless given: 65,536 records before the AEAD's
   * confidentiality limit, or at three quarters of a limit that is lower than four times that.
   */
  readonly updateAfter?: number;
  /** The first sequence number; 0 unless given. Only tests give another. */
  readonly sequenceNumber?: number;
}

/**
 * Protects the records of one direction under one traffic secret. Sequence numbers are taken when a call is made, so
 * that an asynchronous provider can have several records under way.
 */
export class TrafficKey {
  /** The suite that the key belongs to. */
  readonly suite: CipherSuite;
  /** Bytes that a protected fragment is longer than its inner plaintext. */
  readonly tagLength: number;
  /** After how many sealed records the key should be updated. */
  readonly updateAfter: number;
  readonly #iv: Uint8Array;
  /** Written anew for every record: a provider has read or copied it when its call returns. */
  readonly #nonce: Uint8Array;
  readonly #limit: number;
  #key: AeadKey | Promise<AeadKey>;
  #sequenceNumber: number;
  #sealed = 0;

  /**
   * Derives key and IV from a traffic secret, which stays the caller's to wipe.
   *
   * A provider may import the key asynchronously: records that are sealed or opened before it is there wait for it.
   */
  constructor(suite: CipherSuite, secret: Uint8Array, options: TrafficKeyOptions = {}) {
    const { hash, aead } = suite;
    this.suite = suite;
    this.tagLength = aead.tagLength;
    this.#iv = hkdfExpandLabel(hash, secret, "iv", NO_CONTEXT, aead.nonceLength);
    this.#nonce = this.#iv.slice();
    this.#sequenceNumber = options.sequenceNumber ?? 0;
    this.#limit = Math.min(aead.confidentialityLimit, MAX_SEQUENCE_NUMBER);
    const margin = Math.min(KEY_UPDATE_MARGIN, Math.ceil(this.#limit / 4));
    this.updateAfter = options.updateAfter ?? this.#limit - margin;
    const key = hkdfExpandLabel(hash, secret, "key", NO_CONTEXT, aead.keyLength);
    this.#key = this.#import(aead.importKey(key));
    wipe(key);
  }

  #import(key: MaybePromise<AeadKey>): AeadKey | Promise<AeadKey> {
    const imported = chain(key, (ready) => this.#key = ready);
    if (isPromise(imported)) imported.catch(() => {}); // reported by every record that waits for the key
    return imported;
  }

  /** How many records have been sealed or opened, which is the next sequence number. */
  get sequenceNumber(): number {
    return this.#sequenceNumber;
  }

  /** Whether this key has sealed so many records that it should be updated (RFC 9846 section 5.5). */
  get updateDue(): boolean {
    return this.#sealed >= this.updateAfter;
  }

  /** Writes the nonce of the current sequence number (RFC 9846 section 5.3). */
  #setNonce(): void {
    const sequenceNumber = this.#sequenceNumber;
    // RFC 9846 §5.3: sequence numbers do not wrap
    if (sequenceNumber > MAX_SEQUENCE_NUMBER - 1) {
      throw new TlsError("local/sequence-number", "the sequence numbers of a key are used up");
    }
    const iv = this.#iv;
    const nonce = this.#nonce;
    const at = nonce.length - 8;
    const high = Math.floor(sequenceNumber / 2 ** 32);
    const low = sequenceNumber | 0;
    nonce[at] = iv[at] ^ high >>> 24;
    nonce[at + 1] = iv[at + 1] ^ high >>> 16;
    nonce[at + 2] = iv[at + 2] ^ high >>> 8;
    nonce[at + 3] = iv[at + 3] ^ high;
    nonce[at + 4] = iv[at + 4] ^ low >>> 24;
    nonce[at + 5] = iv[at + 5] ^ low >>> 16;
    nonce[at + 6] = iv[at + 6] ^ low >>> 8;
    nonce[at + 7] = iv[at + 7] ^ low;
  }

  /**
   * Seals one inner plaintext under the next sequence number; arguments as in {@link AeadKey.seal}.
   *
   * @throws {TlsError} `local/aead-limit` once the key has sealed all that it may, `local/sequence-number` when the
   * sequence numbers are used up.
   */
  seal(aad: Uint8Array, plaintext: Uint8Array, out: Uint8Array): MaybePromise<Uint8Array> {
    // RFC 9846 §5.5: update or close before the limit
    if (this.#sealed >= this.#limit) {
      throw new TlsError("local/aead-limit", `a key has sealed ${this.#sealed} records`);
    }
    this.#setNonce();
    this.#sequenceNumber++;
    this.#sealed++;
    const key = this.#key;
    if (isPromise(key)) {
      const nonce = this.#nonce.slice();
      const content = plaintext.slice();
      return key.then((ready) => this.#sealWith(ready, nonce, aad, content, out));
    }
    return this.#sealWith(key, this.#nonce, aad, plaintext, out);
  }

  #sealWith(
    key: AeadKey,
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
    out: Uint8Array,
  ): MaybePromise<Uint8Array> {
    const length = plaintext.length + this.tagLength;
    const sealed = key.seal(nonce, aad, plaintext, out);
    if (!isPromise(sealed)) return requireSealed(sealed, length, out);
    return chain(sealed, (bytes) => requireSealed(bytes, length, out));
  }

  /**
   * Opens one protected fragment; `null` if it is forged, and then the sequence number stays as it was: the caller ends
   * the connection or skips the record. Only one record is opened at a time.
   *
   * RFC 9846 section 5.5 asks receivers not to enforce confidentiality limits, so none is.
   *
   * @throws {TlsError} `local/sequence-number` when the sequence numbers are used up.
   */
  open(
    aad: Uint8Array,
    ciphertext: Uint8Array,
    out?: Uint8Array,
  ): MaybePromise<Uint8Array | null> {
    this.#setNonce();
    const key = this.#key;
    if (isPromise(key)) {
      const nonce = this.#nonce.slice();
      const header = aad.slice();
      const fragment = ciphertext.slice();
      return key.then((ready) => this.#openWith(ready, nonce, header, fragment, out));
    }
    return this.#openWith(key, this.#nonce, aad, ciphertext, out);
  }

  #openWith(
    key: AeadKey,
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
    out?: Uint8Array,
  ): MaybePromise<Uint8Array | null> {
    const length = ciphertext.length - this.tagLength;
    const opened = key.open(nonce, aad, ciphertext, out);
    if (!isPromise(opened)) return this.#opened(opened, length);
    return chain(opened, (plaintext) => this.#opened(plaintext, length));
  }

  #opened(opened: Uint8Array | null, length: number): Uint8Array | null {
    const plaintext = requireOpened(opened, length);
    if (plaintext !== null) this.#sequenceNumber++;
    return plaintext;
  }
}
