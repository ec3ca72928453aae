import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { ExtensionType as E, HandshakeType, TlsError } from "@sealane/wire";
import {
  decodeExtension,
  encodeExtension,
  encryptedClientHelloInClientHello,
  encryptedClientHelloInEncryptedExtensions,
  encryptedClientHelloInHelloRetryRequest,
  preSharedKeyInServerHello,
  type RawExtension,
  serverNameInEncryptedExtensions,
} from "../extensions/mod.ts";
import { type ClientConfig, type ClientTarget, Handshake, type ServerConfig } from "../mod.ts";
import {
  decodeEncryptedExtensions,
  encodeEncryptedExtensions,
} from "../messages/encrypted_extensions.ts";
import { decodeServerHello, encodeServerHello } from "../messages/server_hello.ts";
import type { Interference } from "../testing/testing.ts";
import {
  change,
  client,
  codes,
  configList,
  editHello,
  otherKey,
  retryServer,
  run,
  server,
  target,
  tickets,
  without,
} from "../testdata/ech_ends.ts";

const outerEch = (list: readonly RawExtension[]) => {
  const ech = decodeExtension(list, encryptedClientHelloInClientHello);
  if (ech?.type !== "outer") throw new Error("no outer ECH");
  return ech;
};
/** The alerts of RFC 9849 sections 6 and 7, as BoringSSL sends them too. */
const ALERTS: Readonly<Record<string, number>> = {
  "peer/missing-extension": 109,
  "peer/ech": 47,
  "peer/ech-decrypt": 51,
  "peer/unsolicited-extension": 110,
  "peer/decode-error": 50,
};
const SECOND_HELLO: Readonly<Record<string, [string, Interference]>> = {
  "without ECH": [
    "peer/missing-extension",
    editHello((list) => without(list, E.encrypted_client_hello), 1),
  ],
  "with another config_id": [
    "peer/ech",
    editHello((list) => replaceEch(list, { configId: outerEch(list).configId ^ 1 }), 1),
  ],
  "with another suite": [
    "peer/ech",
    editHello((list) => replaceEch(list, { cipherSuite: { kdf: 1, aead: 3 } }), 1),
  ],
  "with an encapsulated key": [
    "peer/ech",
    editHello((list) => replaceEch(list, { enc: new Uint8Array(32) }), 1),
  ],
  "that does not open": [
    "peer/ech-decrypt",
    editHello((list) => replaceEch(list, { payload: new Uint8Array(200) }), 1),
  ],
  "whose outer part was changed": [
    "peer/ech-decrypt",
    editHello((list) => [...list, { type: 0xabcd, data: new Uint8Array() }], 1),
  ],
};

function replaceEch(
  list: readonly RawExtension[],
  changes: Partial<ReturnType<typeof outerEch>>,
): RawExtension[] {
  const value = { ...outerEch(list), ...changes };
  const changed = encodeExtension(encryptedClientHelloInClientHello, value);
  return list.map((extension) => extension.type === changed.type ? changed : extension);
}

for (const [what, [code, interfere]] of Object.entries(SECOND_HELLO)) {
  Deno.test(`row 224: a server refuses a second ClientHello ${what}: ${code}`, async () => {
    const { server: error } = await run(client, retryServer, interfere);
    assertEquals([error?.code, error?.alert], [code, ALERTS[code]]);
  });
}

const STALE: Readonly<Record<string, Interference>> = {
  "with a short encapsulated key": editHello((list) =>
    replaceEch(list, { enc: new Uint8Array(31) })
  ),
  "with a payload shorter than its tag": editHello((list) =>
    replaceEch(list, { payload: new Uint8Array(3) })
  ),
  "with a suite of no configuration": editHello((list) =>
    replaceEch(list, { cipherSuite: { kdf: 7, aead: 7 } })
  ),
  "that was changed on the way": editHello((
    list,
  ) => [...list, { type: 0xabcd, data: new Uint8Array() }]),
};
for (const [what, interfere] of Object.entries(STALE)) {
  Deno.test(`row 225: a server answers the outer hello of one ${what}`, async () => {
    const outcome = await run(client, server, interfere);
    assertEquals(outcome.server, null);
    assertEquals(outcome.ends[1].info?.serverName, "public.example");
    assertEquals(outcome.ends[1].info?.echAccepted, false);
  });
}

function editExtensions(add: RawExtension): Interference {
  return change(HandshakeType.encrypted_extensions, (message) => {
    const { extensions } = decodeEncryptedExtensions(message.subarray(4));
    return encodeEncryptedExtensions({ extensions: [...without(extensions, add.type), add] });
  });
}
const retryConfigs = (list: Uint8Array) =>
  encodeExtension(encryptedClientHelloInEncryptedExtensions, list);

function editRetry(confirmation: Uint8Array): Interference {
  return change(HandshakeType.server_hello, (message) => {
    const hello = decodeServerHello(message.subarray(4));
    const ech = { type: E.encrypted_client_hello, data: confirmation };
    const extensions = [...without(hello.extensions, E.encrypted_client_hello), ech];
    return encodeServerHello({ ...hello, extensions });
  });
}

