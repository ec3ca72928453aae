/**
 * The anti-amplification limit (RFC 9000 section 8.1).
 *
 * @module
 */

/** Counts what a server may send to an address before that is validated: three times what came from it. */
export class AmplificationBudget {
  #received = 0;
  #sent = 0;
  #validated = false;

  /** Counts a datagram from the address. All its bytes count, whatever becomes of its packets. */
  onReceived(bytes: number): void {
    this.#received += bytes;
  }

  /** Counts a datagram to the address. */
  onSent(bytes: number): void {
    this.#sent += bytes;
  }

  /** Tells that the address is validated: a Handshake packet, or a valid token, came from it. */
  validate(): void {
    this.#validated = true;
  }

  /** Whether the address is validated. */
  get validated(): boolean {
    return this.#validated;
  }

  /** How many bytes may be sent now; `Infinity` once the address is validated. */
  get available(): number {
    return this.#validated ? Infinity : Math.max(0, 3 * this.#received - this.#sent);
  }
}
