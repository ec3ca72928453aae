/**
 * What a configuration of the engine is made of besides the flags.
 *
 * @module
 */
import type { ReplayGuard, Session, TicketKeyRing } from "@sealane/handshake";
import type { CryptoProvider } from "@sealane/providers";
import type { ConnectionFlags } from "./flags.ts";
import type { Observed } from "./observed.ts";

/** What a configuration is made of besides the flags. */
export interface EngineContext {
  /** The primitives. */
  readonly provider: CryptoProvider;
  /** Where callbacks write what they see. */
  readonly observed: Observed;
  /** The shim's clock, milliseconds. */
  readonly now: () => number;
  /** The flags that count now: those of the retry once early data was declined. */
  readonly currentFlags: () => ConnectionFlags;
  /** On a client: the session to resume. */
  readonly session: Session | null;
  /** What tickets are sealed with. */
  readonly ticketKeys: TicketKeyRing;
  /** Where early data that was seen before is recognized. */
  readonly replayGuard: ReplayGuard;
}
