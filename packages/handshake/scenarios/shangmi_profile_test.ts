/** Which groups and schemes go with the suites of RFC 8998 section 3.3, on both sides, and what bad input gets. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { certificatesFromPem, parseCertificate, TrustStore } from "@sealane/pki";
import { createTestAuthority, issueCertificate } from "@sealane/pki/testing";
import { combineProviders, type CryptoProvider, importPrivateKey } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { shangmiProvider } from "@sealane/providers/shangmi";
import {
  AlertDescription,
  CipherSuiteId as C,
  HandshakeType,
  NamedGroup as G,
  SignatureScheme as S,
  TlsError,
  utf8,
} from "@sealane/wire";
import {
  decodeExtension,
  keyShareInClientHello,
  signatureAlgorithmsInCertificateRequest,
  signatureAlgorithmsInClientHello,
  supportedGroupsInClientHello,
} from "../extensions/mod.ts";
import { decodeCertificateRequest } from "../messages/certificate_request.ts";
import { type ClientHello, decodeClientHello } from "../messages/client_hello.ts";
import { HANDSHAKE_HEADER_LENGTH } from "../messages/message.ts";
import { exchange, shake, shakeOut } from "../testing/testing.ts";
import {
  type ClientConfig,
  type CommonConfig,
  createCredential,
  type Credential,
  Handshake,
  importPsk,
  type ServerConfig,
} from "../mod.ts";

const files: { root: string; certificate: string; key: string } = JSON.parse(
  Deno.readTextFileSync(new URL("../testdata/sm2_chain.json", import.meta.url)),
);
const target = { serverName: "localhost" };
const both = combineProviders(shangmiProvider, nativeProvider);
const smSigner = await importPrivateKey(shangmiProvider, files.key);
const smChain = certificatesFromPem(files.certificate);
const smCredential = createCredential({ certificates: smChain, signer: smSigner });
const authority = await createTestAuthority(nativeProvider);
const issued = await authority.issue({ names: ["localhost"] });
const ecdsaCredential = createCredential({ certificates: issued.chain, signer: issued.signer });
const trust = TrustStore.fromCertificates([
  ...certificatesFromPem(files.root),
  authority.certificate,
]);

function helloOf(config: ClientConfig): ClientHello {
  const handshake = Handshake.client(config, target);
  handshake.start();
  for (const event of handshake.events()) {
    if (event.type === "message") {
      return decodeClientHello(event.data.subarray(HANDSHAKE_HEADER_LENGTH));
    }
  }
  throw new Error("no ClientHello");
}

/** The provider with something changed in its one group. */
function withShare(change: (share: Uint8Array) => Uint8Array): CryptoProvider {
  return {
    ...shangmiProvider,
    groups: shangmiProvider.groups.map((group) => ({
      ...group,
      async generate() {
        const { share, complete } = await group.generate();
        return { share: change(share), complete };
      },
      async respond(peerShare: Uint8Array) {
        const agreement = await group.respond(peerShare);
        return agreement && { ...agreement, share: change(agreement.share) };
      },
    })),
  };
}

Deno.test("a client that offers the suites offers curveSM2 with a share, and sm2sig_sm3", () => {
  const { cipherSuites, extensions } = helloOf({ provider: both, trust });
  assert(cipherSuites.includes(C.TLS_SM4_GCM_SM3));
  assert(decodeExtension(extensions, supportedGroupsInClientHello)?.includes(G.curveSM2));
  assert(decodeExtension(extensions, signatureAlgorithmsInClientHello)?.includes(S.sm2sig_sm3));
  const shares = decodeExtension(extensions, keyShareInClientHello) ?? [];
  assertEquals(shares.map(({ group }) => group), [G.X25519MLKEM768, G.x25519, G.curveSM2]);
});

Deno.test("the ShangMi provider alone needs no more configuration than any other", () => {
  const { cipherSuites, extensions } = helloOf({ provider: shangmiProvider, trust });
  assertEquals(cipherSuites, [C.TLS_SM4_GCM_SM3, C.TLS_SM4_CCM_SM3]);
  assertEquals(decodeExtension(extensions, supportedGroupsInClientHello), [G.curveSM2]);
  assertEquals(decodeExtension(extensions, signatureAlgorithmsInClientHello), [S.sm2sig_sm3]);
});

