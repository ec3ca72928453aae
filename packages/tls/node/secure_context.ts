/**
 * What several connections share: keys and certificates, who is trusted, algorithms. `tls.createSecureContext()`.
 *
 * @module
 */
import type { Credential } from "@sealane/handshake";
import {
  type Certificate,
  certificatesFromPem,
  isSelfIssued,
  parseCertificate,
  RevocationLists,
  TrustStore,
} from "@sealane/pki";
import {
  type CryptoProvider,
  defaultProvider,
  isPromise,
  type MaybePromise,
} from "@sealane/providers";
import { type CipherSuiteId, type NamedGroup, TlsError, utf8 } from "@sealane/wire";
import { cipherSuitesOf, groupsOf, type SchemeChoice, schemesOf } from "./algorithms.ts";
import { defaultTrust } from "./ca_certificates.ts";
import { compressionOf } from "./certificate_compression.ts";
import { credentialsOf, type Pem, type PemKey } from "./credentials.ts";

import { DEFAULTS } from "./defaults.ts";
import { argumentTypeError, argumentValueError, nodeError } from "./node_error.ts";
import { refuseUnknownOptions } from "./option_names.ts";
import { openPfx, type PfxSource } from "./pfx.ts";
import { ContextTicketKeys, TICKET_KEYS_LENGTH } from "./ticket_keys.ts";
import {
  bytesOf,
  listOf,
  refuseEmpty,
  textOf,
  validateBuffer,
  validateInteger,
  validateKeyOrCertificate,
  validateObject,
  validateString,
} from "./validate.ts";
import { checkVersions, type VersionOptions } from "./versions.ts";
import type { CertificateCompression } from "@sealane/handshake";

/** Options of `createSecureContext()`. `null` is the same as nothing. */
export interface SecureContextOptions extends VersionOptions {
  /** The certificate authorities to trust; see `getCACertificates()` for those that are unless given. */
  readonly ca?: Pem | readonly Pem[] | null;
  /** Whether a certificate of `ca` that is not self-signed is trusted too, and not only known; false unless given. */
  readonly allowPartialTrustChain?: boolean | null;
  /** The certificate chain, the end entity's first; a list has one chain for each kind of key. */
  readonly cert?: Pem | readonly Pem[] | null;
  /** The private key of `cert`, or those of its chains in any order. */
  readonly key?: Pem | readonly (Pem | PemKey)[] | null;
  /** The passphrase of encrypted keys and PKCS#12 files. */
  readonly passphrase?: string | null;
  /** PKCS#12 files with certificate, key and authorities. */
  readonly pfx?: PfxSource | readonly PfxSource[] | null;
  /** Certificate revocation lists, PEM. With them, a peer's whole chain has to be listed in none and covered by one each. */
  readonly crl?: Pem | readonly Pem[] | null;
  /** Cipher suites, most preferred first, with colons between them; names that TLS 1.3 does not have are passed over. */
  readonly ciphers?: string | null;
  /** Groups, most preferred first, with colons between them; `auto` for the default. */
  readonly ecdhCurve?: string | null;
  /** Signature schemes, most preferred first, with colons between them: `RSA-PSS+SHA256`, `ed25519`, or their names in TLS. */
  readonly sigalgs?: string | null;
  /** Whether a server follows its own order of cipher suites; false unless given, for a server true. */
  readonly honorCipherOrder?: boolean | null;
  /** Algorithms of certificate compression (RFC 8879), most preferred first: `zlib`, `brotli`, `zstd`. */
  readonly certificateCompression?: readonly string[] | null;
  /** 48 bytes that seal a server's tickets, shared by servers of one name; new ones every day unless given. */
  readonly ticketKeys?: ArrayBufferView | null;
  /** For how many seconds a server's sessions can be resumed. */
  readonly sessionTimeout?: number | null;
  /** A text that sessions are bound to: those of another one are not resumed. */
  readonly sessionIdContext?: string | null;
  /** `SSL_OP_*` of `node:constants`; those about tickets, order and TLS 1.3 itself have a meaning. */
  readonly secureOptions?: number | null;
  /** Parameters of a key exchange that TLS 1.3 does not have; checked, and not used, as in Node. */
  readonly dhparam?: Pem | "auto" | null;
  /** Engines of OpenSSL: refused. */
  readonly clientCertEngine?: string | null;
  /** Engines of OpenSSL: refused. */
  readonly privateKeyEngine?: string | null;
  /** Engines of OpenSSL: refused. */
  readonly privateKeyIdentifier?: string | null;
  /** The primitives; `defaultProvider()` unless given. */
  readonly provider?: CryptoProvider;
}

/** `SSL_OP_NO_TICKET`. */
const NO_TICKET = 0x4000;
/** `SSL_OP_CIPHER_SERVER_PREFERENCE`. */
const CIPHER_SERVER_PREFERENCE = 0x40_0000;
/** `SSL_OP_NO_TLSv1_3`. */
const NO_TLS13 = 0x2000_0000;

