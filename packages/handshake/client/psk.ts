/**
 * The PSKs that a client offers, and the binders that prove that it has them (RFC 9846 section 4.3.11).
 *
 * @module
 */
import type { CipherSuite } from "@sealane/providers";
import { ExtensionType, PskKeyExchangeMode, TlsError } from "@sealane/wire";
import type { ClientTarget } from "../config.ts";
import type { FlowContext } from "../context.ts";
import {
  encodeExtension,
  preSharedKeyInClientHello,
  pskKeyExchangeModesInClientHello,
  type RawExtension,
  replaceBinders,
  truncateBinders,
} from "../extensions/mod.ts";
import { type ClientHello, encodeClientHello } from "../messages/client_hello.ts";
import {
  computeBinder,
  fromExternal,
  fromSession,
  hashNamed,
  type Psk,
  verificationPolicy,
} from "../psk.ts";
import type { ResolvedClientConfig } from "../resolve_config.ts";
import { isSessionAlive, obfuscatedTicketAge, type Session } from "../session/session.ts";
import { TlsFlag } from "../extensions/tls_flags.ts";
import { settle, type Step } from "../step.ts";

/** The PSKs to offer: a session first, since only the first PSK can have early data, then the external ones. */
export function* choosePsks(
  config: ResolvedClientConfig,
  target: ClientTarget,
): Step<readonly Psk[]> {
  const psks: Psk[] = [];
  const session = yield* findSession(config, target);
  if (session !== null) psks.push(fromSession(session, session.ticket));
  for (const external of config.externalPsks ?? []) psks.push(fromExternal(external));
  return psks.filter((psk) => hashNamed(config.suites, psk.hash) !== null);
}

function* findSession(config: ResolvedClientConfig, target: ClientTarget): Step<Session | null> {
  const key = sessionKey(target);
  const session = target.session ??
    (key === null ? null : yield* settle(config.sessionCache?.take(key) ?? null));
  return session !== null && mayResume(config, target, session) ? session : null;
}

/** The name under which sessions with a target are kept; `null`: not at all. */
export function sessionKey(target: ClientTarget): string | null {
  return target.sessionKey ?? target.serverName ?? null;
}

/** RFC 9846 §4.7.1: a ticket serves for its lifetime, and for the name that the certificate was verified for. */
function mayResume(config: ResolvedClientConfig, target: ClientTarget, session: Session): boolean {
  if (!isSessionAlive(session, config.clock())) return false;
  if (session.verification !== verificationPolicy(config)) return false;
  const sameName = session.serverName === (target.serverName ?? null);
  return sameName || session.flags.includes(TlsFlag.resumption_across_names);
}

/** psk_key_exchange_modes: also without a PSK, since without it the server gives no tickets. */
export function pskModes(config: ResolvedClientConfig): RawExtension {
  const modes: number[] = [PskKeyExchangeMode.psk_dhe_ke];
  if (config.allowPskOnly) modes.push(PskKeyExchangeMode.psk_ke);
  return encodeExtension(pskKeyExchangeModesInClientHello, modes);
}

/** pre_shared_key with empty binders of the right length, to be filled in by {@link encodeWithBinders}. */
function placeholder(config: ResolvedClientConfig, psks: readonly Psk[]): RawExtension {
  return encodeExtension(preSharedKeyInClientHello, {
    identities: psks.map((psk) => ({
      identity: psk.identity,
      obfuscatedTicketAge: psk.session === null
        ? 0
        : obfuscatedTicketAge(psk.session, config.clock()),
    })),
    binders: emptyBinders(config.suites, psks),
  });
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
  const bytes = encodeClientHello({
    ...hello,
    extensions: [...extensions, placeholder(config, psks)],
  });
  const empty = emptyBinders(config.suites, psks);
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
