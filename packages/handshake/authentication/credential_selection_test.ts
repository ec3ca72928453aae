import { assert, assertEquals } from "@std/assert";
import { parseCertificate, TrustStore } from "@sealane/pki";
import { createTestAuthority, generateTestKey } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { CertificateType, SignatureScheme as S } from "@sealane/wire";
import {
  type ClientConfig,
  type ClientHelloInfo,
  createCredential,
  createRawKeyCredential,
  type Credential,
  type CredentialOptions,
  Handshake,
  type ServerConfig,
} from "../mod.ts";
import { type Outcome, shakeOut } from "../testing/testing.ts";

const rsaAuthority = await createTestAuthority(provider, {
  algorithm: "rsa-2048",
  subject: "RSA authority",
});
const ecAuthority = await createTestAuthority(provider);
const trust = TrustStore.fromCertificates([rsaAuthority.certificate, ecAuthority.certificate]);
const nameOf = (der: Uint8Array) => parseCertificate(der).subject.raw;

async function make(
  name: string,
  authority = ecAuthority,
  options: Partial<CredentialOptions> = {},
  algorithm: "ecdsa-p256" | "ecdsa-p384" = "ecdsa-p256",
): Promise<Credential> {
  const { chain, signer } = await authority.issue({ names: [name], algorithm });
  return createCredential({ certificates: chain, signer, ...options });
}

const [first, other, p384, signedByRsa, insistent] = [
  await make("first.test"),
  await make("*.other.test"),
  await make("first.test", ecAuthority, {}, "ecdsa-p384"),
  await make("first.test", rsaAuthority),
  await make("first.test", rsaAuthority, { mustMatchIssuer: true }),
];
const { privateKey, publicKey } = await generateTestKey();
const raw = createRawKeyCredential({
  signer: await provider.importPrivateKey(privateKey),
  publicKey,
});
const all: [string, Credential][] = Object.entries({
  first,
  other,
  p384,
  signedByRsa,
  insistent,
  raw,
});

interface Case {
  readonly shows: string;
  readonly credentials: ServerConfig["credentials"];
  readonly client?: Partial<ClientConfig>;
  readonly serverName?: string;
  /** The name of the credential; `null`: handshake_failure. */
  readonly chosen: string | null;
}

function named(credential: Credential | undefined): string | null {
  return all.find(([, each]) => each === credential)?.[0] ?? null;
}

async function connect(
  credentials: ServerConfig["credentials"],
  clientConfig: Partial<ClientConfig> = {},
  serverName?: string,
): Promise<[string | null, Outcome]> {
  const verify = { dangerouslyDisableCertificateVerification: true };
  const client = Handshake.client({ provider, ...verify, ...clientConfig }, { serverName });
  const outcome = await shakeOut(client, Handshake.server({ provider, credentials }));
  const key = client.info?.peer?.publicKey;
  const used = all.find(([, { certificates: [leaf], leaf: parsed }]) =>
    String(parsed?.subjectPublicKeyInfo.raw ?? leaf) === String(key)
  );
  return [used?.[0] ?? null, outcome];
}

const P384_ONLY = { signatureSchemes: [S.ecdsa_secp384r1_sha384] };
const cases: Case[] = [
  { shows: "the first without a name", credentials: [first, other], chosen: "first" },
  {
    shows: "the one for the name",
    credentials: [first, other],
    serverName: "www.other.test",
    chosen: "other",
  },
  {
    shows: "the first where none is for the name",
    credentials: [first, other],
    serverName: "unknown.test",
    chosen: "first",
  },
  {
    shows: "the one whose key the client takes",
    credentials: [first, p384],
    client: P384_ONLY,
    chosen: "p384",
  },
  {
    shows: "one for another name where that of the name does not fit",
    credentials: [p384, other],
    client: P384_ONLY,
    serverName: "www.other.test",
    chosen: "p384",
  },
  { shows: "none", credentials: [first, other], client: P384_ONLY, chosen: null },
  {
    shows: "the one whose chain the client can verify",
    credentials: [signedByRsa, first],
    client: { certificateSignatureSchemes: [S.ecdsa_secp256r1_sha256] },
    chosen: "first",
  },
  {
    shows: "that with RSA in its chain where the client takes it",
    credentials: [signedByRsa, first],
    client: {
      certificateSignatureSchemes: [S.rsa_pss_rsae_sha256, S.ecdsa_secp256r1_sha256],
    },
    chosen: "signedByRsa",
  },
  {
    shows: "one whose chain the client cannot verify, where there is no other",
    credentials: [signedByRsa],
    client: { certificateSignatureSchemes: [S.ecdsa_secp256r1_sha256] },
    chosen: "signedByRsa",
  },
  {
    shows: "not one that insists on an authority that was not named",
    credentials: [insistent, first],
    client: { certificateAuthorities: [nameOf(ecAuthority.certificate)] },
    chosen: "first",
  },
  {
    shows: "one that insists on an authority that was named",
    credentials: [insistent, first],
    client: {
      certificateAuthorities: [nameOf(rsaAuthority.certificate)],
      certificateSignatureSchemes: [S.rsa_pss_rsae_sha256],
    },
    chosen: "insistent",
  },
  { shows: "none where all insist", credentials: [insistent], chosen: null },
  { shows: "no raw key unless the client takes it", credentials: [raw, first], chosen: "first" },
  {
    shows: "a raw key where the client takes it",
    credentials: [first, raw],
    client: { peerCertificateTypes: [CertificateType.RawPublicKey] },
    chosen: "raw",
  },
  {
    shows: "the server's preference where the client takes both",
    credentials: [first, raw],
    client: { peerCertificateTypes: [CertificateType.RawPublicKey, CertificateType.X509] },
    chosen: "first",
  },
  { shows: "what a function says", credentials: () => other, chosen: "other" },
  { shows: "of the list that a function gives", credentials: () => [raw, first], chosen: "first" },
  { shows: "what a function says later", credentials: later(other), chosen: "other" },
  { shows: "nothing that the client cannot take", credentials: () => raw, chosen: null },
  { shows: "none where a function says none", credentials: () => null, chosen: null },
];

