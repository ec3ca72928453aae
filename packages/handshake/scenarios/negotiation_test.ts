import { assert, assertEquals, assertThrows } from "@std/assert";
import { createTestAuthority, generateTestKey } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import {
  AlertDescription,
  CertificateType,
  CipherSuiteId,
  ExtensionType,
  HandshakeType,
  isGrease,
  NamedGroup,
  SignatureScheme,
  TlsError,
} from "@sealane/wire";
import {
  decodeExtension,
  keyShareInClientHello,
  signatureAlgorithmsInClientHello,
} from "../extensions/mod.ts";
import {
  type ClientHello,
  decodeClientHello,
  encodeClientHello,
} from "../messages/client_hello.ts";
import { HANDSHAKE_HEADER_LENGTH } from "../messages/message.ts";
import { decodeNewSessionTicket } from "../messages/new_session_ticket.ts";
import { exchange, shake, shakeOut } from "../testing/testing.ts";
import {
  type ClientConfig,
  createCredential,
  createRawKeyCredential,
  createReplayGuard,
  findCredential,
  Handshake,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
  type Session,
} from "../mod.ts";

const authority = await createTestAuthority(provider);
const issued = await authority.issue({ names: ["localhost"] });
const credential = createCredential({ certificates: issued.chain, signer: issued.signer });
const server: ServerConfig = {
  provider,
  credentials: [credential],
  tickets: sealedTickets({ provider, keys: new RotatingTicketKeys(provider) }),
};
const client: ClientConfig = { provider, dangerouslyDisableCertificateVerification: true };
const target = { serverName: "localhost" };

function firstHello(config: ClientConfig): ClientHello {
  const handshake = Handshake.client(config, target);
  handshake.start();
  return nextHello(handshake);
}

function nextHello(handshake: Handshake): ClientHello {
  const bytes = nextMessage(handshake);
  return decodeClientHello(bytes.subarray(HANDSHAKE_HEADER_LENGTH));
}

function nextMessage(handshake: Handshake): Uint8Array {
  for (const event of handshake.events()) if (event.type === "message") return event.data;
  throw new Error("no message");
}

function sharesOf(hello: ClientHello): number[] {
  return (decodeExtension(hello.extensions, keyShareInClientHello) ?? []).map(({ group }) => group);
}

function resumable(clientConfig: ClientConfig, serverConfig: ServerConfig): Session {
  const [events] = shake(Handshake.client(clientConfig, target), Handshake.server(serverConfig));
  const ticket = events.find((event) => event.type === "ticket");
  if (ticket?.type !== "ticket") throw new Error("no ticket");
  return ticket.session;
}

Deno.test("row 129: a client sends one post-quantum and one classical share unless told otherwise", () => {
  const { X25519MLKEM768, MLKEM1024, x25519, secp256r1, secp384r1 } = NamedGroup;
  const cases: [number[] | undefined, number[]][] = [
    [undefined, [X25519MLKEM768, x25519]],
    [[x25519, secp256r1, X25519MLKEM768], [x25519, X25519MLKEM768]],
    [[MLKEM1024, secp384r1, x25519], [MLKEM1024, secp384r1]],
    [[secp256r1, secp384r1], [secp256r1]],
  ];
  for (const [groups, shares] of cases) {
    assertEquals(sharesOf(firstHello({ ...client, groups })), shares);
  }
});

Deno.test("row 101: GREASE stands among the signature schemes of a client and in the tickets of a server", () => {
  const { extensions } = firstHello({ ...client, grease: true });
  const schemes = decodeExtension(extensions, signatureAlgorithmsInClientHello) ?? [];
  assert(isGrease(schemes[0]));
  const tickets: Uint8Array[] = [];
  const watched: ClientConfig = {
    ...client,
    observer: {
      message: (direction, _level, bytes) => {
        if (direction === "read" && bytes[0] === 4) tickets.push(bytes.slice());
      },
    },
  };
  shake(Handshake.client(watched, target), Handshake.server({ ...server, grease: true }));
  assertEquals(tickets.length, 2);
  for (const ticket of tickets) {
    const { extensions } = decodeNewSessionTicket(ticket.subarray(HANDSHAKE_HEADER_LENGTH));
    assert(extensions.some(({ type }) => isGrease(type)));
  }
});

