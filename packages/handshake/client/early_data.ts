/**
 * Early data as a client sends it (RFC 9846 sections 2.3 and 4.3.10).
 *
 * @module
 */
import { equalBytes, TlsError } from "@sealane/wire";
import type { FlowContext } from "../context.ts";
import type { EarlyDataReason } from "../events.ts";
import { EarlySecret } from "../key_schedule.ts";
import type { Psk } from "../psk.ts";
import type { ResolvedClientConfig } from "../resolve_config.ts";

/** Why the first PSK brings no early data under this configuration; `null` if it does. */
export function whyNoEarlyData(
  context: FlowContext,
  config: ResolvedClientConfig,
  psks: readonly Psk[],
): EarlyDataReason | null {
  if (!config.earlyData) return "disabled";
  const session = psks.at(0)?.session ?? null;
  if (session === null) return "no-session-offered";
  if (session.maxEarlyData === 0) return "unsupported-for-session";
  // RFC 9846 §4.3.10: the suite and the protocol of the session hold for early data too, so both have to be offered.
  if (!config.suites.some(({ id }) => id === session.cipherSuite)) return "cipher-suite-mismatch";
  const { alpn } = session;
  const fits = alpn === null
    ? !context.carrier.alpnRequired
    : config.alpnBytes.some((protocol) => equalBytes(protocol, alpn));
  return fits ? null : "alpn-mismatch";
}

/** After ClientHello: the keys of early data, under the session's suite. */
export function installEarlyKeys(
  context: FlowContext,
  config: ResolvedClientConfig,
  psk: Psk,
): void {
  const suite = config.suites.find(({ id }) => id === psk.session?.cipherSuite);
  if (suite === undefined) throw new TlsError("local/internal", "early data without its suite");
  const early = new EarlySecret(suite.hash, psk.key);
  const transcriptHash = context.transcript.digestPendingWith(suite.hash);
  const secret = context.keep(early.clientEarlyTraffic(transcriptHash));
  context.logSecret("CLIENT_EARLY_TRAFFIC_SECRET", secret);
  const exporter = early.earlyExporter(transcriptHash);
  context.logSecret("EARLY_EXPORTER_SECRET", exporter);
  early.end();
  context.maxEarlyData = psk.session?.maxEarlyData ?? 0;
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

/** RFC 9846 §4.3.10: accepted early data has the suite and the protocol of the session. */
export function checkAcceptedEarlyData(
  psk: Psk,
  suite: number,
  alpn: Uint8Array | null,
): void {
  const { session } = psk;
  if (session?.cipherSuite !== suite) {
    throw new TlsError("peer/early-data", "the server took early data with another cipher suite");
  }
  const same = session.alpn === null || alpn === null
    ? session.alpn === alpn
    : equalBytes(session.alpn, alpn);
  if (!same) {
    throw new TlsError(
      "peer/early-data",
      "the server took early data with another application protocol",
    );
  }
}
