/**
 * Whether a server takes early data (RFC 9846 sections 4.3.10 and 8).
 *
 * @module
 */
import type { CipherSuite } from "@sealane/providers";
import { equalBytes, ExtensionType } from "@sealane/wire";
import type { FlowContext } from "../context.ts";
import type { EarlyDataReason } from "../events.ts";
import { EarlySecret } from "../key_schedule.ts";
import type { ResolvedServerConfig } from "../resolve_config.ts";
import { settle, type Step } from "../step.ts";
import type { Agreement } from "./hello_retry.ts";

/** The most early data that is accepted unless the configuration says otherwise, bytes. */
export const DEFAULT_MAX_EARLY_DATA = 14_336;

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
  const reason = yield* judge(config, agreement, alpn);
  const accepted = reason === "accepted";
  if (accepted) context.maxEarlyData = config.earlyData?.maxSize ?? DEFAULT_MAX_EARLY_DATA;
  context.emit({ type: "earlyData", accepted, reason, afterHelloRetryRequest: false });
  return reason;
}

function* judge(
  config: ResolvedServerConfig,
  { hello, suite, selected }: Agreement,
  alpn: Uint8Array | null,
): Step<EarlyDataReason> {
  if (config.earlyData === undefined) return "disabled";
  if (selected === null) {
    const offered = hello.offered.has(ExtensionType.pre_shared_key);
    return offered ? "session-not-resumed" : "no-session-offered";
  }
  const { session } = selected.psk;
  // RFC 9846 §4.3.10: only the first PSK has early data, and only if its ticket says so.
  if (session === null || session.maxEarlyData === 0) return "unsupported-for-session";
  if (selected.index !== 0) return "session-not-resumed";
  if (session.cipherSuite !== suite.id) return "cipher-suite-mismatch";
  if (!same(session.alpn, alpn)) return "alpn-mismatch";
  if (!same(session.context, config.earlyDataContext ?? null)) return "transport-context-mismatch";
  const { replayGuard, accept } = config.earlyData;
  // RFC 9846 §8.3: a ClientHello that was made at another time than it says is stale or replayed.
  if (Math.abs(selected.ageSkew) > replayGuard.tolerance) return "ticket-age-skew";
  if (accept !== undefined && !(yield* settle(accept(hello.info, session)))) {
    return "application-declined";
  }
  if (!(yield* settle(replayGuard.claim(selected.binder)))) return "replay";
  return "accepted";
}

function same(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : equalBytes(a, b);
}

/** The secret of early data, from the ClientHello that announced it; also makes the early exporter. */
export function earlyTrafficSecret(
  context: FlowContext,
  suite: CipherSuite,
  key: Uint8Array,
  clientHello: Uint8Array,
): Uint8Array {
  const early = new EarlySecret(suite.hash, key);
  const transcriptHash = suite.hash.create().update(clientHello).digest();
  const secret = context.keep(early.clientEarlyTraffic(transcriptHash));
  const exporter = context.keep(early.earlyExporter(transcriptHash));
  early.end();
  context.logSecret("CLIENT_EARLY_TRAFFIC_SECRET", secret);
  context.logSecret("EARLY_EXPORTER_SECRET", exporter);
  context.earlyExporter = { hash: suite.hash, secret: exporter };
  return secret;
}
