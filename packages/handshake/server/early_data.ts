/**
 * Whether a server takes early data (RFC 9846 sections 4.3.10 and 8).
 *
 * @module
 */
import { type CipherSuite, hashOf, isTrue } from "@sealane/providers";
import { equalBytes, ExtensionType, HandshakeType } from "@sealane/wire";
import type { FlowContext } from "../engine/context.ts";
import type { EarlyDataReason } from "../engine/events.ts";
import { EarlySecret } from "../engine/key_schedule.ts";
import type { EarlyDataParameters } from "../config/external_psk.ts";
import { decodeEndOfEarlyData } from "../messages/end_of_early_data.ts";
import { DEFAULT_MAX_EARLY_DATA } from "../config/defaults.ts";
import type { ResolvedServerConfig } from "../config/resolve_config.ts";
import { settle, type Step } from "../engine/step.ts";
import type { Agreement } from "./agreement.ts";

/** The verdict; `null` if the client announced no early data. Tells the carrier. */
export function* judgeEarlyData(
  context: FlowContext,
  config: ResolvedServerConfig,
  agreement: Agreement,
  alpn: Uint8Array | null,
): Step<EarlyDataReason | null> {
  // RFC 9846 §4.3.10: only the first ClientHello announces early data, and a HelloRetryRequest declines it.
  if (agreement.retried) return agreement.earlyDataDeclined;
  if (!agreement.hello.offered.has(ExtensionType.early_data)) return null;
  const reason = yield* judge(context, config, agreement, alpn);
  const accepted = reason === "accepted";
  if (accepted) context.maxEarlyData = maxSize(config, agreement);
  context.emit({ type: "earlyData", accepted, reason, afterHelloRetryRequest: false });
  return reason;
}

/** Most bytes of early data that a configuration takes, with a ticket or an external PSK; 0 if it takes none. */
export function largestEarlyData(
  { earlyData, externalPsks = [] }: Pick<ResolvedServerConfig, "earlyData" | "externalPsks">,
): number {
  const ofTickets = earlyData === undefined ? 0 : earlyData.maxSize ?? DEFAULT_MAX_EARLY_DATA;
  return Math.max(ofTickets, ...externalPsks.map((psk) => psk.earlyData?.maxSize ?? 0));
}

/** What a ticket allowed is what is allowed now; an external PSK says it itself. */
function maxSize({ earlyData }: ResolvedServerConfig, { selected }: Agreement): number {
  const external = selected?.psk.session === null ? selected.psk.early : null;
  return external?.maxSize ?? earlyData?.maxSize ?? DEFAULT_MAX_EARLY_DATA;
}

function* judge(
  context: FlowContext,
  config: ResolvedServerConfig,
  { hello, suite, selected }: Agreement,
  alpn: Uint8Array | null,
): Step<EarlyDataReason> {
  if (config.earlyData === undefined) return "disabled";
  if (selected === null) {
    const offered = hello.offered.has(ExtensionType.pre_shared_key);
    return offered ? "session-not-resumed" : "no-session-offered";
  }
  const { session, early, identity } = selected.psk;
  // RFC 9846 §4.3.10: only the first PSK has early data, and only if its ticket or its configuration says so.
  if (early === null || !isAcceptable(context, config, early)) return "unsupported-for-session";
  if (selected.index !== 0) return "session-not-resumed";
  if (early.cipherSuite !== suite.id) return "cipher-suite-mismatch";
  if (!same(early.alpn, alpn)) return "alpn-mismatch";
  const remembered = session?.context ?? null;
  if (!same(remembered, config.earlyDataContext ?? null)) return "transport-context-mismatch";
  const { replayGuard, accept } = config.earlyData;
  // RFC 9846 §8.3: a ClientHello that was made at another time than it says is stale or replayed.
  if (Math.abs(selected.ageSkew) > replayGuard.tolerance) return "ticket-age-skew";
  const external = session === null ? identity : null;
  if (accept !== undefined && !isTrue(yield* settle(accept(hello.info, session, external)))) {
    return "application-declined";
  }
  const claimed = early.expires === null
    ? replayGuard.claim(selected.binder)
    : replayGuard.claimUntil?.(selected.binder, early.expires) ?? false;
  if (!isTrue(yield* settle(claimed))) return "replay";
  return "accepted";
}

/** RFC 9846 §8.2: what says nothing about its age has to be remembered as long as it would be accepted. */
function isAcceptable(
  { carrier }: FlowContext,
  { earlyData, clock }: ResolvedServerConfig,
  { expires }: EarlyDataParameters,
): boolean {
  if (expires === null) return true;
  const guarded = earlyData?.replayGuard.claimUntil !== undefined;
  return carrier.externalEarlyData && guarded && clock() < expires;
}

function same(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : equalBytes(a, b);
}

/** The secret of early data, from the ClientHello that announced it; also makes the early exporter. */
function earlyTrafficSecret(
  context: FlowContext,
  suite: CipherSuite,
  key: Uint8Array,
  clientHello: Uint8Array,
): Uint8Array {
  const early = new EarlySecret(suite.hash, key);
  const transcriptHash = hashOf(suite.hash, clientHello);
  const secret = context.keep(early.clientEarlyTraffic(transcriptHash));
  const exporter = context.keep(early.earlyExporter(transcriptHash));
  early.end();
  context.logSecret("CLIENT_EARLY_TRAFFIC_SECRET", secret);
  context.logSecret("EARLY_EXPORTER_SECRET", exporter);
  context.earlyExporter = { hash: suite.hash, secret: exporter };
  return secret;
}

/** Opens early data that was accepted, and over records waits for its end. */
export function* receiveEarlyData(
  context: FlowContext,
  { hello, suite, selected }: Agreement,
  reason: EarlyDataReason | null,
): Step<void> {
  if (reason !== "accepted" || selected === null) return;
  const secret = earlyTrafficSecret(context, suite, selected.psk.key, hello.bytes);
  context.installRead("early", suite, secret);
  context.forget(secret);
  if (!context.carrier.endOfEarlyData) return;
  const message = yield* context.receive(HandshakeType.end_of_early_data);
  decodeEndOfEarlyData(message.body);
  context.transcript.add(message.bytes);
}
