import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  certificatesFromPem,
  ExtensionId,
  parseCertificate,
  signatureSchemesOfKey,
  TrustStore,
} from "@sealane/pki";
import {
  createTestAuthority,
  encodeExtension as encodeCertificateExtension,
  generateTestKey,
  issueCertificate,
  type TestCredential,
} from "@sealane/pki/testing";
import { type CryptoProvider, importPrivateKey, type Signer } from "@sealane/providers";
import { nativeProvider as native } from "@sealane/providers/native";
import { shangmiProvider } from "@sealane/providers/shangmi";
import { smCryptoProvider } from "@sealane/sm-crypto";
import { nobleProvider as noble } from "@sealane/providers/noble";
import { webCryptoProvider as webcrypto } from "@sealane/providers/webcrypto";
import {
  der,
  fromHex,
  HandshakeType,
  type SignatureScheme,
  SignatureScheme as S,
  TlsError,
  toHex,
} from "@sealane/wire";
import vectors from "../testdata/delegated_credentials.json" with { type: "json" };
import { encodeExtension } from "../extensions/extension.ts";
import {
  type DelegatedCredential,
  delegatedCredentialInCertificate,
} from "../extensions/delegated_credential.ts";
import { decodeCertificate, encodeCertificate } from "../messages/certificate.ts";
import { HANDSHAKE_HEADER_LENGTH } from "../messages/message.ts";
import {
  builtinCompression,
  type ClientConfig,
  createCredential,
  type Credential,
  type CredentialOptions,
  decodeDelegatedCredential,
  decodeSession,
  DELEGATED_CREDENTIAL_SCHEMES,
  type DelegatedKey,
  type DelegationRole,
  encodeDelegatedCredential,
  encodeSession,
  Handshake,
  issueDelegatedCredential,
  PACKETS,
  RECORDS,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
} from "../mod.ts";
import { type Outcome, shakeOut } from "../testing/testing.ts";

const HOUR = 3600_000;
const DAY = 24 * HOUR;
const NOW = 1000 * Math.floor(Date.now() / 1000);
const authority = await createTestAuthority(native);
const trust = TrustStore.fromCertificates([authority.certificate]);
const DELEGATION_USAGE = encodeCertificateExtension(ExtensionId.delegationUsage, der.nullValue());

function delegator(): Promise<TestCredential> {
  return authority.issue({
    names: ["dc.test"],
    notBefore: NOW - DAY,
    extensions: [DELEGATION_USAGE],
  });
}

interface DelegationChoices {
  readonly role?: DelegationRole;
  readonly algorithm?: "ecdsa-p256" | "ecdsa-p384" | "ed25519";
  readonly provider?: CryptoProvider;
  readonly now?: number;
  readonly validFor?: number;
}

async function delegate(
  { chain: [certificate], signer }: TestCredential,
  { algorithm, role, provider = native, now = NOW, validFor }: DelegationChoices = {},
): Promise<DelegatedKey> {
  const { publicKey, privateKey } = await generateTestKey(algorithm);
  const credential = await issueDelegatedCredential({
    certificate,
    signer,
    publicKey,
    role,
    now,
    validFor,
  });
  return { credential, signer: await provider.importPrivateKey(privateKey) };
}

const issued = await delegator();
const serverKey = await delegate(issued);
const clientKey = await delegate(issued, { role: "client" });

function credentialOf(options: Partial<CredentialOptions> = {}): Credential {
  return createCredential({ certificates: issued.chain, signer: issued.signer, ...options });
}

const taking = { delegatedCredentialSchemes: DELEGATED_CREDENTIAL_SCHEMES };

interface Sides {
  readonly client?: Partial<ClientConfig>;
  readonly server?: Partial<ServerConfig>;
  readonly carrier?: typeof RECORDS;
}

function sides({ client, server, carrier = RECORDS }: Sides): [Handshake, Handshake] {
  const common = { provider: native, trust, alpn: ["test"], now: () => NOW };
  return [
    Handshake.client({ ...common, ...client }, { serverName: "dc.test" }, { carrier }),
    Handshake.server({ ...common, credentials: [credentialOf()], ...server }, { carrier }),
  ];
}

async function run(chosen: Sides): Promise<[Handshake, Handshake]> {
  const [client, server] = sides(chosen);
  const outcome = await shakeOut(client, server);
  assertEquals([outcome.client, outcome.server], [null, null]);
  assert(client.post.complete && server.post.complete);
  return [client, server];
}

function usedBy(peer: Handshake): DelegatedCredential | null | undefined {
  return peer.info?.peer?.delegatedCredential;
}

