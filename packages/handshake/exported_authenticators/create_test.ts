/** Which authenticator answers which request (RFC 9261 sections 5.2, 6 and 7.3). */
import { isPromise } from "@sealane/providers";
import { assert, assertEquals } from "@std/assert";
import { nativeProvider as provider } from "@sealane/providers/native";
import { ExtensionType as E, SignatureScheme as S, utf8 } from "@sealane/wire";
import { decodeCertificate } from "../messages/certificate.ts";
import { decodeCertificateVerify } from "../messages/certificate_verify.ts";
import {
  builtinCompression,
  createAuthenticator,
  createAuthenticatorRequest,
  createCredential,
  createRawKeyCredential,
  type Credential,
  validateAuthenticator,
} from "../mod.ts";
import { readMessages } from "./read_messages.ts";
import {
  codeOf,
  connected,
  extension,
  first,
  identityFor,
  requestMessage,
  schemes,
  signatureAlgorithms,
  unharmed,
} from "../testing/authenticator_testing.ts";

const staple = Uint8Array.of(1, 2, 3);
const second = await identityFor("two.example", {
  ocspResponse: staple,
  signedCertificateTimestamps: [Uint8Array.of(4)],
});
const rsa = await identityFor("rsa.example", { algorithm: "rsa-2048" });
const ed25519 = await identityFor("ed.example", { algorithm: "ed25519" });
const all = [first, second, rsa, ed25519].map(({ credential }) => credential);
const context = Uint8Array.of(1);

/** The leaf, its extensions and the scheme of an authenticator; `null` of an empty one. */
function read(bytes: Uint8Array) {
  const [certificate, verify] = readMessages(bytes, "test");
  if (verify === undefined) return null;
  const [{ data, extensions }] = decodeCertificate(certificate.body).entries;
  const { scheme } = decodeCertificateVerify(verify.body);
  return { leaf: data, extensions: extensions.map(({ type }) => type), scheme };
}

Deno.test("the first credential that the request takes is chosen, with a scheme of the request", async () => {
  for (
    const [scheme, identity] of [
      [S.ecdsa_secp256r1_sha256, first],
      [S.ed25519, ed25519],
      [S.rsa_pss_rsae_sha384, rsa],
    ] as const
  ) {
    const { client } = connected();
    const request = requestMessage(13, context, signatureAlgorithms(scheme));
    const made = read(await createAuthenticator(client, request, all));
    assertEquals([made?.leaf, made?.scheme], [identity.certificate, scheme]);
  }
});

Deno.test("who asks for a name gets the identity with it, or a refusal", async () => {
  const { client, server } = connected();
  for (
    const [serverName, expected] of [
      ["two.example", second.certificate],
      ["one.example", first.certificate],
      ["three.example", undefined],
    ] as const
  ) {
    const request = createAuthenticatorRequest(client, { serverName });
    const made = await createAuthenticator(server, request, all);
    assertEquals(read(made)?.leaf, expected);
    const identity = await validateAuthenticator(client, request, made);
    assertEquals(identity?.certificates[0], expected);
  }
});

Deno.test("who has no identity that fits refuses", async () => {
  const signer = {
    ...first.credential.signer,
    publicKey: first.credential.leaf?.subjectPublicKeyInfo.raw,
  };
  const raw = createRawKeyCredential({ signer });
  const { client, server } = connected();
  for (const choice of [null, [], [rsa.credential], [raw]]) {
    const request = createAuthenticatorRequest(server, {
      signatureSchemes: [S.ecdsa_secp256r1_sha256],
    });
    const made = await createAuthenticator(client, request, choice);
    assertEquals(read(made), null);
    assertEquals(await validateAuthenticator(server, request, made), null);
  }
});

Deno.test("one credential that does not fit is a mistake of the program", async () => {
  const pair = connected();
  const request = requestMessage(13, context, schemes);
  const make = (choice: Credential | Credential[]) => () =>
    createAuthenticator(pair.client, request, choice);
  assertEquals(await codeOf(make(rsa.credential)), "peer/no-common-signature-scheme");
  assertEquals(await codeOf(make(second.credential)), null);
  assert(unharmed(pair));
});

Deno.test("RSASSA-PKCS1-v1_5 signs no authenticator", async () => {
  const legacy = createCredential({
    certificates: [rsa.certificate],
    signer: rsa.credential.signer,
    schemes: [S.rsa_pkcs1_sha256_legacy],
  });
  const { client } = connected();
  const request = requestMessage(13, context, signatureAlgorithms(S.rsa_pkcs1_sha256_legacy));
  assertEquals(read(await createAuthenticator(client, request, [legacy])), null);
});

