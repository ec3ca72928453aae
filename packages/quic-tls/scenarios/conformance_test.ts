/**
 * What a QUIC endpoint refuses in the handshake of its peer, row by row. The peer is an endpoint of ours whose messages are
 * changed on their way.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createReplayGuard, Handshake, PACKETS } from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import { AlertDescription as A, concat, ExtensionType, TlsError, Writer } from "@sealane/wire";
import {
  clientConfig,
  cryptoFrame,
  exchange,
  pair,
  resuming,
  serverConfig,
  type TestEnd,
} from "../testing/test_end.ts";
import { CRYPTO_ERROR, TransportErrorCode } from "../errors.ts";

const LEGACY_PARAMETERS = 0xffa5;

function assertClosed(end: TestEnd, alert: A, message = ""): void {
  end.drain();
  assert(end.close !== null, `${end.tls.role} closes`);
  const code: TransportErrorCode = CRYPTO_ERROR + alert;
  assertEquals(end.close.code, code, end.close.error.message);
  assert(end.close.error.message.includes(message), end.close.error.message);
}

/** The handshake bytes that an end has to send at a level. */
function spoken(end: TestEnd, level: "initial" | "handshake"): Uint8Array {
  const chunk = end.tls.nextCrypto(level, 100_000);
  assert(chunk !== null);
  return chunk.data.slice();
}

/** A message with other bytes in place of `length` bytes at `at`, and its length put right. */
function spliced(message: Uint8Array, at: number, length: number, bytes: Uint8Array): Uint8Array {
  const result = concat([message.subarray(0, at), bytes, message.subarray(at + length)]);
  new DataView(result.buffer).setUint16(2, result.length - 4);
  return result;
}

/** A message whose extensions start at `at`, with some of them taken away or added. */
function edited(
  message: Uint8Array,
  at: number,
  edit: { without?: number; with?: readonly [number, Uint8Array] },
): Uint8Array {
  const view = new DataView(message.buffer, message.byteOffset);
  const kept: Uint8Array[] = [];
  const end = at + 2 + view.getUint16(at);
  for (let from = at + 2; from < end; from += 4 + view.getUint16(from + 2)) {
    if (view.getUint16(from) === edit.without) continue;
    kept.push(message.subarray(from, from + 4 + view.getUint16(from + 2)));
  }
  if (edit.with !== undefined) {
    kept.push(new Writer().u16(edit.with[0]).vector16(edit.with[1]).finish());
  }
  return spliced(message, at, end - at, new Writer().vector16(concat(kept)).finish());
}

/** Where the extensions of a ClientHello with an empty session ID start. */
function extensionsOfHello(hello: Uint8Array): number {
  const suites = 4 + 2 + 32 + 1;
  const compression = suites + 2 + (hello[suites] << 8 | hello[suites + 1]);
  return compression + 2;
}

/** Sends bytes in an Initial packet. */
async function say(from: TestEnd, to: TestEnd, bytes: Uint8Array): Promise<void> {
  await to.receive(await from.packet("initial", cryptoFrame(0, bytes)));
}

/** A server that got the client's hello as `change` makes it. */
async function serverWith(change: (hello: Uint8Array) => Uint8Array): Promise<TestEnd> {
  const [client, server] = await pair();
  await say(client, server, change(spoken(client, "initial")));
  return server;
}

/** A client that got the server's EncryptedExtensions as `change` makes them. */
async function clientWith(change: (message: Uint8Array) => Uint8Array): Promise<TestEnd> {
  const [client, server] = await pair();
  await say(client, server, spoken(client, "initial"));
  await say(server, client, spoken(server, "initial"));
  const flight = spoken(server, "handshake");
  const end = 4 + (flight[2] << 8 | flight[3]);
  await client.tls.receiveCrypto("handshake", 0, change(flight.slice(0, end)));
  return client;
}

Deno.test("row 209: handshake data at another level than the current one is refused", async () => {
  const [client, server] = await pair();
  await client.tls.receiveCrypto("handshake", 0, Uint8Array.of(8, 0, 0, 2, 0, 0));
  assertClosed(client, A.unexpected_message);
  await server.tls.receiveCrypto("handshake", 0, Uint8Array.of(20, 0, 0, 0));
  assertClosed(server, A.unexpected_message);
  const [other] = await pair();
  await other.tls.receiveCrypto("application", 0, Uint8Array.of(4, 0, 0, 0));
  assertClosed(other, A.unexpected_message);
});

const PHASES = ["initial", "handshake", "application"] as const;

/** Two ends of which one has come as far as a read level. */
async function upTo(role: "client" | "server", level: (typeof PHASES)[number]): Promise<TestEnd> {
  const [client, server] = await pair();
  const end = role === "client" ? client : server;
  if (level === "application") await exchange(client, server);
  else if (level === "handshake") {
    await say(client, server, spoken(client, "initial"));
    if (role === "client") await say(server, client, spoken(server, "initial"));
  }
  assertEquals([end.tls.readLevel, end.close], [level, null]);
  return end;
}

