/**
 * What each error code means and what a person can do about it, for `docs/errors.md`. A code that is missing here does not
 * compile.
 *
 * @module
 */
import type { TlsErrorCode } from "@sealane/wire";

/** What happened, and what to do. */
export type Advice = readonly [happened: string, todo: string];

const THEIRS =
  "It is a fault of the other implementation, or somebody changes bytes on the way: report it to its authors, with the message.";
const CHANGED = "Bytes were changed on the way, or the two ends do not have the same keys.";
const NOT_FOR_USERS = "Report it, with the message and the `cause`.";

/** By code. */
export const ADVICE: Readonly<Record<TlsErrorCode, Advice>> = {
  "peer/alert": [
    "The peer ended the connection with an alert.",
    "The message says what the alert usually means; `receivedAlert` has its number. The log of the peer may say more.",
  ],
  "peer/truncated": [
    "The peer's bytes ended without close_notify.",
    "Before or during the handshake: try the port with another tool, since it may want another protocol or TLS 1.2. Later: do not trust that the data is whole, unless its own format says so; `allowTruncation` takes it for an end.",
  ],
  "peer/not-tls": [
    "The first bytes are no TLS record.",
    "Look at the port and at the protocol; mail protocols may want STARTTLS first.",
  ],
  "peer/record-version": ["A record has a version that TLS 1.3 does not allow.", THEIRS],
  "peer/record-type": ["A record is of a type that does not exist.", THEIRS],
  "peer/record-overflow": ["A record is longer than allowed.", THEIRS],
  "peer/bad-record-mac": ["A record could not be decrypted.", CHANGED],
  "peer/bad-inner-plaintext": ["A decrypted record has no content type.", THEIRS],
  "peer/bad-change-cipher-spec": ["change_cipher_spec came where it may not.", THEIRS],
  "peer/too-many-change-cipher-specs": [
    "Too many change_cipher_spec records came.",
    "The peer may be attacking.",
  ],
  "peer/too-many-empty-records": ["Too many empty records came.", "The peer may be attacking."],
  "peer/too-many-warning-alerts": ["Too many warning alerts came.", "The peer may be attacking."],
  "peer/too-many-key-updates": [
    "The peer updates keys more often than the limit allows.",
    "The peer may be attacking; `limits` has the number.",
  ],
  "peer/bad-alert": ["An alert is malformed.", THEIRS],
  "peer/bad-alert-level": ["An alert is of a level that does not exist.", THEIRS],
  "peer/unexpected-application-data": ["Application data came during the handshake.", THEIRS],
  "peer/decode-error": ["A message does not have the form that its definition gives it.", THEIRS],
  "peer/unexpected-message": ["A message came where another was expected.", THEIRS],
  "peer/excess-handshake-data": ["Bytes follow a message after which the keys change.", THEIRS],
  "peer/interleaved-record": ["A record came between two parts of a handshake message.", THEIRS],
  "peer/wrong-level": ["Handshake bytes came at another encryption level than expected.", THEIRS],
  "peer/message-too-large": [
    "A message is longer than the limit.",
    "If it is meant to be: `limits` in the configuration has the number that the message names.",
  ],
  "peer/duplicate-extension": ["A message has an extension twice.", THEIRS],
  "peer/duplicate-hello-extension": ["A hello has an extension twice.", THEIRS],
  "peer/unsolicited-extension": ["A response has an extension that was not offered.", THEIRS],
  "peer/extension-not-allowed": ["An extension stands in a message that may not have it.", THEIRS],
  "peer/extension-of-quic": [
    "A client over TCP sent QUIC transport parameters.",
    "It is a client of QUIC: use `@sealane/quic-tls`.",
  ],
  "peer/missing-extension": ["An extension that has to be there is not.", THEIRS],
  "peer/version": [
    "The peer does not speak TLS 1.3.",
    "Have TLS 1.3 switched on there: Sealane speaks nothing older.",
  ],
  "peer/compression-methods": ["A ClientHello offers record compression.", THEIRS],
  "peer/compression-method": ["A ServerHello chooses record compression.", THEIRS],
  "peer/session-id": [
    "legacy_session_id is not echoed, or stands in a ClientHello over QUIC.",
    THEIRS,
  ],
  "peer/no-common-cipher-suite": [
    "Client and server have no cipher suite in common.",
    "The message names both lists: add one of the client's to `cipherSuites`, or a provider that has it.",
  ],
  "peer/no-common-group": [
    "Client and server have no group in common.",
    "The message names both lists: add one of the client's to `groups`.",
  ],
  "peer/no-common-signature-scheme": [
    "No certificate of the server can sign with a scheme that the client takes.",
    "The message names both lists: add a certificate with another kind of key.",
  ],
  "peer/no-application-protocol": [
    "Client and server have no application protocol in common (ALPN).",
    "Add one of the client's to `alpn`, or set `ignoreUnknownAlpn`.",
  ],
  "peer/application-protocol": ["The server chose a protocol that was not offered.", THEIRS],
  "peer/cipher-suite": ["The server chose a cipher suite that was not offered.", THEIRS],
  "peer/group": ["The server chose a group that was not offered, or has no share.", THEIRS],
  "peer/key-share": ["A key share is no public key of its group.", THEIRS],
  "peer/duplicate-key-share": ["A ClientHello has two shares for one group.", THEIRS],
  "peer/unneeded-hello-retry-request": ["A HelloRetryRequest changes nothing.", THEIRS],
  "peer/second-hello-retry-request": ["A second HelloRetryRequest came.", THEIRS],
  "peer/client-hello-changed": ["The second ClientHello differs in what may not change.", THEIRS],
  "peer/server-hello-changed": [
    "ServerHello differs from the HelloRetryRequest before it.",
    THEIRS,
  ],
  "peer/cookie": [
    "A cookie is not ours, too old, or was not asked for.",
    "Servers behind one address need the same `cookieKey`, and clocks that agree.",
  ],
  "peer/unrecognized-name": [
    "The server has no certificate for the name that the client asks for.",
    "Add a certificate for it, or look at the name in the client.",
  ],
  "peer/record-size-limit": ["record_size_limit is out of range.", THEIRS],
  "peer/tls-flags": ["tls_flags is malformed, or has flags that were not offered.", THEIRS],
  "peer/certificate-required": [
    "A client sent no certificate, and one is required.",
    "Give the client `credentials`; if it has some, its own error says why none fits.",
  ],
  "peer/certificate-request-context": [
    "certificate_request_context is not what it has to be.",
    THEIRS,
  ],
  "peer/signature-scheme": [
    "A signature is of a scheme that was not offered, or not of its key.",
    THEIRS,
  ],
  "peer/bad-signature": [
    "A signature does not verify.",
    "The peer does not have the key of its certificate, or the bytes were changed on the way.",
  ],
  "peer/bad-finished": ["Finished does not verify.", CHANGED],
  "peer/key-usage": [
    "The key of the certificate may not sign a handshake.",
    "The certificate needs digitalSignature in its keyUsage.",
  ],
  "peer/oid-filters": ["A certificate does not fit the filters of the request.", THEIRS],
  "peer/ocsp-response": [
    "The stapled OCSP response is malformed, out of date, of another certificate or of a wrong responder.",
    "Renew the staple on the server; look at both clocks.",
  ],
  "peer/bad-certificate": [
    "A certificate is malformed, or a signature in the chain does not verify.",
    "Look at the chain with `openssl x509 -text`: order, and whether each is signed by the next.",
  ],
  "peer/certificate-name": [
    "The certificate is not for the name that the client wanted.",
    "The message names both: connect under a name of the certificate, or get one for this name.",
  ],
  "peer/unsupported-certificate": [
    "The certificate is of a kind, or for a purpose, that does not fit.",
    "The message says what does not fit: extended key usage, algorithm or critical extension.",
  ],
  "peer/certificate-revoked": ["The certificate is revoked.", "Get a new one."],
  "peer/certificate-expired": [
    "A certificate is not valid now.",
    "Renew it; look at the clock of this machine.",
  ],
  "peer/certificate-unknown": [
    "The certificate is not taken, for another reason.",
    "The message says why.",
  ],
  "peer/certificate-transparency": [
    "There are too few signed certificate timestamps that verify.",
    "Get a certificate with SCTs, or change `certificateTransparency`.",
  ],
  "peer/unknown-ca": [
    "No path leads to a trust anchor.",
    "The server may send too few certificates; else add its root to `trust`. A self-signed certificate has to be an anchor itself.",
  ],
  "peer/access-denied": [
    "The peer is known, and not let in.",
    "The program refuses it: look at its `verifyPeer`.",
  ],
  "peer/psk-identity": ["The server chose a PSK that was not offered.", THEIRS],
  "peer/psk-hash": ["The server chose a PSK of another hash than the suite's.", THEIRS],
  "peer/psk-mode": ["The server does not keep to the PSK mode.", THEIRS],
  "peer/psk-not-last": ["pre_shared_key is not the last extension.", THEIRS],
  "peer/psk-binder-count": ["There are not as many binders as identities.", THEIRS],
  "peer/bad-binder": ["A PSK binder does not verify.", "The two ends do not have the same PSK."],
  "peer/unknown-psk-identity": [
    "No PSK of the client is known, and there is no certificate.",
    "Look at the identity and the hash on both sides, or give the server `credentials`.",
  ],
  "peer/psk-required": [
    "The client takes a PSK only, and the server chose none.",
    "Look at the identity and the hash on both sides.",
  ],
  "peer/early-data": ["The server took early data that it may not take.", THEIRS],
  "peer/ticket": ["A ticket is malformed, or lives too long.", THEIRS],
  "peer/too-much-early-data": ["More early data came than was allowed.", THEIRS],
  "peer/too-much-skipped-early-data": [
    "More early data had to be skipped than the limit allows.",
    "The peer may be attacking.",
  ],
  "peer/key-update-request": ["KeyUpdate has a value that does not exist.", THEIRS],
  "peer/authentication-request": ["A request for a certificate is wrong.", THEIRS],
  "peer/too-many-authentication-requests": [
    "The server asks for certificates too often.",
    "The peer may be attacking.",
  ],
  "peer/authentication-request-in-quic": [
    "A CertificateRequest came after the handshake over QUIC.",
    THEIRS,
  ],
  "peer/certificate-compression-algorithm": [
    "A certificate is compressed in a way that was not offered.",
    THEIRS,
  ],
  "peer/certificate-too-large": [
    "A compressed certificate claims more than the limit.",
    "If it is meant to be: `limits` has the number.",
  ],
  "peer/certificate-decompression": [
    "A compressed certificate does not decompress to what it claims.",
    THEIRS,
  ],
  "peer/delegated-credential": [
    "A delegated credential is wrong.",
    "The message says what: its dates, its signature, or the certificate that may not delegate.",
  ],
  "peer/unsolicited-delegated-credential": ["A delegated credential came unasked.", THEIRS],
  "peer/certificate-type": [
    "The two ends have no certificate type in common.",
    "Look at `certificateTypes` and `peerCertificateTypes`.",
  ],
  "peer/certificate-type-list": ["A list of certificate types is malformed.", THEIRS],
  "peer/raw-public-key": [
    "A raw public key is malformed or not trusted.",
    "Add it to `trustedPublicKeys` if it is right.",
  ],
  "peer/ech": ["Encrypted Client Hello is used wrongly.", THEIRS],
  "peer/ech-decrypt": ["A second encrypted ClientHello could not be decrypted.", THEIRS],
  "peer/ech-required": [
    "The server did not take the Encrypted Client Hello.",
    "Connect once more with `echRetryConfigs` of the error, or without ECH where that is `null`.",
  ],
  "local/internal": [
    "Something went wrong in Sealane, in the provider or in a callback that threw no `TlsError`.",
    NOT_FOR_USERS,
  ],
  "local/callback": [
    "A callback of the program gave something that cannot be used.",
    "The message names the callback and the value.",
  ],
  "local/aborted": [
    "The program ended the connection, or a time limit did.",
    "The message says which; `cause` has the reason of the signal.",
  ],
  "local/handshake-refused": ["The program refused the handshake.", "Its own message says why."],
  "local/certificate-refused": [
    "The program refused the peer's certificate.",
    "Its own message or `cause` says why.",
  ],
  "local/sequence-number": [
    "The numbers of records or packets are used up.",
    "Update keys earlier.",
  ],
  "local/aead-limit": ["A key has protected as much as it may.", "Update keys earlier."],
  "local/transport": [
    "What carries the bytes failed.",
    "`cause` is the error of the system, with its own `code`.",
  ],
  "api/config": ["The configuration cannot work.", "The message says which option to change."],
  "api/state": ["A function was called at the wrong time.", "The message says which."],
  "api/argument": ["An argument cannot be used.", "The message says which, and what it has to be."],
};
