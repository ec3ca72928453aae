/**
 * The tickets of a server: sealed ones, which hold the session themselves, and stored ones, which only name it.
 *
 * @module
 */
import {
  type AeadKey,
  chain,
  type CipherSuite,
  type CryptoProvider,
  hmacOf,
  isBytes,
  type MaybePromise,
  randomFrom,
  requireSealed,
} from "@sealane/providers";
import { concat, Reader, TlsError, toHex, utf8, wipe } from "@sealane/wire";
import { decodeSession, encodeSession, type Session } from "./session.ts";
import { guardStore, type SessionStore } from "./store.ts";
import { TICKET_KEY_NAME_LENGTH, type TicketKey, type TicketKeyRing } from "./ticket_keys.ts";

/** What a server makes tickets with and takes them back with. None of its functions throws for what a client sent. */
export interface Tickets {
  /** A ticket for a session, or `null` if it would be longer than a NewSessionTicket can carry. */
  issue(session: Session): MaybePromise<Uint8Array | null>;
  /**
   * The session of a ticket, or `null` if it is not ours. Whether it is still alive is for the caller to see. The caller
   * wipes its PSK after use, so it is a copy.
   */
  open(ticket: Uint8Array): MaybePromise<Session | null>;
  /**
   * Uses up a ticket: `false` if it was used before or that cannot be known, and then there is no resumption. Called
   * when the binder has been verified, so that nobody but its owner can use up a ticket.
   */
  consume(ticket: Uint8Array, session: Session): MaybePromise<boolean>;
}

/** Largest ticket that NewSessionTicket and pre_shared_key can carry, bytes. */
const MAX_TICKET_LENGTH = 0xff00;

/** Options of {@link sealedTickets}. */
export interface SealedTicketsOptions {
  /** Seals with the first of its cipher suites that has a full tag, and opens with all of those. */
  readonly provider: CryptoProvider;
  /** The keys. */
  readonly keys: TicketKeyRing;
  /** Records which tickets were used, which makes them single-use. Without it a ticket serves as often as it is sent. */
  readonly used?: SessionStore;
  /** What tickets are bound to besides the key: those of another context do not open. Empty unless given. */
  readonly context?: Uint8Array;
  /** Random bytes; the provider's unless given. */
  readonly random?: (length: number) => Uint8Array;
  /** Told about failures of the store. */
  readonly onError?: (error: unknown) => void;
}

/** First byte of a sealed ticket: the format. */
const SEALED = 1;
/** First byte of a stored ticket. */
const STORED = 2;

const SALT_LENGTH = 16;
const HEADER_LENGTH = 1 + 2 + TICKET_KEY_NAME_LENGTH + SALT_LENGTH;
const EMPTY = new Uint8Array();
const ZEROS = new Uint8Array(32);
const LABEL = utf8("sealane ticket");
const USED = Uint8Array.of(1);

/**
 * Stateless tickets: the session itself, sealed by an AEAD. The ticket says in the clear the format, the cipher suite of the
 * AEAD, the name of the ticket key and a salt; the AEAD key is derived from the ticket key and all of these, so that each
 * seals one ticket only and no nonce can repeat.
 *
 * ```ts
 * import { RotatingTicketKeys, sealedTickets } from "@sealane/handshake";
 * import { nativeProvider as provider } from "@sealane/providers/native";
 *
 * const tickets = sealedTickets({ provider, keys: new RotatingTicketKeys(provider) });
 * console.assert(await tickets.open(new Uint8Array(100)) === null);
 * ```
 */
export function sealedTickets(options: SealedTicketsOptions): Tickets {
  const used = options.used && guardStore(options.used, { onError: options.onError });
  const sealer = new Sealer(options);
  return Object.freeze({
    issue: (session: Session) => sealer.seal(session),
    open: (ticket: Uint8Array) => sealer.open(ticket),
    consume(ticket: Uint8Array, session: Session): MaybePromise<boolean> {
      if (used === undefined) return true;
      // Key name and salt are authenticated, and no two tickets share them.
      const id = toHex(ticket.subarray(3, HEADER_LENGTH));
      return used.add(`used-ticket:${id}`, USED, 1000 * session.lifetime);
    },
  });
}

class Sealer {
  readonly #suites: readonly CipherSuite[];
  readonly #keys: TicketKeyRing;
  readonly #random: (length: number) => Uint8Array;
  readonly #context: Uint8Array;

  constructor(options: SealedTicketsOptions) {
    const { provider } = options;
    this.#suites = provider.cipherSuites.filter(({ aead }) => aead.tagLength >= 16);
    if (this.#suites.length === 0) {
      throw new TlsError("api/config", `the provider ${provider.name} has no AEAD for tickets`);
    }
    this.#keys = options.keys;
    this.#random = (length) => randomFrom(options.random ?? provider, length);
    this.#context = options.context ?? EMPTY;
  }

