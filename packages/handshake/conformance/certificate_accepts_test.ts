/** What both sides have to take of certificates and signatures, row by row: what they refuse is in `conformance/`. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseCertificate } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import {
  ExtensionType as E,
  HandshakeType as H,
  SignatureScheme as S,
  TlsError,
} from "@sealane/wire";
import {
  authority,
  change,
  client,
  credential,
  type Extensions,
  type Interference,
  plus,
  requiring,
  resuming,
  server,
  target,
} from "./row.ts";
import { CREDENTIALS } from "./signature.ts";
import {
  certificateAuthoritiesInCertificateRequest,
  decodeExtension,
  signatureAlgorithmsInCertificateRequest,
  signatureAlgorithmsInClientHello,
} from "../extensions/mod.ts";
import { decodeCertificate, encodeCertificate } from "../messages/certificate.ts";
import {
  decodeCertificateRequest,
  encodeCertificateRequest,
} from "../messages/certificate_request.ts";
import { decodeClientHello } from "../messages/client_hello.ts";
import {
  type ClientConfig,
  type ClientCredentialRequest,
  createCredential,
  Handshake,
  type PeerIdentity,
  type ServerConfig,
  type Session,
} from "../mod.ts";
import { type Outcome, shakeOut } from "../testing/testing.ts";

async function run(
  from: ClientConfig,
  to: ServerConfig,
  on?: Interference,
  session?: Session,
): Promise<{ ends: readonly [Handshake, Handshake]; outcome: Outcome }> {
  const ends = [Handshake.client(from, { ...target, session }), Handshake.server(to)] as const;
  const outcome = await shakeOut(...ends, on);
  if (on === undefined) assertEquals([outcome.client, outcome.server], [null, null]);
  return { ends, outcome };
}

/** The nth message of a type that was sent. */
function sent({ messages }: Outcome, type: number, from: "client" | "server"): Uint8Array {
  const found = messages.find(([side, bytes]) => side === from && bytes[0] === type);
  assert(found !== undefined);
  return found[1].subarray(4);
}

const root = await createTestAuthority(provider);
const issuer = await (await root.intermediate()).intermediate();
const long = await issuer.issue({ names: ["localhost"] });
const chained = createCredential({
  certificates: long.chain,
  signer: long.signer,
  ocspResponse: Uint8Array.of(1),
  signedCertificateTimestamps: [Uint8Array.of(2)],
});

Deno.test("row 44: a large chain is taken unless the limits say otherwise", async () => {
  const names = Array.from({ length: 2000 }, (_, i) => `host-${i}.example.test`);
  const { chain, signer } = await authority.issue({ names });
  assert(chain[0].length > 16_384);
  const credentials = [createCredential({ certificates: chain, signer })];
  await run({ ...client, credentials }, { ...requiring, credentials });
  const limits = { certificateMessage: 16_384 };
  for (
    const [from, to, by] of [
      [{ ...client, limits }, { ...server, credentials }, "client"],
      [{ ...client, credentials }, { ...requiring, limits }, "server"],
    ] as const
  ) {
    const { outcome } = await run(from, to, (message) => message);
    assertEquals([outcome[by]?.code, outcome[by]?.alert], ["peer/message-too-large", 47]);
  }
});

Deno.test("row 142: where a certificate is only requested, a client without goes on", async () => {
  const { ends, outcome } = await run(
    { ...client, credentials: undefined },
    { ...server, clientAuthentication: "requested" },
  );
  // An empty context and an empty list, and no CertificateVerify.
  assertEquals([...sent(outcome, H.certificate, "client")], [0, 0, 0, 0]);
  const signed = outcome.messages.filter(([from, [type]]) =>
    from === "client" && type === H.certificate_verify
  );
  assertEquals([signed.length, ends[1].info?.peer], [0, null]);
});