/** RFC 9846 §4.7.1: tickets live for seven days at most, in seconds. */
const MAX_SESSION_TIMEOUT = 604_800;

/**
 * Keys, certificates, trust and algorithms, checked once and parsed once, for any number of connections. Made by
 * {@link createSecureContext}.
 */
export class SecureContext {
  /** In Node the object of OpenSSL; here the context itself. */
  readonly context: this = this;
  /** The primitives. */
  readonly provider: CryptoProvider;
  /** What to authenticate with; empty without `cert`. */
  readonly credentials: readonly MaybePromise<Credential>[];
  /** Whether `ca` was given. */
  readonly hasOwnTrust: boolean;
  /** Certificates that complete chains and are not trusted themselves. */
  readonly intermediates: readonly Certificate[];
  /** Revocation lists; `null` without `crl`. */
  readonly revocation: RevocationLists | null;
  /** Cipher suites; `undefined` for those of the provider. */
  readonly cipherSuites: readonly CipherSuiteId[] | undefined;
  /** Groups; `undefined` for the default. */
  readonly groups: readonly NamedGroup[] | undefined;
  /** Signature schemes; `null` for the default. */
  readonly schemes: SchemeChoice | null;
  /** Certificate compression; empty without it. */
  readonly compression: readonly CertificateCompression[];
  /** Whether a server follows its own order. */
  readonly preferServerCipherSuites: boolean;
  /** Seconds; `undefined` for the default. */
  readonly sessionTimeout: number | undefined;
  /** What sessions are bound to. */
  readonly sessionContext: Uint8Array;
  /** Whether a server gives tickets. */
  readonly givesTickets: boolean;
  /** What seals a server's tickets. */
  readonly ticketKeys: ContextTicketKeys;
  #trust: TrustStore | null;

  /**
   * Checks and parses everything.
   *
   * @throws as {@link createSecureContext}.
   */
  constructor(options: SecureContextOptions = {}) {
    validateObject(options, "options");
    refuseUnknownOptions(options, "createSecureContext");
    refuseEngines(options);
    const provider = options.provider ?? defaultProvider();
    this.provider = provider;
    const ciphers = optionalString(options.ciphers, "options.ciphers");
    this.cipherSuites = cipherSuitesOf(ciphers || DEFAULTS.module.DEFAULT_CIPHERS, provider);
    this.groups = groupsOf(
      optionalString(options.ecdhCurve, "options.ecdhCurve") ?? DEFAULTS.curves(),
      provider,
    );
    this.schemes = schemesOfOption(options);
    this.compression = compressionOf(options.certificateCompression, "options");
    const files = listOf(options.pfx).map((pfx) => openPfx(pfx, options.passphrase));
    // As in Node: an empty text is no certificate authority, and no key.
    const given = listOf(options.ca || null);
    const authorities = [...given, ...files.flatMap(({ ca }) => ca)].flatMap(parsedAuthorities);
    // In Node, too, authorities inside a PKCS#12 file are trusted besides those of the system.
    this.hasOwnTrust = given.length > 0;
    const partial = options.allowPartialTrustChain === true;
    const anchors = authorities.filter((each) => partial || isSelfIssued(each));
    this.intermediates = authorities.filter((each) => !anchors.includes(each));
    const own = TrustStore.fromCertificates(anchors);
    this.#trust = this.hasOwnTrust ? own : authorities.length > 0 ? defaultTrust().with(own) : null;
    this.credentials = this.#credentialsOf(options, files, authorities);
    this.revocation = revocationOf(options);
    const { secureOptions, bound, timeout } = sessionOptions(options);
    checkVersions(options, DEFAULTS.versions());
    this.preferServerCipherSuites = options.honorCipherOrder === true ||
      (secureOptions & CIPHER_SERVER_PREFERENCE) !== 0;
    this.givesTickets = (secureOptions & NO_TICKET) === 0;
    this.sessionContext = bound;
    this.sessionTimeout = timeout;
    this.ticketKeys = new ContextTicketKeys((length) => provider.random(length));
    if (options.ticketKeys !== undefined && options.ticketKeys !== null) {
      this.ticketKeys.replace(checkedTicketKeys(options.ticketKeys));
    }
  }

  /** The trust anchors: those of `ca`, or else those of the system, which are read when they are needed. */
  get trust(): TrustStore {
    return this.#trust ??= defaultTrust();
  }