for (const role of ["client", "server"] as const) {
  for (const now of PHASES) {
    for (const wrong of PHASES) {
      if (wrong === now) continue;
      Deno.test(`row 209: a ${role} that reads at the level ${now} refuses handshake data at ${wrong}`, async () => {
        const end = await upTo(role, now);
        // Behind what was taken at that level before, or at its beginning.
        for (let offset = 0; offset < 3000 && end.close === null; offset++) {
          await end.tls.receiveCrypto(wrong, offset, Uint8Array.of(20));
          end.drain();
        }
        assertClosed(end, A.unexpected_message);
      });
    }
  }
}

Deno.test("row 210: a legacy_session_id from the client is refused", async () => {
  const server = await serverWith((hello) => spliced(hello, 38, 1, Uint8Array.of(1, 7)));
  assertClosed(server, A.illegal_parameter, "legacy_session_id");
});

Deno.test("row 211: quic_transport_parameters are missing, on either side", async () => {
  const without = ExtensionType.quic_transport_parameters;
  const server = await serverWith((hello) => edited(hello, extensionsOfHello(hello), { without }));
  assertClosed(server, A.missing_extension, "quic_transport_parameters");
  const client = await clientWith((message) => edited(message, 4, { without }));
  assertClosed(client, A.missing_extension, "quic_transport_parameters");
});

Deno.test("row 212: parameters at the code point that was not offered, alone or besides", async () => {
  const besides = await clientWith((message) =>
    edited(message, 4, { with: [LEGACY_PARAMETERS, new Uint8Array(0)] })
  );
  assertClosed(besides, A.unsupported_extension);
  const alone = await clientWith((message) =>
    edited(message, 4, {
      without: ExtensionType.quic_transport_parameters,
      with: [LEGACY_PARAMETERS, new Uint8Array(0)],
    })
  );
  assertClosed(alone, A.unsupported_extension);
});

Deno.test("rows 211, 212: parameters at the other code point alone are none for a server", async () => {
  const server = await serverWith((hello) =>
    edited(hello, extensionsOfHello(hello), {
      without: ExtensionType.quic_transport_parameters,
      with: [LEGACY_PARAMETERS, new Uint8Array(0)],
    })
  );
  assertClosed(server, A.missing_extension, "quic_transport_parameters");
});

Deno.test("row 213: a TLS server refuses quic_transport_parameters, and ignores the legacy code point", async () => {
  const [client] = await pair();
  const hello = spoken(client, "initial");
  const { tls } = await serverConfig();
  const server = Handshake.server(tls);
  await server.start();
  const error = assertThrows(() => server.receive("initial", hello), TlsError);
  assertEquals(error.alert, A.unsupported_extension);
  const legacy = edited(hello, extensionsOfHello(hello), {
    without: ExtensionType.quic_transport_parameters,
    with: [LEGACY_PARAMETERS, new Uint8Array(3)],
  });
  const other = Handshake.server(tls);
  await other.start();
  await other.receive("initial", legacy);
  assert([...other.events()].some((event) => event.type === "message"));
});

Deno.test("row 214: transport parameters are not configured without QUIC", () => {
  const { tls } = clientConfig();
  const extension = {
    type: ExtensionType.quic_transport_parameters,
    allowedIn: ["EE"],
    send: () => null,
    receive: () => {},
  } as const;
  const config = { ...tls, customExtensions: [extension] };
  const error = assertThrows(() => Handshake.client(config, {}), TlsError);
  assertEquals(error.code, "api/config");
  Handshake.client(config, {}, { carrier: PACKETS });
  const server = { provider: tls.provider, customExtensions: [extension] };
  const serverError = assertThrows(() => Handshake.server(server), TlsError);
  assertEquals(serverError.code, "api/config");
  Handshake.server(server, { carrier: PACKETS });
});

Deno.test("row 215: no application protocol is configured, offered or common", async () => {
  const { tls: { alpn: _, ...client } } = clientConfig();
  const { tls: { alpn: __, ...server } } = await serverConfig();
  assertEquals((await assertRejects(() => pair({ tls: client }), TlsError)).code, "api/config");
  const silent = await assertRejects(() => pair({}, { tls: server }), TlsError);
  assertEquals(silent.code, "api/config");
  const alpn = ExtensionType.application_layer_protocol_negotiation;
  const unasked = await serverWith((hello) =>
    edited(hello, extensionsOfHello(hello), { without: alpn })
  );
  assertClosed(unasked, A.no_application_protocol);
  const unanswered = await clientWith((message) => edited(message, 4, { without: alpn }));
  assertClosed(unanswered, A.no_application_protocol);
  const [a, b] = await pair({ tls: { ...client, alpn: ["other"] } });
  await exchange(a, b);
  assertClosed(b, A.no_application_protocol);
});

