/**
 * The table of the demo.
 *
 * @module
 */
import type { HandshakeInfo } from "@sealane/handshake";
import type { CryptoProvider } from "@sealane/providers";
import { namedGroupName, signatureSchemeName } from "@sealane/wire";
import type { LiveConnection, Scenario } from "../../interop/peers/mod.ts";
import type { SessionPeerCase, SessionVisit } from "../../interop/peers/session_visits.ts";

const WIDTHS = [9, 7, 10, 30, 16, 24, 7];

/** One line with the columns of the table. */
export function row(...cells: readonly string[]): string {
  return cells.map((cell, i) => i < WIDTHS.length ? cell.padEnd(WIDTHS[i]) : cell).join(" ");
}

/** The head of the table. */
export const HEAD: string = row(
  "peer",
  "role",
  "provider",
  "suite",
  "group",
  "signature",
  "ms",
  "result",
);

/** The line of a connection that is open and has carried data. */
export function goodRow(scenario: Scenario, { info, milliseconds }: LiveConnection): string {
  const signatures = signaturesOf(scenario, info);
  const result = ["ok"];
  if (info.helloRetryRequest) result.push("HelloRetryRequest");
  if (scenario.clientKey !== undefined) result.push(`client ${signatures.client}`);
  return row(
    scenario.peer.name,
    scenario.role,
    scenario.provider.name,
    info.suite.name,
    info.group === null ? "-" : namedGroupName(info.group),
    signatures.server,
    milliseconds.toFixed(1),
    result.join(", "),
  );
}

/** The line of a connection that resumed a session. */
export function sessionRow(
  { peer, role, early }: SessionPeerCase,
  { info, milliseconds }: SessionVisit,
  provider: CryptoProvider,
): string {
  return row(
    peer,
    role,
    provider.name,
    info.suite.name,
    info.group === null ? "-" : namedGroupName(info.group),
    "-",
    milliseconds.toFixed(1),
    early ? "ok, resumed, early data accepted" : "ok, resumed",
  );
}

/** The line of a connection that failed or was skipped. */
export function otherRow(scenario: Scenario, result: string): string {
  const { peer, role, provider } = scenario;
  return row(peer.name, role, provider.name, "-", "-", "-", "-", result);
}

/** Which scheme each side signed with: "server" and "client" are the sides of TLS, not ours and theirs. */
function signaturesOf(
  { role }: Scenario,
  info: HandshakeInfo,
): Record<"server" | "client", string> {
  const name = (scheme: number | null) => scheme === null ? "-" : signatureSchemeName(scheme);
  const [ours, theirs] = [name(info.signatureScheme), name(info.peerSignatureScheme)];
  return role === "client" ? { server: theirs, client: ours } : { server: ours, client: theirs };
}
