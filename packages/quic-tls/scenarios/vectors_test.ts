import { assert, assertEquals } from "@std/assert";
import { CipherSuiteId, fromHex, toHex } from "@sealane/wire";
import { type CipherSuite, hkdfExpandLabel, hkdfExtract } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import illustrated from "../testdata/illustrated_quic.json" with { type: "json" };
import rfc9001 from "../testdata/rfc9001.json" with { type: "json" };
import rfc9369 from "../testdata/rfc9369.json" with { type: "json" };
import {
  parseDatagram,
  parsePacket,
  writeLongHeader,
  writeShortHeader,
} from "../packets/header.ts";
import { initialProtectors, initialSecrets, initialSuite } from "../keys/initial.ts";
import type { Role } from "../packets/role.ts";
import { KeyPhases, nextSecret } from "../keys/key_phase.ts";
import { PacketProtector } from "../keys/protection.ts";
import { retryIntegrityTag, verifyRetry, writeRetry } from "../start/retry.ts";
import { QUIC_V1, QUIC_V2 } from "../packets/version.ts";

const EMPTY = new Uint8Array(0);
const TIMING = { now: () => 0, pto: () => 1 };

function suiteOf(id: number): CipherSuite {
  const suite = nativeProvider.cipherSuites.find((candidate) => candidate.id === id);
  assert(suite !== undefined);
  return suite;
}

for (const [version, rfc] of [[QUIC_V1, rfc9001], [QUIC_V2, rfc9369]] as const) {
  const dcid = fromHex(rfc.dcid);
  const { hash } = initialSuite(nativeProvider);

  Deno.test(`${version.name}: the table of the version is the RFC's`, () => {
    assertEquals(version.id, parseInt(rfc.version, 16));
    assertEquals(toHex(version.initialSalt), rfc.initial_salt);
    assertEquals(toHex(version.retryNonce), rfc.retry_nonce);
    const { key, iv, headerProtection, keyUpdate } = version.labels;
    assertEquals({ key, iv, hp: headerProtection, ku: keyUpdate }, rfc.hkdf_labels);
    const { initial, handshake, retry } = version.packetTypes;
    const types = { initial, zero_rtt: version.packetTypes["0rtt"], handshake, retry };
    assertEquals(types, rfc.long_header_packet_types);
    for (const [type, bits] of Object.entries(version.packetTypes)) {
      assertEquals(version.packetTypeOfBits[bits], type);
    }
  });

  Deno.test(`${version.name}: the Retry key comes from the Retry secret`, () => {
    const secret = fromHex(rfc.retry_secret);
    const { key, iv } = version.labels;
    assertEquals(hkdfExpandLabel(hash, secret, key, EMPTY, 16), version.retryKey);
    assertEquals(hkdfExpandLabel(hash, secret, iv, EMPTY, 12), version.retryNonce);
    assertEquals(toHex(version.retryKey), rfc.retry_key);
  });

  Deno.test(`${version.name}: Initial secrets and keys are those of appendix A.1`, () => {
    assertEquals(toHex(hkdfExtract(hash, version.initialSalt, dcid)), rfc.initial_secret);
    const secrets = initialSecrets(version, hash, dcid);
    for (const role of ["client", "server"] as const) {
      const { key, iv, headerProtection } = version.labels;
      assertEquals(toHex(secrets[role]), rfc[role].initial_secret);
      assertEquals(toHex(hkdfExpandLabel(hash, secrets[role], key, EMPTY, 16)), rfc[role].key);
      assertEquals(toHex(hkdfExpandLabel(hash, secrets[role], iv, EMPTY, 12)), rfc[role].iv);
      const mask = hkdfExpandLabel(hash, secrets[role], headerProtection, EMPTY, 16);
      assertEquals(toHex(mask), rfc[role].hp);
    }
  });

  const clientPayload = new Uint8Array(rfc.client_initial.padded_payload_length);
  clientPayload.set(fromHex(rfc.client_initial.crypto_frame));
  const packets = [
    { role: "client", vector: rfc.client_initial, payload: clientPayload, ids: [dcid, EMPTY] },
    {
      role: "server",
      vector: rfc.server_initial,
      payload: fromHex(rfc.server_initial.payload),
      ids: [EMPTY, fromHex("f067a5502a4262b5")],
    },
  ] as const;
  for (const { role, vector, payload, ids } of packets) {
    Deno.test(`${version.name}: the ${role}'s Initial packet is protected byte for byte`, async () => {
      const { write } = await initialProtectors(nativeProvider, version, dcid, role);
      const header = fromHex(vector.unprotected_header);
      const written = new Uint8Array(header.length);
      const end = writeLongHeader(written, 0, {
        type: "initial",
        version,
        destinationConnectionId: ids[0],
        sourceConnectionId: ids[1],
        packetNumber: vector.packet_number,
        packetNumberLength: (header[0] & 3) + 1,
        protectedLength: payload.length + write.tagLength,
      });
      assertEquals(end, header.length);
      assertEquals(toHex(written), vector.unprotected_header);
      const packet = await write.seal(written, vector.packet_number, payload);
      assertEquals(toHex(packet), vector.packet);
    });

    Deno.test(`${version.name}: the ${role}'s Initial packet is unprotected`, async () => {
      const peer = role === "client" ? "server" : "client";
      const { read } = await initialProtectors(nativeProvider, version, dcid, peer);
      const parsed = parsePacket(fromHex(vector.packet), 0, { connectionIdLength: 0 });
      assert(parsed.type === "initial");
      assertEquals(parsed.destinationConnectionId, new Uint8Array(ids[0]));
      const opened = await read.unprotect(parsed.bytes, parsed.packetNumberOffset, -1);
      assert(typeof opened !== "string");
      assertEquals(toHex(opened.header), vector.unprotected_header);
      assertEquals(opened.payload, payload);
      assertEquals(opened.packetNumber, vector.packet_number);
      assertEquals(toHex(parsed.bytes), vector.packet, "the datagram is left as it was");
    });
  }

  Deno.test(`${version.name}: the Retry packet is written and verified`, async () => {
    const bytes = fromHex(rfc.retry.packet);
    const original = fromHex(rfc.retry.original_dcid);
    const packet = parsePacket(bytes, 0, { connectionIdLength: 0 });
    assert(packet.type === "retry");
    assertEquals(new TextDecoder().decode(packet.token), "token");
    assert(await verifyRetry(nativeProvider, packet, original));
    assert(!await verifyRetry(nativeProvider, packet, EMPTY));
    const { destinationConnectionId, sourceConnectionId, token } = packet;
    const written = await writeRetry(nativeProvider, {
      version,
      destinationConnectionId,
      sourceConnectionId,
      originalDestinationConnectionId: original,
      token,
      unused: bytes[0] & 0x0f,
    });
    assertEquals(toHex(written), rfc.retry.packet);
    for (let i = 0; i < bytes.length; i++) {
      const forged = bytes.slice();
      forged[i] ^= 1;
      const tag = await retryIntegrityTag(
        nativeProvider,
        version,
        original,
        forged.subarray(0, -16),
      );
      assert(toHex(tag) !== toHex(forged.subarray(-16)), `byte ${i} is covered`);
    }
  });

  Deno.test(`${version.name}: the ChaCha20 short-header packet is byte for byte`, async () => {
    const vector = rfc.chacha20_short_header;
    const suite = suiteOf(CipherSuiteId.TLS_CHACHA20_POLY1305_SHA256);
    const secret = fromHex(vector.secret);
    assertEquals(toHex(nextSecret(version, suite, secret)), vector.ku);
    const keys = new KeyPhases(version, suite, TIMING);
    await keys.installWrite(secret);
    await keys.installRead(secret);
    const packet = new Uint8Array(4 + 1 + 16);
    const { packet_number: packetNumber, packet_number_length: packetNumberLength } = vector;
    const header = { destinationConnectionId: EMPTY, packetNumber, packetNumberLength };
    assertEquals(writeShortHeader(packet, 0, header), 4);
    assertEquals(toHex(packet.subarray(0, 4)), vector.unprotected_header);
    packet.set(fromHex(vector.payload_plaintext), 4);
    assertEquals(toHex(await keys.protect(packet, 4, packetNumber)), vector.packet);
    const opened = await keys.unprotect(packet, 1, packetNumber - 1);
    assert(typeof opened !== "string");
    assertEquals(opened.packetNumber, packetNumber);
    assertEquals(toHex(opened.payload), vector.payload_plaintext);
  });
}