function certificateRequest(edit: (list: Extensions) => Extensions): Interference {
  return change("server", H.certificate_request, (message) => {
    const request = decodeCertificateRequest(message.subarray(4));
    return encodeCertificateRequest({ ...request, extensions: edit(request.extensions) });
  });
}

Deno.test("row 149: unknown extensions of CertificateRequest are ignored", async () => {
  for (const type of [0x1234, 0x0a0a, E.server_name]) {
    const { outcome } = await run(client, requiring, certificateRequest(plus(type, "00")));
    // The signature is of another transcript, and comes after CertificateRequest.
    assertEquals(outcome.client?.code, "peer/bad-signature");
  }
});

Deno.test("row 150: the authorities of CertificateRequest are sent and shown in their order", async () => {
  const names = [root, authority].map(({ certificate }) =>
    parseCertificate(certificate).subject.raw
  );
  for (const certificateAuthorities of [names, [...names].reverse()]) {
    const asked: ClientCredentialRequest[] = [];
    const credentials = (request: ClientCredentialRequest) => {
      asked.push(request);
      return credential;
    };
    const to = { ...requiring, certificateAuthorities };
    const { outcome } = await run({ ...client, credentials }, to);
    const { extensions } = decodeCertificateRequest(sent(outcome, H.certificate_request, "server"));
    assertEquals(
      decodeExtension(extensions, certificateAuthoritiesInCertificateRequest),
      certificateAuthorities,
    );
    assertEquals(asked.map((request) => request.certificateAuthorities), [certificateAuthorities]);
  }
});

const asking = { requestOcsp: true, requestSignedCertificateTimestamps: true };

Deno.test("row 153: no extensions are sent on intermediates, and known ones are ignored there", async () => {
  const from = { ...client, ...asking, credentials: [chained] };
  const to = { ...requiring, ...asking, credentials: [chained] };
  const { outcome } = await run(from, to);
  for (const side of ["client", "server"] as const) {
    const { entries } = decodeCertificate(sent(outcome, H.certificate, side));
    assertEquals(entries.map(({ extensions }) => extensions.length), [2, 0, 0]);
  }
  for (const side of ["client", "server"] as const) {
    const on = change(side, H.certificate, (message) => {
      const certificate = decodeCertificate(message.subarray(4));
      const [leaf, ...others] = certificate.entries;
      const extensions = plus(E.status_request, "00")(plus(E.signed_certificate_timestamp)([]));
      const entries = [leaf, ...others.map((entry) => ({ ...entry, extensions }))];
      return encodeCertificate({ ...certificate, entries });
    });
    const changed = (await run(from, to, on)).outcome;
    const by = side === "client" ? "server" : "client";
    assertEquals(changed[by]?.code, "peer/bad-signature");
  }
});

Deno.test("row 155: a list of timestamps that is empty, or has an empty one, is refused at home", () => {
  for (const signedCertificateTimestamps of [[], [new Uint8Array()]]) {
    const error = assertThrows(
      () =>
        createCredential({
          certificates: long.chain,
          signer: long.signer,
          signedCertificateTimestamps,
        }),
      TlsError,
    );
    assertEquals(error.code, "api/config");
  }
});

Deno.test("row 158: a session is not verified again unless that is asked for", async () => {
  const seen: PeerIdentity[] = [];
  const verifyPeer = (peer: PeerIdentity) => void seen.push(peer);
  for (const verifyOnResumption of [false, true]) {
    seen.length = 0;
    const from: ClientConfig = { ...client, verifyPeer, verifyOnResumption };
    const { outcome: { sessions: [session] } } = await run(from, resuming);
    const { ends } = await run(from, resuming, undefined, session);
    assertEquals(ends[0].info?.resumed, true);
    assertEquals(seen.length, verifyOnResumption ? 2 : 1);
    // What was verified is kept with the session.
    assertEquals(ends[0].info?.peer?.leaf?.raw, credential.certificates[0]);
  }
});

