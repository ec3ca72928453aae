/**
 * Options of `listen`: those of the stream and of `ServerConfig`.
 * Made by `deno task build:options`: what is to be changed stands in those.
 *
 * @module
 */
import type {
  CertificateCompression,
  ClientHelloInfo,
  Credential,
  CustomExtension,
  EchKey,
  ExternalPsk,
  HandshakeLimitOptions,
  Observer,
  OcspPolicy,
  PeerIdentity,
  ServerConfig,
  ServerCredentialSelector,
  ServerEarlyData,
  Tickets,
  TransparencyPolicy,
  VerifyRequest,
} from "@sealane/handshake";
import type { TrustSource } from "@sealane/pki";
import type { CryptoProvider, MaybePromise, Passphrase } from "@sealane/providers";
import type { PaddingPolicy, RecordLimits } from "@sealane/record";
import type { CertificateType, CipherSuiteId, NamedGroup, SignatureScheme } from "@sealane/wire";
import type { ConnectionEvent } from "../connection/connection_options.ts";

/** Options of `listen`: those of the stream and of `ServerConfig`. */
export interface ListenOptions {
  /** The address to listen on; 0.0.0.0 unless given. */
  readonly hostname?: string;
  /** The TCP port; 0 for one that is free. */
  readonly port: number;
  /**
   * Told of each error that kept a connection from being accepted: one that was reset before, or the system's when it has no
   * descriptor left. The listener goes on: it waits where it has to, 5 ms at first and at most a second.
   */
  readonly onAcceptError?: (error: unknown) => void;
  /**
   * The chain, in any order: PEM, or the bytes of a PEM, DER or PKCS#7 file. It may stand in one text with the key.
   */
  readonly cert?: string | Uint8Array;
  /** The private key: PEM, or the bytes of a PEM or DER file of PKCS#8, SEC1, PKCS#1 or PKCS#12. */
  readonly key?: string | Uint8Array;
  /** The passphrase of an encrypted key. */
  readonly passphrase?: Passphrase;
  /**
   * Whether sessions are resumed where the configuration does not say how: a client keeps them in a cache that it shares with
   * all others of this process that have the same `trust`, a server gives tickets that only it can open. True unless given.
   */
  readonly resume?: boolean;
  /** Ends the connection with an error as soon as it is aborted, during the handshake and after it. */
  readonly signal?: AbortSignal;
  /** How long the handshake may take, milliseconds; 60,000 unless given. */
  readonly handshakeTimeout?: number;
  /**
   * How long an end waits, milliseconds; 1,000 unless given. `TlsStream.close` waits as long for the transport to take
   * more of what was written, and any end, after it, as long for the last alert to go out and the peer to close: a socket
   * that is closed with unread bytes resets the connection, and the last data or the alert would be lost with it.
   */
  readonly closeTimeout?: number;
  /** Told of everything that happens on the connection except data, in order; it must not throw. */
  readonly onEvent?: (event: Exclude<ConnectionEvent, { type: "data" }>) => void;
  /** Most bytes of content in a record that is sent: 64 to 16,384, which is what it is unless given. */
  readonly maxFragment?: number;
  /** How much to pad records that are sent; not at all unless given. */
  readonly padding?: PaddingPolicy;
  /** Bounds on the records of the peer. */
  readonly recordLimits?: Partial<RecordLimits>;
  /** Whether the end of the stream without close_notify is taken for an end; unless given it is `peer/truncated`. */
  readonly allowTruncation?: boolean;
  /** Most bytes that `Connection.write` holds until the handshake is done; 1 MiB unless given. */
  readonly heldBytes?: number;
  /** Most bytes that wait while an earlier `Connection.receive` is pending; 262,144 unless given. */
  readonly pendingBytes?: number;
  /**
   * Most bytes of declined early data that a server skips, records with their headers. Unless given 16,384, and where the
   * configuration takes more early data than is usual, as much more.
   */
  readonly skippedEarlyData?: number;
  /**
   * The credentials to choose from, most preferred first, or a function that chooses from the ClientHello. Of a list, those
   * for the name that the client asks for go first. A function is asked for every connection, so it is also the way to
   * replace certificates while connections go on: `credentials: () => current`.
   */
  readonly credentials?: readonly Credential[] | ServerCredentialSelector;
  /**
   * Called with every ClientHello before anything is chosen; may give the configuration to go on with, for instance
   * for the name in it. Throw a `TlsError` to refuse the client, with code `peer/unrecognized-name` if the name is the reason.
   */
  readonly onClientHello?: (hello: ClientHelloInfo) => MaybePromise<ServerConfig | void>;
  /**
   * The keys for Encrypted Client Hello (RFC 9849), newest first. Publish {@link echConfigList} of them, and have a
   * certificate for their public name. A HelloRetryRequest of a connection with ECH needs the same `Handshake` to go on.
   */
  readonly echKeys?: readonly EchKey[];
  /**
   * Called with an inner ClientHello that was opened: `false` goes on with the outer one, and tells the client to come back
   * without ECH, for instance because the server of that name cannot have it. Always `true` unless given.
   */
  readonly acceptEch?: (inner: ClientHelloInfo) => MaybePromise<boolean>;
  /** Chooses the application protocol in place of `alpn`; `null` agrees on none. */
  readonly selectAlpn?: (offered: readonly Uint8Array[]) => MaybePromise<Uint8Array | null>;
  /** Whether a client that offers ALPN without a protocol in common may go on without; false unless given. */
  readonly ignoreUnknownAlpn?: boolean;
  /** Whether to follow the server's order of cipher suites; unless given the client's. */
  readonly preferServerCipherSuites?: boolean;
  /**
   * Whether the first common group of `groups` is used even if the client has to be asked for a share of it
   * (HelloRetryRequest). Unless given, only a post-quantum group is worth that round trip.
   */
  readonly preferServerGroups?: boolean;
  /** Whether to ask the client for a certificate: `required` ends the handshake without one. */
  readonly clientAuthentication?: "none" | "requested" | "required";
  /** Whether to acknowledge the client's server_name in EncryptedExtensions; true unless given. */
  readonly acknowledgeServerName?: boolean;
  /** Finds an external PSK by the name that a client sends; asked after `externalPsks`. */
  readonly findPsk?: (identity: Uint8Array) => MaybePromise<ExternalPsk | null>;
  /** How sessions become tickets; without it there is no resumption. */
  readonly tickets?: Tickets;
  /** How many tickets to send after the handshake; 2 unless given. */
  readonly ticketCount?: number;
  /** Most tickets to send to a client that asks for a number (RFC 9149); 4 unless given. */
  readonly maxTicketCount?: number;
  /** How long a ticket serves, in seconds, at most 604,800; 172,800 unless given. */
  readonly ticketLifetime?: number;
  /** Flags to set in tickets. */
  readonly ticketFlags?: readonly number[];
  /** Accepts early data; without it, early data is declined. */
  readonly earlyData?: ServerEarlyData;
  /** What early data depends on besides ALPN, for instance the server's settings: sessions of another context get none. */
  readonly earlyDataContext?: Uint8Array;
  /** The OCSP response to staple, in place of the credential's; called only if the client asks. */
  readonly ocspResponse?: (
    credential: Credential,
    hello: ClientHelloInfo,
  ) => MaybePromise<Uint8Array | null>;
  /**
   * Makes HelloRetryRequests stateless: 32 random bytes, the same on every server behind one address, that authenticate
   * the cookie. Without it no cookie is sent and the state is kept. See {@link ServerConfig.alwaysRetry}.
   */
  readonly cookieKey?: Uint8Array;
  /** Whether to answer every first ClientHello with a cookie, to see the client's address answer; false unless given. */
  readonly alwaysRetry?: boolean;
  /** The primitives; those of `defaultProvider()` unless given. */
  readonly provider?: CryptoProvider;
  /**
   * The cipher suites to use, most preferred first; all of the provider's unless given, but TLS_AES_128_CCM_8_SHA256, whose
   * tag has 64 bits. Those of RFC 8998 (ShangMi) are left out where `groups` or `signatureSchemes` lack curveSM2 or
   * sm2sig_sm3, unless they are named.
   */
  readonly cipherSuites?: readonly CipherSuiteId[];
  /**
   * Whether the suites of RFC 8998 go with curveSM2 and SM2 signatures alone (section 3.3, `"strict"`), as servers must that
   * conform to that profile; or with whatever the peer chooses (`"preferred"`, unless given): a server of ours keeps the
   * profile where the client lets it, and `info.shangmiProfile` says whether it was kept.
   */
  readonly shangmiProfile?: "strict" | "preferred";
  /** The groups to use, most preferred first; those of {@link DEFAULT_GROUPS} that the provider has unless given. */
  readonly groups?: readonly NamedGroup[];
  /**
   * The signature schemes to accept in CertificateVerify, most preferred first; those of
   * {@link DEFAULT_SIGNATURE_SCHEMES} that the provider has unless given.
   */
  readonly signatureSchemes?: readonly SignatureScheme[];
  /** The signature schemes to accept in certificates, where they differ (signature_algorithms_cert). */
  readonly certificateSignatureSchemes?: readonly SignatureScheme[];
  /**
   * What the peer may authenticate with, most preferred first: X.509 unless given. A server that takes raw public keys (RFC
   * 7250) needs `verifyPeer` or `trustedPublicKeys`.
   */
  readonly peerCertificateTypes?: readonly CertificateType[];
  /**
   * Certificate compression (RFC 8879), most preferred first: what is accepted from the peer and used towards it. None unless
   * given; `builtinCompression()` has what the platform has.
   */
  readonly certificateCompression?: readonly CertificateCompression[];
  /**
   * The signature schemes to accept from peers that authenticate with a delegated credential (RFC 9345), most preferred first.
   * None unless given; `DELEGATED_CREDENTIAL_SCHEMES` has what is usual.
   */
  readonly delegatedCredentialSchemes?: readonly SignatureScheme[];
  /** The certificate authorities to name, DER names: a client in ClientHello, a server in CertificateRequest; none unless given. */
  readonly certificateAuthorities?: readonly Uint8Array[];
  /** Raw public keys to trust: the SHA-256 digests of their DER SubjectPublicKeyInfo. */
  readonly trustedPublicKeys?: readonly Uint8Array[];
  /** Application protocols (ALPN), most preferred first: strings, encoded as UTF-8, or bytes. */
  readonly alpn?: readonly (string | Uint8Array)[];
  /** Where certificate chains may end: the built-in verification of `@sealane/pki`. */
  readonly trust?: TrustSource;
  /**
   * How stapled OCSP responses count in the built-in verification: `must-staple` unless given. On a server, `verify` and
   * `require` also ask clients for one. A `verifyPeer` of the program's own may use `verifyStaple` of `@sealane/pki`.
   */
  readonly ocsp?: OcspPolicy;
  /**
   * The transparency logs that have to know of the peer's certificate, in the built-in verification; timestamps are then
   * asked for. Without it they are only shown to the program.
   */
  readonly certificateTransparency?: TransparencyPolicy;
  /** Whether to ask for an OCSP response (status_request): on a client true unless given, on a server see `ocsp`. */
  readonly requestOcsp?: boolean;
  /** Whether to ask for signed certificate timestamps: with `certificateTransparency` unless given. */
  readonly requestSignedCertificateTimestamps?: boolean;
  /**
   * Judges the peer in place of the built-in verification: throw a `TlsError` to refuse it. With code
   * `local/handshake-refused` the alert is handshake_failure, with `local/certificate-refused` certificate_unknown; the
   * `peer/…` codes of certificates work too, and `peer/access-denied` is for a peer whose certificate is good. What is not a `TlsError` counts as `local/certificate-refused`.
   */
  readonly verifyPeer?: (peer: PeerIdentity, request: VerifyRequest) => MaybePromise<void>;
  /**
   * Names the policy of `verifyPeer` or `trust`. A session is resumed only under the policy that it was made under: the same
   * name, trust anchors, pins, certificate types, signature schemes, and rules for staples and transparency. A `verifyPeer`
   * without a name is the same policy only as long as it is the same function, so sessions do not outlive the process.
   */
  readonly verificationPolicy?: string;
  /**
   * For how many seconds after the last handshake with a certificate or an external PSK sessions are resumed, however often
   * they were renewed in between; 604,800 (seven days) unless given.
   */
  readonly authenticationLifetime?: number;
  /**
   * Whether the remembered peer of a session is verified again before it is resumed; unless given, where `ocsp` is `require`.
   * One that does not pass costs a full handshake, as does one whose certificate or delegated credential has expired, which
   * is looked at in any case: a client does not offer the session, a server does not select it.
   */
  readonly verifyOnResumption?: boolean;
  /**
   * Whether a PSK may be used without a key exchange (psk_ke), and so without forward secrecy; false unless given. A server
   * prefers a key exchange where the client can have one.
   */
  readonly allowPskOnly?: boolean;
  /** External PSKs; a client offers them, a server accepts them. */
  readonly externalPsks?: readonly ExternalPsk[];
  /** Accepts every peer unseen: anybody in the path can read and change everything. For tests on one machine. */
  readonly dangerouslyDisableCertificateVerification?: boolean;
  /**
   * The largest record to be sent to us: bytes of an inner plaintext, 64 to 16,385 (RFC 8449); the extension is left out
   * unless given.
   */
  readonly recordSizeLimit?: number;
  /** Whether to send GREASE values (RFC 8701): a client in ClientHello, a server in its tickets; false unless given. */
  readonly grease?: boolean;
  /** Extensions of the program's own. */
  readonly customExtensions?: readonly CustomExtension[];
  /** Bounds on what the peer may send. */
  readonly limits?: HandshakeLimitOptions;
  /** Milliseconds since 1970; `Date.now` unless given. */
  readonly now?: () => number;
  /** Random bytes for hello randoms, session ids, GREASE and ticket fields; the provider's unless given. */
  readonly random?: (length: number) => Uint8Array;
  /** Watches the handshake; also the place for a key log. */
  readonly observer?: Observer;
}
