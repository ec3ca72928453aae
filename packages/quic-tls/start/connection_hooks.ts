/**
 * What the handshake of a connection asks the connection for.
 *
 * @module
 */
import type { MaybePromise } from "@sealane/providers";
import type { QuicVersion } from "../packets/version.ts";
import type { RememberedParameters } from "../parameters/remembered_parameters.ts";

/** The connection, as its handshake asks for it. */
export interface ConnectionHooks {
  /** Our encoded transport parameters. */
  send(): Uint8Array;
  /** Takes those of the peer. */
  receive(data: Uint8Array): MaybePromise<void>;
  /** The version in use now. */
  version(): QuicVersion;
  /** On a client: a session of this connection's version is offered. */
  onSession(remembered: RememberedParameters): void;
}