  seal(session: Session): MaybePromise<Uint8Array | null> {
    const plaintext = encodeSession(session);
    const [suite] = this.#suites;
    if (HEADER_LENGTH + plaintext.length + suite.aead.tagLength > MAX_TICKET_LENGTH) return null;
    return chain(this.#keys.current(), (key) => this.#sealUnder(suite, key, plaintext));
  }

  #sealUnder(
    suite: CipherSuite,
    { name, key }: TicketKey,
    plaintext: Uint8Array,
  ): MaybePromise<Uint8Array> {
    const ticket = new Uint8Array(HEADER_LENGTH + plaintext.length + suite.aead.tagLength);
    const header = ticket.subarray(0, HEADER_LENGTH);
    header.set([SEALED, suite.id >> 8, suite.id & 0xff]);
    header.set(name, 3);
    header.set(this.#random(SALT_LENGTH), HEADER_LENGTH - SALT_LENGTH);
    const place = ticket.subarray(HEADER_LENGTH);
    const sealed = chain(
      importKey(suite, key, header),
      (aeadKey) => aeadKey.seal(nonce(suite), this.#aad(header), plaintext, place),
    );
    return chain(sealed, (bytes) => {
      requireSealed(bytes, place.length, place);
      wipe(plaintext);
      return ticket;
    });
  }

  open(ticket: Uint8Array): MaybePromise<Session | null> {
    if (ticket.length <= HEADER_LENGTH || ticket[0] !== SEALED) return null;
    const reader = new Reader(ticket.subarray(1), "ticket");
    const suiteId = reader.u16("suite");
    const suite = this.#suites.find(({ id }) => id === suiteId);
    if (suite === undefined) return null;
    const name = reader.bytes(TICKET_KEY_NAME_LENGTH, "key_name");
    return chain(
      this.#keys.find(name),
      (key) => key === null ? null : this.#openUnder(suite, key, ticket),
    );
  }

  #openUnder(suite: CipherSuite, { key }: TicketKey, ticket: Uint8Array) {
    const header = ticket.subarray(0, HEADER_LENGTH);
    const opened = chain(
      importKey(suite, key, header),
      (aeadKey) => aeadKey.open(nonce(suite), this.#aad(header), ticket.subarray(HEADER_LENGTH)),
    );
    return chain(opened, toSession);
  }

  #aad(header: Uint8Array): Uint8Array {
    return this.#context.length === 0 ? header : concat([header, this.#context]);
  }
}

/** Each key seals one ticket, so its nonce is always the same. */
function nonce({ aead }: CipherSuite): Uint8Array {
  return ZEROS.subarray(0, aead.nonceLength);
}

function importKey(
  suite: CipherSuite,
  key: Uint8Array,
  header: Uint8Array,
): MaybePromise<AeadKey> {
  const { hash, aead } = suite;
  // HMAC is a PRF under a uniform key: there is nothing to extract, and one output is as long as any AEAD key.
  const derived = hmacOf(hash, key, LABEL, header);
  const aeadKey = aead.importKey(derived.subarray(0, aead.keyLength));
  wipe(derived);
  return aeadKey;
}

function toSession(plaintext: unknown): Session | null {
  if (!isBytes(plaintext)) return null;
  try {
    return decodeSession(plaintext);
  } catch {
    // Sealed by another version of this code.
    return null;
  }
}

/** Options of {@link storedTickets}. */
export interface StoredTicketsOptions {
  /** Where the sessions are. */
  readonly store: SessionStore;
  /** Cryptographic random bytes: the `random` of a provider. */
  readonly random: (length: number) => Uint8Array;
  /** Whether a ticket serves once only; `true` unless given. */
  readonly singleUse?: boolean;
  /** Told about failures of the store. */
  readonly onError?: (error: unknown) => void;
}

const ID_LENGTH = 32;

/** Stateful tickets: a random name, under which the session is in a store. Used once, they give forward secrecy to the PSK. */
export function storedTickets(options: StoredTicketsOptions): Tickets {
  const { random, singleUse = true, onError } = options;
  const store = guardStore(options.store, { onError });
  return Object.freeze({
    issue(session: Session): MaybePromise<Uint8Array | null> {
      const ticket = concat([Uint8Array.of(STORED), randomFrom(random, ID_LENGTH)]);
      const ttl = 1000 * session.lifetime;
      return chain(store.put(storeKey(ticket), encodeSession(session), ttl), () => ticket);
    },
    open(ticket: Uint8Array): MaybePromise<Session | null> {
      if (ticket.length !== 1 + ID_LENGTH || ticket[0] !== STORED) return null;
      return chain(store.get(storeKey(ticket)), toSession);
    },
    consume(ticket: Uint8Array): MaybePromise<boolean> {
      if (!singleUse) return true;
      return chain(store.take(storeKey(ticket)), (bytes) => bytes !== null);
    },
  });
}

function storeKey(ticket: Uint8Array): string {
  return `session:${toHex(ticket.subarray(1))}`;
}
