/**
 * What a TLS socket tells of its connection.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { encodeSession, type HandshakeInfo, type Session } from "@sealane/handshake";
import type { SignatureScheme } from "@sealane/wire";
import { ephemeralKey, schemeName } from "./algorithms.ts";
import { nodeError } from "./node_error.ts";
import { type PeerCertificate, peerCertificate } from "./peer_certificate.ts";
import type { Trace } from "./trace.ts";
import type { SecureContext } from "./secure_context.ts";
import { NO_SESSION } from "./session_option.ts";
import { SocketFace } from "./socket_face.ts";
import { bytesOf, validateBuffer, validateInteger, validateString } from "./validate.ts";

/** What a socket remembers of its handshake. */
export interface TlsState {
  /** What was agreed; `null` before the handshake is done. */
  info: HandshakeInfo | null;
  /** The context in use. */
  context: SecureContext;
  /** What `setKeyCert()` has put in place of the certificates of the context. */
  keyCert: SecureContext | null;
  /** The last session that can be resumed. */
  session: Session | null;
  /** What the Finished messages said. */
  readonly finished: { read?: Buffer; write?: Buffer };
  /** The signature schemes that the client accepts; on a server. */
  peerSchemes: readonly SignatureScheme[];
  /** Writes a line for each handshake message; `null` for none. */
  trace: Trace | null;
  /** Whether the socket is of a server. */
  readonly isServer: boolean;
  /** The certificate chain that we have sent; `null` before, or if none. */
  localChain(): readonly Uint8Array[] | null;
  /** The exporter of RFC 9846 section 7.5. */
  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array;
}

/** The group of the key exchange, as Node shows it; on a server, empty. */
export interface EphemeralKeyInfo {
  /** `ECDH`, or `KEM` for a group with a post-quantum part. */
  readonly type?: string;
  /** The name of the group. */
  readonly name?: string;
  /** Bits. */
  readonly size?: number;
}

/** A cipher suite, as Node shows it. */
export interface CipherInfo {
  /** Its name. */
  readonly name: string;
  /** The same: of TLS 1.3 there is only one. */
  readonly standardName: string;
  /** `TLSv1.3`. */
  readonly version: string;
}

/** The getters of `tls.TLSSocket`. */
export abstract class TlsFacts extends SocketFace {
  /** What the socket remembers; `null` before its constructor is done. */
  protected abstract readonly state: TlsState;

  /** What was agreed; `null` before the handshake is done. */
  get info(): HandshakeInfo | null {
    return this.state.info;
  }

  /** `TLSv1.3`; `null` before it is agreed, and when the socket is closed. */
  getProtocol(): string | null {
    return this.state.info === null || this.destroyed ? null : "TLSv1.3";
  }

  /** The cipher suite; `undefined` before it is agreed. */
  getCipher(): CipherInfo | undefined {
    const { info } = this.state;
    if (info === null) return undefined;
    const { name } = info.suite;
    return { name, standardName: name, version: "TLSv1.3" };
  }

  /** The group of the key exchange on a client, empty where there was none; `null` on a server, as in Node. */
  getEphemeralKeyInfo(): EphemeralKeyInfo | null {
    if (this.state.isServer) return null;
    const group = this.state.info?.group ?? null;
    return group === null ? {} : ephemeralKey(group);
  }

  /** On a server: the signature schemes that both sides accept, by OpenSSL's names. */
  getSharedSigalgs(): string[] {
    const { context, peerSchemes } = this.state;
    const own = context.schemes?.signatureSchemes;
    return peerSchemes.filter((scheme) => own?.includes(scheme) ?? true).map(schemeName);
  }

  /**
   * The peer's certificate; an empty object if it has none. With `detailed`, the certificates of its issuers too, as far as they
   * can be read.
   */
  getPeerCertificate(detailed = false): Partial<PeerCertificate> {
    const { info, context } = this.state;
    const trust = detailed ? context.trust : null;
    return peerCertificate(info?.peer?.certificates ?? [], detailed, trust) ?? {};
  }

  /** Our own certificate; an empty object if there is none. */
  getCertificate(): Partial<PeerCertificate> {
    return peerCertificate(this.state.localChain() ?? [], false) ?? {};
  }

  /** The peer's certificate as of `node:crypto`; `undefined` if it has none. */
  getPeerX509Certificate(): X509Certificate | undefined {
    return x509Of(this.state.info?.peer?.certificates ?? []);
  }

  /** Our own certificate as of `node:crypto`; `undefined` if there is none. */
  getX509Certificate(): X509Certificate | undefined {
    return x509Of(this.state.localChain() ?? []);
  }

  /**
   * The last session that can be resumed, for the option `session`; it holds a secret. Before the server has sent one, it is a
   * stand-in that resumes nothing; the event `session` tells when there is one.
   */
  getSession(): Buffer | undefined {
    const { session, info } = this.state;
    if (session !== null) return Buffer.from(encodeSession(session));
    return info === null ? undefined : Buffer.from(NO_SESSION);
  }

  /** The ticket of that session. */
  getTLSTicket(): Buffer | undefined {
    const { session } = this.state;
    return session === null ? undefined : Buffer.from(session.ticket);
  }

  /** Whether a session was resumed. */
  isSessionReused(): boolean {
    return this.state.info?.resumed ?? false;
  }

  /** What our Finished said; `undefined` before it is sent. */
  getFinished(): Buffer | undefined {
    return this.state.finished.write;
  }

  /** What the peer's Finished said; `undefined` before it has come. */
  getPeerFinished(): Buffer | undefined {
    return this.state.finished.read;
  }

  /**
   * Keying material of an exporter (RFC 9846 section 7.5); `length` is in bytes.
   *
   * @throws an error with code `ERR_TLS_INVALID_STATE` before the handshake is done.
   */
  exportKeyingMaterial(length: number, label: string, context?: ArrayBufferView): Buffer {
    validateInteger(length, "length", 1, 0xffff_ffff);
    validateString(label, "label");
    if (context !== undefined) validateBuffer(context, "context");
    if (this.state.info === null) {
      throw nodeError(
        "ERR_TLS_INVALID_STATE",
        "TLS socket connection must be securely established",
      );
    }
    const bytes = context === undefined ? new Uint8Array() : bytesOf(context);
    return Buffer.from(this.state.exportKeyingMaterial(label, bytes, length));
  }

  /** In TLS 1.3 there is no renegotiation to disable. */
  disableRenegotiation(): void {}
}

/** The first certificate of a chain as of `node:crypto`, with those after it as its issuers. */
function x509Of(chain: readonly Uint8Array[]): X509Certificate | undefined {
  let issuer: X509Certificate | undefined;
  for (const der of chain.toReversed()) {
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(der);
    } catch {
      issuer = undefined; // the peer wrote it
      continue;
    }
    if (issuer !== undefined) {
      const value = certificate.checkIssued(issuer) ? issuer : undefined;
      Object.defineProperty(certificate, "issuerCertificate", { value, configurable: true });
    }
    issuer = certificate;
  }
  return issuer;
}
