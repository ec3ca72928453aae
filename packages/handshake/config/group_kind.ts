/**
 * The one difference between groups that is worth a round trip: whether a key exchange resists a quantum computer.
 *
 * @module
 */
import { NamedGroup as G } from "@sealane/wire";

const POST_QUANTUM: ReadonlySet<number> = new Set([
  G.MLKEM512,
  G.MLKEM768,
  G.MLKEM1024,
  G.SecP256r1MLKEM768,
  G.X25519MLKEM768,
  G.SecP384r1MLKEM1024,
  G.curveSM2MLKEM768,
]);

/** Whether a group has an ML-KEM part (RFC 9846 section 4.3.7 takes any code point, so an unknown one has none). */
export function isPostQuantum(group: number): boolean {
  return POST_QUANTUM.has(group);
}