Deno.test("row 216: no EndOfEarlyData is sent, and no KeyUpdate is taken", async () => {
  const configs = await resuming();
  await exchange(...await pair(configs.client, configs.server));
  const [client, server] = await pair(configs.client, configs.server);
  for (const datagram of await client.flight()) await server.receive(datagram);
  for (const datagram of await server.flight()) await client.receive(datagram);
  // After a Finished message of 36 or 52 bytes there is nothing.
  const last = spoken(client, "handshake");
  assertEquals([last[0], last.length], [20, 4 + last[3]]);
  const [a, b] = await pair();
  await exchange(a, b);
  for (const [end, other] of [[a, b], [b, a]]) {
    const at = other.tls.cryptoSender("application").written;
    await end.tls.receiveCrypto("application", at, Uint8Array.of(24, 0, 0, 1, 0));
    assertClosed(end, A.unexpected_message);
  }
});

Deno.test("a CertificateRequest after the handshake is PROTOCOL_VIOLATION (RFC 9001 section 4.4)", async () => {
  const [client, server] = await pair();
  await exchange(client, server);
  const at = server.tls.cryptoSender("application").written;
  const request = Uint8Array.of(13, 0, 0, 4, 1, 7, 0, 0);
  await client.tls.receiveCrypto("application", at, request);
  client.drain();
  assertEquals(client.close?.code, TransportErrorCode.PROTOCOL_VIOLATION);
});

Deno.test("row 216: in a connection with 0-RTT there are handshake messages of RFC 9001 and nothing else", async () => {
  const types: Record<string, Set<number>> = { client: new Set(), server: new Set() };
  const configs = await resuming();
  const watching = (role: string) => ({
    message: (direction: string, _level: string, [type]: Uint8Array) =>
      void (direction === "write" && types[role].add(type)),
  });
  const client = { tls: { ...configs.client.tls, observer: watching("client") } };
  const server = { tls: { ...configs.server.tls, observer: watching("server") } };
  for (const early of [false, true]) {
    const [a, b] = await pair(client, server);
    if (early) a.write("early");
    await exchange(a, b);
    assertEquals(b.info?.earlyDataAccepted, early);
  }
  // ClientHello, Finished; ServerHello, NewSessionTicket, EncryptedExtensions, Certificate, CertificateVerify, Finished.
  assertEquals([...types.client].sort((x, y) => x - y), [1, 20]);
  assertEquals([...types.server].sort((x, y) => x - y), [2, 4, 8, 11, 15, 20]);
});

Deno.test("row 217: max_early_data_size of a ticket is 0xffffffff or the ticket is refused", async () => {
  for (const size of [0xffffffff, 0xfffffffe, 1]) {
    const [client, server] = await pair();
    await exchange(client, server);
    const early = new Writer().u16(ExtensionType.early_data).vector16(
      new Writer().u32(size).finish(),
    );
    const body = new Writer().u32(3600).u32(1).vector8(Uint8Array.of(9)).vector16(
      new Uint8Array(16),
    ).vector16(early.finish()).finish();
    const message = concat([Uint8Array.of(4, 0, 0, body.length), body]);
    const at = server.tls.cryptoSender("application").written;
    await client.tls.receiveCrypto("application", at, message);
    if (size !== 0xffffffff) assertClosed(client, A.illegal_parameter, "max_early_data_size");
    else {
      client.drain();
      assertEquals([client.close, client.story.at(-1)], [null, "ticket"]);
    }
  }
});

Deno.test("row 218: rejected 0-RTT packets are ignored, and Handshake keys do not wait for the others", async () => {
  for (const accepted of [true, false]) {
    const configs = await resuming();
    await exchange(...await pair(configs.client, configs.server));
    const replayGuard = { ...createReplayGuard(), claim: () => accepted };
    const tls = { ...configs.server.tls, earlyData: { replayGuard } };
    const [client, server] = await pair(configs.client, { ...configs.server, tls });
    client.write("early");
    for (const datagram of await client.flight()) await server.receive(datagram);
    assertEquals(server.drops, accepted ? [] : ["early-data-rejected"]);
    const isInitial = (datagram: Uint8Array): boolean => (datagram[0] & 0x30) === 0;
    for (const hello of (await server.flight()).filter(isInitial)) await client.receive(hello);
    assert(client.tls.canSend("handshake"));
    // RFC 9001 §4.9.3: 0-RTT keys go when 1-RTT keys come, which the ServerHello alone does not give.
    assert(client.tls.canSend("early"));
  }
});

Deno.test("row 219: what else is wrong closes with its alert, at the level that can be sent then", async () => {
  const server = await serverWith((hello) => {
    const changed = hello.slice();
    changed[4 + 2 + 32 + 1 + 2] ^= 0x40; // the only version is TLS 1.3: its extension is taken away below
    return edited(changed, extensionsOfHello(hello), { without: ExtensionType.supported_versions });
  });
  assertClosed(server, A.protocol_version);
  assertEquals(server.tls.writeLevel, "initial");
  const { tls } = clientConfig();
  const { dangerouslyDisableCertificateVerification: _, ...strict } = tls;
  const [client, other] = await pair({
    tls: { ...strict, trust: TrustStore.fromCertificates([]) },
  });
  await exchange(client, other);
  assertClosed(client, A.unknown_ca);
  assertEquals(client.tls.writeLevel, "handshake");
  assert(client.tls.canSend("handshake"));
});
