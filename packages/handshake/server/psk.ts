/**
 * Which PSK of a ClientHello a server takes (RFC 9846 section 4.3.11).
 *
 * @module
 */
import { type CipherSuite, isTrue } from "@sealane/providers";
import {
  CLOCK_MARGIN,
  equalBytes,
  ExtensionType,
  PskKeyExchangeMode,
  TlsError,
} from "@sealane/wire";
import type { FlowContext } from "../engine/context.ts";
import {
  decodeExtension,
  type OfferedPsks,
  preSharedKeyInClientHello,
  truncateBinders,
} from "../extensions/mod.ts";
import { TlsFlag } from "../extensions/tls_flags.ts";
import { computeBinder, fromExternal, fromSession, type Psk } from "../engine/psk.ts";
import { stillPasses } from "../authentication/verify_identity.ts";
import type { Carrier } from "../engine/carrier.ts";
import {
  dependsOnExternalPsk,
  isOfCarrier,
  pskOfPolicy,
  verificationPolicy,
} from "../session/binding.ts";
import type { ExternalPsk } from "../config/external_psk.ts";
import type { ResolvedServerConfig } from "../config/resolve_config.ts";
import {
  isAuthenticationFresh,
  isSessionAlive,
  type Session,
  ticketAgeSkew,
} from "../session/session.ts";
import { settle, type Step } from "../engine/step.ts";
import type { ReceivedHello } from "./client_hello.ts";
import { commonGroup } from "./common_algorithms.ts";

/** The PSK that a server took. */
export interface SelectedPsk {
  /** The PSK. */
  readonly psk: Psk;
  /** A suite with its hash. */
  readonly suite: CipherSuite;
  /** Its place in the ClientHello. */
  readonly index: number;
  /** Its binder, verified. */
  readonly binder: Uint8Array;
  /** The client's age of the ticket minus ours, milliseconds; 0 for an external PSK. */
  readonly ageSkew: number;
  /** Whether it is used without a key exchange. */
  readonly alone: boolean;
}

/** The PSKs of a ClientHello, checked as a whole; `null` without any. */
function offeredPsks(hello: ReceivedHello): { psks: OfferedPsks; modes: readonly number[] } | null {
  const { extensions } = hello.hello;
  const psks = decodeExtension(extensions, preSharedKeyInClientHello);
  if (psks === undefined) return null;
  // RFC 9846 §4.3.11: pre_shared_key is last, since the binders cover what is in front of them.
  if (extensions[extensions.length - 1].type !== ExtensionType.pre_shared_key) {
    throw new TlsError(
      "peer/psk-not-last",
      "pre_shared_key is not the last extension of ClientHello",
    );
  }
  // RFC 9846 §4.3.9: with pre_shared_key comes psk_key_exchange_modes.
  const { pskModes: modes } = hello;
  if (modes === null) {
    throw new TlsError("peer/missing-extension", "ClientHello has no psk_key_exchange_modes");
  }
  const { identities, binders } = psks;
  if (identities.length !== binders.length) {
    throw new TlsError(
      "peer/psk-binder-count",
      `ClientHello has ${identities.length} PSKs with ${binders.length} binders`,
    );
  }
  return { psks, modes };
}

/** Whether the client can use a PSK with a key exchange, which is what tickets are for here. */
export function acceptsTickets(config: ResolvedServerConfig, hello: ReceivedHello): boolean {
  const modes = hello.pskModes ?? [];
  return modes.includes(PskKeyExchangeMode.psk_dhe_ke) ||
    Boolean(config.allowPskOnly) && modes.includes(PskKeyExchangeMode.psk_ke);
}

/**
 * Chooses a PSK that we know and may use, and with it the suite; its binder has to be right. `suites` are those that may be
 * chosen, most preferred first: the first PSK with the hash of the first suite, or else the first external one with any of their
 * hashes (RFC 9846 section 4.3.11: external PSKs should influence the choice of the suite). `null`: none.
 */
