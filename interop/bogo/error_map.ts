/**
 * BoringSSL's error tokens, which the suite expects on stderr, and the codes of ours that say the same. A test passes
 * only if the shim prints one of the codes; alerts are compared by the runner itself, without any map.
 *
 * @module
 */
import type { TlsErrorCode } from "@sealane/wire";

/** A code, or a fatal alert that the peer sent, as {@link errorToken} prints it. */
type Token = TlsErrorCode | `peer/alert ${string}`;

/** Tokens of errors that the program which uses the library makes, or that happen on our side. */
const LOCAL: Readonly<Record<string, readonly Token[]>> = {
  ":CERTIFICATE_VERIFY_FAILED:": ["local/handshake-refused", "local/certificate-refused"],
  ":CERT_CB_ERROR:": ["local/callback"],
  ":CONNECTION_REJECTED:": ["local/handshake-refused", "local/callback"],
  ":HANDSHAKE_NOT_COMPLETE:": ["api/state"],
  ":INVALID_ECH_CONFIG_LIST:": ["api/config"],
  ":INVALID_SCT_LIST:": ["api/config"],
  ":INVALID_SIGNATURE_ALGORITHM:": ["api/config"],
  ":KEY_VALUES_MISMATCH:": ["api/config"],
  ":QUIC_TRANSPORT_PARAMETERS_MISCONFIGURED:": ["api/config"],
  ":UNUSABLE_ECH_CONFIG_LIST:": ["api/config"],
};

/** Tokens of records and of what ended the connection. */
const RECORDS: Readonly<Record<string, readonly Token[]>> = {
  ":BAD_ALERT:": ["peer/bad-alert"],
  ":BAD_DECRYPT:": ["peer/bad-record-mac"],
  ":DATA_LENGTH_TOO_LONG:": ["peer/record-overflow"],
  ":DECRYPTION_FAILED_OR_BAD_RECORD_MAC:": ["peer/bad-record-mac", "peer/bad-inner-plaintext"],
  ":ENCRYPTED_LENGTH_TOO_LONG:": ["peer/record-overflow"],
  ":HANDSHAKE_FAILURE_ON_CLIENT_HELLO:": ["peer/alert handshake_failure"],
  ":HTTPS_PROXY_REQUEST:": ["peer/not-tls"],
  ":HTTP_REQUEST:": ["peer/not-tls"],
  ":INVALID_OUTER_RECORD_TYPE:": ["peer/record-type"],
  ":SSLV3_ALERT_DECOMPRESSION_FAILURE:": ["peer/alert decompression_failure"],
  ":SSLV3_ALERT_HANDSHAKE_FAILURE:": ["peer/alert handshake_failure"],
  ":TLSV1_ALERT_RECORD_OVERFLOW:": ["peer/alert record_overflow"],
  ":TOO_MANY_EMPTY_FRAGMENTS:": [
    "peer/too-many-empty-records",
    "peer/too-many-change-cipher-specs",
  ],
  ":TOO_MANY_KEY_UPDATES:": ["peer/too-many-key-updates"],
  ":TOO_MANY_WARNING_ALERTS:": ["peer/too-many-warning-alerts"],
  ":TOO_MUCH_READ_EARLY_DATA:": ["peer/too-much-early-data"],
  ":TOO_MUCH_SKIPPED_EARLY_DATA:": ["peer/too-much-skipped-early-data"],
  ":UNEXPECTED_RECORD:": [
    "peer/record-type",
    "peer/bad-change-cipher-spec",
    "peer/unexpected-application-data",
  ],
  ":UNKNOWN_ALERT_TYPE:": ["peer/bad-alert-level"],
  ":WRONG_VERSION_NUMBER:": ["peer/record-version", "peer/not-tls"],
  "Unexpected SSL_shutdown result: -1 != 1": ["peer/truncated"],
};

/** Tokens of messages and extensions. */
const MESSAGES: Readonly<Record<string, readonly Token[]>> = {
  ":CLIENTHELLO_PARSE_FAILED:": ["peer/decode-error", "peer/duplicate-hello-extension"],
  ":DECODE_ERROR:": [
    "peer/tls-flags",
    "peer/decode-error",
    "peer/compression-method",
    "peer/key-update-request",
    "peer/certificate-request-context",
    "peer/missing-extension",
    "peer/version",
    "peer/certificate-type-list",
    "peer/ech",
  ],
  ":DECODE_ERROR": ["peer/decode-error", "peer/ech"],
  ":DUPLICATE_EXTENSION:": ["peer/duplicate-extension"],
  ":DUPLICATE_KEY_SHARE:": ["peer/duplicate-key-share"],
  ":EMPTY_HELLO_RETRY_REQUEST:": ["peer/unneeded-hello-retry-request"],
  ":ERROR_PARSING_EXTENSION:": [
    "peer/decode-error",
    "peer/duplicate-hello-extension",
    "peer/unsolicited-extension",
  ],
  ":EXCESSIVE_MESSAGE_SIZE:": ["peer/message-too-large"],
  ":EXCESS_HANDSHAKE_DATA:": ["peer/excess-handshake-data"],
  ":MISSING_EXTENSION:": ["peer/missing-extension", "peer/psk-required"],
  ":MISSING_KEY_SHARE:": ["peer/missing-extension", "peer/psk-required"],
  ":PARSE_TLSEXT:": ["peer/decode-error", "peer/duplicate-hello-extension"],
  ":SECOND_SERVERHELLO_VERSION_MISMATCH:": ["peer/version", "peer/server-hello-changed"],
  ":UNEXPECTED_COMPATIBILITY_MODE:": ["peer/session-id"],
  ":UNEXPECTED_EXTENSION:": [
    "peer/unsolicited-extension",
    "peer/extension-not-allowed",
    // RFC 9849 §6.1.2: a pre_shared_key in response to an imitation is illegal_parameter.
    "peer/psk-identity",
  ],
  ":UNEXPECTED_MESSAGE:": ["peer/unexpected-message", "peer/second-hello-retry-request"],
  ":WRONG_ENCRYPTION_LEVEL_RECEIVED:": ["peer/wrong-level"],
};

