/**
 * Requests for a client's certificate that wait for their answer (RFC 9846 section 4.7.2).
 *
 * @module
 */
import type { HandshakeEvent, PeerIdentity } from "@sealane/handshake";
import { toHex } from "@sealane/wire";
import { type Deferred, deferred } from "../connection/deferred.ts";

/** The requests of a server's stream that are open. */
export class OpenRequests {
  readonly #open = new Map<string, Deferred<PeerIdentity | null>>();

  /** A promise of the answer to the request with this context. */
  add(context: Uint8Array): Promise<PeerIdentity | null> {
    const answer = deferred<PeerIdentity | null>();
    this.#open.set(toHex(context), answer);
    return answer.promise;
  }

  /** Whether the request with this context is open. */
  has(context: Uint8Array): boolean {
    return this.#open.has(toHex(context));
  }

  /** An answer has come. */
  answer({ context, peer }: Extract<HandshakeEvent, { type: "clientAuthentication" }>): void {
    this.#take(context)?.resolve(peer);
  }

  /** No answer will come to the request with this context. */
  fail(context: Uint8Array, error: unknown): void {
    this.#take(context)?.reject(error);
  }

  #take(context: Uint8Array): Deferred<PeerIdentity | null> | undefined {
    const name = toHex(context);
    const answer = this.#open.get(name);
    this.#open.delete(name);
    return answer;
  }
}
