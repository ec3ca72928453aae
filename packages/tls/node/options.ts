/**
 * The options of `node:tls`, as far as TLS 1.3 has a use for them, and what they mean for a handshake.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { ClientConfig, CommonConfig, Credential, ServerConfig } from "@sealane/handshake";
import { systemTrust, TrustStore } from "@sealane/pki";
import { type CryptoProvider, defaultProvider } from "@sealane/providers";
import {
  CipherSuiteId,
  type CipherSuiteId as SuiteId,
  NamedGroup,
  type NamedGroup as GroupId,
  TlsError,
} from "@sealane/wire";
import { credentialFromPem } from "../options/pem_credential.ts";
import type { PeerCertificate } from "./peer_certificate.ts";

/** PEM, as text or as its bytes. */
export type Pem = string | Uint8Array;

/** A certificate chain with its key, ready to be used: `createSecureContext()`. */
export interface SecureContext {
  /** The credential; `null` without `cert`. */
  readonly credential: Promise<Credential> | null;
}

/** Options of `createSecureContext()`. */
export interface SecureContextOptions {
  /** The certificate chain, the end entity's first. */
  readonly cert?: Pem;
  /** The private key, not encrypted. */
  readonly key?: Pem;
  /** The primitives; `defaultProvider()` unless given. */
  readonly provider?: CryptoProvider;
}

/** Options that clients and servers have in common. */
export interface CommonTlsOptions extends SecureContextOptions {
  /** The certificate authorities to trust; those of the system unless given. */
  readonly ca?: Pem | readonly Pem[];
  /** A context in place of `cert` and `key`. */
  readonly secureContext?: SecureContext;
  /** Application protocols, most preferred first. */
  readonly ALPNProtocols?: readonly (string | Uint8Array)[];
  /** Cipher suites, most preferred first, with colons between them; names that TLS 1.3 does not have are passed over. */
  readonly ciphers?: string;
  /** Groups, most preferred first, with colons between them; `auto` for the default. */
  readonly ecdhCurve?: string;
  /** Whether a peer whose certificate cannot be verified is refused; true unless given. */
  readonly rejectUnauthorized?: boolean;
  /** The oldest version to accept: only TLS 1.3 is spoken, whatever it says. */
  readonly minVersion?: string;
  /** The newest version to accept: `TLSv1.3` or nothing. */
  readonly maxVersion?: string;
  /** Whether our side stays open when the peer has closed its own; false unless given. */
  readonly allowHalfOpen?: boolean;
  /** More of Sealane's configuration, which wins over everything else. */
  readonly sealane?: Partial<CommonConfig>;
}

/** Options of `connect()`. */
export interface TlsClientOptions extends CommonTlsOptions {
  /** The name to ask for and to verify; `host` unless given. */
  readonly servername?: string;
  /** Verifies the name in place of the built-in rules: returns what is wrong, if anything is. */
  readonly checkServerIdentity?: (name: string, certificate: PeerCertificate) => Error | undefined;
  /** A session to resume: what the event `session` gave. */
  readonly session?: Uint8Array;
  /** More of Sealane's configuration, which wins over everything else. */
  readonly sealane?: Partial<ClientConfig>;
}

/** Finds the context for a name. */
export type SniCallback = (
  name: string,
  done: (error: Error | null, context?: SecureContext) => void,
) => void;

/** Options of `createServer()`. */
export interface TlsServerOptions extends CommonTlsOptions {
  /** Whether clients are asked for a certificate; with `rejectUnauthorized` they need one. */
  readonly requestCert?: boolean;
  /** Finds the context for the name that a client asks for. */
  readonly SNICallback?: SniCallback;
  /** How long a handshake may take, milliseconds; 120,000 unless given. */
  readonly handshakeTimeout?: number;
  /** More of Sealane's configuration, which wins over everything else. */
  readonly sealane?: Partial<ServerConfig>;
}

/** A chain and its key, to be used by several sockets or chosen by an `SNICallback`. */
export function createSecureContext(options: SecureContextOptions = {}): SecureContext {
  const { cert, key, provider = defaultProvider() } = options;
  if (cert === undefined) return { credential: null };
  if (key === undefined) throw new TlsError("api/config", "cert needs its key");
  const credential = credentialFromPem(provider, { cert: text(cert), key: text(key) });
  credential.catch(() => {}); // the handshake that wants it reports it
  return { credential };
}

/** What both roles have. Verification is the socket's. */
export function commonConfig(options: CommonTlsOptions): CommonConfig {
  if (options.maxVersion !== undefined && options.maxVersion !== "TLSv1.3") {
    throw new TlsError("api/config", `maxVersion is ${options.maxVersion}; only TLSv1.3 is spoken`);
  }
  const suites = named<SuiteId>(options.ciphers, CipherSuiteId);
  const curves = options.ecdhCurve === "auto" ? undefined : options.ecdhCurve;
  const groups = named<GroupId>(curves, { ...NamedGroup, ...CURVE_NAMES });
  if (curves !== undefined && groups.length === 0) {
    throw new TlsError("api/config", `ecdhCurve ${curves} names no group of TLS 1.3`);
  }
  return {
    provider: options.provider ?? defaultProvider(),
    ...(options.ALPNProtocols && { alpn: options.ALPNProtocols }),
    ...(suites.length > 0 && { cipherSuites: suites }),
    ...(groups.length > 0 && { groups }),
  };
}

/** The trust anchors of `ca`, or of the system. */
export function trustOf({ ca }: CommonTlsOptions): TrustStore {
  if (ca === undefined) return systemTrust();
  const all = typeof ca === "string" || ca instanceof Uint8Array ? [ca] : ca;
  return TrustStore.fromPem(all.map(text).join("\n"));
}

/** What OpenSSL calls the groups. */
const CURVE_NAMES: Readonly<Record<string, GroupId>> = {
  "prime256v1": NamedGroup.secp256r1,
  "P-256": NamedGroup.secp256r1,
  "P-384": NamedGroup.secp384r1,
  "P-521": NamedGroup.secp521r1,
  "X25519": NamedGroup.x25519,
  "X448": NamedGroup.x448,
};

function named<T extends number>(
  list: string | undefined,
  registry: Readonly<Record<string, T>>,
): T[] {
  if (list === undefined) return [];
  return list.split(":").filter((name) => Object.hasOwn(registry, name)).map((name) =>
    registry[name]
  );
}

function text(pem: Pem): string {
  return typeof pem === "string" ? pem : Buffer.from(pem).toString("latin1");
}
