/**
 * Address validation tokens (RFC 9000 section 8.1): sealed, bound to the client's address, and expiring. One kind goes into
 * Retry packets, the other into NEW_TOKEN frames.
 *
 * @module
 */
import {
  chain,
  type CryptoProvider,
  hkdfExpandLabel,
  type MaybePromise,
  randomFrom,
  requireBytes,
} from "@sealane/providers";
import { CLOCK_MARGIN, requireClock, requireDuration, TlsError, wipe } from "@sealane/wire";
import { MAX_CONNECTION_ID_LENGTH } from "../packets/header.ts";
import { initialSuite } from "../keys/initial.ts";

const SALT_LENGTH = 16;
const TIME_LENGTH = 6;
const EMPTY = new Uint8Array(0);
const RETRY = 0;
const NEW_TOKEN = 1;

/** What a valid token says. */
export type AddressToken =
  | {
    readonly kind: "retry";
    /** For `original_destination_connection_id`. */
    readonly originalDestinationConnectionId: Uint8Array;
    /** For `retry_source_connection_id`; the client's next Initial has it as its destination. */
    readonly retrySourceConnectionId: Uint8Array;
  }
  | { readonly kind: "new-token" };

/** Configuration of {@link AddressTokens}. */
export interface AddressTokenConfig {
  /** Where random bytes and the AEAD come from. */
  readonly provider: CryptoProvider;
  /**
   * Secrets of at least 32 bytes: the first seals, every one opens. Servers that share them accept each other's tokens;
   * left out, one is drawn.
   */
  readonly secrets?: readonly Uint8Array[];
  /** How long a Retry token lives, in milliseconds; 10,000 unless given. */
  readonly retryLifetime?: number;
  /** How long a NEW_TOKEN token lives, in milliseconds; 24 hours unless given. */
  readonly newTokenLifetime?: number;
  /** Milliseconds since the epoch; `Date.now` unless given. */
  readonly now?: () => number;
}

/**
 * Makes and checks tokens. A token may be used again within its lifetime: where that matters, remember those seen (RFC
 * 9000 section 8.1.4).
 */
export class AddressTokens {
  readonly #provider: CryptoProvider;
  readonly #secrets: readonly Uint8Array[];
  readonly #lifetimes: readonly number[];
  readonly #now: () => number;

  /** Throws `api/config` for a secret of less than 32 bytes. */
  constructor(config: AddressTokenConfig) {
    this.#provider = config.provider;
    this.#secrets = config.secrets ?? [randomFrom(config.provider, 32)];
    if (this.#secrets.length === 0 || this.#secrets.some((secret) => secret.length < 32)) {
      throw new TlsError("api/config", "address tokens need a secret of at least 32 bytes");
    }
    this.#lifetimes = [
      requireDuration("retryLifetime", config.retryLifetime ?? 10_000),
      requireDuration("newTokenLifetime", config.newTokenLifetime ?? 86_400_000),
    ];
    this.#now = requireClock("now", config.now ?? Date.now);
  }

  /**
   * A token for a Retry packet. `address` is the client's, in any form that is the same for the same client: IP address
   * and port (RFC 9000 section 8.1.3).
   */
  retry(
    address: Uint8Array,
    originalDestinationConnectionId: Uint8Array,
    retrySourceConnectionId: Uint8Array,
  ): MaybePromise<Uint8Array> {
    const ids = [originalDestinationConnectionId, retrySourceConnectionId];
    const content = new Uint8Array(2 + ids[0].length + ids[1].length);
    let at = 0;
    for (const id of ids) {
      content[at] = id.length;
      content.set(id, at + 1);
      at += 1 + id.length;
    }
    return this.#seal(RETRY, address, content);
  }

  /** A token for a NEW_TOKEN frame; `address` is best without the port, which changes. */
  newToken(address: Uint8Array): MaybePromise<Uint8Array> {
    return this.#seal(NEW_TOKEN, address, EMPTY);
  }

  /** Each token has its own key, so random nonces set no limit to their number. */
  #keys(secret: Uint8Array, salt: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
    const { hash, aead } = initialSuite(this.#provider);
    const length = aead.keyLength + aead.nonceLength;
    const material = hkdfExpandLabel(hash, secret, "quic token", salt, length);
    return { key: material.subarray(0, aead.keyLength), nonce: material.subarray(aead.keyLength) };
  }

  #seal(kind: number, address: Uint8Array, content: Uint8Array): MaybePromise<Uint8Array> {
    const plaintext = new Uint8Array(1 + TIME_LENGTH + content.length);
    plaintext[0] = kind;
    let time = Math.floor(this.#now());
    for (let i = TIME_LENGTH; i > 0; i--, time = Math.floor(time / 256)) plaintext[i] = time % 256;
    plaintext.set(content, 1 + TIME_LENGTH);
    const salt = randomFrom(this.#provider, SALT_LENGTH);
    const { key, nonce } = this.#keys(this.#secrets[0], salt);
    return chain(initialSuite(this.#provider).aead.importKey(key), (aeadKey) => {
      wipe(key);
      return chain(aeadKey.seal(nonce, address, plaintext), (sealed) => {
        requireBytes(sealed, "a sealed token");
        const token = new Uint8Array(SALT_LENGTH + sealed.length);
        token.set(salt);
        token.set(sealed, SALT_LENGTH);
        return token;
      });
    });
  }

  /**
   * What a token says, or `null` if it is not ours, not for this address, or too old. A NEW_TOKEN token is looked up
   * under the address that it was made for, without the port.
   */
  open(token: Uint8Array, address: Uint8Array): MaybePromise<AddressToken | null> {
    return this.#openWith(0, token, address);
  }

  #openWith(
    index: number,
    token: Uint8Array,
    address: Uint8Array,
  ): MaybePromise<AddressToken | null> {
    const longest = SALT_LENGTH + 1 + TIME_LENGTH + 2 * (1 + MAX_CONNECTION_ID_LENGTH) + 16;
    if (index === this.#secrets.length || token.length > longest) return null;
    if (token.length < SALT_LENGTH) return null;
    const { key, nonce } = this.#keys(this.#secrets[index], token.subarray(0, SALT_LENGTH));
    const sealed = token.subarray(SALT_LENGTH);
    return chain(initialSuite(this.#provider).aead.importKey(key), (aeadKey) => {
      wipe(key);
      return chain(
        aeadKey.open(nonce, address, sealed),
        (plaintext) =>
          plaintext === null
            ? this.#openWith(index + 1, token, address)
            : this.#read(requireBytes(plaintext, "an opened token")),
      );
    });
  }

  #read(plaintext: Uint8Array): AddressToken | null {
    const kind = plaintext[0];
    let time = 0;
    for (let i = 1; i <= TIME_LENGTH; i++) time = time * 256 + plaintext[i];
    const age = this.#now() - time;
    // The clock of the server that made it may be ahead of ours.
    if (!(age >= -CLOCK_MARGIN && age <= this.#lifetimes[kind])) return null;
    if (kind === NEW_TOKEN) return { kind: "new-token" };
    const first = 1 + TIME_LENGTH;
    const second = first + 1 + plaintext[first];
    return {
      kind: "retry",
      originalDestinationConnectionId: plaintext.slice(first + 1, second),
      retrySourceConnectionId: plaintext.slice(second + 1, second + 1 + plaintext[second]),
    };
  }
}
