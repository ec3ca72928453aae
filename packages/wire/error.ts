/**
 * The one error type of Sealane. A {@link TlsError} carries a stable `code`; the alert that leaves on the wire is a total
 * function of the code, and {@link ALERT_OF_CODE} is that function. No alert is chosen where a failure is found.
 *
 * @module
 */
import { alertMeaning } from "./alert_meaning.ts";
import { AlertDescription, alertName } from "./code_points.ts";

const A = AlertDescription;

/**
 * Every error code with the alert that it sends, or `null` where no alert may be sent.
 *
 * - `peer/…`: the peer broke a rule (or a policy of ours refused what it offered).
 * - `local/…`: something on our side failed while a connection was under way.
 * - `api/…`: the program that uses us made a mistake; thrown at the call, never seen by the peer.
 *
 * Where RFC 9846 leaves the alert open, or names none, the choice is BoringSSL's.
 */
export const ALERT_OF_CODE = {
  // The peer or the transport ended the connection. RFC 9846 §6.2: no alert in response to an alert.
  "peer/alert": null,
  "peer/truncated": null,

  // Records, RFC 9846 §5.
  "peer/not-tls": A.protocol_version,
  "peer/record-version": A.protocol_version,
  "peer/record-type": A.unexpected_message,
  "peer/record-overflow": A.record_overflow,
  "peer/bad-record-mac": A.bad_record_mac,
  "peer/bad-inner-plaintext": A.unexpected_message,
  "peer/bad-change-cipher-spec": A.unexpected_message,
  "peer/too-many-change-cipher-specs": A.unexpected_message,
  "peer/too-many-empty-records": A.unexpected_message,
  "peer/too-many-warning-alerts": A.unexpected_message,
  "peer/too-many-key-updates": A.unexpected_message,
  "peer/bad-alert": A.decode_error,
  "peer/bad-alert-level": A.illegal_parameter,
  "peer/unexpected-application-data": A.unexpected_message,

  // Message framing, RFC 9846 §4 and §5.1.
  "peer/decode-error": A.decode_error,
  "peer/unexpected-message": A.unexpected_message,
  "peer/excess-handshake-data": A.unexpected_message,
  "peer/interleaved-record": A.unexpected_message,
  "peer/wrong-level": A.unexpected_message,
  "peer/message-too-large": A.illegal_parameter,

  // Extensions in general, RFC 9846 §4.3.
  "peer/duplicate-extension": A.illegal_parameter,
  "peer/duplicate-hello-extension": A.decode_error,
  "peer/unsolicited-extension": A.unsupported_extension,
  "peer/extension-not-allowed": A.illegal_parameter,
  "peer/extension-of-quic": A.unsupported_extension, // RFC 9001 section 8.2
  "peer/missing-extension": A.missing_extension,

  // Negotiation, RFC 9846 §4.2 and §4.3.
  "peer/version": A.protocol_version,
  "peer/compression-methods": A.illegal_parameter,
  "peer/compression-method": A.decode_error,
  "peer/session-id": A.illegal_parameter,
  "peer/no-common-cipher-suite": A.handshake_failure,
  "peer/no-common-group": A.handshake_failure,
  "peer/no-common-signature-scheme": A.handshake_failure,
  "peer/no-application-protocol": A.no_application_protocol,
  "peer/application-protocol": A.illegal_parameter,
  "peer/cipher-suite": A.illegal_parameter,
  "peer/group": A.illegal_parameter,
  "peer/key-share": A.illegal_parameter,
  "peer/duplicate-key-share": A.illegal_parameter,
  "peer/unneeded-hello-retry-request": A.illegal_parameter,
  "peer/second-hello-retry-request": A.unexpected_message,
  "peer/client-hello-changed": A.illegal_parameter,
  "peer/server-hello-changed": A.illegal_parameter,
  "peer/cookie": A.illegal_parameter,
  "peer/unrecognized-name": A.unrecognized_name,
  "peer/record-size-limit": A.illegal_parameter,
  "peer/tls-flags": A.illegal_parameter,

  // Authentication, RFC 9846 §4.5.
  "peer/certificate-required": A.certificate_required,
  "peer/certificate-request-context": A.decode_error,
  "peer/signature-scheme": A.illegal_parameter,
  "peer/bad-signature": A.decrypt_error,
  "peer/bad-finished": A.decrypt_error,
  "peer/key-usage": A.illegal_parameter,
  "peer/oid-filters": A.illegal_parameter,
  "peer/ocsp-response": A.bad_certificate_status_response,

  // Certificate paths, RFC 5280 §6 and RFC 9525.
  "peer/bad-certificate": A.bad_certificate,
  "peer/certificate-name": A.bad_certificate,
  "peer/unsupported-certificate": A.unsupported_certificate,
  "peer/certificate-revoked": A.certificate_revoked,
  "peer/certificate-expired": A.certificate_expired,
  "peer/certificate-unknown": A.certificate_unknown,
  "peer/certificate-transparency": A.bad_certificate,
  "peer/unknown-ca": A.unknown_ca,
  "peer/access-denied": A.access_denied,

  // Resumption, external PSKs and 0-RTT, RFC 9846 §4.3.10, §4.3.11 and §4.7.1.
  "peer/psk-identity": A.illegal_parameter,
  "peer/psk-hash": A.illegal_parameter,
  "peer/psk-mode": A.illegal_parameter,
  "peer/psk-not-last": A.illegal_parameter,
  "peer/psk-binder-count": A.illegal_parameter,
  "peer/bad-binder": A.decrypt_error,
  "peer/unknown-psk-identity": A.handshake_failure,
  "peer/psk-required": A.missing_extension,
  "peer/early-data": A.illegal_parameter,
  "peer/ticket": A.illegal_parameter,
  "peer/too-much-early-data": A.unexpected_message,
  "peer/too-much-skipped-early-data": A.unexpected_message,

  // After the handshake, RFC 9846 §4.7.
  "peer/key-update-request": A.illegal_parameter,
  "peer/authentication-request": A.illegal_parameter,
  "peer/too-many-authentication-requests": A.unexpected_message,
  "peer/authentication-request-in-quic": A.unexpected_message, // QUIC's own PROTOCOL_VIOLATION: RFC 9001 section 4.4

  // Certificates on the wire, RFC 8879, RFC 9345 and RFC 7250.
  "peer/certificate-compression-algorithm": A.illegal_parameter,
  "peer/certificate-too-large": A.illegal_parameter,
  "peer/certificate-decompression": A.bad_certificate,
  "peer/delegated-credential": A.illegal_parameter,
  "peer/unsolicited-delegated-credential": A.unexpected_message,
  "peer/certificate-type": A.unsupported_certificate,
  "peer/certificate-type-list": A.illegal_parameter,
  "peer/raw-public-key": A.illegal_parameter,

  // Encrypted Client Hello, RFC 9849.
  "peer/ech": A.illegal_parameter,
  "peer/ech-decrypt": A.decrypt_error,
  "peer/ech-required": A.ech_required,

  // Our side.
  "local/internal": A.internal_error,
  "local/callback": A.internal_error,
  "local/aborted": A.user_canceled,
  "local/handshake-refused": A.handshake_failure,
  "local/certificate-refused": A.certificate_unknown,
  "local/sequence-number": A.internal_error,
  "local/aead-limit": A.internal_error,
  // The transport failed: no alert can be sent.
  "local/transport": null,

  // The program that uses us. Most are thrown before there is a connection; what a callback does wrong ends one, and the peer
  // is not to blame (RFC 9846 §6.2: internal_error).
  "api/config": A.internal_error,
  "api/state": A.internal_error,
  "api/argument": A.internal_error,
} as const satisfies Record<string, AlertDescription | null>;