function later(credential: Credential): () => Promise<Credential> {
  return async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return credential;
  };
}

for (const { shows, credentials, client, serverName, chosen } of cases) {
  Deno.test(`a server chooses ${shows}`, async () => {
    const [used, outcome] = await connect(credentials, client, serverName);
    assertEquals(used, chosen);
    if (chosen === null) {
      const { code, alert } = outcome.server ?? {};
      assertEquals([code, alert], ["peer/no-common-signature-scheme", 40]);
    } else assertEquals([outcome.client, outcome.server], [null, null]);
  });
}

Deno.test("a function is told what the client takes, once", async () => {
  const told: ClientHelloInfo[] = [];
  await connect(
    (hello) => {
      told.push(hello);
      return first;
    },
    {
      certificateAuthorities: [nameOf(ecAuthority.certificate)],
      delegatedCredentialSchemes: [S.ecdsa_secp256r1_sha256],
      certificateSignatureSchemes: [S.rsa_pkcs1_sha256],
      keyShares: [], // and so a HelloRetryRequest
    },
    "first.test",
  );
  assertEquals(told.length, 1);
  assertEquals(told[0].serverName, "first.test");
  assertEquals(told[0].certificateAuthorities, [nameOf(ecAuthority.certificate)]);
  assertEquals(told[0].delegatedCredentialSchemes, [S.ecdsa_secp256r1_sha256]);
  assertEquals(told[0].certificateSignatureSchemes, [S.rsa_pkcs1_sha256]);
});

Deno.test("certificates are replaced without a new configuration, and connections go on", async () => {
  let current: readonly Credential[] = [first];
  const config: ServerConfig = { provider, credentials: () => current };
  const start = () => {
    const client = Handshake.client({ provider, trust }, { serverName: "first.test" });
    return [client, Handshake.server(config)] as const;
  };
  const [oldClient, oldServer] = start();
  await shakeOut(oldClient, oldServer);
  current = [p384];
  const [newClient, newServer] = start();
  await shakeOut(newClient, newServer);
  const keyOf = ({ info }: Handshake) => info?.peer?.leaf?.raw;
  assertEquals(keyOf(oldClient), first.certificates[0]);
  assertEquals(keyOf(newClient), p384.certificates[0]);
  oldClient.post.updateKeys(true);
  assert(oldClient.error === null && oldServer.error === null);
});

Deno.test("a client chooses by what the server asks for, or declines", async () => {
  const ask = async (server: Partial<ServerConfig>, credentials: ClientConfig["credentials"]) => {
    const [client, peer] = [
      Handshake.client({ provider, trust, credentials }, { serverName: "first.test" }),
      Handshake.server({
        provider,
        credentials: [first],
        clientAuthentication: "requested",
        dangerouslyDisableCertificateVerification: true,
        ...server,
      }),
    ];
    const outcome = await shakeOut(client, peer);
    assertEquals(outcome.server, null);
    const leaf = peer.info?.peer?.leaf?.raw;
    const used = all.find(([, { certificates: [own] }]) => String(own) === String(leaf))?.[1];
    return outcome.client?.code ?? named(used);
  };
  const names = { certificateAuthorities: [nameOf(rsaAuthority.certificate)] };
  assertEquals(await ask({}, [first, p384]), "first");
  assertEquals(await ask(P384_ONLY, [first, p384]), "p384");
  assertEquals(await ask(P384_ONLY, [first]), null);
  assertEquals(await ask({}, [insistent, first]), "first");
  assertEquals(
    await ask({ ...names, certificateSignatureSchemes: [S.rsa_pss_rsae_sha256] }, [
      first,
      insistent,
    ]),
    "insistent",
  );
  assertEquals(await ask({}, ({ server }) => server === null ? null : p384), "p384");
  assertEquals(await ask({}, () => null), null);
});