for (const provider of [native, noble, webcrypto]) {
  for (const [name, carrier] of [["records", RECORDS], ["packets", PACKETS]] as const) {
    Deno.test(`row 240: both sides authenticate with delegated keys of ${provider.name} over ${name}`, async () => {
      const [own, other] = [
        await delegate(issued, { provider }),
        await delegate(issued, { provider, role: "client" }),
      ];
      const [client, server] = await run({
        client: { ...taking, provider, credentials: [credentialOf({ delegatedKeys: [other] })] },
        server: {
          ...taking,
          provider,
          clientAuthentication: "required",
          credentials: [credentialOf({ delegatedKeys: [own] })],
        },
        carrier,
      });
      assertEquals(usedBy(client), own.credential);
      assertEquals(usedBy(server), other.credential);
    });
  }
}

Deno.test("row 240: a peer that does not take delegated credentials gets the key of the certificate", async () => {
  const credentials = [credentialOf({ delegatedKeys: [serverKey, clientKey] })];
  const [client, server] = await run({
    client: { credentials },
    server: { credentials, clientAuthentication: "required" },
  });
  assertEquals([usedBy(client), usedBy(server)], [null, null]);
});

const fallbacks: [string, Partial<ClientConfig>][] = [
  ["has expired", { now: () => NOW + 6 * DAY + 1000 }],
  ["is for another scheme", { delegatedCredentialSchemes: [S.ecdsa_secp384r1_sha384] }],
];
for (const [why, clientConfig] of fallbacks) {
  Deno.test(`the key of the certificate signs where the delegated credential ${why}`, async () => {
    const credentials = [credentialOf({ delegatedKeys: [serverKey] })];
    const now = clientConfig.now ?? (() => NOW);
    const [client] = await run({
      client: { ...taking, ...clientConfig },
      server: { credentials, now },
    });
    assertEquals(usedBy(client), null);
  });
}

Deno.test("of several delegated keys the first signs that the peer takes and that is valid", async () => {
  const [p384, old] = [
    await delegate(issued, { algorithm: "ecdsa-p384" }),
    await delegate(issued, { algorithm: "ecdsa-p384", now: NOW - 12 * HOUR, validFor: HOUR }),
  ];
  const credentials = [credentialOf({ delegatedKeys: [old, serverKey, p384] })];
  const used = async (...schemes: SignatureScheme[]) =>
    usedBy(
      (await run({ client: { delegatedCredentialSchemes: schemes }, server: { credentials } }))[0],
    );
  assertEquals(await used(S.ecdsa_secp384r1_sha384), p384.credential);
  assertEquals(
    await used(S.ecdsa_secp384r1_sha384, S.ecdsa_secp256r1_sha256),
    serverKey.credential,
  );
});

Deno.test("delegated keys are replaced while the credential stays", async () => {
  let current = [serverKey];
  const credentials = [credentialOf({ delegatedKeys: () => current })];
  const [before] = await run({ client: taking, server: { credentials } });
  assertEquals(usedBy(before), serverKey.credential);
  const next = await delegate(issued);
  current = [next];
  const [after] = await run({ client: taking, server: { credentials } });
  assertEquals(usedBy(after), next.credential);
  const wrong: DelegatedKey = {
    ...next,
    signer: { ...next.signer, publicKey: serverKey.credential.spki },
  };
  current = [wrong];
  const outcome = await shakeOut(...sides({ client: taking, server: { credentials } }));
  assertEquals(outcome.server?.code, "local/callback");
});

Deno.test("a server without the key of its certificate serves those that take delegated credentials", async () => {
  const { chain } = issued;
  const edge = createCredential({ certificates: chain, delegatedKeys: [serverKey] });
  const [client] = await run({ client: taking, server: { credentials: [edge] } });
  assertEquals(usedBy(client), serverKey.credential);
  const refused = await shakeOut(...sides({ server: { credentials: [edge] } }));
  assertEquals(refused.server?.code, "peer/no-common-signature-scheme");
  const [old] = await run({ server: { credentials: [edge, credentialOf()] } });
  assertEquals(usedBy(old), null);
});

function faraway(signer: Signer): Signer {
  return {
    schemes: signer.schemes,
    sign: async (...args) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return signer.sign(...args);
    },
  };
}

Deno.test("both keys may be far away", async () => {
  const { chain: [certificate], signer } = issued;
  const { publicKey, privateKey } = await generateTestKey();
  const credential = await issueDelegatedCredential({
    certificate,
    signer: faraway(signer),
    publicKey,
    now: NOW,
  });
  const key = { credential, signer: faraway(await native.importPrivateKey(privateKey)) };
  const credentials = [credentialOf({ signer: faraway(signer), delegatedKeys: [key] })];
  assertEquals(usedBy((await run({ client: taking, server: { credentials } }))[0]), credential);
  assertEquals(usedBy((await run({ server: { credentials } }))[0]), null);
});

