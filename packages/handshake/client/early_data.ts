/**
 * Early data as a client sends it (RFC 9846 sections 2.3 and 4.3.10).
 *
 * @module
 */
import { equalBytes, TlsError } from "@sealane/wire";
import type { FlowContext } from "../engine/context.ts";
import type { EarlyDataReason } from "../engine/events.ts";
import { EarlySecret } from "../engine/key_schedule.ts";
import type { Psk } from "../engine/psk.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";

/** Why the first PSK brings no early data under this configuration; `null` if it does. */
export function whyNoEarlyData(
  context: FlowContext,
  config: ResolvedClientConfig,
  psks: readonly Psk[],
): EarlyDataReason | null {
  if (!config.earlyData) return "disabled";
  const psk = psks.at(0);
  if (psk === undefined) return "no-session-offered";
  const { early, session, hash } = psk;
  if (early === null) return session === null ? "no-session-offered" : "unsupported-for-session";
  if (session === null && !context.carrier.externalEarlyData) return "unsupported-for-session";
  if (early.expires !== null && early.expires <= config.clock()) return "unsupported-for-session";
  // RFC 9846 §4.3.10: the suite and the protocol of the PSK hold for early data too, so both have to be offered.
  const suite = config.suites.find(({ id }) => id === early.cipherSuite);
  if (suite?.hash.name !== hash) return "cipher-suite-mismatch";
  const { alpn } = early;
  const fits = alpn === null
    ? !context.carrier.alpnRequired
    : config.alpnBytes.some((protocol) => equalBytes(protocol, alpn));
  return fits ? null : "alpn-mismatch";
}

/** After ClientHello: the keys of early data, under the suite of the PSK. */
export function installEarlyKeys(
  context: FlowContext,
  config: ResolvedClientConfig,
  psk: Psk,
): void {
  const suite = config.suites.find(({ id }) => id === psk.early?.cipherSuite);
  if (suite === undefined) throw new TlsError("local/internal", "early data without its suite");
  const early = new EarlySecret(suite.hash, psk.key);
  const transcriptHash = context.transcript.digestPendingWith(suite.hash);
  const secret = context.keep(early.clientEarlyTraffic(transcriptHash));
  context.logSecret("CLIENT_EARLY_TRAFFIC_SECRET", secret);
  const exporter = early.earlyExporter(transcriptHash);
  context.logSecret("EARLY_EXPORTER_SECRET", exporter);
  early.end();
  context.maxEarlyData = psk.early?.maxSize ?? 0;
  context.earlyParameters = psk.early;
  context.earlySession = psk.session;
  context.earlyExporter = { hash: suite.hash, secret: context.keep(exporter) };
  context.installWrite("early", suite, secret);
  context.forget(secret);
}

/** Tells the carrier that early data was not taken. */
export function rejectEarlyData(context: FlowContext, reason: EarlyDataReason): void {
  const afterHelloRetryRequest = reason === "hello-retry-request";
  context.emit({ type: "earlyData", accepted: false, reason, afterHelloRetryRequest });
}
