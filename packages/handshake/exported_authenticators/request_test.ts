/** Authenticator requests (RFC 9261 sections 4 and 7.1), and who may ask when. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { nativeProvider as provider } from "@sealane/providers/native";
import { concat, ExtensionType as E, SignatureScheme as S, utf8 } from "@sealane/wire";
import { certificateAuthoritiesInCertificateRequest, decodeExtension } from "../extensions/mod.ts";
import {
  serverNameInClientHello,
  signatureAlgorithmsInCertificateRequest,
} from "../extensions/mod.ts";
import { decodeCertificateRequest } from "../messages/certificate_request.ts";
import {
  builtinCompression,
  createAuthenticator,
  createAuthenticatorRequest,
  getAuthenticatorContext,
  type Handshake,
  validateAuthenticator,
} from "../mod.ts";
import {
  codeOf,
  connected,
  ends,
  extension,
  first,
  message,
  requestMessage,
  schemes,
  signatureAlgorithms,
  unharmed,
  vector,
} from "../testing/authenticator_testing.ts";

const context = Uint8Array.of(9, 8, 7);
const request = requestMessage(17, context, schemes);

function extensionsOf(bytes: Uint8Array) {
  const type = bytes[0] === 13 ? 13 : 17;
  return decodeCertificateRequest(bytes.subarray(4), type).extensions;
}

Deno.test("a client asks with ClientCertificateRequest, a server with CertificateRequest, in fresh random contexts", () => {
  const { client, server } = connected();
  for (const [end, type] of [[client, 17], [server, 13]] as const) {
    const requests = [0, 1].map(() => createAuthenticatorRequest(end));
    assertEquals(requests.map(([type]) => type), [type, type]);
    const [a, b] = requests.map(getAuthenticatorContext);
    assertEquals([a?.length, b?.length], [32, 32]);
    assertNotEquals(a, b);
  }
});

Deno.test("a request has what a CertificateRequest has, by the configuration, and no compress_certificate", () => {
  const authorities = [utf8("0\x03a")];
  const config = {
    certificateCompression: builtinCompression(),
    certificateAuthorities: authorities,
    requestSignedCertificateTimestamps: true,
    certificateSignatureSchemes: [S.ecdsa_secp256r1_sha256],
    delegatedCredentialSchemes: [S.ecdsa_secp256r1_sha256],
    requestOcsp: true,
  };
  const { client, server } = connected(config, config);
  for (const end of [client, server]) {
    const extensions = extensionsOf(createAuthenticatorRequest(end));
    assertEquals(extensions.map(({ type }) => type), [
      E.signature_algorithms,
      E.signature_algorithms_cert,
      E.status_request,
      E.signed_certificate_timestamp,
      E.delegated_credential,
      E.certificate_authorities,
    ]);
    assertEquals(
      decodeExtension(extensions, certificateAuthoritiesInCertificateRequest),
      authorities,
    );
    const other = createAuthenticatorRequest(end, { certificateAuthorities: [] });
    assert(extensionsOf(other).every(({ type }) => type !== E.certificate_authorities));
  }
});

Deno.test("a request asks for the schemes that it is told, of those that are accepted", async () => {
  const legacy = S.rsa_pkcs1_sha256_legacy;
  const { client, server } = connected({}, {
    signatureSchemes: [S.ecdsa_secp256r1_sha256, legacy, S.ed25519],
  });
  const asked = (signatureSchemes?: S[]) =>
    decodeExtension(
      extensionsOf(createAuthenticatorRequest(server, { signatureSchemes })),
      signatureAlgorithmsInCertificateRequest,
    );
  assertEquals(asked([S.ed25519]), [S.ed25519]);
  // No RSASSA-PKCS1-v1_5, though the configuration takes it from clients in the handshake.
  assertEquals(asked(), [S.ecdsa_secp256r1_sha256, S.ed25519]);
  assertEquals(await codeOf(() => asked([legacy])), "api/argument");
  assertEquals(await codeOf(() => asked([S.ed448])), "api/argument");
  assertEquals(await codeOf(() => asked([])), "api/argument");
  assert(unharmed({ client, server }));
});

Deno.test("server_name is for clients, in A-labels, and no IP address", async () => {
  const { client, server } = connected();
  const extensions = extensionsOf(createAuthenticatorRequest(client, { serverName: "a.example" }));
  assertEquals(decodeExtension(extensions, serverNameInClientHello), "a.example");
  const unicode = createAuthenticatorRequest(client, { serverName: "\u00fc.example." });
  const aLabels = decodeExtension(extensionsOf(unicode), serverNameInClientHello);
  assertEquals(aLabels, "xn--tda.example");
  assertEquals(
    await codeOf(() => createAuthenticatorRequest(server, { serverName: "a.example" })),
    "api/argument",
  );
  for (const serverName of ["192.0.2.1", "::1", "", "a b.example", "a".repeat(256)]) {
    const ask = () => createAuthenticatorRequest(client, { serverName });
    assertEquals(await codeOf(ask), "api/argument", serverName);
  }
});

Deno.test("a context of the program's own has 0 to 255 bytes and is used once in all", async () => {
  const { client, server } = connected();
  const ask = (length: number, end = client) => {
    const context = new Uint8Array(length);
    return codeOf(() =>
      assertEquals(
        getAuthenticatorContext(createAuthenticatorRequest(end, { context })),
        context,
      )
    );
  };
  assertEquals(await ask(0), null);
  assertEquals(await ask(255), null);
  assertEquals(await ask(256), "api/argument");
  assertEquals(await ask(255), "api/argument");
  // What was in an answer to the peer is used too.
  await createAuthenticator(server, requestMessage(17, new Uint8Array(5), schemes), null);
  assertEquals(await ask(5, server), "api/argument");
  const unasked = () =>
    createAuthenticator(server, null, first.credential, { context: new Uint8Array(5) });
  assertEquals(await codeOf(unasked), "api/argument");
});

Deno.test("who cannot judge an answer does not ask", async () => {
  const psk = { identity: utf8("both"), key: provider.random(32) };
  const { client, server } = connected(
    { trust: undefined, requirePsk: true, externalPsks: [psk] },
    {
      trust: undefined,
      externalPsks: [psk],
    },
  );
  for (const end of [client, server]) {
    assertEquals(await codeOf(() => createAuthenticatorRequest(end)), "api/config");
    assertEquals(await codeOf(() => validateAuthenticator(end, null, request)), "api/config");
  }
});

Deno.test("there are no authenticators before the handshake is complete, nor after the connection", async () => {
  const calls = (end: Handshake) => [
    () => createAuthenticatorRequest(end),
    () => createAuthenticator(end, null, first.credential),
    () => validateAuthenticator(end, null, request),
  ];
  const early = ends();
  early.client.start();
  early.server.start();
  for (const event of early.client.events()) {
    if (event.type === "message") await early.server.receive(event.level, event.data);
  }
  // RFC 9261 §9: the server has its exporter already, but not the client's Finished.
  assertEquals(early.server.exportKeyingMaterial("EXPORTER-test", context, 4).length, 4);
  const over = connected();
  over.client.end();
  over.server.abort();
  for (const end of [early.client, early.server, over.client, over.server]) {
    for (const call of calls(end)) assertEquals(await codeOf(call), "api/state");
  }
});

Deno.test("something else than a connection is refused", async () => {
  const fake = { exportedAuthenticators: { role: "client" } } as const;
  assertEquals(await codeOf(() => createAuthenticatorRequest(fake)), "api/argument");
});

const big = extension(0xfafa, new Uint8Array(2000));
/** What the server says to requests. */
const REQUESTS: readonly (readonly [string, Uint8Array, string | null])[] = [
  ["an unknown extension", requestMessage(17, context, extension(0xfafa), schemes), null],
  ["server_name from a client", nameRequest(17), null],
  ["oid_filters", requestMessage(17, context, schemes, extension(E.oid_filters, vector(2))), null],
  [
    "the same OID twice in oid_filters",
    requestMessage(17, context, schemes, extension(E.oid_filters, twice())),
    "peer/oid-filters",
  ],
  [
    "no signature_algorithms",
    requestMessage(17, context, extension(0xfafa)),
    "peer/missing-extension",
  ],
  ["no extensions", requestMessage(17, context), "peer/missing-extension"],
  [
    "an extension twice",
    requestMessage(17, context, schemes, schemes),
    "peer/duplicate-extension",
  ],
  [
    "key_share",
    requestMessage(17, context, schemes, extension(E.key_share)),
    "peer/extension-not-allowed",
  ],
  ["the type of a server's", requestMessage(13, context, schemes), "peer/unexpected-message"],
  ["the type of Certificate", message(11, request.subarray(4)), "peer/unexpected-message"],
  ["a message behind it", concat([request, request]), "peer/unexpected-message"],
  ["nothing at all", new Uint8Array(), "peer/unexpected-message"],
  ["a byte behind it", concat([request, Uint8Array.of(0)]), "peer/decode-error"],
  ["a byte too few", request.subarray(0, -1), "peer/decode-error"],
  ["a byte behind its fields", message(17, request.subarray(4), context), "peer/decode-error"],
  ["malformed schemes", badSchemes(), "peer/decode-error"],
  ["more than the limit", requestMessage(17, context, schemes, big), "peer/message-too-large"],
];

