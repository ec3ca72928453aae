/**
 * The transcript hash (RFC 9846 section 4.1).
 *
 * @module
 */
import { digestOf, type Hash, hashOf, type HashState } from "@sealane/providers";
import { concat, HandshakeType } from "@sealane/wire";

/** Hashes the handshake messages in order. Until the suite is chosen the hash is unknown, and messages are kept. */
export class Transcript {
  #pending: Uint8Array[] = [];
  #hash: Hash | null = null;
  #state: HashState | null = null;
  /** The hash of all messages so far, once it was asked for. */
  #digest: Uint8Array | null = null;

  /** Appends a message, header and body. */
  add(message: Uint8Array): void {
    this.#digest = null;
    if (this.#state === null) this.#pending.push(message);
    else this.#state.update(message);
  }

  /** Whether the hash is known. */
  get started(): boolean {
    return this.#state !== null;
  }

  /** The hash is known from now on. Calling it again with the same hash does nothing. */
  start(hash: Hash): void {
    if (this.#hash !== null) return;
    this.#hash = hash;
    this.#state = hash.create();
    for (const message of this.#pending) this.#state.update(message);
    this.#pending = [];
  }

  /** RFC 9846 §4.1: when there is a HelloRetryRequest, ClientHello1 is replaced by a message_hash message. */
  replaceByMessageHash(): void {
    const { state, hash } = this.#started();
    this.#state = hash.create().update(messageHash(digestOf(hash, state)));
    this.#digest = null;
  }

  /** The hash of all messages so far. Not to be changed: who asks next gets it too. */
  digest(): Uint8Array {
    if (this.#digest === null) {
      const { state, hash } = this.#started();
      this.#digest = digestOf(hash, state.clone());
    }
    return this.#digest;
  }

  /** The hash of all messages so far and of `extra`, which is not added: for binders and post-handshake authentication. */
  digestWith(...extra: readonly Uint8Array[]): Uint8Array {
    const { state, hash } = this.#started();
    const copy = state.clone();
    for (const bytes of extra) copy.update(bytes);
    return digestOf(hash, copy);
  }

  /** The transcript of messages whose hash is not known yet, with `hash`: for binders of several hashes. */
  digestPendingWith(hash: Hash, ...extra: readonly Uint8Array[]): Uint8Array {
    return hashOf(hash, ...this.#pending, ...extra);
  }

  /** An independent copy that goes on by itself. */
  clone(): Transcript {
    const copy = new Transcript();
    copy.#pending = [...this.#pending];
    copy.#hash = this.#hash;
    copy.#state = this.#state === null ? null : this.#state.clone();
    return copy;
  }

  #started(): { state: HashState; hash: Hash } {
    if (this.#state === null || this.#hash === null) {
      throw new Error("the transcript hash is not known before the suite is");
    }
    return { state: this.#state, hash: this.#hash };
  }
}

/** The synthetic message that stands for ClientHello1: message_hash, length, Hash(ClientHello1). */
export function messageHash(digest: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(HandshakeType.message_hash, 0, 0, digest.length), digest]);
}