export function* selectPsk(
  context: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  suites: readonly CipherSuite[],
): Step<SelectedPsk | null> {
  const offered = offeredPsks(hello);
  if (offered === null || !acceptsTickets(config, hello)) return null;
  const found = yield* findPsk(context, config, hello, offered.psks, suites);
  if (found === null) return null;
  const { psk, index, suite } = found;
  // RFC 9846 §4.3.11: one PSK is selected, and only its binder is validated.
  checkBinder(context, suite, hello, offered.psks, psk, index);
  if (!(yield* stillPasses(context, psk.session?.peer ?? null, null))) return null;
  const { obfuscatedTicketAge } = offered.psks.identities[index];
  return {
    psk,
    suite,
    index,
    binder: offered.psks.binders[index],
    ageSkew: psk.session === null
      ? 0
      : ticketAgeSkew(psk.session, obfuscatedTicketAge, config.clock()),
    alone: isAlone(config, hello, suite, offered.modes),
  };
}

/** With a key exchange where the client can have one with us: RFC 9846 §4.2.1, without a group in common a PSK is left alone. */
function isAlone(
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  suite: CipherSuite,
  modes: readonly number[],
): boolean {
  if (!modes.includes(PskKeyExchangeMode.psk_dhe_ke)) return true;
  const mayBeAlone = config.allowPskOnly && modes.includes(PskKeyExchangeMode.psk_ke);
  return mayBeAlone === true && commonGroup(config, hello, suite) === null;
}

interface FoundPsk {
  readonly psk: Psk;
  readonly index: number;
  readonly suite: CipherSuite;
}

function* findPsk(
  context: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  { identities }: OfferedPsks,
  suites: readonly CipherSuite[],
): Step<FoundPsk | null> {
  let second: FoundPsk | null = null;
  for (const index of lookupOrder(config, identities.map(({ identity }) => identity))) {
    const psk = yield* lookUp(context, config, hello, identities[index].identity);
    if (psk === null) continue;
    const early = index === 0 && takesEarlyData(config, hello, psk);
    const suite = suiteOf(psk, suites, early);
    if (suite === undefined) continue;
    if (suite === suites[0] || early) return { psk, index, suite };
    // A ticket came with another suite than the preferred one: a full handshake puts that right. What an external PSK
    // authenticated has the suites that go with that.
    if (dependsOnExternalPsk(psk)) second ??= { psk, index, suite };
  }
  return second;
}

/** Whether the client has announced early data under such a PSK that may bring it, if it is the first one. */
function takesEarlyData(
  { earlyData }: ResolvedServerConfig,
  { offered }: ReceivedHello,
  psk: Psk,
): boolean {
  const announced = offered.has(ExtensionType.early_data);
  return announced && earlyData !== undefined && dependsOnExternalPsk(psk) && psk.early !== null;
}

/** The suite to use with a PSK: one of its hash, and where it brings early data the one that it was given for that. */
function suiteOf(
  psk: Psk,
  suites: readonly CipherSuite[],
  early: boolean,
): CipherSuite | undefined {
  const fitting = suites.filter(({ hash }) => hash.name === psk.hash);
  const wanted = early ? psk.early?.cipherSuite : undefined;
  return fitting.find(({ id }) => id === wanted) ?? fitting[0];
}

/**
 * Uses up the ticket of a PSK, right before ServerHello: only its owner can, since the binder is verified, and a retry does
 * not. `null`: it was used before, and there is no resumption.
 */
export function* usePsk(
  config: ResolvedServerConfig,
  selected: SelectedPsk | null,
): Step<SelectedPsk | null> {
  if (selected === null || selected.psk.session === null || config.tickets === undefined) {
    return selected;
  }
  const { identity, session } = selected.psk;
  return isTrue(yield* settle(config.tickets.consume(identity, session))) ? selected : null;
}

