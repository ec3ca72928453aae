/**
 * QUIC's errors: the transport error codes (RFC 9000 section 20.1), and how a TLS alert becomes one and back (RFC 9001
 * section 4.8).
 *
 * A TLS failure stays a {@link TlsError}, whose code decides its alert. What QUIC itself refuses is a {@link QuicError},
 * which carries its transport error code: these codes are not alerts, so they are no part of the table in
 * `@sealane/wire`. {@link closeCodeOf} gives the code of a CONNECTION_CLOSE frame for either.
 *
 * @module
 */
import { type AlertDescription, alertName, TlsError } from "@sealane/wire";

/** Transport error codes (RFC 9000 section 20.1, RFC 9368 section 10.2). */
export const TransportErrorCode = {
  NO_ERROR: 0x00,
  INTERNAL_ERROR: 0x01,
  CONNECTION_REFUSED: 0x02,
  FLOW_CONTROL_ERROR: 0x03,
  STREAM_LIMIT_ERROR: 0x04,
  STREAM_STATE_ERROR: 0x05,
  FINAL_SIZE_ERROR: 0x06,
  FRAME_ENCODING_ERROR: 0x07,
  TRANSPORT_PARAMETER_ERROR: 0x08,
  CONNECTION_ID_LIMIT_ERROR: 0x09,
  PROTOCOL_VIOLATION: 0x0a,
  INVALID_TOKEN: 0x0b,
  APPLICATION_ERROR: 0x0c,
  CRYPTO_BUFFER_EXCEEDED: 0x0d,
  KEY_UPDATE_ERROR: 0x0e,
  AEAD_LIMIT_REACHED: 0x0f,
  NO_VIABLE_PATH: 0x10,
  VERSION_NEGOTIATION_ERROR: 0x11,
} as const;
/** A transport error code: any number below 2^62; see the object of the same name for the registered ones. */
export type TransportErrorCode = number;

/** The first of the 256 codes that carry a TLS alert (RFC 9001 section 4.8). */
export const CRYPTO_ERROR = 0x0100;

/** The transport error code of an alert: 0x0100 plus its description (RFC 9001 section 4.8). */
export function closeCodeOfAlert(alert: AlertDescription): TransportErrorCode {
  return CRYPTO_ERROR + alert;
}

/** The alert that a transport error code stands for, or `null` for a code outside 0x0100 to 0x01ff. */
export function alertOfCloseCode(code: TransportErrorCode): AlertDescription | null {
  return code >= CRYPTO_ERROR && code <= CRYPTO_ERROR + 0xff ? code - CRYPTO_ERROR : null;
}

/** The name of a transport error code: `PROTOCOL_VIOLATION`, `CRYPTO_ERROR(bad_certificate)`, or hexadecimal. */
export function transportErrorName(code: TransportErrorCode): string {
  const alert = alertOfCloseCode(code);
  if (alert !== null) return `CRYPTO_ERROR(${alertName(alert)})`;
  for (const [name, value] of Object.entries(TransportErrorCode)) if (value === code) return name;
  return `0x${code.toString(16)}`;
}

/**
 * An error of the QUIC layer: the peer, or a limit of ours, ended the connection for a reason that is not TLS's.
 *
 * ```ts
 * import { closeCodeOf, QuicError, TransportErrorCode } from "@sealane/quic-tls";
 *
 * const error = new QuicError(TransportErrorCode.KEY_UPDATE_ERROR, "old keys protect a newer packet");
 * console.assert(closeCodeOf(error) === 0x0e);
 * ```
 */
export class QuicError extends Error {
  /** Always `QuicError`. */
  override readonly name = "QuicError";
  /** The code for CONNECTION_CLOSE. */
  readonly transportError: TransportErrorCode;

  /** The message is a lower-case sentence that names the field and the value, and holds no secret. */
  constructor(transportError: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.transportError = transportError;
  }
}

/**
 * The code of the CONNECTION_CLOSE frame (type 0x1c) that tells the peer of `error`: a {@link QuicError}'s own, 0x0100
 * plus the alert of a {@link TlsError}, `INTERNAL_ERROR` for anything else. An error that has no alert (a received alert,
 * misuse of the API) gives `NO_ERROR` and `INTERNAL_ERROR` respectively.
 */
export function closeCodeOf(error: unknown): TransportErrorCode {
  if (error instanceof QuicError) return error.transportError;
  if (!(error instanceof TlsError)) return TransportErrorCode.INTERNAL_ERROR;
  // RFC 9001 §4.4: the one message of TLS whose receipt is an error of QUIC.
  if (error.code === "peer/authentication-request-in-quic") {
    return TransportErrorCode.PROTOCOL_VIOLATION;
  }
  // A mistake of the program is none of the protocol.
  if (error.code.startsWith("api/")) return TransportErrorCode.INTERNAL_ERROR;
  if (error.alert !== null) return closeCodeOfAlert(error.alert);
  // RFC 9846 §6.2: an alert is not answered with an alert.
  return error.code.startsWith("peer/")
    ? TransportErrorCode.NO_ERROR
    : TransportErrorCode.INTERNAL_ERROR;
}

/** The error of a CONNECTION_CLOSE frame (type 0x1c) that the peer sent: a `peer/alert` where its code carries an alert. */
export function errorOfCloseCode(code: TransportErrorCode, reason = ""): TlsError | QuicError {
  const alert = alertOfCloseCode(code);
  if (alert !== null) return TlsError.fromAlert(alert);
  const name = transportErrorName(code);
  return new QuicError(
    code,
    `the peer closed the connection with ${name}${reason && `: ${reason}`}`,
  );
}
