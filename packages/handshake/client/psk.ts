/**
 * The PSKs that a client offers, and the binders that prove that it has them (RFC 9846 section 4.3.11).
 *
 * @module
 */
import { matchesServerName } from "@sealane/pki";
import type { CipherSuite } from "@sealane/providers";
import { equalBytes, ExtensionType, PskKeyExchangeMode, TlsError } from "@sealane/wire";
import type { ClientTarget } from "../config/config.ts";
import { stillPasses } from "../authentication/verify_identity.ts";
import type { Carrier } from "../engine/carrier.ts";
import type { FlowContext } from "../engine/context.ts";
import {
  encodeExtension,
  preSharedKeyInClientHello,
  pskKeyExchangeModesInClientHello,
  type RawExtension,
  replaceBinders,
  truncateBinders,
} from "../extensions/mod.ts";
import { type ClientHello, encodeClientHello } from "../messages/client_hello.ts";
import { computeBinder, fromExternal, fromSession, hashNamed, type Psk } from "../engine/psk.ts";
import { credentialDigest, pskPolicy, verificationPolicy } from "../session/binding.ts";
import { recallPeer } from "../session/session_peer.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";
import {
  isAuthenticationFresh,
  isSessionAlive,
  obfuscatedTicketAge,
  type Session,
} from "../session/session.ts";
import { TlsFlag } from "../extensions/tls_flags.ts";
import { settle, type Step } from "../engine/step.ts";

/** The PSKs to offer: a session first, since only the first PSK can have early data, then the external ones. */
export function* choosePsks(
  context: FlowContext,
  config: ResolvedClientConfig,
  target: ClientTarget,
): Step<readonly Psk[]> {
  const hashes = [...new Set(config.suites.map(({ hash }) => hash.name))];
  const request = { target, hashes, signal: context.signal };
  const selected = yield* settle(config.selectPsks?.(request) ?? []);
  const external = [...config.externalPsks ?? [], ...selected].map(fromExternal);
  const session = yield* findSession(context, config, target, external);
  const psks = session === null ? external : [fromSession(session, session.ticket), ...external];
  return psks.filter((psk) => hashes.includes(psk.hash));
}

function* findSession(
  context: FlowContext,
  config: ResolvedClientConfig,
  target: ClientTarget,
  external: readonly Psk[],
): Step<Session | null> {
  const key = sessionKey(target);
  const session = target.session ??
    (key === null ? null : yield* settle(config.sessionCache?.take(key) ?? null));
  if (session === null || !mayResume(context, config, target, session, external)) return null;
  return (yield* stillPasses(context, session.peer, target.serverName ?? null)) ? session : null;
}

/** The name under which sessions with a target are kept; `null`: not at all. */
export function sessionKey(target: ClientTarget): string | null {
  return target.sessionKey ?? target.serverName ?? null;
}

/**
 * A session is resumed while its ticket lives and the server's authentication is not too old; under the policy and over the
 * carrier that it was made under; and by whom it was made.
 */
function mayResume(
  { carrier }: FlowContext,
  config: ResolvedClientConfig,
  target: ClientTarget,
  session: Session,
  external: readonly Psk[],
): boolean {
  const now = config.clock();
  if (!isSessionAlive(session, now)) return false;
  if (!isAuthenticationFresh(session, now, config.authenticationLimit)) return false;
  return isUnderPolicy(config, carrier, session, external) && fitsName(config, target, session) &&
    hasIdentity(config, session);
}

function isUnderPolicy(
  config: ResolvedClientConfig,
  carrier: Carrier,
  session: Session,
  external: readonly Psk[],
): boolean {
  return session.verification === verificationPolicy(config, carrier) ||
    external.some((psk) => session.verification === pskPolicy(psk.identity, carrier));
}

/** RFC 9846 §4.7.1: a ticket serves for its name; if the server says so, for another name of its certificate. */
function fitsName(config: ResolvedClientConfig, target: ClientTarget, session: Session): boolean {
  const { serverName = null } = target;
  if (session.serverName === serverName) return true;
  if (!session.flags.includes(TlsFlag.resumption_across_names)) return false;
  if (config.dangerouslyDisableCertificateVerification) return true;
  const leaf = recallPeer(session.peer)?.leaf ?? null;
  return leaf !== null && serverName !== null && matchesServerName(leaf, serverName);
}

/**
 * A session that a client certificate was shown in speaks for its owner: another one, or none, does not resume it. A function
 * that chooses credentials cannot be asked before there is a request.
 */
function hasIdentity(
  { suites, credentials = [] }: ResolvedClientConfig,
  session: Session,
): boolean {
  const { localIdentity } = session;
  if (localIdentity === null || typeof credentials === "function") return true;
  const hash = hashNamed(suites, session.hash);
  return hash !== null &&
    credentials.some((own) => equalBytes(credentialDigest(hash, own), localIdentity));
}

/** psk_key_exchange_modes: also without a PSK, since without it the server gives no tickets. */
export function pskModes(config: ResolvedClientConfig): RawExtension {
  const modes: number[] = config.pskOnly ? [] : [PskKeyExchangeMode.psk_dhe_ke];
  if (config.allowPskOnly || config.pskOnly) modes.push(PskKeyExchangeMode.psk_ke);
  return encodeExtension(pskKeyExchangeModesInClientHello, modes);
}

/** pre_shared_key with empty binders of the right length, to be filled in by {@link encodeWithBinders}. */
function placeholder(
  config: ResolvedClientConfig,
  psks: readonly Psk[],
  binders: readonly Uint8Array[],
): RawExtension {
  return encodeExtension(preSharedKeyInClientHello, {
    identities: psks.map((psk) => ({
      identity: psk.identity,
      obfuscatedTicketAge: psk.session === null
        ? 0
        : obfuscatedTicketAge(psk.session, config.clock()),
    })),
    binders,
  });
}

/** pre_shared_key as it will be sent, but with empty binders; `null` without PSKs. */
export function pskPlaceholder(
  config: ResolvedClientConfig,
  psks: readonly Psk[],
): RawExtension | null {
  return psks.length === 0 ? null : placeholder(config, psks, emptyBinders(config.suites, psks));
}

function emptyBinders(suites: readonly CipherSuite[], psks: readonly Psk[]): Uint8Array[] {
  return psks.map((psk) => new Uint8Array(hashNamed(suites, psk.hash)?.outputLength ?? 0));
}

/** Adds pre_shared_key, in the last place where it belongs, and computes the binders. */
export function encodeWithBinders(
  context: FlowContext,
  config: ResolvedClientConfig,
  hello: ClientHello,
  psks: readonly Psk[],
  retried: boolean,
): Uint8Array {
  // RFC 9846 §4.3.11: pre_shared_key is the last extension.
  const extensions = hello.extensions.filter(({ type }) => type !== ExtensionType.pre_shared_key);
  if (psks.length === 0) return encodeClientHello({ ...hello, extensions });
  const empty = emptyBinders(config.suites, psks);
  const bytes = encodeClientHello({
    ...hello,
    extensions: [...extensions, placeholder(config, psks, empty)],
  });
  const truncated = truncateBinders(bytes, empty);
  replaceBinders(
    bytes,
    psks.map((psk) => {
      const hash = hashNamed(config.suites, psk.hash);
      if (hash === null) throw new TlsError("local/internal", `no suite has the hash ${psk.hash}`);
      const transcriptHash = retried
        ? context.transcript.digestWith(truncated)
        : context.transcript.digestPendingWith(hash, truncated);
      return computeBinder(hash, psk, transcriptHash);
    }),
  );
  return bytes;
}