/** Tokens of negotiation. */
const NEGOTIATION: Readonly<Record<string, readonly Token[]>> = {
  ":ALPN_MISMATCH_ON_EARLY_DATA:": ["peer/application-protocol", "peer/early-data"],
  ":BAD_ECPOINT:": ["peer/key-share"],
  ":CIPHER_MISMATCH_ON_EARLY_DATA:": ["peer/cipher-suite", "peer/early-data"],
  ":INVALID_ALPN_PROTOCOL:": ["peer/application-protocol", "local/callback"],
  ":INVALID_COMPRESSION_LIST:": ["peer/compression-methods"],
  ":NO_APPLICATION_PROTOCOL:": ["peer/no-application-protocol"],
  ":NO_SHARED_GROUP:": ["peer/no-common-group", "peer/missing-extension"],
  ":UNSUPPORTED_PROTOCOL:": ["peer/version"],
  ":WRONG_CIPHER_RETURNED:": ["peer/cipher-suite", "peer/server-hello-changed"],
  ":WRONG_CURVE:": [
    "peer/group",
    "peer/server-hello-changed",
    "peer/unneeded-hello-retry-request",
    "peer/client-hello-changed",
  ],
  ":WRONG_VERSION_ON_EARLY_DATA:": ["peer/version"],
};

/** Tokens of certificates and signatures. */
const AUTHENTICATION: Readonly<Record<string, readonly Token[]>> = {
  ":BAD_SIGNATURE:": ["peer/bad-signature"],
  ":CANNOT_PARSE_LEAF_CERT:": ["peer/decode-error"],
  ":CERT_DECOMPRESSION_FAILED:": ["peer/certificate-decompression"],
  ":INVALID_RAW_PUBLIC_KEY:": ["peer/raw-public-key", "peer/decode-error"],
  ":KEY_USAGE_BIT_INCORRECT:": ["peer/key-usage"],
  ":NO_COMMON_SIGNATURE_ALGORITHMS:": ["peer/no-common-signature-scheme", "peer/missing-extension"],
  ":NO_MATCHING_ISSUER:": ["peer/no-common-signature-scheme"],
  ":OCSP_CB_ERROR:": ["peer/ocsp-response", "local/callback"],
  ":PEER_DID_NOT_RETURN_A_CERTIFICATE:": ["peer/certificate-required", "peer/decode-error"],
  ":UNCOMPRESSED_CERT_TOO_LARGE:": ["peer/certificate-too-large"],
  ":UNKNOWN_CERTIFICATE_TYPE:": ["peer/certificate-type", "peer/no-common-signature-scheme"],
  ":UNKNOWN_CERT_COMPRESSION_ALG:": ["peer/certificate-compression-algorithm"],
  ":UNSUPPORTED_ALGORITHM:": ["peer/unsupported-certificate", "peer/signature-scheme"],
  ":UNSUPPORTED_CERTIFICATE:": ["peer/certificate-type"],
  ":WRONG_SIGNATURE_TYPE:": ["peer/signature-scheme"],
};

/** Tokens of PSKs, resumption and Encrypted ClientHello. */
const SESSIONS: Readonly<Record<string, readonly Token[]>> = {
  ":DECRYPTION_FAILED:": ["peer/ech-decrypt"],
  ":DIGEST_CHECK_FAILED:": ["peer/bad-finished", "peer/bad-binder"],
  ":ECH_REJECTED:": ["peer/ech-required"],
  ":INCONSISTENT_ECH_NEGOTIATION:": ["peer/ech"],
  ":INVALID_CLIENT_HELLO_INNER:": ["peer/ech"],
  ":INVALID_OUTER_EXTENSION:": ["peer/ech"],
  ":NO_SUPPORTED_PSK_MODE:": ["peer/unknown-psk-identity"],
  ":OLD_SESSION_PRF_HASH_MISMATCH:": ["peer/psk-hash"],
  ":PRE_SHARED_KEY_MUST_BE_LAST:": ["peer/psk-not-last"],
  ":PSK_IDENTITY_BINDER_COUNT_MISMATCH:": ["peer/psk-binder-count"],
  ":PSK_IDENTITY_NOT_FOUND:": [
    "peer/psk-identity",
    "peer/unknown-psk-identity",
    "peer/client-hello-changed",
  ],
};

/** How the shim prints a token: in brackets, so that no code is the beginning of another. */
export function errorToken(token: Token): string {
  return `[${token}]`;
}

/** The runner's `ErrorMap`. */
export const ERROR_MAP: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries({
    ...LOCAL,
    ...RECORDS,
    ...MESSAGES,
    ...NEGOTIATION,
    ...AUTHENTICATION,
    ...SESSIONS,
  }).map(([expected, tokens]) => [expected, tokens.map(errorToken)]),
);