Deno.test("the illustrated QUIC connection opens packet by packet", async () => {
  const suite = suiteOf(parseInt(illustrated.cipher_suite, 16));
  const protectors = new Map<string, PacketProtector | KeyPhases>();
  const log = illustrated.key_log;
  for (const role of ["client", "server"] as const) {
    const peer: Role = role === "client" ? "server" : "client";
    const dcid = fromHex(illustrated.original_dcid);
    const { read } = await initialProtectors(nativeProvider, QUIC_V1, dcid, peer);
    protectors.set(`${role} initial`, read);
    const name = role === "client" ? "CLIENT" : "SERVER";
    const handshake = fromHex(log[`${name}_HANDSHAKE_TRAFFIC_SECRET`]);
    const made = await PacketProtector.create(QUIC_V1, suite, handshake);
    protectors.set(`${role} handshake`, made);
    const phases = new KeyPhases(QUIC_V1, suite, TIMING);
    await phases.installRead(fromHex(log[`${name}_TRAFFIC_SECRET_0`]));
    protectors.set(`${role} 1rtt`, phases);
  }
  let index = 0;
  const largest = new Map<string, number>();
  for (const datagram of illustrated.datagrams) {
    for (const packet of parseDatagram(fromHex(datagram.data), { connectionIdLength: 5 })) {
      if (packet.type === "dropped") {
        // The pages pad two datagrams with zeros after the last packet.
        assertEquals(packet.reason, "fixed-bit");
        assert(packet.bytes.every((byte) => byte === 0));
        continue;
      }
      assert("packetNumberOffset" in packet);
      const expected = illustrated.packets[index++];
      assertEquals(expected.sender, datagram.sender);
      const space = `${datagram.sender} ${packet.type}`;
      const opened = await protectors.get(space)?.unprotect(
        packet.bytes,
        packet.packetNumberOffset,
        largest.get(space) ?? -1,
      );
      assert(typeof opened === "object", `${expected.packet}: ${opened}`);
      assertEquals(toHex(opened.header), expected.header);
      assertEquals(toHex(opened.payload), expected.payload);
      assertEquals(opened.packetNumber, expected.packet_number);
      largest.set(space, opened.packetNumber);
    }
  }
  assertEquals(index, illustrated.packets.length);
});