Deno.test("suites without their group or scheme are left out, or where they are named under the strict profile refused", () => {
  const without: Partial<CommonConfig>[] = [
    { groups: [G.x25519] },
    { signatureSchemes: [S.ecdsa_secp256r1_sha256] },
    { certificateSignatureSchemes: [S.ecdsa_secp256r1_sha256] },
  ];
  for (const more of without) {
    const config = { provider: both, trust, ...more };
    const sm4 = helloOf(config).cipherSuites.filter((suite) => suite >> 8 === 0);
    assertEquals(sm4, []);
    const named = { ...config, cipherSuites: [C.TLS_AES_128_GCM_SHA256, C.TLS_SM4_GCM_SM3] };
    assert(helloOf(named).cipherSuites.includes(C.TLS_SM4_GCM_SM3));
    const asked = { ...named, shangmiProfile: "strict" } as const;
    const error = assertThrows(() => Handshake.client(asked, target), TlsError);
    assertEquals(error.code, "api/config");
    assert(error.message.startsWith("TLS_SM4_GCM_SM3 needs the "), error.message);
    assertThrows(() => Handshake.server(asked), TlsError, "TLS_SM4_GCM_SM3 needs the ");
  }
});

Deno.test("a server of both worlds chooses the suite by what client and certificate can do", () => {
  const cases: [string, Partial<ClientConfig>, Credential[], number, number][] = [
    ["both can", {}, [smCredential, ecdsaCredential], C.TLS_SM4_GCM_SM3, S.sm2sig_sm3],
    ["order of certificates", {}, [ecdsaCredential, smCredential], C.TLS_SM4_GCM_SM3, S.sm2sig_sm3],
    [
      "no SM2 certificate",
      {},
      [ecdsaCredential],
      C.TLS_AES_128_GCM_SHA256,
      S.ecdsa_secp256r1_sha256,
    ],
    [
      "a client without curveSM2",
      { groups: [G.x25519] },
      [smCredential, ecdsaCredential],
      C.TLS_AES_128_GCM_SHA256,
      S.sm2sig_sm3,
    ],
  ];
  const cipherSuites = [C.TLS_SM4_GCM_SM3, C.TLS_AES_128_GCM_SHA256];
  for (const [name, more, credentials, suite, scheme] of cases) {
    const list = more.groups === undefined ? { cipherSuites } : {};
    const client = Handshake.client({ provider: both, trust, ...list, ...more }, target);
    const server = { provider: both, credentials, cipherSuites };
    shake(client, Handshake.server(server));
    assertEquals(client.info?.suite.id, suite, name);
    assertEquals(client.info?.peerSignatureScheme, scheme, name);
    if (suite === C.TLS_SM4_GCM_SM3) assertEquals(client.info?.group, G.curveSM2, name);
  }
});

Deno.test("a function that chooses the credential is told the schemes that the suite leaves", () => {
  const seen: number[][] = [];
  const server: ServerConfig = {
    provider: both,
    credentials(hello) {
      seen.push([...hello.signatureSchemes]);
      return [ecdsaCredential, smCredential];
    },
  };
  const client = Handshake.client({ provider: both, trust }, target);
  shake(client, Handshake.server(server));
  assertEquals(seen, [[S.sm2sig_sm3]]);
  assertEquals(client.info?.peerSignatureScheme, S.sm2sig_sm3);
});

Deno.test("with the suites a server asks for SM2 certificates only, and a client answers with nothing else", async () => {
  const server: ServerConfig = {
    provider: both,
    trust,
    credentials: [smCredential],
    clientAuthentication: "requested",
  };
  for (const credentials of [[ecdsaCredential], [ecdsaCredential, smCredential]]) {
    const client = Handshake.client({ provider: both, trust, credentials }, target);
    const ends = Handshake.server(server);
    const { messages } = await shakeOut(client, ends);
    const request = messages.find(([, data]) => data[0] === HandshakeType.certificate_request);
    assert(request !== undefined);
    const { extensions } = decodeCertificateRequest(request[1].subarray(HANDSHAKE_HEADER_LENGTH));
    const schemes = decodeExtension(extensions, signatureAlgorithmsInCertificateRequest);
    assertEquals(schemes, [S.sm2sig_sm3]);
    const expected = credentials.includes(smCredential) ? S.sm2sig_sm3 : null;
    assertEquals(ends.info?.peerSignatureScheme, expected);
  }
});

