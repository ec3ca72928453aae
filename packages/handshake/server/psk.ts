/**
 * Which PSK of a ClientHello a server takes (RFC 9846 section 4.3.11).
 *
 * @module
 */
import type { CipherSuite } from "@sealane/providers";
import { equalBytes, ExtensionType, PskKeyExchangeMode, TlsError } from "@sealane/wire";
import type { FlowContext } from "../context.ts";
import {
  decodeExtension,
  type OfferedPsks,
  preSharedKeyInClientHello,
  pskKeyExchangeModesInClientHello,
  truncateBinders,
} from "../extensions/mod.ts";
import { computeBinder, fromExternal, fromSession, type Psk, verificationPolicy } from "../psk.ts";
import type { ResolvedServerConfig } from "../resolve_config.ts";
import { isSessionAlive, type Session, ticketAgeSkew } from "../session/session.ts";
import { settle, type Step } from "../step.ts";
import type { ReceivedHello } from "./client_hello.ts";

/** The PSK that a server took. */
export interface SelectedPsk {
  /** The PSK. */
  readonly psk: Psk;
  /** Its place in the ClientHello. */
  readonly index: number;
  /** Its binder, verified. */
  readonly binder: Uint8Array;
  /** The client's age of the ticket minus ours, milliseconds; 0 for an external PSK. */
  readonly ageSkew: number;
  /** Whether it is used without a key exchange. */
  readonly alone: boolean;
}

/** How many identities of one ClientHello are looked up: each may cost a decryption or a trip to a store. */
const MAX_LOOKUPS = 8;

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
  const modes = decodeExtension(extensions, pskKeyExchangeModesInClientHello);
  if (modes === undefined) {
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
  const modes = decodeExtension(hello.hello.extensions, pskKeyExchangeModesInClientHello) ?? [];
  return modes.includes(PskKeyExchangeMode.psk_dhe_ke) ||
    Boolean(config.allowPskOnly) && modes.includes(PskKeyExchangeMode.psk_ke);
}

/** Takes the first PSK that we know and may use; its binder has to be right. `null`: none. */
export function* selectPsk(
  context: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  suite: CipherSuite,
): Step<SelectedPsk | null> {
  const offered = offeredPsks(hello);
  if (offered === null || !acceptsTickets(config, hello)) return null;
  const alone = !offered.modes.includes(PskKeyExchangeMode.psk_dhe_ke);
  const { identities, binders } = offered.psks;
  for (const [index, { identity, obfuscatedTicketAge }] of identities.entries()) {
    if (index >= MAX_LOOKUPS) return null;
    const psk = yield* lookUp(config, hello, identity);
    // RFC 9846 §4.3.11: the PSK's hash is that of the suite.
    if (psk === null || psk.hash !== suite.hash.name) continue;
    checkBinder(context, suite, hello, offered.psks, psk, index);
    const { session } = psk;
    // Only its owner can use up a ticket: the binder is verified by now.
    const usable = session === null || config.tickets === undefined ||
      (yield* settle(config.tickets.consume(identity, session)));
    if (!usable) continue;
    const ageSkew = session === null
      ? 0
      : ticketAgeSkew(session, obfuscatedTicketAge, config.clock());
    return { psk, index, binder: binders[index], ageSkew, alone };
  }
  return null;
}

function* lookUp(
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  identity: Uint8Array,
): Step<Psk | null> {
  const known = config.externalPsks?.find((psk) => equalBytes(psk.identity, identity));
  const external = known ?? (yield* settle(config.findPsk?.(identity) ?? null));
  if (external !== null) return fromExternal(external);
  const session = yield* settle(config.tickets?.open(identity) ?? null);
  if (session === null || !mayResume(config, hello, session)) return null;
  return fromSession(session, identity);
}

/** A session is resumed while its ticket lives, for the name that it was made for, and under the same policy. */
function mayResume(config: ResolvedServerConfig, hello: ReceivedHello, session: Session): boolean {
  if (!isSessionAlive(session, config.clock())) return false;
  // A client that offers a session offers its suite too; one that does not gets a full handshake.
  if (!hello.info.cipherSuites.includes(session.cipherSuite)) return false;
  const authentication = config.clientAuthentication ?? "none";
  if (authentication === "required" && session.peer === null) return false;
  if (authentication !== "none" && session.verification !== verificationPolicy(config)) {
    return false;
  }
  return session.serverName === hello.info.serverName;
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