Deno.test("row 213: over records a server refuses quic_transport_parameters (RFC 9001 §8.2)", async () => {
  // Our own client would not send it: somebody adds it on the way.
  const outcome = await shakeOut(
    Handshake.client(client, target),
    Handshake.server(server),
    (message) => {
      if (message[0] !== HandshakeType.client_hello) return message;
      const hello = decodeClientHello(message.subarray(HANDSHAKE_HEADER_LENGTH));
      const type = ExtensionType.quic_transport_parameters;
      const extensions = [{ type, data: new Uint8Array([1]) }, ...hello.extensions];
      return encodeClientHello({ ...hello, extensions });
    },
  );
  assertEquals(outcome.server?.code, "peer/extension-of-quic");
});

/** Runs a handshake with a HelloRetryRequest, with `change` applied to the second ClientHello on its way. */
function retryWith(change: (hello: ClientHello) => ClientHello): Handshake {
  const from = Handshake.client({ ...client, keyShares: [] }, target);
  const to = Handshake.server(server);
  from.start();
  to.start();
  to.receive("initial", nextMessage(from));
  from.receive("initial", nextMessage(to));
  const hello = nextMessage(from);
  const changed = change(decodeClientHello(hello.subarray(HANDSHAKE_HEADER_LENGTH)));
  to.receive("initial", encodeClientHello(changed));
  return to;
}

Deno.test("a second ClientHello may change what the server does not know, and nothing that it knows", () => {
  // JDK 11 drops status_request_v2 (17) from its second ClientHello.
  const unknown = { type: 17, data: new Uint8Array([0]) };
  const added = retryWith((hello) => ({ ...hello, extensions: [...hello.extensions, unknown] }));
  assertEquals(added.error, null);
  const error = assertThrows(
    () =>
      retryWith((hello) => ({
        ...hello,
        extensions: hello.extensions.filter(({ type }) => type !== ExtensionType.server_name),
      })),
    TlsError,
  );
  assertEquals(error.code, "peer/client-hello-changed");
});

Deno.test("early data that is announced in a second ClientHello only is not announced", () => {
  const late = retryWith((hello) => ({
    ...hello,
    extensions: [...hello.extensions, { type: ExtensionType.early_data, data: new Uint8Array() }],
  }));
  assertEquals([...late.events()].some((event) => event.type === "earlyData"), false);
});

Deno.test("a client knows why it sent no early data", () => {
  const reason = (config: ClientConfig, session?: Session): string | null | undefined => {
    const handshake = Handshake.client(config, { ...target, session });
    shake(handshake, Handshake.server({ ...server, alpn: ["a", "b"] }));
    return handshake.info?.earlyDataReason;
  };
  const early = { ...client, earlyData: true, alpn: ["a"] };
  const without = resumable(early, { ...server, alpn: ["a"] });
  const withEarly = resumable(early, {
    ...server,
    alpn: ["a"],
    earlyData: { replayGuard: createReplayGuard() },
  });
  assertEquals(reason(client), "disabled");
  assertEquals(reason(early), "no-session-offered");
  assertEquals(reason(early, without), "unsupported-for-session");
  assertEquals(reason({ ...early, alpn: ["b"] }, withEarly), "alpn-mismatch");
});

Deno.test("a server names the first reason against early data, also with a HelloRetryRequest", () => {
  const early: ClientConfig = { ...client, earlyData: true };
  const guarded: ServerConfig = { ...server, earlyData: { replayGuard: createReplayGuard() } };
  const session = resumable(early, guarded);
  const retrying: ClientConfig = { ...early, groups: [NamedGroup.secp256r1], keyShares: [] };
  for (
    const [config, expected] of [[server, "disabled"], [guarded, "hello-retry-request"]] as const
  ) {
    const handshake = Handshake.server(config);
    const [, events] = shake(Handshake.client(retrying, { ...target, session }), handshake);
    const verdict = events.find((event) => event.type === "earlyData");
    assertEquals(verdict?.type === "earlyData" && verdict.reason, expected);
    assertEquals(handshake.info?.earlyDataReason, expected);
  }
});