/** Tickets in the client's order, then the external PSKs in ours. */
function lookupOrder(config: ResolvedServerConfig, identities: readonly Uint8Array[]): number[] {
  const rank = (identity: Uint8Array): number =>
    config.externalPsks?.findIndex((psk) => equalBytes(psk.identity, identity)) ?? -1;
  return identities.slice(0, config.allLimits.pskLookups)
    .map((identity, index) => ({ index, rank: rank(identity) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ index }) => index);
}

function* lookUp(
  { carrier }: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  identity: Uint8Array,
): Step<Psk | null> {
  const external = yield* findExternal(config, identity);
  if (external !== null) return fromExternal(external);
  const session = yield* settle(config.tickets?.open(identity) ?? null);
  if (session === null || !isOfCarrier(session.verification, carrier)) return null;
  if (!mayResume(config, carrier, hello, session)) return null;
  const owner = pskOfPolicy(session.verification);
  // A PSK that was withdrawn takes the sessions with it that it authenticated.
  if (owner !== null && (yield* findExternal(config, owner)) === null) return null;
  return fromSession(session, identity);
}

function* findExternal(
  config: ResolvedServerConfig,
  identity: Uint8Array,
): Step<ExternalPsk | null> {
  const known = config.externalPsks?.find((psk) => equalBytes(psk.identity, identity));
  return known ?? (yield* settle(config.findPsk?.(identity) ?? null));
}

/**
 * A session is resumed while its ticket lives, for the name that it was made for or across names if its ticket said so, with
 * its suite still on, and under the same policy.
 */
function mayResume(
  config: ResolvedServerConfig,
  carrier: Carrier,
  hello: ReceivedHello,
  session: Session,
): boolean {
  const now = config.clock();
  if (!isSessionAlive(session, now, CLOCK_MARGIN)) return false;
  if (!isAuthenticationFresh(session, now, config.authenticationLimit)) return false;
  // A client that offers a session offers its suite too; one that does not gets a full handshake.
  if (!hello.info.cipherSuites.includes(session.cipherSuite)) return false;
  return authenticatesClient(config, carrier, session) &&
    (session.serverName === hello.info.serverName ||
      session.flags.includes(TlsFlag.resumption_across_names));
}

/** Whether the session says of the client what a handshake under this configuration would. */
function authenticatesClient(
  config: ResolvedServerConfig,
  carrier: Carrier,
  session: Session,
): boolean {
  const authentication = config.clientAuthentication ?? "none";
  // Where a PSK authenticates, no certificate is asked for.
  if (authentication === "none" || pskOfPolicy(session.verification) !== null) return true;
  if (authentication === "required" && session.peer === null) return false;
  return session.verification === verificationPolicy(config, carrier);
}

function checkBinder(
  context: FlowContext,
  suite: CipherSuite,
  hello: ReceivedHello,
  offered: OfferedPsks,
  psk: Psk,
  index: number,
): void {
  const truncated = truncateBinders(hello.bytes, offered.binders);
  const transcriptHash = context.transcript.started
    ? context.transcript.digestWith(truncated)
    : context.transcript.digestPendingWith(suite.hash, truncated);
  const binder = computeBinder(suite.hash, psk, transcriptHash);
  if (!equalBytes(binder, offered.binders[index])) {
    throw new TlsError("peer/bad-binder", `the binder of PSK ${index} is wrong`);
  }
}

/** The PSK of a first ClientHello in the second one: it has to be there, with a binder over the new transcript. */
export function recheckPsk(
  context: FlowContext,
  suite: CipherSuite,
  hello: ReceivedHello,
  selected: SelectedPsk,
): SelectedPsk {
  const offered = offeredPsks(hello);
  if (offered === null) {
    throw new TlsError("peer/missing-extension", "the second ClientHello has no pre_shared_key");
  }
  const { identities, binders } = offered.psks;
  const index = identities.findIndex(({ identity }) => equalBytes(identity, selected.psk.identity));
  if (index < 0) {
    throw new TlsError(
      "peer/client-hello-changed",
      "the second ClientHello lacks the PSK that was chosen",
    );
  }
  checkBinder(context, suite, hello, offered.psks, selected.psk, index);
  return { ...selected, index, binder: binders[index] };
}
