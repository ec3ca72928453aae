import { assert, assertEquals } from "@std/assert";
import { createTestAuthority, type TestKeyAlgorithm } from "@sealane/pki/testing";
import { TrustStore } from "@sealane/pki";
import { combineProviders } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { nobleProvider } from "@sealane/providers/noble";
import { CipherSuiteId, NamedGroup, SignatureScheme } from "@sealane/wire";
import { decodeExtension, signatureAlgorithmsInClientHello } from "../extensions/mod.ts";
import { decodeClientHello } from "../messages/client_hello.ts";
import { HANDSHAKE_HEADER_LENGTH } from "../messages/message.ts";
import { shakeOut } from "../testing/testing.ts";
import {
  type ClientConfig,
  createCredential,
  Handshake,
  MemoryClientCache,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
} from "../mod.ts";

const provider = combineProviders(nativeProvider, nobleProvider);
const unseen: ClientConfig = { provider, dangerouslyDisableCertificateVerification: true };
const target = { serverName: "localhost" };
const S = SignatureScheme;
const G = NamedGroup;

const CERTIFICATE_ONLY = [S.rsa_pkcs1_sha256, S.rsa_pkcs1_sha384, S.rsa_pkcs1_sha512];

function helloOf(config: ClientConfig) {
  const handshake = Handshake.client(config, target);
  handshake.start();
  for (const event of handshake.events()) {
    if (event.type === "message") {
      return decodeClientHello(event.data.subarray(HANDSHAKE_HEADER_LENGTH));
    }
  }
  throw new Error("no message");
}

Deno.test("row 275: a default client offers PKCS#1 for certificates, after everything else", () => {
  const { extensions } = helloOf(unseen);
  const schemes = decodeExtension(extensions, signatureAlgorithmsInClientHello) ?? [];
  assertEquals(schemes.slice(-3), CERTIFICATE_ONLY);
});

Deno.test("row 275: PKCS#1 in CertificateVerify is refused though it was offered", async () => {
  const authority = await createTestAuthority(provider);
  const { chain, signer } = await authority.issue({ names: ["localhost"], algorithm: "rsa-2048" });
  const credential = createCredential({ certificates: chain, signer });
  const server: ServerConfig = { provider, credentials: [credential] };
  const { client } = await shakeOut(
    Handshake.client(unseen, target),
    Handshake.server(server),
    (message, from) => {
      if (from !== "server" || message[0] !== 15) return message;
      const changed = message.slice();
      changed.set([S.rsa_pkcs1_sha256 >> 8, S.rsa_pkcs1_sha256 & 255], 4);
      return changed;
    },
  );
  assertEquals(client?.code, "peer/signature-scheme");
});

const KEYS: readonly TestKeyAlgorithm[] = [
  "ecdsa-p256",
  "ecdsa-p384",
  "ecdsa-p521",
  "ed25519",
  "rsa-2048",
];

for (const algorithm of KEYS) {
  Deno.test(`row 276: default client and server accept certificates with ${algorithm} keys of each other`, async () => {
    const authority = await createTestAuthority(provider, { algorithm });
    const { chain, signer } = await authority.issue({ names: ["localhost"], algorithm });
    const credentials = [createCredential({ certificates: chain, signer })];
    const trust = TrustStore.fromCertificates([authority.certificate]);
    const common = { provider, trust, credentials };
    const client = Handshake.client(common, target);
    const server = Handshake.server({ ...common, clientAuthentication: "required" });
    const outcome = await shakeOut(client, server);
    assertEquals([outcome.client, outcome.server], [null, null]);
    assert(server.info?.peer !== null);
  });
}

/** Which group a default server with these groups takes from a client, and whether it asks again. */
async function agreed(client: Partial<ClientConfig>, server: Partial<ServerConfig> = {}) {
  const authority = await createTestAuthority(provider);
  const { chain, signer } = await authority.issue({ names: ["localhost"] });
  const credentials = [createCredential({ certificates: chain, signer })];
  const handshake = Handshake.client({ ...unseen, ...client }, target);
  await shakeOut(handshake, Handshake.server({ provider, credentials, ...server }));
  return [handshake.info?.group, handshake.info?.helloRetryRequest];
}

