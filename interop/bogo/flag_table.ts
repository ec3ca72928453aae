/**
 * Every flag that BoringSSL's runner can pass to a shim (revision a0689af29, `ssl/test/test_config.cc`), as data. A flag
 * is either honoured, ignored for a reason that stands beside it, or not implemented, which makes the shim exit with 89.
 * The parser needs all of them, so that an argument is never mistaken for a flag.
 *
 * @module
 */

/** What follows a flag on the command line: nothing, or one argument that is read as the kind says. */
export type FlagKind =
  | "bool"
  | "int"
  | "string"
  | "base64"
  /** One number each time that the flag is given. */
  | "ints"
  /** One byte string each time that the flag is given. */
  | "base64s";

/** Flags that the shim honours. Those that begin with `expect-` are assertions, and all of them are checked. */
export const HONOURED = {
  // The harness.
  "port": "int",
  "shim-id": "string", // a u64, which is more than a number holds
  "ipv6": "bool",
  "is-handshaker-supported": "bool",
  "server": "bool",
  "quic": "bool",
  "resume-count": "int",

  // Versions and cipher suites.
  "min-version": "int",
  "max-version": "int",
  "expect-version": "int",
  "server-preference": "bool",
  "expect-cipher": "int",
  "expect-cipher-aes": "int",
  "expect-cipher-no-aes": "int",
  "fips-202205": "bool",
  "wpa-202304": "bool",
  "cnsa-202407": "bool",
  "cnsa1-202603": "bool",
  "cnsa2-202603": "bool",

  // Names and application protocols.
  "host-name": "string",
  "expect-server-name": "string",
  "expect-no-server-name": "bool",
  "no-server-name-ack": "bool",
  "advertise-alpn": "string",
  "expect-alpn": "string",
  "select-alpn": "string",
  "expect-advertised-alpn": "string",
  "decline-alpn": "bool",
  "reject-alpn": "bool",
  "select-empty-alpn": "bool",
  "allow-unknown-alpn-protos": "bool",

  // The data phase and the shape of the API.
  "shim-writes-first": "bool",
  "shim-initial-write": "string",
  "repeat-shim-initial-write": "int",
  "shim-shuts-down": "bool",
  "check-close-notify": "bool",
  "read-with-unfinished-write": "bool",
  "async": "bool",
  "implicit-handshake": "bool",
  "read-size": "int",
  "max-send-fragment": "int",
  "max-cert-list": "int",
  "key-update": "bool",
  "send-alert": "bool",
  "no-op-extra-handshake": "bool",
  "expect-msg-callback": "string",
  "export-keying-material": "int",
  "export-label": "string",
  "export-context": "string",
  "export-traffic-secrets": "bool",
  "use-early-callback": "bool",
  "fail-early-callback": "bool",
  "fail-cert-callback": "bool",
  "fail-ddos-callback": "bool",
  "enable-grease": "bool",
  "permute-extensions": "bool",

  // Key exchange.
  "curves": "ints",
  "key-shares": "ints",
  "no-key-shares": "bool",
  "server-supported-groups-hint": "ints",
  "expect-curve-id": "int",
  "expect-hrr": "bool",
  "expect-no-hrr": "bool",

  // Authentication.
  "verify-peer": "bool",
  "require-any-client-certificate": "bool",
  "verify-fail": "bool",
  "use-custom-verify-callback": "bool",
  "expect-verify-result": "bool",
  "expect-peer-cert-file": "string",
  "expect-no-peer-cert": "bool",
  "use-client-ca-list": "string",
  "expect-client-ca-list": "string",
  "verify-prefs": "ints",
  "expect-peer-signature-algorithm": "int",
  "expect-peer-verify-pref": "ints",
  "expect-selected-credential": "int",
  "accepted-peer-cert-types": "ints",
  "available-client-cert-types": "ints",
  "expect-peer-certificate-type": "int",
  "expect-peer-rpk-sha256": "base64",
  "install-cert-compression-algs": "bool",
  "install-one-cert-compression-alg": "int",

  // OCSP and SCT.
  "enable-ocsp-stapling": "bool",
  "expect-ocsp-response": "base64",
  "use-ocsp-callback": "bool",
  "fail-ocsp-callback": "bool",
  "decline-ocsp-callback": "bool",
  "enable-signed-cert-timestamps": "bool",
  "expect-signed-cert-timestamps": "base64",

  // Resumption and 0-RTT.
  "expect-session-miss": "bool",
  "expect-no-session": "bool",
  "no-ticket": "bool",
  "resumption-delay": "int",
  "resumption-across-names-enabled": "bool",
  "expect-resumable-across-names": "bool",
  "expect-not-resumable-across-names": "bool",
  "skip-ticket": "bool",
  "expect-ticket-age-skew": "int",
  "reverify-on-resume": "bool",
  "enable-early-data": "bool",
  "expect-ticket-supports-early-data": "bool",
  "expect-accept-early-data": "bool",
  "expect-reject-early-data": "bool",
  "expect-no-offer-early-data": "bool",
  "expect-early-data-reason": "string",
  "early-write-after-message": "int",

  // Encrypted Client Hello.
  "ech-config-list": "base64",
  "enable-ech-grease": "bool",
  "expect-ech-accept": "bool",
  "expect-ech-name-override": "string",
  "expect-no-ech-name-override": "bool",
  "expect-ech-retry-configs": "base64",
  "expect-no-ech-retry-configs": "bool",
  "reject-unusable-ech-config": "bool",
  "ech-server-config": "base64s",
  "ech-server-key": "base64s",
  "ech-is-retry-config": "ints",
  "fail-early-callback-ech-rewind": "bool",

  // QUIC.
  "quic-transport-params": "base64",
  "expect-quic-transport-params": "base64",
  "quic-use-legacy-codepoint": "int",
  "quic-early-data-context": "string",
} as const satisfies Record<string, FlagKind>;

