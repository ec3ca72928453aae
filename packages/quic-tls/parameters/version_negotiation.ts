/**
 * Version negotiation (RFC 9368): by Version Negotiation packets between incompatible versions, and inside the handshake
 * between compatible ones, with the checks that keep an attacker from forcing a downgrade.
 *
 * @module
 */
import { QuicError, TransportErrorCode } from "../errors.ts";
import type { VersionNegotiationPacket } from "../packets/header.ts";
import type { TransportParameters, VersionInformation } from "./transport_parameters.ts";
import type { QuicVersion } from "../packets/version.ts";

function fail(reason: string): never {
  throw new QuicError(TransportErrorCode.VERSION_NEGOTIATION_ERROR, reason);
}

/** The first of `supported`, most preferred first, that is in `offered`; `null` if there is none. */
export function selectVersion(
  supported: readonly QuicVersion[],
  offered: readonly number[],
): QuicVersion | null {
  return supported.find((version) => offered.includes(version.id)) ?? null;
}

/** A client's state of version negotiation. */
export interface ClientVersions {
  /** What the client supports, most preferred first. */
  readonly supported: readonly QuicVersion[];
  /** The version of its first Initial packet of this attempt. */
  readonly original: QuicVersion;
  /** Whether this attempt follows a Version Negotiation packet. */
  readonly afterVersionNegotiation: boolean;
}

/**
 * What a client makes of a Version Negotiation packet: the version to try next, `"none"` if there is none in common, or
 * `"ignore"` (RFC 9368 section 4). The caller has checked the connection IDs, and that no other packet was processed.
 */
export function onVersionNegotiation(
  packet: VersionNegotiationPacket,
  versions: ClientVersions,
): QuicVersion | "none" | "ignore" {
  // RFC 9368 §4: a packet that lists the version we chose is forged; only one packet is acted on.
  if (versions.afterVersionNegotiation) return "ignore";
  if (packet.versions.includes(versions.original.id)) return "ignore";
  return selectVersion(versions.supported, packet.versions) ?? "none";
}

/** What ends a client's connection if the server has none of its versions. */
export function noCommonVersion(versions: readonly QuicVersion[]): QuicError {
  const reason = `the server has none of ${versions.map(({ name }) => name).join(", ")}`;
  return new QuicError(TransportErrorCode.VERSION_NEGOTIATION_ERROR, reason);
}

/** The `version_information` that a client sends. All versions of this package are compatible with each other. */
export function clientVersionInformation(versions: ClientVersions): VersionInformation {
  const ids = versions.supported.map((version) => version.id);
  const chosenVersion = versions.original.id;
  const availableVersions = ids.includes(chosenVersion) ? ids : [...ids, chosenVersion];
  return { chosenVersion, availableVersions };
}

/** The `version_information` that a server sends. */
export function serverVersionInformation(
  negotiated: QuicVersion,
  supported: readonly QuicVersion[],
): VersionInformation {
  return {
    chosenVersion: negotiated.id,
    availableVersions: supported.map((version) => version.id),
  };
}

/**
 * A server's choice among the compatible versions of a client's first flight: its own most preferred (RFC 9368 section
 * 2.3).
 *
 * @throws {QuicError} `VERSION_NEGOTIATION_ERROR` if the client's Chosen Version is not the one in its packets.
 */
export function negotiateVersion(
  parameters: TransportParameters,
  inUse: QuicVersion,
  supported: readonly QuicVersion[],
): QuicVersion {
  const info = parameters.versionInformation;
  // RFC 9368 §4: servers may complete the handshake without version information.
  if (info === undefined) return inUse;
  // RFC 9368 §4: the Chosen Version is the version in use.
  if (info.chosenVersion !== inUse.id) {
    fail(`version information chose 0x${info.chosenVersion.toString(16)} over ${inUse.name}`);
  }
  return selectVersion(supported, info.availableVersions) ?? inUse;
}

/**
 * A client's check of the server's version information.
 *
 * @throws {QuicError} `VERSION_NEGOTIATION_ERROR`.
 */
export function checkServerVersions(
  parameters: TransportParameters,
  negotiated: QuicVersion,
  versions: ClientVersions,
): void {
  const info = parameters.versionInformation;
  if (info === undefined) {
    // RFC 9368 §4: a client that reacted to a Version Negotiation packet, or changed version, needs it.
    if (versions.afterVersionNegotiation || negotiated !== versions.original) {
      fail("version information is missing after version negotiation");
    }
    return;
  }
  // RFC 9368 §4: the Chosen Version is one that we offered, and the one in the packets.
  const offered = clientVersionInformation(versions).availableVersions;
  if (!offered.includes(info.chosenVersion) || info.chosenVersion !== negotiated.id) {
    fail(`version information chose 0x${info.chosenVersion.toString(16)} over ${negotiated.name}`);
  }
  if (!versions.afterVersionNegotiation) return;
  // RFC 9368 §4: with the server's real list, the client would have chosen the same version.
  if (info.availableVersions.length === 0) fail("version information has no available versions");
  const list = [...info.availableVersions, negotiated.id];
  const again = selectVersion(versions.supported, list);
  if (again !== versions.original && again !== negotiated) {
    fail("a version negotiation packet was forged");
  }
}