/** The outcome where a server's Certificate has this extension, whatever the client offered. */
async function outcomeWith(
  delegated: DelegatedCredential,
  client: Partial<ClientConfig>,
  signer: Signer = serverKey.signer,
  entry = 0,
): Promise<Outcome> {
  const credential = { ...credentialOf({ signer: issued.signer }), signer };
  const [first, second] = sides({ client, server: { credentials: [credential] } });
  return await shakeOut(first, second, (message, from) => {
    if (from !== "server" || message[0] !== HandshakeType.certificate) return message;
    const certificate = decodeCertificate(message.subarray(HANDSHAKE_HEADER_LENGTH));
    const extension = encodeExtension(delegatedCredentialInCertificate, delegated);
    return encodeCertificate({
      ...certificate,
      entries: [...certificate.entries, ...certificate.entries].slice(0, entry + 1).map((each, i) =>
        i === entry ? { ...each, extensions: [extension] } : each
      ),
    });
  });
}

Deno.test("row 240: a delegated credential that was not asked for is an unexpected message", async () => {
  const { client } = await outcomeWith(serverKey.credential, {});
  assertEquals(client?.code, "peer/unsolicited-delegated-credential");
  assertEquals(client?.alert, 10);
});

Deno.test("a delegated credential on another certificate than the leaf is ignored", async () => {
  const { client } = await outcomeWith(serverKey.credential, taking, issued.signer, 1);
  // The transcript is not the server's: the certificate's key is what the signature was held against.
  assertEquals(client?.code, "peer/bad-signature");
});

const bad: [
  string,
  Partial<ClientConfig>,
  (good: DelegatedCredential) => DelegatedCredential,
  string,
][] = [
  ["has expired", { now: () => NOW + 6 * DAY + 1000 }, (good) => good, "expired"],
  ["lasts too long", { now: () => NOW - 2 * DAY }, (good) => good, "more than seven days"],
  [
    "is for a scheme that was not offered",
    { delegatedCredentialSchemes: [S.ecdsa_secp384r1_sha384] },
    (good) => good,
    "not offered",
  ],
  [
    "is for another scheme than that of CertificateVerify",
    {},
    (good) => ({ ...good, certVerifyAlgorithm: S.ecdsa_secp384r1_sha384 }),
    "CertificateVerify uses",
  ],
  [
    "is signed with a scheme that was not offered",
    { signatureSchemes: [S.ecdsa_secp256r1_sha256] },
    (good) => ({ ...good, algorithm: S.ed448 }),
    "not offered",
  ],
  ["was changed", {}, (good) => ({ ...good, validTime: good.validTime + 1 }), "signature"],
];
for (const [why, config, change, message] of bad) {
  Deno.test(`a delegated credential that ${why} is an illegal parameter`, async () => {
    const { client } = await outcomeWith(change(serverKey.credential), { ...taking, ...config });
    assertEquals([client?.code, client?.alert], ["peer/delegated-credential", 47]);
    assertStringIncludes(client?.message ?? "", message);
  });
}

Deno.test("a client's credential does not serve a server", async () => {
  const { client } = await outcomeWith(clientKey.credential, taking);
  assertEquals(client?.code, "peer/delegated-credential");
});

Deno.test("a malformed delegated credential is a decode error", async () => {
  const { client } = await outcomeWith({ ...serverKey.credential, spki: new Uint8Array() }, taking);
  assertEquals(client?.alert, 50);
});

for (const test of vectors.credentials) {
  const { delegation_private_key_pem: certificateKey, credential_private_key_pem: ownKey } = test;
  Deno.test(`a server with the credential of another implementation is judged right: ${test.name}`, async () => {
    const certificates = certificatesFromPem(test.delegation_certificate_pem);
    const leaf = parseCertificate(certificates[0]);
    const credential = decodeDelegatedCredential(fromHex(test.credential));
    const stranger = await native.importPrivateKey((await generateTestKey()).privateKey);
    const known = ownKey === undefined ? stranger : await importPrivateKey(native, ownKey);
    // The signature of a key that was not published is replaced: it is looked at after the credential.
    const key: DelegatedKey = { credential, signer: { ...known, publicKey: credential.spki } };
    const now = () => 1000 * test.credential_expiry - 60_000;
    const config = { ...taking, now, trust: undefined, verifyPeer: () => {} };
    const server = createCredential({
      certificates,
      signer: certificateKey === undefined
        ? undefined
        : await importPrivateKey(native, certificateKey),
      delegatedKeys: [key],
    });
    const [client, peer] = sides({ client: config, server: { now, credentials: [server] } });
    const outcome = await shakeOut(client, peer);
    if (!test.signature_valid) return assertEquals(outcome.client?.alert, 47);
    if (ownKey === undefined) return assertEquals(outcome.client?.code, "peer/bad-signature");
    assertEquals(outcome.client, null);
    const used = usedBy(client);
    assertEquals(used && toHex(encodeDelegatedCredential(used)), test.credential);
    assertEquals(signatureSchemesOfKey(leaf.subjectPublicKeyInfo), [S.ecdsa_secp256r1_sha256]);
  });
}

