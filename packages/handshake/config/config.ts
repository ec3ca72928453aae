/**
 * The configuration of both roles. It is checked when it is made ({@link resolveClientConfig},
 * {@link resolveServerConfig}), so that a mistake is found before the first connection. A configuration serves any number of
 * connections and does not change: to go on with another one, make a new object.
 *
 * @module
 */
import type { TrustSource } from "@sealane/pki";
import type { CryptoProvider, MaybePromise } from "@sealane/providers";
import type { CertificateType, CipherSuiteId, NamedGroup, SignatureScheme } from "@sealane/wire";
import type { Credential } from "../identity/credential.ts";
import type { ClientCredentialSelector, CredentialChoice } from "./credential_request.ts";
import type { EchKey } from "./ech_keys.ts";
import type { CustomExtension } from "./custom_extension.ts";
import type { CertificateCompression } from "../extensions/compression_algorithms.ts";
import type { TicketRequest } from "../extensions/ticket_request.ts";
import type { HandshakeLimitOptions } from "./limits.ts";
import type { Observer } from "./observer.ts";
import type { PeerIdentity } from "../identity/peer.ts";
import type { ExternalPsk } from "./external_psk.ts";
import type { ClientSessionCache } from "../session/client_cache.ts";
import type { ReplayGuard } from "../session/replay.ts";
import type { Session } from "../session/session.ts";
import type { Tickets } from "../session/tickets.ts";
import type { OcspPolicy, TransparencyPolicy } from "./policies.ts";

/** What both roles have. */
export interface CommonConfig {
  /** The primitives. */
  readonly provider: CryptoProvider;
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

/** What a verification callback is told besides the peer. */
export interface VerifyRequest {
  /** Who is being verified. */
  readonly role: "server" | "client";
  /**
   * On a client: the name that the server must have; `null` if none was asked for. Where the server did not take an encrypted
   * ClientHello it is the public name, which the server has to prove before its retry configurations count.
   */
  readonly serverName: string | null;
  /** Milliseconds since 1970, of the configured clock. */
  readonly now: number;
  /** Aborted when the handshake is. */
  readonly signal: AbortSignal;
}

/** What a client wants of one connection. */
export interface ClientTarget {
  /**
   * The host: a DNS name (sent as SNI and verified; characters beyond ASCII become A-labels, a dot at the end goes) or an IP
   * address (verified only; brackets and zone go). A client that verifies certificates has to have one, unless
   * {@link ClientConfig.dangerouslyAcceptAnyServerName} says otherwise.
   */
  readonly serverName?: string;
  /**
   * The groups that the server takes, as far as its `tls-supported-groups` parameter in DNS says so (a hint that nobody
   * authenticates): the first of ours in it gets the key share. Unless given, that is up to {@link ClientConfig.keyShares}.
   */
  readonly supportedGroups?: readonly NamedGroup[];
  /** A session to resume, in place of one from the cache. */
  readonly session?: Session;
  /** The name under which sessions are kept in the cache; `serverName` unless given. */
  readonly sessionKey?: string;
}

/** The configuration of a client. */
export interface ClientConfig extends CommonConfig {
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
}

/** What a client's PSKs have to fit. */
export interface PskRequest {
  /** What the client was told to connect to. */
  readonly target: ClientTarget;
  /** The names of the hashes of its suites, most preferred first; PSKs of another hash are left out. */
  readonly hashes: readonly string[];
  /** Aborted when the handshake is. */
  readonly signal: AbortSignal;
}

/** How a client encrypts its ClientHello. */
export interface ClientEch {
  /** The ECHConfigList, most preferred first. Configurations that cannot be used are skipped. */
  readonly configList: Uint8Array;
  /**
   * What to do if none of them can be used: connect without and send an imitation (`grease`, unless given), connect without
   * (`omit`), or make the configuration an error (`refuse`).
   */
  readonly ifUnusable?: "grease" | "omit" | "refuse";
}

/** The configuration of a server. */
export interface ServerConfig extends CommonConfig {
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
}

/** How a server takes early data. */
export interface ServerEarlyData {
  /** Refuses early data that was seen before: `createReplayGuard`. One guard serves all servers of one name. */
  readonly replayGuard: ReplayGuard;
  /** Most bytes of early data; 14,336 unless given. Under an external PSK it is what that says. */
  readonly maxSize?: number;
  /** Has the last word on early data: of a session, or where that is `null` of the external PSK with this identity. */
  readonly accept?: (
    hello: ClientHelloInfo,
    session: Session | null,
    pskIdentity: Uint8Array | null,
  ) => MaybePromise<boolean>;
}

/** Chooses a server's credential, or gives a list to choose from; `null` ends the handshake with handshake_failure. */
export type ServerCredentialSelector = (
  hello: ClientHelloInfo,
) => MaybePromise<CredentialChoice>;

/** What a ClientHello says, for callbacks. */
export interface ClientHelloInfo {
  /** The host name of server_name; `null` without one. */
  readonly serverName: string | null;
  /** The offered application protocols; empty without ALPN. */
  readonly alpn: readonly Uint8Array[];
  /** The offered cipher suites, in the client's order. */
  readonly cipherSuites: readonly CipherSuiteId[];
  /** The client's groups, in its order. */
  readonly groups: readonly NamedGroup[];
  /** The schemes that the client accepts in CertificateVerify. */
  readonly signatureSchemes: readonly SignatureScheme[];
  /** The schemes that the client accepts in certificates. */
  readonly certificateSignatureSchemes: readonly SignatureScheme[];
  /** The schemes that the client accepts with a delegated credential (RFC 9345); `null` if it takes none. */
  readonly delegatedCredentialSchemes: readonly SignatureScheme[] | null;
  /** The authorities that the client names, DER names; empty: any. */
  readonly certificateAuthorities: readonly Uint8Array[];
  /** What the client takes from a server: X.509 unless it says otherwise (RFC 7250). */
  readonly serverCertificateTypes: readonly CertificateType[];
  /** The types of all its extensions, in its order. */
  readonly extensions: readonly number[];
  /** The whole message, header and body. */
  readonly bytes: Uint8Array;
  /** Aborted when the handshake is. */
  readonly signal: AbortSignal;
}
