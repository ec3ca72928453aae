/**
 * The packet numbers that were used in one packet number space.
 *
 * @module
 */
import { TlsError } from "@sealane/wire";
import { RangeSet } from "../frames/ranges.ts";

/** How many runs of numbers that were left out are remembered; older ones count as used. */
const MAX_GAPS = 64;

/** Sees to it that no number is used twice: the nonce of a packet is made from it (RFC 9001 section 5.3, RFC 9000 section 12.3). */
export class SentNumbers {
  readonly #skipped = new RangeSet();
  #largest = -1;

  /**
   * A packet is about to be sealed.
   *
   * @throws {TlsError} `api/argument` if its number was used before in this space.
   */
  use(packetNumber: number): void {
    if (packetNumber > this.#largest) {
      this.#skipped.add(this.#largest + 1, packetNumber);
      if (this.#skipped.size > MAX_GAPS) {
        this.#skipped.remove(this.#skipped.start(0), this.#skipped.end(0));
      }
      this.#largest = packetNumber;
      return;
    }
    if (!this.#skipped.has(packetNumber)) {
      throw new TlsError("api/argument", `the packet number ${packetNumber} was used before`);
    }
    this.#skipped.remove(packetNumber, packetNumber + 1);
  }
}
