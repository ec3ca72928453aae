/**
 * Which packets an endpoint takes at all, by type and version, before any key is used.
 *
 * @module
 */
import type { DropReason } from "./drop.ts";
import type { Role } from "./role.ts";
import type { ProtectedPacket } from "./protected_packet.ts";
import type { QuicVersion } from "./version.ts";

/** What admission depends on. */
export interface AdmissionState {
  readonly role: Role;
  /** The version of the first packet. */
  readonly originalVersion: QuicVersion;
  /** The version in use. */
  readonly version: QuicVersion;
  /** Whether the version in use was negotiated and does not change again. */
  readonly versionSettled: boolean;
  /** The versions that may be negotiated. */
  readonly versions: readonly QuicVersion[];
  /** Whether 0-RTT was accepted; `null` before that is known. */
  readonly earlyData: boolean | null;
}

/** Why a packet is dropped before any key is used, or `null`. */
export function refusePacket(packet: ProtectedPacket, state: AdmissionState): DropReason | null {
  const { role, version, originalVersion } = state;
  switch (packet.type) {
    case "1rtt":
      return null;
    case "0rtt":
      // RFC 9000 §17.2.3: 0-RTT packets come from clients. RFC 9369 §4.1: they have the original version.
      if (role === "client") return "unexpected-type";
      if (state.earlyData === false) return "early-data-rejected";
      return packet.version === originalVersion ? null : "unexpected-version";
    case "handshake":
      // RFC 9369 §4.1: Handshake packets have the negotiated version.
      return packet.version === version ? null : "unexpected-version";
    case "initial":
      break;
  }
  if (role === "server") {
    // RFC 9369 §4.1: the client may not have learned the negotiated version yet.
    const known = packet.version === version || packet.version === originalVersion;
    return known ? null : "unexpected-version";
  }
  // RFC 9000 §17.2.2: a server's Initial packets have no token.
  if (packet.token.length > 0) return "initial-token";
  if (packet.version === version) return null;
  // RFC 9369 §4.1: the client learns the negotiated version from the first long header that has it.
  const negotiable = !state.versionSettled && state.versions.includes(packet.version);
  return negotiable ? null : "unexpected-version";
}
