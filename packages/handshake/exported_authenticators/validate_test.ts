/** What authenticators are taken, and what is not harmed by others (RFC 9261 sections 5.2, 6 and 7.4). */
import { assert, assertEquals } from "@std/assert";
import { nativeProvider as provider } from "@sealane/providers/native";
import { concat, ExtensionType as E, SignatureScheme as S, utf8 } from "@sealane/wire";
import { CompressionCache } from "../authentication/certificate_compression.ts";
import {
  builtinCompression,
  type ClientConfig,
  type CommonConfig,
  createAuthenticator,
  createAuthenticatorRequest,
  type ExternalPsk,
  getAuthenticatorContext,
  type Handshake,
  validateAuthenticator,
} from "../mod.ts";
import { shake } from "../testing/testing.ts";
import { readMessages } from "./read_messages.ts";
import {
  codeOf,
  connected,
  ends,
  extension,
  first,
  identityFor,
  makeAuthenticator,
  makeRefusal,
  message,
  type Pair,
  type Parts,
  unharmed,
  vector,
} from "../testing/authenticator_testing.ts";

const { ecdsa_secp256r1_sha256, ed25519 } = S;
const NONE = new Uint8Array();
const second = await identityFor("two.example", { ocspResponse: Uint8Array.of(1, 2, 3) });
const edwards = await identityFor("ed.example", { algorithm: "ed25519" });
const rsa = await identityFor("rsa.example", { algorithm: "rsa-2048" });
const signatureSchemes = [ecdsa_secp256r1_sha256, ed25519, S.rsa_pkcs1_sha256_legacy];

/** A connection whose server accepts more schemes than it asks for, and a request of its. */
function asked(client: Partial<ClientConfig> = {}): { pair: Pair; parts: Parts } {
  const pair = connected(client, { signatureSchemes });
  const request = createAuthenticatorRequest(pair.server, {
    signatureSchemes: [ecdsa_secp256r1_sha256],
  });
  const context = getAuthenticatorContext(request) ?? NONE;
  const scheme = ecdsa_secp256r1_sha256;
  return { pair, parts: { sender: "client", request, context, identity: second, scheme } };
}

/** The messages of an authenticator, changed. */
function changed(bytes: Uint8Array, change: (messages: Uint8Array[]) => Uint8Array[]): Uint8Array {
  return concat(change(readMessages(bytes, "test").map(({ bytes }) => bytes.slice())));
}

function flip(bytes: Uint8Array): Uint8Array {
  bytes[bytes.length - 1] ^= 1;
  return bytes;
}

const [compression] = builtinCompression();