Deno.test("after the handshake, too, a server asks for SM2 certificates only", () => {
  const config = { provider: both, trust, credentials: [ecdsaCredential, smCredential] };
  const client = Handshake.client({ ...config, postHandshakeAuthentication: true }, target);
  const server = Handshake.server(config);
  shake(client, server);
  server.post.requestClientAuthentication();
  const [, events] = exchange(client, server);
  const answer = events.find((event) => event.type === "clientAuthentication");
  assert(answer?.type === "clientAuthentication");
  assertEquals(answer.peer?.certificates[0], smChain[0]);
});

Deno.test("an external PSK for SM3 is taken with the suites, and one for SHA-256 is not", () => {
  const [identity, key] = [utf8("sensor 7"), new Uint8Array(32).fill(7)];
  for (const [hash, taken] of [["SM3", true], ["SHA-256", false]] as const) {
    const externalPsks = [{ identity, key, hash }];
    const config = { provider: shangmiProvider, trust, externalPsks };
    const client = Handshake.client(config, target);
    shake(client, Handshake.server({ ...config, credentials: [smCredential] }));
    assertEquals(client.info?.externalPsk, taken);
    assertEquals(client.info?.group, G.curveSM2);
  }
  // The registry of RFC 9258 section 10 has SHA-256 and SHA-384 only.
  const { hash } = shangmiProvider.cipherSuites[0];
  const source = { identity, key, hash };
  assertThrows(() => importPsk(source, "SM3"), TlsError, "RFC 9258 has no KDF for the hash SM3");
});

/** Puts a ShangMi suite in the place of the one that the server chose. */
function selectSm4(message: Uint8Array): Uint8Array {
  if (message[0] !== HandshakeType.server_hello) return message;
  const copy = message.slice();
  const at = HANDSHAKE_HEADER_LENGTH + 34 + 1 + message[HANDSHAKE_HEADER_LENGTH + 34];
  copy.set([0x00, 0xc6], at);
  return copy;
}

Deno.test("a client refuses another group or scheme with the suites under the strict profile", async () => {
  const cases = [
    [[G.x25519], ecdsaCredential, "peer/group", "ServerHello selected group x25519"],
    [[G.secp384r1], smCredential, "peer/group", "HelloRetryRequest selected group secp384r1"],
    [[G.curveSM2], ecdsaCredential, "peer/signature-scheme", "uses ecdsa_secp256r1_sha256"],
  ] as const;
  for (const [groups, credential, code, message] of cases) {
    const config = { provider: both, trust, shangmiProfile: "strict" } as const;
    const client = Handshake.client(config, target);
    const server = Handshake.server({
      provider: both,
      cipherSuites: [C.TLS_AES_128_GCM_SHA256],
      groups,
      credentials: [credential],
    });
    const { client: error } = await shakeOut(client, server, selectSm4);
    assertEquals(error?.code, code);
    assert(error?.message.includes(message), error?.message);
    assertEquals(error?.alert, AlertDescription.illegal_parameter);
  }
});

Deno.test("row 277: other groups and schemes with the suites are accepted, and info says that the profile was not kept", async () => {
  const only = { cipherSuites: [C.TLS_SM4_GCM_SM3] };
  const cases: [Partial<ClientConfig>, Credential[], number, boolean][] = [
    [{}, [smCredential], G.curveSM2, true],
    [{ groups: [G.x25519] }, [smCredential], G.x25519, false],
    [{}, [ecdsaCredential], G.X25519MLKEM768, false],
    [{ groups: [G.curveSM2] }, [ecdsaCredential], G.curveSM2, false],
  ];
  for (const [more, credentials, group, kept] of cases) {
    const client = Handshake.client({ provider: both, trust, ...only, ...more }, target);
    const server = Handshake.server({ provider: both, ...only, credentials });
    const outcome = await shakeOut(client, server);
    assertEquals([outcome.client, outcome.server], [null, null]);
    for (const { info } of [client, server]) {
      assertEquals([info?.group, info?.shangmiProfile], [group, kept]);
    }
    const strict = await shakeOut(
      Handshake.client({ provider: both, trust, ...only, ...more }, target),
      Handshake.server({ provider: both, ...only, credentials, shangmiProfile: "strict" }),
    );
    assertEquals(strict.server?.code, kept ? undefined : "peer/no-common-cipher-suite");
  }
  const client = Handshake.client({ provider: nativeProvider, trust }, target);
  shake(client, Handshake.server({ provider: nativeProvider, credentials: [ecdsaCredential] }));
  assertEquals(client.info?.shangmiProfile, null);
});