Deno.test("a certificate has the extensions that the request offers", async () => {
  const offers = [
    [[], []],
    [[extension(E.status_request, Uint8Array.of(1, 0, 0, 0, 0))], [E.status_request]],
    [[extension(E.signed_certificate_timestamp)], [E.signed_certificate_timestamp]],
  ] as const;
  for (const [offered, expected] of offers) {
    const { server } = connected();
    const request = requestMessage(17, context, schemes, ...offered);
    const made = read(await createAuthenticator(server, request, second.credential));
    assertEquals(made?.extensions, [...expected]);
  }
});

Deno.test("what is given unasked has the extensions and the scheme that ClientHello offers", async () => {
  for (const requestSignedCertificateTimestamps of [false, true]) {
    for (const requestOcsp of [false, true]) {
      const { server } = connected({
        requestSignedCertificateTimestamps,
        requestOcsp,
        signatureSchemes: [S.ecdsa_secp256r1_sha256],
        certificateCompression: builtinCompression(),
      }, { certificateCompression: builtinCompression() });
      const made = read(
        await createAuthenticator(server, null, [rsa.credential, second.credential]),
      );
      assertEquals(made?.leaf, second.certificate);
      assertEquals(made?.extensions, [
        ...requestOcsp ? [E.status_request] : [],
        ...requestSignedCertificateTimestamps ? [E.signed_certificate_timestamp] : [],
      ]);
    }
  }
});

Deno.test("without a credential that ClientHello takes, nothing is given unasked", async () => {
  const pair = connected({ signatureSchemes: [S.ecdsa_secp256r1_sha256] });
  for (const choice of [null, [], rsa.credential, [rsa.credential]]) {
    const make = () => createAuthenticator(pair.server, null, choice);
    assertEquals(await codeOf(make), "peer/no-common-signature-scheme");
  }
  const psk = { identity: utf8("both"), key: provider.random(32) };
  const alone = connected(
    { externalPsks: [psk], requirePsk: true, pskOnly: true },
    { externalPsks: [psk], allowPskOnly: true },
  );
  const make = () => createAuthenticator(alone.server, null, first.credential);
  assertEquals(await codeOf(make), "peer/no-common-signature-scheme");
});

Deno.test("a client gives nothing unasked", async () => {
  const pair = connected();
  const make = () => createAuthenticator(pair.client, null, first.credential);
  assertEquals(await codeOf(make), "api/argument");
});

Deno.test("a request is answered once, be it with a refusal", async () => {
  for (const choice of [null, first.credential]) {
    const pair = connected();
    const request = createAuthenticatorRequest(pair.client);
    await createAuthenticator(pair.server, request, choice);
    const again = () => createAuthenticator(pair.server, request, first.credential);
    assertEquals(await codeOf(again), "peer/authentication-request");
    assert(unharmed(pair));
  }
});

Deno.test("a request does not have the context of one that goes the other way", async () => {
  const { client, server } = connected();
  createAuthenticatorRequest(client, { context });
  const answer = () => createAuthenticator(client, requestMessage(13, context, schemes), null);
  assertEquals(await codeOf(answer), "peer/authentication-request");
  // Nor that of what the server has given unasked.
  await createAuthenticator(server, null, first.credential, { context });
  const other = () => createAuthenticator(server, requestMessage(17, context, schemes), null);
  assertEquals(await codeOf(other), "peer/authentication-request");
});

Deno.test("after a signer has failed, at once or later, the request is still open, whatever became of its bytes", async () => {
  for (const later of [false, true]) {
    const { client, server } = connected();
    const request = createAuthenticatorRequest(client);
    const fail = () => {
      throw new Error("no key");
    };
    const signer = {
      ...first.credential.signer,
      schemes: first.credential.signer.schemes,
      sign: later ? () => Promise.resolve().then(fail) : fail,
    };
    let message = "";
    try {
      const bytes = request.slice();
      const making = createAuthenticator(server, bytes, { ...first.credential, signer });
      bytes.fill(0);
      await making;
    } catch (error) {
      message = error instanceof Error ? error.message : "";
    }
    assertEquals(message, "no key");
    const made = await createAuthenticator(server, request, first.credential);
    assert(await validateAuthenticator(client, request, made) !== null);
  }
});

Deno.test("with synchronous signers and verification nothing is a promise", () => {
  const { client, server } = connected();
  const request = createAuthenticatorRequest(client);
  const made = createAuthenticator(server, request, first.credential);
  assert(made instanceof Uint8Array);
  const identity = validateAuthenticator(client, request, made);
  assert(identity !== null && !isPromise(identity));
});