  #credentialsOf(
    options: SecureContextOptions,
    files: readonly ReturnType<typeof openPfx>[],
    authorities: readonly Certificate[],
  ): MaybePromise<Credential>[] {
    const certs = listOf(options.cert || null);
    const keys = listOf(options.key || null);
    certs.forEach((cert) => validateKeyOrCertificate(cert, "options.cert"));
    keys.forEach((key) => {
      // With a passphrase of its own only in a list, as in Node.
      const own = Array.isArray(options.key) && typeof key === "object" && key && "pem" in key;
      const pem = own ? key.pem : key;
      validateKeyOrCertificate(pem, "options.key");
    });
    const { passphrase } = options;
    if (passphrase !== undefined && passphrase !== null) {
      validateString(passphrase, "options.passphrase");
    }
    const schemes = this.schemes?.signatureSchemes;
    const issuers = authorities.length > 0 ? TrustStore.fromCertificates(authorities) : null;
    const own = credentialsOf({ certs, keys, passphrase, schemes }, this.provider, issuers);
    const packed = files.flatMap(({ certs, keys }) =>
      credentialsOf({ certs, keys, schemes }, this.provider, issuers)
    );
    const all = [...own, ...packed];
    for (const credential of all) {
      if (isPromise(credential)) credential.catch(() => {}); // the handshake reports it
    }
    return all;
  }
}

/**
 * A context for several connections, or for an `SNICallback`.
 *
 * @throws {TlsError} `api/config` for options that cannot be honoured, with the name of the option; errors with Node's codes
 * for values of the wrong type, for keys and certificates that cannot be read or do not belong together.
 */
export function createSecureContext(options?: SecureContextOptions | null): SecureContext {
  return new SecureContext(options ?? {});
}

function refuseEngines(options: SecureContextOptions): void {
  const { clientCertEngine, privateKeyEngine, privateKeyIdentifier, key } = options;
  const present = (value: unknown) => value !== undefined && value !== null;
  if (present(clientCertEngine) && typeof clientCertEngine !== "string") {
    throw argumentTypeError(
      "options.clientCertEngine",
      ["string", "null", "undefined"],
      clientCertEngine,
    );
  }
  if (present(privateKeyIdentifier)) {
    if (!present(privateKeyEngine)) {
      throw argumentValueError("options.privateKeyEngine", privateKeyEngine);
    }
    if (key) throw argumentValueError("options.privateKeyIdentifier", privateKeyIdentifier);
    for (const name of ["privateKeyIdentifier", "privateKeyEngine"] as const) {
      if (typeof options[name] === "string") continue;
      throw argumentTypeError(`options.${name}`, ["string", "null", "undefined"], options[name]);
    }
  }
  if (!present(clientCertEngine) && !present(privateKeyIdentifier)) return;
  throw nodeError(
    "ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED",
    "Custom engines not supported by this OpenSSL",
  );
}

function optionalString(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  validateString(value, name);
  return value;
}

function schemesOfOption({ sigalgs }: SecureContextOptions): SchemeChoice | null {
  const text = optionalString(sigalgs, "options.sigalgs");
  if (text === undefined) return null;
  refuseEmpty(text, "options.sigalgs");
  return schemesOf(text);
}

function parsedAuthorities(pem: Pem): Certificate[] {
  validateKeyOrCertificate(pem, "options.ca");
  const text = textOf(pem);
  if (text.trim() === "") return [];
  return certificatesFromPem(text).map((der) => {
    try {
      return parseCertificate(der);
    } catch (cause) {
      throw new TlsError("api/config", "a certificate of ca is malformed", { cause });
    }
  });
}

function revocationOf({ crl }: SecureContextOptions): RevocationLists | null {
  const lists = listOf(crl);
  if (lists.length === 0) return null;
  lists.forEach((list) => validateKeyOrCertificate(list, "options.crl"));
  return RevocationLists.fromPem(lists.map(textOf).join("\n"));
}

function sessionOptions(options: SecureContextOptions) {
  const { sessionIdContext, sessionTimeout, dhparam } = options;
  const secureOptions = options.secureOptions || 0;
  validateInteger(secureOptions, "secureOptions", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  if ((secureOptions & NO_TLS13) !== 0) {
    throw new TlsError("api/config", "secureOptions forbids TLS 1.3, and nothing else is spoken");
  }
  if (dhparam !== undefined && dhparam !== null) {
    validateKeyOrCertificate(dhparam, "options.dhparam");
  }
  if (sessionTimeout !== undefined && sessionTimeout !== null) {
    validateInteger(sessionTimeout, "options.sessionTimeout", 0, 0x7fff_ffff);
  }
  const seconds = sessionTimeout ? Math.min(sessionTimeout, MAX_SESSION_TIMEOUT) : undefined;
  const bound = optionalString(sessionIdContext, "options.sessionIdContext") ?? "";
  return { secureOptions, bound: utf8(bound), timeout: seconds };
}

function checkedTicketKeys(keys: ArrayBufferView): Uint8Array {
  validateBuffer(keys, "options.ticketKeys");
  if (keys.byteLength !== TICKET_KEYS_LENGTH) {
    throw argumentValueError("options.ticketKeys", keys.byteLength, "must be exactly 48 bytes");
  }
  return bytesOf(keys);
}