const BAD_SERVERS: readonly [
  number,
  string,
  string,
  ClientConfig,
  ServerConfig,
  Interference,
  ClientTarget?,
][] = [
  [
    226,
    "retry_configs with an accepted hello",
    "peer/unsolicited-extension",
    client,
    server,
    editExtensions(retryConfigs(configList)),
  ],
  [
    226,
    "retry_configs that nobody asked for",
    "peer/unsolicited-extension",
    { ...client, ech: undefined },
    server,
    editExtensions(retryConfigs(configList)),
  ],
  [
    226,
    "retry_configs that do not decode",
    "peer/decode-error",
    client,
    { ...server, echKeys: [otherKey] },
    editExtensions(retryConfigs(Uint8Array.of(0xba, 0xdd, 0xec, 0xcc))),
  ],
  [
    226,
    "retry_configs that do not decode, to an imitation",
    "peer/decode-error",
    { ...client, ech: "grease" },
    server,
    editExtensions(retryConfigs(Uint8Array.of(0xba, 0xdd, 0xec, 0xcc))),
  ],
  [
    227,
    "a confirmation in HelloRetryRequest that nobody asked for",
    "peer/unsolicited-extension",
    { ...client, ech: undefined },
    retryServer,
    editRetry(new Uint8Array(8)),
  ],
  [
    227,
    "a confirmation of 7 bytes",
    "peer/decode-error",
    client,
    retryServer,
    editRetry(new Uint8Array(7)),
  ],
  [
    227,
    "a confirmation of 9 bytes to an imitation",
    "peer/decode-error",
    { ...client, ech: "grease" },
    retryServer,
    editRetry(new Uint8Array(9)),
  ],
  [
    229,
    "a ServerHello that does not confirm what HelloRetryRequest did",
    "peer/ech",
    client,
    retryServer,
    change(HandshakeType.server_hello, (message) => {
      const changed = message.slice();
      changed[4 + 2 + 31] ^= 1;
      return changed;
    }, 1),
  ],
  [
    230,
    "a name that is acknowledged where only the outer hello had one",
    "peer/unsolicited-extension",
    { ...client, dangerouslyAcceptAnyServerName: true },
    server,
    editExtensions(encodeExtension(serverNameInEncryptedExtensions, true)),
    {},
  ],
];
for (const [row, what, code, clientConfig, serverConfig, interfere, to] of BAD_SERVERS) {
  Deno.test(`row ${row}: a client refuses ${what}: ${code}`, async () => {
    const { client: error } = await run(clientConfig, serverConfig, interfere, to);
    assertEquals([error?.code, error?.alert], [code, ALERTS[code]]);
  });
}

Deno.test("row 227: a confirmation of HelloRetryRequest that is wrong means that ECH was not taken", async () => {
  const interfere = editRetry(
    encodeExtension(encryptedClientHelloInHelloRetryRequest, new Uint8Array(8)).data,
  );
  const outcome = await run(client, { ...retryServer, echKeys: undefined }, interfere);
  // The client goes on with the outer hello; the transcripts differ by the interference.
  assertNotEquals(outcome.client?.code, "peer/ech");
  assertEquals(outcome.ends[1].info?.serverName, "public.example");
});

Deno.test("a server behind another that opens ECH confirms the inner hello that it is given", async () => {
  const inner: Uint8Array[] = [];
  const observer = { clientHelloInner: (_: string, bytes: Uint8Array) => void inner.push(bytes) };
  let index = 0;
  const forward: Interference = (message, from) =>
    from === "client" && message[0] === HandshakeType.client_hello ? inner[index++] : message;
  for (const backend of [server, retryServer]) {
    [inner.length, index] = [0, 0];
    const outcome = await run({ ...client, observer }, { ...backend, echKeys: undefined }, forward);
    assertEquals(codes(outcome), [null, null], String(outcome.client));
    assertEquals(outcome.ends.map((end) => end.info?.echAccepted), [true, false]);
  }
});

Deno.test("row 220: a server behind another refuses a second ClientHello that is not an inner one", async () => {
  const inner: Uint8Array[] = [];
  const observer = { clientHelloInner: (_: string, bytes: Uint8Array) => void inner.push(bytes) };
  const forward: Interference = (message, from, nth) =>
    from === "client" && message[0] === HandshakeType.client_hello && nth === 0
      ? inner[0]
      : message;
  const backend = { ...retryServer, echKeys: undefined };
  const { server: error } = await run({ ...client, observer }, backend, forward);
  assertEquals([error?.code, error?.alert], ["peer/ech", 47]);
});

Deno.test("ECH without a way to verify the public name is an error of the configuration", () => {
  let code = "";
  try {
    Handshake.client({ ...client, trust: undefined, requirePsk: true }, target);
  } catch (error) {
    code = error instanceof TlsError ? error.code : "";
  }
  assertEquals(code, "api/config");
});

Deno.test("row 230: a client refuses a PSK that was taken from the outer hello: peer/psk-identity", async () => {
  const config = { ...server, tickets };
  const { session } = await run(client, config);
  assert(session !== null);
  const taken = encodeExtension(preSharedKeyInServerHello, 0);
  const interfere = change(HandshakeType.server_hello, (message) => {
    const hello = decodeServerHello(message.subarray(4));
    return encodeServerHello({ ...hello, extensions: [...hello.extensions, taken] });
  });
  const stranger = { ...config, echKeys: [otherKey] };
  const outcome = await run(client, stranger, interfere, { ...target, session });
  // RFC 9849 §6.1.2: illegal_parameter.
  assertEquals(outcome.client?.code, "peer/psk-identity");
});
