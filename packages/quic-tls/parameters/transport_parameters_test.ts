import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromHex, TlsError, toHex } from "@sealane/wire";
import fc from "fast-check";
import { QuicError, TransportErrorCode } from "../errors.ts";
import {
  checkNotReduced,
  decodeRemembered,
  encodeRemembered,
  mayAcceptEarlyData,
  rememberParameters,
} from "./remembered_parameters.ts";
import { checkConnectionIds } from "./connection_id_check.ts";
import {
  decodeTransportParameters,
  encodeTransportParameters,
  greaseParameter,
} from "./transport_parameter_codec.ts";
import type { TransportParameters } from "./transport_parameters.ts";

const EVERYTHING: TransportParameters = {
  originalDestinationConnectionId: fromHex("8394c8f03e515708"),
  maxIdleTimeout: 30_000,
  statelessResetToken: new Uint8Array(16).fill(7),
  maxUdpPayloadSize: 1472,
  initialMaxData: 1_000_000,
  initialMaxStreamDataBidiLocal: 1,
  initialMaxStreamDataBidiRemote: 64,
  initialMaxStreamDataUni: 16_384,
  initialMaxStreamsBidi: 2 ** 40,
  initialMaxStreamsUni: 0,
  ackDelayExponent: 20,
  maxAckDelay: 2 ** 14 - 1,
  disableActiveMigration: true,
  preferredAddress: {
    ipv4Address: fromHex("7f000001"),
    ipv4Port: 4433,
    ipv6Address: new Uint8Array(16),
    ipv6Port: 0,
    connectionId: fromHex("aabbcc"),
    statelessResetToken: new Uint8Array(16).fill(9),
  },
  activeConnectionIdLimit: 2,
  initialSourceConnectionId: fromHex("f067a5502a4262b5"),
  retrySourceConnectionId: new Uint8Array(0),
  versionInformation: { chosenVersion: 1, availableVersions: [0x6b3343cf, 1, 0x1a2a3a4a] },
  maxDatagramFrameSize: 65_535,
  greaseQuicBit: true,
  unknown: new Map([[27n, fromHex("0102")], [(1n << 62n) - 1n, new Uint8Array(0)]]),
};

function assertRefused(hex: string, sender: "client" | "server", message: string): void {
  const decode = () => decodeTransportParameters(fromHex(hex), sender);
  const error = assertThrows(decode, QuicError, message);
  assertEquals(error.transportError, TransportErrorCode.TRANSPORT_PARAMETER_ERROR);
}

Deno.test("every parameter survives the wire", () => {
  const bytes = encodeTransportParameters(EVERYTHING, "server");
  assertEquals(decodeTransportParameters(bytes, "server"), EVERYTHING);
});

Deno.test("parameters of the illustrated connection read as its page says", () => {
  const hex = "00080001020304050607" + "01048001d4c0" + "03048000fff7" + "040480500000" +
    "050480080000" + "060480080000" + "070480080000" + "080240640902406" + "40a01030b0119" +
    "0e01080f05735f636964";
  const parameters = decodeTransportParameters(fromHex(hex), "server");
  assertEquals(parameters.maxIdleTimeout, 120_000);
  assertEquals(parameters.maxUdpPayloadSize, 65_527);
  assertEquals(parameters.initialMaxData, 5_242_880);
  assertEquals(parameters.initialMaxStreamsUni, 100);
  assertEquals(parameters.activeConnectionIdLimit, 8);
  assertEquals(new TextDecoder().decode(parameters.initialSourceConnectionId), "s_cid");
  const { unknown: _, ...known } = parameters;
  assertEquals(toHex(encodeTransportParameters(known, "server")), hex);
});

Deno.test("limits of 2^62 - 1 read as 2^53 - 1", () => {
  const parameters = decodeTransportParameters(fromHex("0408ffffffffffffffff"), "client");
  assertEquals(parameters.initialMaxData, Number.MAX_SAFE_INTEGER);
});

Deno.test("values out of their ranges are TRANSPORT_PARAMETER_ERROR", () => {
  const cases: [string, string][] = [
    ["030244af", "maxUdpPayloadSize is 1199"],
    ["0a0115", "ackDelayExponent"],
    ["0b0480004000", "maxAckDelay"],
    ["0e0101", "activeConnectionIdLimit is 1"],
    ["0808d000000000000001", "initialMaxStreamsBidi"],
    ["0908d000000000000001", "initialMaxStreamsUni"],
    ["020f" + "00".repeat(15), "statelessResetToken has 15 bytes"],
    ["0211" + "00".repeat(17), "statelessResetToken has 17 bytes"],
    ["0015" + "00".repeat(21), "originalDestinationConnectionId has 21 bytes"],
    ["0f15" + "00".repeat(21), "initialSourceConnectionId has 21 bytes"],
    ["0c0100", "1 bytes follow"],
    ["6ab20100", "1 bytes follow"],
    ["01020100", "1 bytes follow"],
    ["0100", "truncated"],
    ["0102", "value needs 2 bytes"],
    ["01", "length is truncated"],
    ["01010101010a", "0x1 stands twice"],
    ["0d29" + "00".repeat(41), "preferredAddress has a 0-byte connection ID"],
    ["0d29" + "00".repeat(24) + "0155" + "00".repeat(15), "stateless reset token needs 16"],
    ["0d3e" + "00".repeat(24) + "15" + "00".repeat(37), "preferredAddress has a 21-byte"],
    ["1103000000", "chosen version needs 4 bytes"],
    ["11060000000100" + "01", "available version needs 4"],
    ["110400000000", "names the version 0"],
    ["11080000000100000000", "names the version 0"],
  ];
  for (const [hex, message] of cases) assertRefused(hex, "server", message);
});