/** A stable error code: see {@link ALERT_OF_CODE}. */
export type TlsErrorCode = keyof typeof ALERT_OF_CODE;

/** Options of a {@link TlsError}. */
export interface TlsErrorOptions {
  /** What made this happen, for instance the error that a callback threw. */
  readonly cause?: unknown;
  /** With code `peer/alert`: the description that the peer sent. */
  readonly receivedAlert?: AlertDescription;
  /** With code `peer/ech-required`: see {@link TlsError.echRetryConfigs}. */
  readonly echRetryConfigs?: Uint8Array | null;
}

/**
 * An error with a stable code.
 *
 * ```ts
 * import { TlsError } from "@sealane/wire";
 *
 * const error = new TlsError("peer/decode-error", "ServerHello has 2 bytes after its extensions");
 * console.assert(error.alert === 50); // decode_error
 * ```
 */
export class TlsError extends Error {
  /** Always `TlsError`. */
  override readonly name = "TlsError";
  /** What happened, stable across versions. */
  readonly code: TlsErrorCode;
  /** With code `peer/alert`: the description that the peer sent. */
  readonly receivedAlert?: AlertDescription;
  /**
   * With code `peer/ech-required`, on a client whose Encrypted Client Hello was not taken: the ECHConfigList to connect
   * again with, once, as the server gave it under its public name; `null` if it gave none, which says that ECH is off
   * there, and to connect again without (RFC 9849 section 6.1.6).
   */
  readonly echRetryConfigs?: Uint8Array | null;

  /** The message is a lower-case sentence that names the message, the field and the value, and holds no secret. */
  constructor(code: TlsErrorCode, message: string, options: TlsErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.receivedAlert = options.receivedAlert;
    this.echRetryConfigs = options.echRetryConfigs;
  }

  /** The alert that tells the peer, or `null` where none may be sent. */
  get alert(): AlertDescription | null {
    return ALERT_OF_CODE[this.code];
  }

  /** The error of a fatal alert that the peer sent (RFC 9846 section 6.2). */
  static fromAlert(description: AlertDescription): TlsError {
    const meaning = alertMeaning(description);
    const message = `the peer sent the alert ${alertName(description)}${meaning && `: ${meaning}`}`;
    return new TlsError("peer/alert", message, { receivedAlert: description });
  }

  /** `error` itself if it is a `TlsError`; else one with `code` that has it as its cause. */
  static from(error: unknown, code: TlsErrorCode = "local/internal"): TlsError {
    if (error instanceof TlsError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new TlsError(code, message, { cause: error });
  }
}