function nameRequest(type: 13 | 17): Uint8Array {
  const name = vector(2, Uint8Array.of(0), vector(2, utf8("one.example")));
  return requestMessage(type, context, schemes, extension(E.server_name, name));
}

function twice(): Uint8Array {
  const filter = concat([vector(1, context), vector(2)]);
  return vector(2, filter, filter);
}

function badSchemes(): Uint8Array {
  return requestMessage(17, context, extension(13, vector(2, context)));
}

for (const [what, bytes, code] of REQUESTS) {
  Deno.test(`a request with ${what} is ${code ?? "answered"}`, async () => {
    const pair = connected({}, { limits: { handshakeMessage: 2_000 } });
    const answer = () => createAuthenticator(pair.server, bytes, first.credential);
    assertEquals(await codeOf(answer), code);
    assert(unharmed(pair));
    // The context of a request that was refused is free.
    if (code === null) return;
    assertEquals(
      await codeOf(() => createAuthenticator(pair.server, request, first.credential)),
      null,
    );
  });
}

Deno.test("server_name does not stand in a CertificateRequest of a server", async () => {
  const pair = connected();
  const answer = () => createAuthenticator(pair.client, nameRequest(13), null);
  assertEquals(await codeOf(answer), "peer/extension-not-allowed");
  assertEquals(
    await codeOf(() => createAuthenticator(pair.client, request, null)),
    "peer/unexpected-message",
  );
});

Deno.test("the context of a request or an authenticator is found, and of nothing else", async () => {
  const { server } = connected();
  const made = await createAuthenticator(server, request, first.credential);
  for (const bytes of [request, requestMessage(13, context, schemes), made]) {
    assertEquals(getAuthenticatorContext(bytes), context);
  }
  const refused = [
    new Uint8Array(),
    made.subarray(0, -36),
    concat([request, request]),
    message(1, request),
  ];
  for (const bytes of refused) {
    assertEquals(await codeOf(() => getAuthenticatorContext(bytes)), "peer/unexpected-message");
  }
  for (const bytes of [made.subarray(0, -1), request.subarray(0, -1), message(17, context)]) {
    assertEquals(await codeOf(() => getAuthenticatorContext(bytes)), "peer/decode-error");
  }
});

Deno.test("a client that asks for ed25519 alone is not answered with another key", async () => {
  const pair = connected();
  const ed25519 = requestMessage(17, context, signatureAlgorithms(S.ed25519));
  const refuse = () => createAuthenticator(pair.server, ed25519, first.credential);
  assertEquals(await codeOf(refuse), "peer/no-common-signature-scheme");
});