/**
 * Flags of the newest credential: after `-new-…-credential` they speak of that one, before it of the default
 * credential.
 */
export const HONOURED_OF_CREDENTIAL = {
  "cert-file": "string",
  "key-file": "string",
  "signing-prefs": "ints",
  "ocsp-response": "base64",
  "signed-cert-timestamps": "base64",
  "must-match-issuer": "bool",
  "delegated-credential": "base64",
  "psk-importer-key": "base64",
  "psk-importer-identity": "base64",
  "psk-importer-context": "base64",
  "psk-importer-sha256": "bool",
  "psk-importer-sha384": "bool",
} as const satisfies Record<string, FlagKind>;

/** Flags that begin a new credential, with what the shim calls its kind. */
export const NEW_CREDENTIAL = {
  "new-delegated-credential": "delegated",
  "new-psk-credential": "psk",
  "new-rpk-credential": "raw-public-key",
  "new-x509-credential": "x509",
} as const;

/** A flag that is not honoured: what follows it, and why. */
export interface FlagNote {
  /** What follows the flag. */
  readonly kind: FlagKind;
  /** Why the flag is not honoured. */
  readonly why: string;
}

const note = (kind: FlagKind, why: string): FlagNote => ({ kind, why });

const OLD_VERSION = "turns off a version that Sealane does not speak";

/** Flags that change nothing here, and why that is right. */
export const IGNORED: Readonly<Record<string, FlagNote>> = {
  "no-tls1": note("bool", OLD_VERSION),
  "no-tls11": note("bool", OLD_VERSION),
  "no-tls12": note("bool", OLD_VERSION),
  "trust-cert": note("string", "the suite verifies with a callback, as BoringSSL's shim does"),
  "install-ddos-callback": note(
    "bool",
    "the callback only counts; -fail-ddos-callback is honoured",
  ),
  "use-old-client-cert-callback": note("bool", "chooses between two forms of one BoringSSL call"),
  "srtp-profiles": note("string", "SRTP is negotiated over DTLS only; over TLS it is not offered"),
  "no-legacy-server-connect": note("bool", "about renegotiation, which TLS 1.3 does not have"),
  "renegotiate-freely": note("bool", "about renegotiation, which TLS 1.3 does not have"),
  "allow-hint-mismatch": note("bool", "about BoringSSL's split handshake, which is not in use"),
  "jdk11-workaround": note("bool", "a workaround in versions below TLS 1.3"),
  "advertise-npn": note("string", "NPN does not exist in TLS 1.3: there is nothing to offer"),
  "select-next-proto": note("string", "NPN does not exist in TLS 1.3: there is nothing to offer"),
  "retain-only-sha256-client-cert": note("bool", "changes only what BoringSSL keeps in memory"),
  "use-export-context": note("bool", "an absent context is an empty one (RFC 9846 section 7.5)"),
  "expect-extended-master-secret": note("bool", "holds for every connection of TLS 1.3"),
  "expect-secure-renegotiation": note("bool", "holds for every connection of TLS 1.3"),
  "set-ocsp-in-callback": note("bool", "the response is asked for in a callback in any case"),
  "expect-no-session-id": note("bool", "sessions have no identifiers in TLS 1.3, only tickets"),
  "use-ticket-callback": note(
    "bool",
    "tickets are sealed and opened by an object of the program in any case",
  ),
  "use-ticket-aead-callback": note(
    "bool",
    "tickets are sealed and opened by an object of the program in any case",
  ),
  "renew-ticket": note("bool", "every resumption gets new tickets in any case"),
  "peek-then-read": note("bool", "data comes as events, which the program keeps: there is no peek"),
  "ticket-key": note("base64", "the tests that need BoringSSL's ticket format are disabled"),
};

