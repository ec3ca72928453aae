/**
 * TLS for Node, and for Deno and Bun through their `node:` modules, in the shape of `node:tls`: what takes a socket or a
 * server of that module takes these. `@sealane/tls/https` is the same for `node:https`.
 *
 * ```ts
 * import { connect, createServer } from "@sealane/tls/node";
 * import { createTestAuthority } from "@sealane/pki/testing";
 * import { nativeProvider } from "@sealane/providers/native";
 * import { encodePem } from "@sealane/wire";
 *
 * const authority = await createTestAuthority(nativeProvider);
 * const issued = await authority.issue({ names: ["localhost"] });
 * const cert = encodePem("CERTIFICATE", issued.chain[0]);
 * const key = encodePem("PRIVATE KEY", issued.privateKey);
 * const ca = encodePem("CERTIFICATE", authority.certificate);
 *
 * const server = createServer({ cert, key }, (socket) => socket.end("hello"));
 * await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
 * const { port } = server.address() as { port: number };
 *
 * const socket = connect({ host: "127.0.0.1", port, servername: "localhost", ca });
 * let text = "";
 * for await (const chunk of socket) text += chunk;
 * console.assert(text === "hello" && socket.authorized);
 * await new Promise((resolve) => server.close(resolve));
 * ```
 *
 * Least permissions under Deno: `--allow-net`; a client without `ca` wants those of `systemTrust` of `@sealane/pki` too,
 * `--allow-read` and `--allow-env`.
 *
 * @module
 */
import { convertALPNProtocols } from "./node/alpn.ts";
import {
  getCACertificates,
  rootCertificates as bundledRoots,
  setDefaultCACertificates,
} from "./node/ca_certificates.ts";
import { checkServerIdentity } from "./node/check_server_identity.ts";
import { connect } from "./node/connect.ts";
import { DEFAULTS, type ModuleDefaults } from "./node/defaults.ts";
import { createSecureContext, SecureContext } from "./node/secure_context.ts";
import { createServer, Server } from "./node/server.ts";
import { TLSSocket } from "./node/tls_socket.ts";
import { builtinCompression } from "@sealane/handshake";
import { defaultProvider } from "@sealane/providers";

export type { AlpnProtocols } from "./node/alpn.ts";
export type { CaCertificatesKind } from "./node/ca_certificates.ts";
export type { NamedCertificate } from "./node/check_server_identity.ts";
export type { ConnectListener, ConnectOptions } from "./node/connect.ts";
export type { Pem, PemKey } from "./node/credentials.ts";
export type { ModuleDefaults } from "./node/defaults.ts";
export type { InfoAccess } from "./node/info_access.ts";
export type { KeyDetails } from "./node/key_details.ts";
export type { CertificateName, PeerCertificate } from "./node/peer_certificate.ts";
export type { PfxSource } from "./node/pfx.ts";
export type { PskClientCallback } from "./node/psk.ts";
export type { SecureContextOptions } from "./node/secure_context.ts";
export type { SecureConnectionListener, TlsServerOptions } from "./node/server.ts";
export type {
  AlpnCallback,
  ClientEndOptions,
  CommonTlsOptions,
  OnRead,
  PskServerCallback,
  ServerEndOptions,
  SniCallback,
  TlsSocketOptions,
} from "./node/socket_options.ts";
export type { SchemeChoice } from "./node/algorithms.ts";
export type { AnyClass, CallableClass } from "./node/callable.ts";
export type { SocketFace } from "./node/socket_face.ts";
export type { Trace } from "./node/trace.ts";
export type { ServerClass } from "./node/server.ts";
export type { ServerEvents } from "./node/server_event_hooks.ts";
export type { CipherInfo, EphemeralKeyInfo, TlsFacts, TlsState } from "./node/tls_facts.ts";
export type { ContextTicketKeys } from "./node/ticket_keys.ts";
export type { ConnectTarget } from "./node/tls_socket.ts";
export type { IdentityCheck } from "./node/verify.ts";
export type { VersionOptions } from "./node/versions.ts";
export {
  checkServerIdentity,
  connect,
  convertALPNProtocols,
  createSecureContext,
  createServer,
  getCACertificates,
  SecureContext,
  Server,
  setDefaultCACertificates,
  TLSSocket,
};

/** How often a client may renegotiate: of no meaning in TLS 1.3, and here for programs that set it. */
export const CLIENT_RENEG_LIMIT = 3;

/** In how many seconds: the same. */
export const CLIENT_RENEG_WINDOW = 600;

/** The cipher suites of the default provider, in lower case as Node has them. */
export function getCiphers(): string[] {
  return defaultProvider().cipherSuites.map(({ name }) => name.toLowerCase());
}

/** The algorithms of certificate compression (RFC 8879) of this platform. */
export function getCertificateCompressionAlgorithms(): string[] {
  return builtinCompression().map(({ name }) => name);
}

/** The roots of Mozilla as the runtime carries them, PEM. */
export const rootCertificates: readonly string[] = bundledRoots();

/** The module as `require("tls")` gives it: programs of Node set its defaults. */
export interface TlsModule extends ModuleDefaults {
  /** As {@link CLIENT_RENEG_LIMIT}. */
  CLIENT_RENEG_LIMIT: number;
  /** As {@link CLIENT_RENEG_WINDOW}. */
  CLIENT_RENEG_WINDOW: number;
  /** As the function of this name. */
  checkServerIdentity: typeof checkServerIdentity;
  /** As the function of this name. */
  connect: typeof connect;
  /** As the function of this name. */
  convertALPNProtocols: typeof convertALPNProtocols;
  /** As the function of this name. */
  createSecureContext: typeof createSecureContext;
  /** As the function of this name. */
  createServer: typeof createServer;
  /** As the function of this name. */
  getCACertificates: typeof getCACertificates;
  /** As the function of this name. */
  getCertificateCompressionAlgorithms: typeof getCertificateCompressionAlgorithms;
  /** As the function of this name. */
  getCiphers: typeof getCiphers;
  /** As {@link rootCertificates}. */
  readonly rootCertificates: readonly string[];
  /** As the class of this name. */
  SecureContext: typeof SecureContext;
  /** As the class of this name. */
  Server: typeof Server;
  /** As the function of this name. */
  setDefaultCACertificates: typeof setDefaultCACertificates;
  /** As the class of this name. */
  TLSSocket: typeof TLSSocket;
}

/** The module as one object, in the shape of `node:tls`. */
const tls: TlsModule = Object.assign(DEFAULTS.module, {
  CLIENT_RENEG_LIMIT,
  CLIENT_RENEG_WINDOW,
  checkServerIdentity,
  connect,
  convertALPNProtocols,
  createSecureContext,
  createServer,
  getCACertificates,
  getCertificateCompressionAlgorithms,
  getCiphers,
  rootCertificates,
  SecureContext,
  Server,
  setDefaultCACertificates,
  TLSSocket,
});

export default tls;