for (const [scheme, own] of CREDENTIALS) {
  Deno.test(`rows 164, 169: both sides sign with scheme 0x${scheme.toString(16)} where it is configured`, async () => {
    const config = { credentials: [own], signatureSchemes: [scheme] };
    const { ends } = await run({ ...client, ...config }, { ...requiring, ...config });
    for (const { info } of ends) {
      assertEquals([info?.peerSignatureScheme, info?.signatureScheme], [scheme, scheme]);
    }
  });
}

Deno.test("rows 169, 276: P-521, Ed25519 and ML-DSA are offered by default, and not where they are left out", async () => {
  const unusual: number[] = [S.ecdsa_secp521r1_sha512, S.ed25519, S.mldsa44, S.mldsa65, S.mldsa87];
  const usual = { signatureSchemes: [S.ecdsa_secp256r1_sha256, S.rsa_pss_rsae_sha256] };
  for (const [config, expected] of [[{}, unusual], [usual, []]] as const) {
    const { outcome } = await run({ ...client, ...config }, { ...requiring, ...config });
    const { extensions } = decodeClientHello(sent(outcome, H.client_hello, "client"));
    const request = decodeCertificateRequest(sent(outcome, H.certificate_request, "server"));
    const offered = [
      decodeExtension(extensions, signatureAlgorithmsInClientHello) ?? [],
      decodeExtension(request.extensions, signatureAlgorithmsInCertificateRequest) ?? [],
    ];
    for (const list of offered) {
      assertEquals(new Set(list.filter((scheme) => unusual.includes(scheme))), new Set(expected));
    }
  }
});

Deno.test("row 170: what is verified is offered in that order, and the signer's own preference chooses", async () => {
  const [, p256] = CREDENTIALS[0];
  const rsa = await authority.issue({ names: ["localhost"], algorithm: "rsa-2048" });
  const { rsa_pss_rsae_sha256: a, rsa_pss_rsae_sha384: b, rsa_pss_rsae_sha512: c } = S;
  for (const own of [[a, b, c], [c, a, b], [b]]) {
    for (const theirs of [[a, b, c], [c, b], [b, a]]) {
      const schemes = [...theirs, S.ecdsa_secp256r1_sha256];
      const signing = createCredential({
        certificates: rsa.chain,
        signer: rsa.signer,
        schemes: own,
      });
      const { ends, outcome } = await run(
        { ...client, credentials: [signing], signatureSchemes: schemes },
        { ...requiring, credentials: [signing, p256], signatureSchemes: schemes },
      );
      const { extensions } = decodeClientHello(sent(outcome, H.client_hello, "client"));
      assertEquals(decodeExtension(extensions, signatureAlgorithmsInClientHello), schemes);
      const request = decodeCertificateRequest(sent(outcome, H.certificate_request, "server"));
      assertEquals(
        decodeExtension(request.extensions, signatureAlgorithmsInCertificateRequest),
        schemes,
      );
      const expected = own.find((scheme) => theirs.includes(scheme));
      for (const { info } of ends) assertEquals(info?.signatureScheme, expected);
    }
  }
});

Deno.test("row 178: a client without psk_dhe_ke gets no tickets", async () => {
  // In place, before it is hashed: both sides go on with what is sent.
  const sent = (modes: number) => ({
    message: (direction: string, _level: string, bytes: Uint8Array) => {
      if (direction !== "write" || bytes[0] !== H.client_hello) return;
      const at = bytes.findIndex((_, i) =>
        [0, E.psk_key_exchange_modes, 0, 2, 1, 1].every((byte, j) => bytes[i + j] === byte)
      );
      assert(at > 0);
      bytes[at + 5] = modes;
    },
  });
  for (const [modes, count] of [[1, 1], [0, 0], [0x1a, 0]]) {
    const { outcome } = await run({ ...client, observer: sent(modes) }, resuming);
    assertEquals(outcome.sessions.length, count);
  }
});
