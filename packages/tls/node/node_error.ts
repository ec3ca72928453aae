/**
 * Errors with the codes of Node, which retry logic and programs match on. What Sealane itself says is the `cause`.
 *
 * @module
 */
import process from "node:process";
import { inspect } from "node:util";
import { AlertDescription, alertName, TlsError, type TlsErrorCode } from "@sealane/wire";

/** An error as Node has them: a message and a stable `code`. */
export interface NodeError extends Error {
  /** Node's code, for instance `ERR_TLS_CERT_ALTNAME_INVALID` or `ECONNRESET`. */
  code: string;
}

/** Makes an error of class `Base` with Node's `code`. */
export function nodeError(
  code: string,
  message: string,
  Base: ErrorConstructor = Error,
  more: Readonly<Record<string, unknown>> = {},
): NodeError {
  return Object.assign(new Base(message), { code, ...more });
}

/** What Node says of an argument of the wrong type. `types` are names of primitives and of classes. */
export function argumentTypeError(
  name: string,
  types: string | readonly string[],
  value: unknown,
): NodeError {
  const kind = name.includes(".") ? "property" : "argument";
  const subject = name.endsWith(" argument") ? `The ${name}` : `The "${name}" ${kind}`;
  const all = typeof types === "string" ? [types] : types;
  const message = `${subject} must be ${describeTypes(all)}. Received ${received(value)}`;
  return nodeError("ERR_INVALID_ARG_TYPE", message, TypeError);
}

/** What Node says of an argument of the right type and the wrong value. */
export function argumentValueError(
  name: string,
  value: unknown,
  reason = "is invalid",
): NodeError {
  const kind = name.includes(".") ? "property" : "argument";
  const text = inspect(value);
  const shown = text.length > 128 ? `${text.slice(0, 128)}...` : text;
  const message = `The ${kind} '${name}' ${reason}. Received ${shown}`;
  return nodeError("ERR_INVALID_ARG_VALUE", message, TypeError);
}