Deno.test("row 240: what cannot work is refused when the credential is made", async () => {
  const { publicKey, privateKey } = await generateTestKey();
  const signer = await native.importPrivateKey(privateKey);
  const wrongKey = { credential: serverKey.credential, signer: { ...signer, publicKey } };
  const plain = await authority.issue({ names: ["plain.test"] });
  const cases: [string, Partial<CredentialOptions>][] = [
    ["does not belong", { delegatedKeys: [wrongKey] }],
    ["DelegationUsage", {
      certificates: plain.chain,
      signer: plain.signer,
      delegatedKeys: [serverKey],
    }],
    ["needs a private key", { signer: undefined }],
  ];
  for (const [message, options] of cases) {
    const error = assertThrows(() => credentialOf(options), TlsError);
    assertEquals(error.code, "api/config");
    assertStringIncludes(error.message, message);
  }
  const rsa = assertThrows(
    () => sides({ client: { delegatedCredentialSchemes: [S.rsa_pss_rsae_sha256] } }),
    TlsError,
  );
  assertStringIncludes(rsa.message, "not allowed with delegated credentials");
  assertThrows(() => sides({ client: { delegatedCredentialSchemes: [0xfefe] } }), TlsError);
});

Deno.test("a session is not resumed under verification when its delegated credential has expired", async () => {
  const credentials = [credentialOf({ delegatedKeys: [serverKey] })];
  const tickets = sealedTickets({ provider: native, keys: new RotatingTicketKeys(native) });
  for (
    const [later, code] of [[0, undefined], [6 * DAY + 1000, "peer/delegated-credential"]] as const
  ) {
    const [first, issuer] = sides({ client: taking, server: { credentials, tickets } });
    const { sessions: [session] } = await shakeOut(first, issuer);
    const clock = { now: () => NOW + later };
    const kept = decodeSession(
      encodeSession({ ...session, issuedAt: NOW + later, lifetime: 604_800 }),
    );
    const config = { provider: native, trust, alpn: ["test"], ...taking, verifyOnResumption: true };
    const client = Handshake.client({ ...config, ...clock }, {
      serverName: "dc.test",
      session: kept,
    });
    const server = Handshake.server({ provider: native, alpn: ["test"], credentials, tickets });
    const outcome = await shakeOut(client, server);
    assertEquals(outcome.client?.code, code);
    if (code === undefined) {
      assertEquals(client.info?.resumed, true);
      assertEquals(usedBy(client), serverKey.credential);
    }
  }
});

Deno.test("an SM2 certificate delegates to an SM2 key, and is compressed, with ShangMi alone", async () => {
  const { key } = JSON.parse(
    Deno.readTextFileSync(new URL("../testdata/sm2_chain.json", import.meta.url)),
  );
  for (const provider of [shangmiProvider, smCryptoProvider]) {
    const signer = await importPrivateKey(provider, key);
    const { publicKey } = signer;
    assert(publicKey !== undefined);
    const certificate = await issueCertificate({
      publicKey,
      names: ["dc.test"],
      keyUsage: ["digitalSignature"],
      extensions: [DELEGATION_USAGE],
      subject: "SM2 delegator",
    }, { signer });
    const delegated = await issueDelegatedCredential({ certificate, signer, publicKey, now: NOW });
    assertEquals(delegated.certVerifyAlgorithm, S.sm2sig_sm3);
    const delegatedKeys = [{ credential: delegated, signer }];
    const certificateCompression = builtinCompression();
    const [client] = await run({
      client: {
        provider,
        certificateCompression,
        trust: TrustStore.fromCertificates([certificate]),
        delegatedCredentialSchemes: [S.sm2sig_sm3],
      },
      server: {
        provider,
        certificateCompression,
        credentials: [createCredential({ certificates: [certificate], delegatedKeys })],
      },
    });
    assertEquals(usedBy(client), delegated);
  }
});