/** What the client sends in place of a good answer, and what the server says. */
const WRONG: readonly (readonly [
  string,
  string | null,
  (pair: Pair, parts: Parts) => Uint8Array | Promise<Uint8Array>,
])[] = [
  ["nothing wrong", null, ({ client }, parts) => makeAuthenticator(client, parts)],
  [
    "a staple that was not asked for",
    "peer/unsolicited-extension",
    ({ client }, parts) =>
      makeAuthenticator(client, {
        ...parts,
        extensions: [extension(E.status_request, Uint8Array.of(1), vector(3, Uint8Array.of(1)))],
      }),
  ],
  [
    "a scheme that was not asked for",
    "peer/signature-scheme",
    ({ client }, parts) =>
      makeAuthenticator(client, { ...parts, identity: edwards, scheme: ed25519 }),
  ],
  [
    "RSASSA-PKCS1-v1_5",
    "peer/signature-scheme",
    ({ client }, parts) =>
      makeAuthenticator(client, { ...parts, identity: rsa, scheme: S.rsa_pkcs1_sha256_legacy }),
  ],
  [
    "a scheme of another key",
    "peer/signature-scheme",
    ({ client }, parts) =>
      makeAuthenticator(client, {
        ...parts,
        identity: { ...rsa, key: second.key },
      }),
  ],
  [
    "the context string of a handshake",
    "peer/bad-signature",
    ({ client }, parts) =>
      makeAuthenticator(client, {
        ...parts,
        signatureContext: "TLS 1.3, client CertificateVerify",
      }),
  ],
  [
    "another connection",
    "peer/bad-signature",
    (_, parts) => makeAuthenticator(connected().client, parts),
  ],
  [
    "the keys of a server",
    "peer/bad-signature",
    ({ client }, parts) => makeAuthenticator(client, { ...parts, sender: "server" }),
  ],
  [
    "no request in its transcript",
    "peer/bad-signature",
    ({ client }, parts) => makeAuthenticator(client, { ...parts, request: NONE }),
  ],
  [
    "another context",
    "peer/certificate-request-context",
    ({ client }, parts) => makeAuthenticator(client, { ...parts, context: Uint8Array.of(1) }),
  ],
  [
    "the signature of another key",
    "peer/bad-signature",
    ({ client }, parts) =>
      makeAuthenticator(client, { ...parts, identity: { ...second, key: first.key } }),
  ],
  [
    "a wrong signature",
    "peer/bad-signature",
    ({ client }, parts) =>
      changed(makeAuthenticator(client, parts), ([c, v, f]) => [c, flip(v), f]),
  ],
  [
    "a wrong Finished",
    "peer/bad-finished",
    ({ client }, parts) =>
      changed(makeAuthenticator(client, parts), ([c, v, f]) => [c, v, flip(f)]),
  ],
  [
    "a short Finished",
    "peer/decode-error",
    ({ client }, parts) =>
      changed(makeAuthenticator(client, parts), ([c, v, f]) => [
        c,
        v,
        message(20, f.subarray(4, -1)),
      ]),
  ],
  [
    "a long Finished",
    "peer/bad-finished",
    ({ client }, parts) =>
      changed(makeAuthenticator(client, parts), ([c, v, f]) => [
        c,
        v,
        message(20, f.subarray(4), Uint8Array.of(0)),
      ]),
  ],
  [
    "a refusal with a wrong Finished",
    "peer/bad-finished",
    ({ client }, parts) => flip(makeRefusal(client, parts)),
  ],
  [
    "a refusal of another request",
    "peer/bad-finished",
    ({ client }, parts) => makeRefusal(client, { ...parts, context: Uint8Array.of(1) }),
  ],
  [
    "a refusal with something behind it",
    "peer/excess-handshake-data",
    ({ client }, parts) => concat([makeRefusal(client, parts), NONE, Uint8Array.of(20)]),
  ],
  ["a refusal with its Certificate", "peer/decode-error", ({ client }, parts) =>
    concat([
      message(11, vector(1, parts.context), vector(3)),
      makeRefusal(client, parts),
    ])],
  [
    "a byte behind it",
    "peer/excess-handshake-data",
    ({ client }, parts) => concat([makeAuthenticator(client, parts), Uint8Array.of(0)]),
  ],
  [
    "itself behind it",
    "peer/excess-handshake-data",
    ({ client }, parts) =>
      concat([makeAuthenticator(client, parts), makeAuthenticator(client, parts)]),
  ],
  [
    "no CertificateVerify",
    "peer/unexpected-message",
    ({ client }, parts) => changed(makeAuthenticator(client, parts), ([c, _, f]) => [c, f]),
  ],
  [
    "no Finished",
    "peer/decode-error",
    ({ client }, parts) => changed(makeAuthenticator(client, parts), ([c, v]) => [c, v]),
  ],
  [
    "another order",
    "peer/unexpected-message",
    ({ client }, parts) => changed(makeAuthenticator(client, parts), ([c, v, f]) => [v, c, f]),
  ],
  ["no bytes", "peer/decode-error", () => NONE],
  ["more than the limit", "peer/message-too-large", () => message(11, new Uint8Array(140_000))],
  ["a compressed Certificate", "peer/unexpected-message", async ({ client }, parts) => {
    const [certificate, ...rest] = readMessages(makeAuthenticator(client, parts), "test");
    const offered = [compression.id];
    const short = await new CompressionCache()
      .compress({}, certificate.body, [compression], offered);
    return concat([short ?? NONE, ...rest.map(({ bytes }) => bytes)]);
  }],
];