Deno.test("a session is not resumed for a client that does not offer its suite", () => {
  const { TLS_CHACHA20_POLY1305_SHA256, TLS_AES_128_GCM_SHA256 } = CipherSuiteId;
  const session = resumable({ ...client, cipherSuites: [TLS_CHACHA20_POLY1305_SHA256] }, server);
  const other: ClientConfig = { ...client, cipherSuites: [TLS_AES_128_GCM_SHA256] };
  const handshake = Handshake.server(server);
  shake(Handshake.client(other, { ...target, session }), handshake);
  assertEquals(handshake.info?.resumed, false);
});

Deno.test("findCredential takes the first that fits, and no scheme that the key does not have", () => {
  const demand = {
    certificateType: 0,
    signatureSchemes: [SignatureScheme.ecdsa_secp256r1_sha256, 0xff01],
    certificateAuthorities: [],
  };
  assertEquals(findCredential([credential], demand), credential);
  const impossible = { ...credential, schemes: [0xff01] };
  assertEquals(findCredential([impossible], demand), null);
  assertEquals(findCredential([{ ...credential, mustMatchIssuer: true }], demand), null);
});

Deno.test("an exporter with an empty label gives the same on both sides", () => {
  const [from, to] = [Handshake.client(client, target), Handshake.server(server)];
  shake(from, to);
  exchange(from, to);
  const none = new Uint8Array();
  assertEquals(from.exportKeyingMaterial("", none, 40), to.exportKeyingMaterial("", none, 40));
});

Deno.test("PKCS#1 v1.5 signs for clients that insist on it, and never for servers (RFC 9963)", async () => {
  const { rsa_pkcs1_sha256_legacy: legacy, rsa_pss_rsae_sha256: pss } = SignatureScheme;
  const rsa = await authority.issue({ names: ["localhost"], algorithm: "rsa-2048" });
  const options = { certificates: rsa.chain, signer: rsa.signer };
  const byDefault = createCredential(options);
  assertEquals(byDefault.schemes.includes(legacy), false);
  const insisting = createCredential({ ...options, schemes: [legacy] });

  const asking: ServerConfig = {
    ...server,
    clientAuthentication: "required",
    verifyPeer: () => {},
    signatureSchemes: [pss, legacy],
  };
  const from = Handshake.client({ ...client, credentials: [insisting] }, target);
  const to = Handshake.server(asking);
  shake(from, to);
  assertEquals(to.info?.peerSignatureScheme, legacy);

  const refused = assertThrows(
    () =>
      shake(
        Handshake.client(client, target),
        Handshake.server({ ...server, credentials: [insisting] }),
      ),
    TlsError,
  );
  assertEquals(refused.code, "peer/no-common-signature-scheme");
  const config: ClientConfig = { ...client, signatureSchemes: [pss, legacy] };
  assertEquals(assertThrows(() => Handshake.client(config, target), TlsError).code, "api/config");
});

Deno.test("a raw key serves every name, in its place in the list", async () => {
  const { privateKey, publicKey } = await generateTestKey();
  const signer = await provider.importPrivateKey(privateKey);
  const rawKey = createRawKeyCredential({ signer, publicKey });
  const types: ClientConfig = {
    ...client,
    peerCertificateTypes: [CertificateType.X509, CertificateType.RawPublicKey],
  };
  for (const [list, expected] of [[[rawKey, credential], 2], [[credential, rawKey], 0]] as const) {
    const handshake = Handshake.client(types, target);
    shake(handshake, Handshake.server({ ...server, credentials: list }));
    assertEquals(handshake.info?.peer?.type, expected);
  }
});

Deno.test("a program refuses a name that it does not serve, and a peer whose certificate is good", async () => {
  const refuse = (code: "peer/unrecognized-name" | "peer/access-denied") => (): never => {
    throw new TlsError(code, "refused by the program");
  };
  const unknown = await shakeOut(
    Handshake.client(client, target),
    Handshake.server({ ...server, onClientHello: refuse("peer/unrecognized-name") }),
  );
  assertEquals(unknown.server?.alert, AlertDescription.unrecognized_name);
  const denied = await shakeOut(
    Handshake.client({ provider, verifyPeer: refuse("peer/access-denied") }, target),
    Handshake.server(server),
  );
  assertEquals(denied.client?.alert, AlertDescription.access_denied);
});
