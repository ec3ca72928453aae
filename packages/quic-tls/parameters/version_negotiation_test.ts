import { assertEquals, assertThrows } from "@std/assert";
import { QuicError, TransportErrorCode } from "../errors.ts";
import {
  parsePacket,
  versionNegotiation,
  type VersionNegotiationPacket,
} from "../packets/header.ts";
import { QUIC_V1, QUIC_V2 } from "../packets/version.ts";
import {
  checkServerVersions,
  clientVersionInformation,
  type ClientVersions,
  negotiateVersion,
  onVersionNegotiation,
  serverVersionInformation,
} from "./version_negotiation.ts";

const BOTH = [QUIC_V2, QUIC_V1];
const FIRST: ClientVersions = {
  supported: BOTH,
  original: QUIC_V1,
  afterVersionNegotiation: false,
};

function listing(...versions: number[]): VersionNegotiationPacket {
  const id = new Uint8Array(4);
  const ids = { destinationConnectionId: id, sourceConnectionId: id };
  const packet = parsePacket(versionNegotiation(ids, versions), 0, { connectionIdLength: 4 });
  if (packet.type !== "version-negotiation") throw new Error(packet.type);
  return packet;
}

function assertRefused(action: () => unknown): void {
  const error = assertThrows(action, QuicError);
  assertEquals(error.transportError, TransportErrorCode.VERSION_NEGOTIATION_ERROR);
}

Deno.test("a client follows a Version Negotiation packet once, and never one with its own version", () => {
  assertEquals(onVersionNegotiation(listing(QUIC_V2.id, 0x1a2a3a4a), FIRST), QUIC_V2);
  assertEquals(onVersionNegotiation(listing(QUIC_V1.id, QUIC_V2.id), FIRST), "ignore");
  assertEquals(onVersionNegotiation(listing(7), FIRST), "none");
  const again = { ...FIRST, original: QUIC_V2, afterVersionNegotiation: true };
  assertEquals(onVersionNegotiation(listing(QUIC_V1.id), again), "ignore");
});

Deno.test("a server upgrades a client to the version that it prefers", () => {
  const parameters = { versionInformation: clientVersionInformation(FIRST) };
  assertEquals(negotiateVersion(parameters, QUIC_V1, BOTH), QUIC_V2);
  assertEquals(negotiateVersion(parameters, QUIC_V1, [QUIC_V1]), QUIC_V1);
  assertEquals(negotiateVersion({}, QUIC_V1, BOTH), QUIC_V1);
  assertRefused(() => negotiateVersion(parameters, QUIC_V2, BOTH));
});

Deno.test("a client accepts the server's version information where it fits", () => {
  const versionInformation = serverVersionInformation(QUIC_V2, BOTH);
  checkServerVersions({ versionInformation }, QUIC_V2, FIRST);
  checkServerVersions({}, QUIC_V1, FIRST);
  const after = { ...FIRST, original: QUIC_V2, afterVersionNegotiation: true };
  checkServerVersions({ versionInformation }, QUIC_V2, after);
});

Deno.test("a client refuses version information that shows a downgrade", () => {
  const information = (chosenVersion: number, ...availableVersions: number[]) => ({
    versionInformation: { chosenVersion, availableVersions },
  });
  const after = { ...FIRST, afterVersionNegotiation: true };
  assertRefused(() => checkServerVersions({}, QUIC_V1, after));
  assertRefused(() => checkServerVersions({}, QUIC_V2, FIRST));
  assertRefused(() => checkServerVersions(information(QUIC_V2.id), QUIC_V1, FIRST));
  assertRefused(() => checkServerVersions(information(7, 7), QUIC_V1, FIRST));
  assertRefused(() => checkServerVersions(information(QUIC_V1.id), QUIC_V1, after));
  // The server has version 2 after all: the Version Negotiation packet was forged.
  const forged = information(QUIC_V1.id, QUIC_V1.id, QUIC_V2.id);
  assertRefused(() => checkServerVersions(forged, QUIC_V1, after));
});