const TLS12 = "TLS 1.2 or older";
const DTLS = "DTLS";
const SPLIT = "BoringSSL's split handshake";
const ALPS = "ALPS, a proprietary extension";
const CHANNEL_ID = "Channel ID, a proprietary extension";
const TRUST_ANCHORS = "trust anchor identifiers, a draft";
const PAKE = "SPAKE2+ in TLS, a draft";
const PADDING = "server padding, a draft";

/** Flags that the shim does not implement: it exits with 89. */
export const UNIMPLEMENTED: Readonly<Record<string, FlagNote>> = {
  "no-tls13": note("bool", TLS12),
  "cipher": note("string", "OpenSSL cipher strings"),
  "fallback-scsv": note("bool", TLS12),
  "advertise-empty-npn": note("bool", TLS12),
  "select-empty-next-proto": note("bool", TLS12),
  "expect-next-proto": note("string", TLS12),
  "expect-no-next-proto": note("bool", TLS12),
  "false-start": note("bool", TLS12),
  "allow-false-start-without-alpn": note("bool", TLS12),
  "cbc-record-splitting": note("bool", TLS12),
  "partial-write": note("bool", TLS12),
  "write-different-record-sizes": note("bool", TLS12),
  "tls-unique": note("bool", TLS12),
  "handshake-never-done": note("bool", TLS12),
  "handshake-twice": note("bool", TLS12),
  "expect-certificate-types": note("base64", TLS12),
  "expect-ticket-renewal": note("bool", TLS12),
  "expect-session-id": note("bool", TLS12),
  "psk": note("string", TLS12),
  "psk-identity": note("string", TLS12),
  "expect-no-secure-renegotiation": note("bool", TLS12),
  "expect-total-renegotiations": note("int", TLS12),
  "renegotiate-once": note("bool", TLS12),
  "renegotiate-ignore": note("bool", TLS12),
  "renegotiate-explicit": note("bool", TLS12),
  "forbid-renegotiation-after-handshake": note("bool", TLS12),
  "use-exporter-between-reads": note("bool", TLS12),
  "expect-sha256-client-cert": note("bool", "a BoringSSL call to save memory"),
  "dtls": note("bool", DTLS),
  "mtu": note("int", DTLS),
  "initial-timeout-duration-ms": note("int", DTLS),
  "private-key-delay-ms": note("int", DTLS),
  "key-update-before-read": note("bool", DTLS),
  "handshake-hints": note("bool", SPLIT),
  "handshaker-resume": note("bool", SPLIT),
  "handshaker-path": note("string", SPLIT),
  "fuzzer-mode": note("bool", "BoringSSL's fuzzing builds"),
  "write-settings": note("string", "BoringSSL's fuzzing corpus"),
  "wait-for-debugger": note("bool", "a debugger of native code"),
  "application-settings": note("string", ALPS),
  "defer-alps": note("bool", ALPS),
  "expect-peer-application-settings": note("string", ALPS),
  "alps-use-new-codepoint": note("int", ALPS),
  "send-channel-id": note("string", CHANNEL_ID),
  "enable-channel-id": note("bool", CHANNEL_ID),
  "expect-channel-id": note("base64", CHANNEL_ID),
  "requested-trust-anchors": note("base64", TRUST_ANCHORS),
  "available-trust-anchors": note("base64", TRUST_ANCHORS),
  "expect-peer-match-trust-anchor": note("bool", TRUST_ANCHORS),
  "expect-no-peer-match-trust-anchor": note("bool", TRUST_ANCHORS),
  "expect-peer-available-trust-anchors": note("base64", TRUST_ANCHORS),
  "cert-properties": note("base64", TRUST_ANCHORS),
  "new-spake2plusv1-credential": note("bool", PAKE),
  "pake-context": note("base64", PAKE),
  "pake-client-id": note("base64", PAKE),
  "pake-server-id": note("base64", PAKE),
  "pake-password": note("base64", PAKE),
  "wrong-pake-role": note("bool", PAKE),
  "request-server-padding": note("int", PADDING),
  "server-supports-padding": note("bool", PADDING),
  "expect-server-sent-requested-padding": note("bool", PADDING),
  "curves-flags": note("ints", "groups of equal preference"),
};