for (const [what, code, make] of WRONG) {
  Deno.test(`an authenticator with ${what} is ${code ?? "taken"}, and the connection is unharmed`, async () => {
    const { pair, parts } = asked();
    const { server, client } = pair;
    const validate = (bytes: Uint8Array) => validateAuthenticator(server, parts.request, bytes);
    const bytes = await make(pair, parts);
    assertEquals(await codeOf(() => validate(bytes)), code);
    assert(unharmed(pair));
    // What was wrong is no answer: the request is still open.
    if (code === null) return;
    const identity = await validate(makeAuthenticator(client, parts));
    assertEquals(identity?.certificates, [second.certificate]);
  });
}

Deno.test("no part of an authenticator is one, nor is one with any byte changed", async () => {
  const { pair: { client, server }, parts } = asked();
  const good = makeAuthenticator(client, parts);
  const validate = (bytes: Uint8Array) =>
    codeOf(() => validateAuthenticator(server, parts.request, bytes));
  for (let length = 0; length < good.length; length += 7) {
    assertEquals(await validate(good.subarray(0, length)), "peer/decode-error");
  }
  for (let at = 0; at < good.length; at += 11) {
    const bad = good.slice();
    bad[at] ^= 0x41;
    const code = await validate(bad);
    assert(code?.startsWith("peer/"), `byte ${at}: ${code}`);
  }
  assertEquals(await validate(good), null);
});

Deno.test("what was asked for comes with the identity", async () => {
  const { client, server } = connected({}, { requestOcsp: true });
  const request = createAuthenticatorRequest(server);
  const made = await createAuthenticator(client, request, second.credential);
  const identity = await validateAuthenticator(server, request, made);
  assertEquals(identity?.ocspResponse, second.credential.ocspResponse);
  assertEquals(identity?.leaf?.subject.raw, second.credential.leaf?.subject.raw);
});

Deno.test("what is given unasked has extensions and schemes of the ClientHello only", async () => {
  const context = Uint8Array.of(1);
  const parts = { sender: "server", request: NONE, context, identity: second } as const;
  const scheme = ecdsa_secp256r1_sha256;
  const staple = extension(E.status_request, Uint8Array.of(1), vector(3, Uint8Array.of(1)));
  for (
    const [requestOcsp, extensions, code] of [
      [true, [staple], null],
      [false, [staple], "peer/unsolicited-extension"],
      // In the ClientHello, but never in a Certificate.
      [false, [extension(E.server_name)], "peer/unsolicited-extension"],
      [false, [extension(0xfafa)], "peer/unsolicited-extension"],
    ] as const
  ) {
    const { client, server } = connected({ requestOcsp });
    const made = makeAuthenticator(server, { ...parts, scheme, extensions });
    assertEquals(await codeOf(() => validateAuthenticator(client, null, made)), code);
  }
  const { client, server } = connected({ signatureSchemes: [scheme] });
  const made = makeAuthenticator(server, { ...parts, scheme: ed25519, identity: edwards });
  const validate = () => validateAuthenticator(client, null, made);
  assertEquals(await codeOf(validate), "peer/signature-scheme");
});

Deno.test("after a ClientHello for PSKs alone a server gives nothing unasked", async () => {
  const psk: ExternalPsk = { identity: utf8("both"), key: provider.random(32) };
  const { client, server } = connected(
    { externalPsks: [psk], requirePsk: true, pskOnly: true },
    { externalPsks: [psk], allowPskOnly: true },
  );
  const context = Uint8Array.of(1);
  const scheme = ecdsa_secp256r1_sha256;
  const parts = { sender: "server", context, identity: second, scheme } as const;
  const made = makeAuthenticator(server, { ...parts, request: NONE });
  const validate = () => validateAuthenticator(client, null, made);
  assertEquals(await codeOf(validate), "peer/signature-scheme");
  // Asked it may.
  const request = createAuthenticatorRequest(client, { context });
  const answer = makeAuthenticator(server, { ...parts, request });
  assert(await validateAuthenticator(client, request, answer) !== null);
});

