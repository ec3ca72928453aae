/**
 * Pre-shared keys: what both roles know of one, whether it came with a ticket or is an external one (RFC 9846 section 2.2).
 *
 * @module
 */
import type { CipherSuite, Hash } from "@sealane/providers";
import { utf8 } from "@sealane/wire";
import type {
  EarlyDataParameters,
  ExternalPsk,
  ExternalPskEarlyData,
} from "../config/external_psk.ts";
import { type BinderKind, EarlySecret } from "./key_schedule.ts";
import type { Session } from "../session/session.ts";

/** A PSK that may be used in a handshake. */
export interface Psk {
  /** What the client names it by. */
  readonly identity: Uint8Array;
  /** The key; with a session the session's, which a server wipes when it has done its work. */
  readonly key: Uint8Array;
  /** Name of the hash. */
  readonly hash: string;
  /** Which binder label it has. */
  readonly kind: BinderKind;
  /** The session that is resumed; `null` for an external PSK. */
  readonly session: Session | null;
  /** What early data under it is like; `null` without any. */
  readonly early: EarlyDataParameters | null;
}

/** An external PSK, ready for use. */
export function fromExternal(psk: ExternalPsk): Psk {
  return {
    identity: psk.identity,
    key: psk.key,
    hash: psk.hash ?? "SHA-256",
    kind: psk.imported ? "imported" : "external",
    session: null,
    early: psk.earlyData === undefined ? null : fromExternalEarlyData(psk.earlyData),
  };
}

function fromExternalEarlyData(early: ExternalPskEarlyData): EarlyDataParameters {
  const { alpn = null } = early;
  return { ...early, alpn: typeof alpn === "string" ? utf8(alpn) : alpn };
}

/** The PSK of a session, under the name of its ticket. */
export function fromSession(session: Session, identity: Uint8Array): Psk {
  const { psk: key, hash, maxEarlyData: maxSize, cipherSuite, alpn } = session;
  const early = maxSize === 0 ? null : { maxSize, cipherSuite, alpn, expires: null };
  return { identity, key, hash, kind: "resumption", session, early };
}

/** The binder of a PSK over a transcript hash that ends before the binders (RFC 9846 section 4.3.11.2). */
export function computeBinder(hash: Hash, psk: Psk, transcriptHash: Uint8Array): Uint8Array {
  const early = new EarlySecret(hash, psk.key);
  const binder = early.binder(psk.kind, transcriptHash);
  early.end();
  return binder;
}

/** The hash of this name among suites; `null` if none has it. */
export function hashNamed(suites: readonly CipherSuite[], name: string): Hash | null {
  return suites.find((suite) => suite.hash.name === name)?.hash ?? null;
}
