/**
 * Transport parameters across connections: what a client remembers for 0-RTT, and what a server may change (RFC 9000
 * section 7.4.1).
 *
 * @module
 */
import { TlsError } from "@sealane/wire";
import { QuicError, TransportErrorCode } from "../errors.ts";
import {
  decodeTransportParameters,
  encodeTransportParameters,
} from "./transport_parameter_codec.ts";
import { DEFAULT_TRANSPORT_PARAMETERS, type TransportParameters } from "./transport_parameters.ts";

/** Limits that a server which accepts 0-RTT does not reduce (RFC 9000 section 7.4.1, RFC 9221 section 3). */
const LIMITS = [
  "activeConnectionIdLimit",
  "initialMaxData",
  "initialMaxStreamDataBidiLocal",
  "initialMaxStreamDataBidiRemote",
  "initialMaxStreamDataUni",
  "initialMaxStreamsBidi",
  "initialMaxStreamsUni",
  "maxDatagramFrameSize",
] as const satisfies readonly (keyof TransportParameters)[];

/** The parameters of a server that a client keeps with the session, and a server in its tickets. */
export type RememberedParameters = Pick<
  TransportParameters,
  | "activeConnectionIdLimit"
  | "initialMaxData"
  | "initialMaxStreamDataBidiLocal"
  | "initialMaxStreamDataBidiRemote"
  | "initialMaxStreamDataUni"
  | "initialMaxStreamsBidi"
  | "initialMaxStreamsUni"
  | "maxDatagramFrameSize"
  | "maxIdleTimeout"
  | "maxUdpPayloadSize"
  | "disableActiveMigration"
  | "greaseQuicBit"
>;

/** The part of a server's parameters that a later connection starts 0-RTT with. */
export function rememberParameters(parameters: TransportParameters): RememberedParameters {
  const { maxIdleTimeout, maxUdpPayloadSize, disableActiveMigration, greaseQuicBit } = parameters;
  const limits = Object.fromEntries(LIMITS.map((name) => [name, parameters[name]]));
  return { ...limits, maxIdleTimeout, maxUdpPayloadSize, disableActiveMigration, greaseQuicBit };
}

/** Remembered parameters as bytes, to store with a session. */
export function encodeRemembered(remembered: RememberedParameters): Uint8Array {
  return encodeTransportParameters(remembered, "server");
}

/** The reverse of {@link encodeRemembered}. Throws `api/argument` for bytes that it did not make. */
export function decodeRemembered(bytes: Uint8Array): RememberedParameters {
  try {
    return rememberParameters(decodeTransportParameters(bytes, "server"));
  } catch (cause) {
    throw new TlsError("api/argument", "remembered transport parameters are malformed", { cause });
  }
}

/** The name of the first limit that `now` has lower than `remembered`, or `null`. */
function reducedLimit(remembered: RememberedParameters, now: TransportParameters): string | null {
  for (const name of LIMITS) {
    const fallback = DEFAULT_TRANSPORT_PARAMETERS[name];
    if ((now[name] ?? fallback) < (remembered[name] ?? fallback)) return name;
  }
  return null;
}

/**
 * Whether a server may accept 0-RTT that a client sends under `remembered`: it has to decline if a limit of `now` is lower
 * (RFC 9000 section 7.4.1).
 */
export function mayAcceptEarlyData(
  remembered: RememberedParameters,
  now: TransportParameters,
): boolean {
  return reducedLimit(remembered, now) === null;
}

/**
 * A client's check when its 0-RTT was accepted.
 *
 * @throws {QuicError} `PROTOCOL_VIOLATION` if the server reduced a limit (RFC 9000 section 7.4.1).
 */
export function checkNotReduced(remembered: RememberedParameters, now: TransportParameters): void {
  const name = reducedLimit(remembered, now);
  if (name === null) return;
  const reason = `the server accepted 0-RTT and reduced ${name}`;
  throw new QuicError(TransportErrorCode.PROTOCOL_VIOLATION, reason);
}