Deno.test("a server judges no authenticator without its request", async () => {
  const { pair: { client, server }, parts } = asked();
  const made = makeAuthenticator(client, { ...parts, request: NONE });
  assertEquals(await codeOf(() => validateAuthenticator(server, null, made)), "api/argument");
});

Deno.test("an empty authenticator answers a request only", async () => {
  const { client, server } = connected();
  const empty = { sender: "server", request: NONE, context: NONE } as const;
  const validate = () => validateAuthenticator(client, null, makeRefusal(server, empty));
  assertEquals(await codeOf(validate), "peer/unexpected-message");
});

Deno.test("only requests of this end of this connection have answers", async () => {
  const { pair: { client, server }, parts } = asked();
  const made = makeAuthenticator(client, parts);
  const other = connected().server;
  const judge = (end: Handshake, request: Uint8Array) =>
    codeOf(() => validateAuthenticator(end, request, made));
  assertEquals(await judge(other, parts.request), "api/argument");
  assertEquals(await judge(client, parts.request), "peer/unexpected-message");
  assertEquals(await judge(server, message(13, parts.request)), "peer/decode-error");
});

Deno.test("a context is taken once, whoever has it", async () => {
  let verified = 0;
  const { pair, parts } = asked({ verifyPeer: () => void verified++ });
  const { client, server } = pair;
  const made = makeAuthenticator(client, parts);
  assert(await validateAuthenticator(server, parts.request, made) !== null);
  for (const again of [made, makeRefusal(client, parts)]) {
    const validate = () => validateAuthenticator(server, parts.request, again);
    assertEquals(await codeOf(validate), "peer/authentication-request");
  }
  const context = Uint8Array.of(1);
  const unasked = (context: Uint8Array) =>
    createAuthenticator(server, null, first.credential, { context });
  const free = await unasked(context);
  assert(await validateAuthenticator(client, null, free) !== null);
  const before = verified;
  const replay = () => validateAuthenticator(client, null, free);
  assertEquals(await codeOf(replay), "peer/authentication-request");
  assertEquals(verified, before); // nobody is bothered with it
  // That of a request of the client's own, which is not answered.
  const open = createAuthenticatorRequest(client);
  const stolen = await unasked(getAuthenticatorContext(open) ?? NONE);
  const steal = () => validateAuthenticator(client, null, stolen);
  assertEquals(await codeOf(steal), "peer/authentication-request");
  assert(unharmed(pair));
});

Deno.test("of two answers that are judged at once, one is taken", async () => {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => resolve = settle);
  const slow: Partial<CommonConfig> = { verifyPeer: () => promise };
  const pair = ends({}, slow);
  shake(pair.client, pair.server);
  const { client, server } = pair;
  const request = createAuthenticatorRequest(server);
  const made = await createAuthenticator(client, request, first.credential);
  const judging = [0, 1].map(() => codeOf(() => validateAuthenticator(server, request, made)));
  resolve();
  assertEquals(await Promise.all(judging), [null, "peer/authentication-request"]);
});

Deno.test("there are as many authenticators on a connection as its limit says", async () => {
  const limits = { authenticationRequests: 2 };
  const { client, server } = connected({ limits }, { limits });
  const give = async () => {
    const request = createAuthenticatorRequest(server);
    return [request, await createAuthenticator(client, request, null)];
  };
  for (let i = 0; i < 2; i++) {
    const [request, made] = await give();
    assertEquals(await validateAuthenticator(server, request, made), null);
  }
  assertEquals(await codeOf(give), "peer/too-many-authentication-requests");
});
