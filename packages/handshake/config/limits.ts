/**
 * The limits of everything that a peer can fill or repeat (DESIGN section 7). Each has a default and can be set in the
 * configuration.
 *
 * @module
 */
import { DEFAULT_PATH_LIMITS, type PathLimits, resolveLimits } from "@sealane/pki";
import { HandshakeType } from "@sealane/wire";

/** Limits on what a peer may send. */
export interface HandshakeLimits {
  /**
   * Largest ClientHello, bytes with header: what somebody who has shown nothing yet can fill. 32,768 unless given, and at most
   * `handshakeMessage`.
   */
  readonly clientHello: number;
  /** Largest handshake message other than ClientHello and Certificate, bytes with header. 65,536 unless given. */
  readonly handshakeMessage: number;
  /** Largest Certificate message, bytes with header; also of a decompressed one. 131,072 unless given. */
  readonly certificateMessage: number;
  /** Most certificates in a chain. 64 unless given. */
  readonly certificateDepth: number;
  /**
   * What the verification of the peer's certificates may cost, as `@sealane/pki` has it: the depth of a path, how many are
   * tried, signatures, work. Its `certificates` and `bytes` are `certificateDepth` and `certificateMessage` unless given.
   */
  readonly certificatePath: PathLimits;
  /** Most bytes that wait while an earlier `receive` is pending. 262,144 unless given. */
  readonly pendingBytes: number;
  /**
   * Most KeyUpdate messages in a row without application data between them, in either direction; one is forgotten with each
   * second, so that a connection that is silent for long may still change its keys. 32 unless given.
   */
  readonly keyUpdatesWithoutData: number;
  /**
   * Most requests for a certificate after the handshake that a client answers: each costs a signature. Also most exported
   * authenticators (RFC 9261) of one connection. 1,000 unless given.
   */
  readonly authenticationRequests: number;
  /** Most PSKs of a ClientHello that a server looks up: each may cost a decryption or a way to a store. 8 unless given. */
  readonly pskLookups: number;
  /** Most NewSessionTicket messages that a client keeps from one connection; later ones are dropped. 16 unless given. */
  readonly tickets: number;
}

/** The limits that apply where the configuration gives none. */
export const DEFAULT_LIMITS: HandshakeLimits = {
  clientHello: 32_768,
  handshakeMessage: 65_536,
  certificateMessage: 131_072,
  certificateDepth: DEFAULT_PATH_LIMITS.certificates,
  certificatePath: DEFAULT_PATH_LIMITS,
  pendingBytes: 262_144,
  keyUpdatesWithoutData: 32,
  authenticationRequests: 1_000,
  pskLookups: 8,
  tickets: 16,
};

/** Limits that differ from {@link DEFAULT_LIMITS}; `undefined` is the default. */
export interface HandshakeLimitOptions extends Partial<Omit<HandshakeLimits, "certificatePath">> {
  /** See {@link HandshakeLimits.certificatePath}. */
  readonly certificatePath?: Partial<PathLimits>;
}

/**
 * The limits with the defaults where none is given.
 *
 * @throws {TlsError} `api/config` for a limit that is no number from 0 on, or has a name that is none of a limit.
 */
export function resolveHandshakeLimits(
  { certificatePath = {}, ...given }: HandshakeLimitOptions = {},
): HandshakeLimits {
  const limits = resolveLimits(DEFAULT_LIMITS, given, "limit");
  const path = {
    ...DEFAULT_PATH_LIMITS,
    certificates: limits.certificateDepth,
    bytes: limits.certificateMessage,
  };
  return {
    ...limits,
    certificatePath: resolveLimits(path, certificatePath, "limit certificatePath"),
  };
}

/** The largest message of a type, bytes with header. */
export function messageLimit(limits: HandshakeLimits, type: HandshakeType): number {
  const large = type === HandshakeType.certificate || type === HandshakeType.compressed_certificate;
  if (large) return limits.certificateMessage;
  const { clientHello, handshakeMessage } = limits;
  if (type !== HandshakeType.client_hello) return handshakeMessage;
  return Math.min(clientHello, handshakeMessage);
}
