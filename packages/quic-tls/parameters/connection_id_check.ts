/**
 * The authentication of connection IDs by transport parameters (RFC 9000 section 7.3).
 *
 * @module
 */
import { equalBytes } from "@sealane/wire";
import { QuicError, TransportErrorCode } from "../errors.ts";
import type { Role } from "../packets/role.ts";
import type { TransportParameters } from "./transport_parameters.ts";

/** The connection IDs that a peer's parameters have to repeat (RFC 9000 section 7.3). */
export interface ExpectedConnectionIds {
  /** The Source Connection ID of the peer's first Initial packet. */
  readonly initialSource: Uint8Array;
  /** On a client: the Destination Connection ID of its own first Initial packet. */
  readonly originalDestination?: Uint8Array;
  /** On a client that followed a Retry packet: its Source Connection ID. */
  readonly retrySource?: Uint8Array | null;
}

/**
 * Authenticates the connection IDs of the handshake: those in the parameters of a peer in the role `sender` are those in
 * its packets.
 *
 * @throws {QuicError} `TRANSPORT_PARAMETER_ERROR` for one that is absent (or, for Retry, present without a Retry packet);
 * `PROTOCOL_VIOLATION` for one that differs.
 */
export function checkConnectionIds(
  parameters: TransportParameters,
  sender: Role,
  expected: ExpectedConnectionIds,
): void {
  requireId(
    "initial_source_connection_id",
    parameters.initialSourceConnectionId,
    expected.initialSource,
  );
  if (sender === "client") return;
  requireId(
    "original_destination_connection_id",
    parameters.originalDestinationConnectionId,
    expected.originalDestination ?? null,
  );
  requireId(
    "retry_source_connection_id",
    parameters.retrySourceConnectionId,
    expected.retrySource ?? null,
  );
}

function requireId(
  name: string,
  actual: Uint8Array | undefined,
  expected: Uint8Array | null,
): void {
  const { TRANSPORT_PARAMETER_ERROR, PROTOCOL_VIOLATION } = TransportErrorCode;
  if (actual === undefined && expected === null) return;
  // RFC 9000 §7.3: absence, and presence without a Retry packet, are errors of the parameters.
  if (actual === undefined) throw new QuicError(TRANSPORT_PARAMETER_ERROR, `${name} is missing`);
  if (expected === null) throw new QuicError(TRANSPORT_PARAMETER_ERROR, `${name} was not expected`);
  if (!equalBytes(actual, expected)) {
    throw new QuicError(PROTOCOL_VIOLATION, `${name} is not the one in the packets`);
  }
}
