/**
 * Options of `connect`: those of the stream, of `ClientTarget` and of `ClientConfig`.
 * Made by `deno task build:options`: what is to be changed stands in those.
 *
 * @module
 */
import type {
  CertificateCompression,
  ClientCredentialSelector,
  ClientEch,
  ClientSessionCache,
  Credential,
  CustomExtension,
  ExternalPsk,
  HandshakeLimitOptions,
  Observer,
  OcspPolicy,
  PeerIdentity,
  PskRequest,
  Session,
  TicketRequest,
  TransparencyPolicy,
  VerifyRequest,
} from "@sealane/handshake";
import type { TrustSource } from "@sealane/pki";
import type { CryptoProvider, MaybePromise } from "@sealane/providers";
import type { PaddingPolicy, RecordLimits } from "@sealane/record";
import type { CertificateType, CipherSuiteId, NamedGroup, SignatureScheme } from "@sealane/wire";
import type { ConnectionEvent } from "../connection/connection_options.ts";

/** Options of `connect`: those of the stream, of `ClientTarget` and of `ClientConfig`. */
export interface ConnectOptions {
  /** The host to connect to, and the name that it must have; 127.0.0.1 unless given. */
  readonly hostname?: string;
  /** The TCP port. */
  readonly port: number;
  /** The name that the server must have, where it is not `hostname`. */
  readonly serverName?: string;
  /**
   * What to send as early data, if a session allows it: see `TlsConn.earlyDataResult`, which has to be looked at. Anybody can
   * replay it (RFC 9846 appendix F.5).
   */
  readonly earlyMessage?: Uint8Array;
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
   * The groups that the server takes, as far as its `tls-supported-groups` parameter in DNS says so (a hint that nobody
   * authenticates): the first of ours in it gets the key share. Unless given, that is up to {@link ClientConfig.keyShares}.
   */
  readonly supportedGroups?: readonly NamedGroup[];
  /** A session to resume, in place of one from the cache. */
  readonly session?: Session;
  /** The name under which sessions are kept in the cache; `serverName` unless given. */
  readonly sessionKey?: string;
  /**
   * Whether a target without `serverName` is allowed, so that a trusted certificate of any server will do; false unless given.
   */
  readonly dangerouslyAcceptAnyServerName?: boolean;
  /**
   * The groups to send key shares for, in order of `groups`. Unless given: the first group, the first of the other kind
   * (post-quantum or not), plain groups whose key is part of a hybrid share, and curveSM2 with suites of RFC 8998. Empty: none, which makes the server answer
   * with a HelloRetryRequest.
   */
  readonly keyShares?: readonly NamedGroup[];
  /** The certificate to answer a CertificateRequest with: a list, of which the first that fits is taken, or a function. */
  readonly credentials?: readonly Credential[] | ClientCredentialSelector;
  /** What this client can authenticate with, most preferred first; the types of a list of `credentials` unless given. */
  readonly certificateTypes?: readonly CertificateType[];
  /** Whether to send the extensions of ClientHello in random order; false unless given. */
  readonly permuteExtensions?: boolean;
  /** Whether to accept an application protocol that was not offered; false unless given. */
  readonly allowUnknownAlpn?: boolean;
  /** Where sessions are kept between connections. Without it, use the `ticket` events. */
  readonly sessionCache?: ClientSessionCache;
  /**
   * Chooses the external PSKs for a connection, most preferred first, after those of `externalPsks`: for instance by the
   * name of the server.
   */
  readonly selectPsks?: (request: PskRequest) => MaybePromise<readonly ExternalPsk[]>;
  /** How many tickets to ask for (RFC 9149), 0 to 255 each; the server decides unless given. */
  readonly ticketRequest?: TicketRequest;
  /**
   * Whether to send early data with a session or an external PSK that allows it; false unless given. It can be replayed: RFC
   * 9846 appendix F.5.
   */
  readonly earlyData?: boolean;
  /**
   * Encrypted Client Hello (RFC 9849): the server's configuration, as DNS or a `peer/ech-required` error gave it, or
   * `"grease"` to send an imitation. Nothing of it is sent unless given. It hides `server_name` and PSKs; all other extensions,
   * ALPN included, stand in the outer ClientHello too.
   */
  readonly ech?: ClientEch | "grease";
  /**
   * Whether the server has to take one of the PSKs; false unless given. With it a client needs no `trust`: a certificate is
   * refused unseen.
   */
  readonly requirePsk?: boolean;
  /**
   * Whether to offer PSKs, those of tickets included, for use without a key exchange only (psk_ke alone): for small devices.
   * Without forward secrecy, whoever learns the key reads all that was ever sent under it. False unless given. With
   * `requirePsk` nothing else is offered, and there is no key_share in ClientHello; else a server without the PSK may still
   * authenticate with a certificate, which takes a key exchange.
   */
  readonly pskOnly?: boolean;
  /** Whether to offer post-handshake client authentication (RFC 9846 section 4.3.6); false unless given. */
  readonly postHandshakeAuthentication?: boolean;
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