/** What Node says of a number outside of its range. */
export function rangeError(name: string, range: string, value: unknown): NodeError {
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${
    inspect(value)
  }`;
  return nodeError("ERR_OUT_OF_RANGE", message, RangeError);
}

const PRIMITIVES: ReadonlySet<string> = new Set([
  "string",
  "number",
  "boolean",
  "bigint",
  "symbol",
  "function",
  "object",
]);

function describeTypes(types: readonly string[]): string {
  const primitives = types.filter((type) => PRIMITIVES.has(type));
  const classes = types.filter((type) => !PRIMITIVES.has(type) && type !== "Object");
  const parts: string[] = [];
  if (primitives.length > 0) {
    parts.push(
      primitives.length > 1 ? `one of type ${list(primitives)}` : `of type ${primitives[0]}`,
    );
  }
  if (classes.length > 0) parts.push(`an instance of ${list(classes)}`);
  if (types.includes("Object")) parts.push("of type object");
  return parts.join(" or ");
}

function list(names: readonly string[]): string {
  if (names.length < 3) return names.join(" or ");
  return `${names.slice(0, -1).join(", ")}, or ${names.at(-1)}`;
}

function received(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "function") return `function ${value.name}`;
  if (typeof value === "object") {
    const name = value.constructor?.name;
    return name ? `an instance of ${name}` : inspect(value, { depth: -1 });
  }
  const text = inspect(value, { colors: false });
  return `type ${typeof value} (${text.length > 28 ? `${text.slice(0, 25)}...` : text})`;
}

/** The peer or the network broke off: `ECONNRESET`. */
export function resetError(message: string, more: Readonly<Record<string, unknown>> = {}) {
  return nodeError("ECONNRESET", message, Error, more);
}

/**
 * The reason that OpenSSL has for a failure, in its own words: Node makes the code `ERR_SSL_…` of it. What is not here has
 * the code of the `TlsError` alone.
 */
const REASON_OF_CODE: Readonly<Partial<Record<TlsErrorCode, string>>> = {
  "peer/not-tls": "wrong version number",
  "peer/record-version": "wrong version number",
  "peer/version": "unsupported protocol",
  "peer/record-type": "unexpected message",
  "peer/record-overflow": "packet length too long",
  "peer/bad-record-mac": "decryption failed or bad record mac",
  "peer/bad-inner-plaintext": "bad record type",
  "peer/unexpected-application-data": "unexpected message",
  "peer/unexpected-message": "unexpected message",
  "peer/wrong-level": "unexpected message",
  "peer/decode-error": "decode error",
  "peer/truncated": "unexpected eof while reading",
  "peer/no-common-cipher-suite": "no shared cipher",
  "peer/no-common-group": "no suitable key share",
  "peer/no-common-signature-scheme": "no shared signature algorithms",
  "peer/no-application-protocol": "no application protocol",
  "peer/certificate-required": "peer did not return a certificate",
  "peer/bad-signature": "bad signature",
  "peer/bad-finished": "digest check failed",
  "peer/bad-certificate": "certificate verify failed",
  "peer/certificate-expired": "certificate verify failed",
  "peer/certificate-revoked": "certificate verify failed",
  "peer/unknown-ca": "certificate verify failed",
  "peer/unsupported-certificate": "certificate verify failed",
  "peer/key-usage": "certificate verify failed",
  "peer/psk-required": "psk no client cb",
  "peer/unknown-psk-identity": "psk identity not found",
  "peer/bad-binder": "binder does not verify",
  "peer/missing-extension": "missing extension",
  "peer/bad-alert": "bad alert",
  "peer/too-many-warning-alerts": "too many warn alerts",
  "peer/too-many-key-updates": "too many key updates",
};

/** Alerts that OpenSSL names after the version that brought them; the others are of TLS 1.0. */
const OLD_ALERTS: ReadonlySet<number> = new Set([
  AlertDescription.unexpected_message,
  AlertDescription.bad_record_mac,
  AlertDescription.handshake_failure,
  AlertDescription.bad_certificate,
  AlertDescription.unsupported_certificate,
  AlertDescription.certificate_revoked,
  AlertDescription.certificate_expired,
  AlertDescription.certificate_unknown,
  AlertDescription.illegal_parameter,
]);
const NEW_ALERTS: ReadonlySet<number> = new Set([
  AlertDescription.missing_extension,
  AlertDescription.certificate_required,
]);

/** OpenSSL 3.2 has renamed the oldest alerts, and Node's codes went with it. */
const OLD_ALERT_PREFIX = olderThan(process.versions.openssl, 3, 2) ? "sslv3" : "ssl/tls";

function olderThan(version: string | undefined, major: number, minor: number): boolean {
  const [a, b] = (version ?? "3.2").split(".").map(Number);
  return a < major || (a === major && b < minor);
}

function reasonOfAlert(alert: AlertDescription): string {
  const name = alertName(alert).replaceAll("_", " ");
  if (OLD_ALERTS.has(alert)) return `${OLD_ALERT_PREFIX} alert ${name}`;
  return NEW_ALERTS.has(alert) ? `tlsv13 alert ${name}` : `tlsv1 alert ${name}`;
}

function codeOfReason(reason: string): string {
  return `ERR_SSL_${reason.toUpperCase().replaceAll(" ", "_")}`;
}

/**
 * What a program of Node is told of a failure: an error that has a code of Node's already stays as it is, and a `TlsError`
 * becomes the `cause` of an `Error` with a code such as `ERR_SSL_NO_SHARED_CIPHER`.
 */
export function toNodeError(error: unknown): Error {
  if (!(error instanceof TlsError)) {
    return error instanceof Error ? error : new Error(String(error));
  }
  // Callbacks of the program throw what they want to be told of.
  if (error.code === "local/callback" && error.cause instanceof Error) return error.cause;
  if (error.code === "local/transport" && error.cause instanceof Error) return error.cause;
  const { receivedAlert } = error;
  const reason = receivedAlert !== undefined
    ? reasonOfAlert(receivedAlert)
    : REASON_OF_CODE[error.code];
  if (reason === undefined) return error;
  const message = `SSL routines::${reason}: ${error.message}`;
  return Object.assign(new Error(message, { cause: error }), {
    code: codeOfReason(reason),
    library: "SSL routines",
    reason,
  });
}