Deno.test("a certificate that no SM2 key signed is refused under the strict profile", async () => {
  const { publicKey } = smSigner;
  assert(publicKey !== undefined);
  const name = parseCertificate(authority.certificate).subject.raw;
  const mixed = await issueCertificate(
    { publicKey, names: ["localhost"] },
    { name, signer: authority.signer },
  );
  const credential = createCredential({ certificates: [mixed], signer: smSigner });
  const config = { provider: both, trust, shangmiProfile: "strict" } as const;
  const client = Handshake.client(config, target);
  const server = Handshake.server({ provider: both, credentials: [credential] });
  const outcome = await shakeOut(client, server);
  assertEquals(outcome.client?.code, "peer/unsupported-certificate");
  assertEquals(outcome.client?.alert, AlertDescription.unsupported_certificate);
});

/** What is no point of curveSM2, made from one. */
const BAD_SHARES: Readonly<Record<string, (share: Uint8Array) => Uint8Array>> = {
  "off the curve": (share) => share.map((byte, i) => i === 64 ? byte ^ 1 : byte),
  "infinity": () => Uint8Array.of(0),
  "infinity, padded": (share) => new Uint8Array(share.length),
  "zero coordinates": (share) => share.map((byte, i) => i === 0 ? byte : 0),
  "coordinates not reduced": (share) => share.map((byte, i) => i === 0 ? byte : 0xff),
  "compressed": (share) => Uint8Array.of(2 + (share[64] & 1), ...share.subarray(1, 33)),
  "hybrid form": (share) => Uint8Array.of(6 + (share[64] & 1), ...share.subarray(1)),
  "without the form byte": (share) => share.slice(1),
  "a byte short": (share) => share.slice(0, 64),
  "a byte long": (share) => Uint8Array.of(...share, 0),
};

for (const [name, change] of Object.entries(BAD_SHARES)) {
  Deno.test(`a curveSM2 share that is ${name} gets illegal_parameter on both sides`, async () => {
    const bad = withShare(change);
    for (const guilty of ["client", "server"] as const) {
      const provider = (side: string) => side === guilty ? bad : shangmiProvider;
      const client = Handshake.client({ provider: provider("client"), trust }, target);
      const credentials = [smCredential];
      const server = Handshake.server({ provider: provider("server"), credentials });
      const outcome = await shakeOut(client, server);
      const error = guilty === "client" ? outcome.server : outcome.client;
      assertEquals(error?.code, "peer/key-share", guilty);
      assertEquals(error?.alert, AlertDescription.illegal_parameter);
    }
  });
}

Deno.test("CertificateVerify under the identifier of certificates gets decrypt_error", async () => {
  const confused = createCredential({
    certificates: smChain,
    signer: {
      ...smSigner,
      sign: (scheme, data) => smSigner.sign(scheme, data, { use: "certificate" }),
    },
  });
  for (const guilty of ["client", "server"] as const) {
    const credentials = (side: string) => [side === guilty ? confused : smCredential];
    const provider = shangmiProvider;
    const client = Handshake.client(
      { provider, trust, credentials: credentials("client") },
      target,
    );
    const server = Handshake.server({
      provider,
      trust,
      credentials: credentials("server"),
      clientAuthentication: "required",
    });
    const outcome = await shakeOut(client, server);
    const error = guilty === "client" ? outcome.server : outcome.client;
    assertEquals(error?.code, "peer/bad-signature", guilty);
    assertEquals(error?.alert, AlertDescription.decrypt_error);
  }
});