Deno.test("row 278: a server takes the group that it has a share for, unless post-quantum is at stake", async () => {
  const both = [G.x25519, G.secp256r1];
  assertEquals(await agreed({ groups: both, keyShares: [G.secp256r1] }), [G.secp256r1, false]);
  assertEquals(await agreed({ groups: both, keyShares: both }), [G.x25519, false]);
  const hybrid = [G.X25519MLKEM768, G.x25519];
  assertEquals(
    await agreed({ groups: hybrid, keyShares: [G.x25519] }),
    [G.X25519MLKEM768, true],
  );
  assertEquals(
    await agreed({ groups: hybrid, keyShares: [G.x25519] }, { groups: [...hybrid].reverse() }),
    [G.x25519, false],
  );
  const second = [G.SecP256r1MLKEM768, G.x25519];
  assertEquals(await agreed({ groups: second, keyShares: [G.x25519] }), [G.x25519, false]);
});

Deno.test("row 283: TLS_AES_128_CCM_8_SHA256 is offered and taken only where it is named", async () => {
  const weak = CipherSuiteId.TLS_AES_128_CCM_8_SHA256;
  assert(!helloOf(unseen).cipherSuites.includes(weak));
  const named = { ...unseen, cipherSuites: [weak] };
  assert(helloOf(named).cipherSuites.includes(weak));
  const authority = await createTestAuthority(provider);
  const { chain, signer } = await authority.issue({ names: ["localhost"] });
  const credentials = [createCredential({ certificates: chain, signer })];
  const refused = await shakeOut(
    Handshake.client(named, target),
    Handshake.server({ provider, credentials }),
  );
  assertEquals(refused.server?.code, "peer/no-common-cipher-suite");
  const taken = await shakeOut(
    Handshake.client(named, target),
    Handshake.server({ provider, credentials, cipherSuites: [weak] }),
  );
  assertEquals([taken.client, taken.server], [null, null]);
});

Deno.test("row 278: a client remembers what group a server asked for, and sends its share the next time", async () => {
  const authority = await createTestAuthority(provider);
  const { chain, signer } = await authority.issue({ names: ["localhost"] });
  const credentials = [createCredential({ certificates: chain, signer })];
  const server: ServerConfig = {
    provider,
    credentials,
    groups: [G.secp384r1],
    tickets: sealedTickets({ provider, keys: new RotatingTicketKeys(provider) }),
  };
  const sessionCache = new MemoryClientCache();
  const trust = TrustStore.fromCertificates([authority.certificate]);
  const visit = async (sessionKey?: string) => {
    const client = Handshake.client({ provider, trust, sessionCache }, { ...target, sessionKey });
    const outcome = await shakeOut(client, Handshake.server(server));
    assertEquals([outcome.client, outcome.server], [null, null]);
    return [client.info?.helloRetryRequest, client.info?.resumed, client.info?.group];
  };
  assertEquals(await visit(), [true, false, G.secp384r1]);
  assertEquals(await visit(), [false, true, G.secp384r1]);
  assertEquals(await visit("another"), [true, false, G.secp384r1]);
});

Deno.test("row 278: what a server asks for before it has proved who it is is not remembered", async () => {
  const strangers = await createTestAuthority(provider, { subject: "strangers" });
  const { chain, signer } = await strangers.issue({ names: ["localhost"] });
  const credentials = [createCredential({ certificates: chain, signer })];
  const sessionCache = new MemoryClientCache();
  const trust = TrustStore.fromCertificates([(await createTestAuthority(provider)).certificate]);
  const client = Handshake.client({ provider, trust, sessionCache }, target);
  const outcome = await shakeOut(
    client,
    Handshake.server({ provider, credentials, groups: [G.secp384r1] }),
  );
  assertEquals(outcome.client?.code, "peer/unknown-ca");
  assertEquals(sessionCache.rememberedGroup("localhost"), null);
});

Deno.test("the groups that DNS names decide which share is sent", async () => {
  const client = async (supportedGroups: NamedGroup[]) => {
    const authority = await createTestAuthority(provider);
    const { chain, signer } = await authority.issue({ names: ["localhost"] });
    const credentials = [createCredential({ certificates: chain, signer })];
    const handshake = Handshake.client(unseen, { ...target, supportedGroups });
    await shakeOut(handshake, Handshake.server({ provider, credentials, groups: [G.secp256r1] }));
    return [handshake.info?.group, handshake.info?.helloRetryRequest];
  };
  assertEquals(await client([G.secp256r1, G.secp521r1]), [G.secp256r1, false]);
  assertEquals(await client([G.ffdhe2048]), [G.secp256r1, true]);
});
