/**
 * What the shim does on one connection, in the order in which BoringSSL's shim does it: the handshake, the checks, then
 * an echo that inverts every byte.
 *
 * @module
 */
import { AlertDescription, utf8, Writer } from "@sealane/wire";
import type { Endpoint } from "./endpoint.ts";
import type { Expectations } from "./expectations.ts";
import type { ExchangeRole } from "./endpoint.ts";
import type { ConnectionFlags } from "./flags.ts";
import { expect } from "./outcome.ts";

/** Runs the whole exchange. */
export async function runExchange(
  endpoint: Endpoint,
  flags: ConnectionFlags,
  expectations: Expectations,
  role: ExchangeRole,
): Promise<void> {
  if (!flags["implicit-handshake"]) {
    await endpoint.handshake();
    expectations.checkHandshake(flags, role);
    // A second call finds the handshake done, and does nothing.
    if (flags["no-op-extra-handshake"]) await endpoint.handshake();
    if (flags["early-write-after-message"] !== undefined) {
      await endpoint.handshakeUntil(flags["early-write-after-message"]);
    }
  }
  await writeExports(endpoint, flags);
  if (flags["send-alert"]) {
    await endpoint.sendAlert(AlertDescription.decompression_failure);
    return;
  }
  const hello = utf8(flags["shim-initial-write"] ?? "hello");
  if (flags["read-with-unfinished-write"]) await endpoint.writeUnfinished(hello);
  else if (flags["shim-writes-first"]) {
    const times = flags["repeat-shim-initial-write"] ?? 1;
    for (let i = 0; i < times; i++) await endpoint.write(hello);
  }
  if (!flags["shim-shuts-down"]) await echo(endpoint, flags, role);
  expectations.checkSession(flags);
  await endpoint.shutdown(flags["check-close-notify"]);
}

/** Tells the runner what the exporter gives, and the traffic secrets, so that it can compare them with its own. */
async function writeExports(endpoint: Endpoint, flags: ConnectionFlags): Promise<void> {
  const length = flags["export-keying-material"] ?? 0;
  if (length > 0) {
    const label = flags["export-label"] ?? "";
    // RFC 9846 §7.5: an absent context is an empty one, so -use-export-context makes no difference.
    const context = utf8(flags["export-context"] ?? "");
    await endpoint.write(endpoint.exportKeyingMaterial(label, context, length));
  }
  if (flags["export-traffic-secrets"]) {
    const { read, write } = endpoint.trafficSecrets();
    const littleEndianLength = new Uint8Array([read.length & 0xff, read.length >> 8]);
    await endpoint.write(new Writer().bytes(littleEndianLength).bytes(read).bytes(write).finish());
  }
}

/** Sends back what the runner sends, every byte inverted, until the runner ends. */
async function echo(
  endpoint: Endpoint,
  flags: ConnectionFlags,
  role: ExchangeRole,
): Promise<void> {
  // 512 bytes at a time, so that a record is returned in several reads.
  const most = flags["read-size"] ?? 512;
  let unfinished = flags["read-with-unfinished-write"];
  while (true) {
    const received = await endpoint.read(most);
    if (received === null) return;
    if (!flags.server && role.isResume && !role.isRetry) {
      expect(!flags["expect-reject-early-data"], "data came before the early data was declined");
    }
    if (unfinished) await endpoint.releaseWrite();
    unfinished = false;
    if (flags["key-update"]) await endpoint.keyUpdate();
    await endpoint.write(received.map((byte) => byte ^ 0xff));
  }
}