Deno.test("2^60 streams are allowed", () => {
  decodeTransportParameters(fromHex("0808d000000000000000"), "client");
});

Deno.test("a client may not send what is a server's", () => {
  for (const hex of ["0000", "0210" + "00".repeat(16), "1000", "0d2a" + "00".repeat(42)]) {
    assertRefused(hex, "client", "a client sent");
  }
  const encode = () =>
    encodeTransportParameters({ statelessResetToken: new Uint8Array(16) }, "client");
  assertThrows(encode, TlsError, "is a server's");
  assertThrows(() => encodeTransportParameters({ ackDelayExponent: 21 }, "client"), TlsError);
  assertThrows(() => encodeTransportParameters({ initialMaxData: -1 }, "client"), TlsError);
});

Deno.test("a client's chosen version is among those available", () => {
  assertRefused("1108000000016b3343cf", "client", "lacks the chosen version");
  decodeTransportParameters(fromHex("1108000000016b3343cf"), "server");
});

Deno.test("parameters beyond a number are refused", () => {
  const unknown = new Map<bigint, Uint8Array>();
  for (let i = 0n; i < 257n; i++) unknown.set(1000n + i, new Uint8Array(0));
  const bytes = encodeTransportParameters({ unknown }, "client");
  assertRefused(toHex(bytes), "client", "too many");
});

Deno.test("GREASE parameters are reserved ones and are ignored", () => {
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
  for (let i = 0; i < 100; i++) {
    const [id, content] = greaseParameter(random);
    assertEquals(id % 31n, 27n);
    assert(content.length < 16);
    const bytes = encodeTransportParameters({ unknown: new Map([[id, content]]) }, "client");
    assertEquals(decodeTransportParameters(bytes, "client").unknown?.get(id), content);
  }
});

Deno.test("random parameters are read or refused, never anything else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, client) => {
      try {
        decodeTransportParameters(bytes, client ? "client" : "server");
      } catch (error) {
        assert(error instanceof QuicError);
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("connection IDs in the parameters have to be those in the packets", () => {
  const id = (text: string) => new TextEncoder().encode(text);
  const server = {
    initialSourceConnectionId: id("source"),
    originalDestinationConnectionId: id("original"),
  };
  const expected = { initialSource: id("source"), originalDestination: id("original") };
  checkConnectionIds(server, "server", expected);
  checkConnectionIds({ initialSourceConnectionId: id("c") }, "client", { initialSource: id("c") });
  const retried = { ...server, retrySourceConnectionId: id("retry") };
  checkConnectionIds(retried, "server", { ...expected, retrySource: id("retry") });

  const { TRANSPORT_PARAMETER_ERROR: missing, PROTOCOL_VIOLATION: wrong } = TransportErrorCode;
  const cases: [TransportParameters, Parameters<typeof checkConnectionIds>[2], number][] = [
    [{}, expected, missing],
    [{ initialSourceConnectionId: id("source") }, expected, missing],
    [server, { ...expected, retrySource: id("retry") }, missing],
    [retried, expected, missing],
    [{ ...server, initialSourceConnectionId: id("sourcf") }, expected, wrong],
    [{ ...server, originalDestinationConnectionId: id("") }, expected, wrong],
    [retried, { ...expected, retrySource: id("other") }, wrong],
  ];
  for (const [parameters, ids, code] of cases) {
    const error = assertThrows(() => checkConnectionIds(parameters, "server", ids), QuicError);
    assertEquals(error.transportError, code);
  }
});

Deno.test("what is remembered for 0-RTT is what RFC 9000 section 7.4.1 names", () => {
  const remembered = decodeRemembered(encodeRemembered(rememberParameters(EVERYTHING)));
  assertEquals(remembered.initialMaxData, 1_000_000);
  assertEquals(remembered.maxDatagramFrameSize, 65_535);
  for (
    const name of ["ackDelayExponent", "maxAckDelay", "statelessResetToken", "preferredAddress"]
  ) {
    assert(!(name in remembered), name);
  }
  assertThrows(() => decodeRemembered(fromHex("01")), TlsError);
});

Deno.test("a server that reduces a limit declines 0-RTT, and is wrong to accept it", () => {
  const remembered = rememberParameters(EVERYTHING);
  assert(mayAcceptEarlyData(remembered, EVERYTHING));
  checkNotReduced(remembered, { ...EVERYTHING, initialMaxData: 2_000_000, maxIdleTimeout: 1 });
  const { initialMaxData: _, ...absent } = EVERYTHING;
  for (const now of [absent, { ...EVERYTHING, initialMaxStreamDataUni: 16_383 }]) {
    assert(!mayAcceptEarlyData(remembered, now));
    const error = assertThrows(() => checkNotReduced(remembered, now), QuicError, "reduced");
    assertEquals(error.transportError, TransportErrorCode.PROTOCOL_VIOLATION);
  }
});
