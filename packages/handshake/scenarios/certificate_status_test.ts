import { assertEquals, assertThrows } from "@std/assert";
import { ExtensionId, TrustStore } from "@sealane/pki";
import {
  createTestAuthority,
  encodeExtension,
  generateTestKey,
  issueOcspResponse,
  type OcspResponseFields,
  type TestCredential,
} from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { webCryptoProvider } from "@sealane/providers/webcrypto";
import { sha256 } from "@noble/hashes/sha2.js";
import { der, ExtensionType, SignatureScheme, TlsError, Writer } from "@sealane/wire";
import {
  type ClientConfig,
  type CommonConfig,
  createCredential,
  type CredentialOptions,
  Handshake,
  type ServerConfig,
} from "../mod.ts";
import { type Outcome, shakeOut } from "../testing/testing.ts";

const DAY = 86_400_000;
const authority = await createTestAuthority(provider);
const trust = TrustStore.fromCertificates([authority.certificate]);
const MUST_STAPLE = encodeExtension(
  ExtensionId.tlsFeature,
  der.sequence(der.integer(ExtensionType.status_request)),
);
const plain = await authority.issue({ names: ["status.test"] });
const demanding = await authority.issue({ names: ["status.test"], extensions: [MUST_STAPLE] });

async function staple(
  { chain: [certificate] }: TestCredential,
  fields: Partial<OcspResponseFields> = {},
): Promise<Uint8Array> {
  const { certificate: issuer, signer } = authority;
  return await issueOcspResponse({ certificate, issuer, signer, ...fields });
}

const JUNK = new TextEncoder().encode("OCSP response");
const good = await staple(plain);
const stranger = await provider.importPrivateKey((await generateTestKey()).privateKey);

interface Case {
  readonly issued?: TestCredential;
  readonly options?: Partial<CredentialOptions>;
  readonly client?: Partial<ClientConfig>;
  readonly server?: Partial<ServerConfig>;
}

function credentialOf({ issued = plain, options }: Case) {
  return createCredential({ certificates: issued.chain, signer: issued.signer, ...options });
}

async function connect(chosen: Case): Promise<Outcome> {
  const config: ClientConfig = { provider, trust, ...chosen.client };
  const client = Handshake.client(config, { serverName: "status.test" });
  const credentials = [credentialOf(chosen)];
  const server = Handshake.server({ provider, credentials, ...chosen.server });
  return await shakeOut(client, server);
}

const [OK, BAD, REVOKED] = [undefined, "peer/ocsp-response", "peer/certificate-revoked"];

/** Staple, certificate, and what becomes of it by policy: must-staple (the default), verify, require, ignore. */
const staples: [string, TestCredential, Uint8Array | undefined, (string | undefined)[]][] = [
  ["no staple", plain, undefined, [OK, OK, BAD, OK]],
  ["no staple, though the certificate demands one", demanding, undefined, [BAD, BAD, BAD, OK]],
  ["a good staple", plain, good, [OK, OK, OK, OK]],
  ["a good staple that is demanded", demanding, await staple(demanding), [OK, OK, OK, OK]],
  ["a staple of another certificate", demanding, good, [BAD, BAD, BAD, OK]],
  ["junk", plain, JUNK, [OK, BAD, BAD, OK]],
  [
    "the staple of a revoked certificate",
    plain,
    await staple(plain, { status: "revoked" }),
    [OK, REVOKED, REVOKED, OK],
  ],
  [
    "an outdated staple",
    plain,
    await staple(plain, { thisUpdate: Date.now() - 9 * DAY }),
    [OK, BAD, BAD, OK],
  ],
  ["a staple that another signed", plain, await staple(plain, { signer: stranger }), [
    OK,
    BAD,
    BAD,
    OK,
  ]],
];

for (const [what, issued, ocspResponse, codes] of staples) {
  for (const [i, ocsp] of ([undefined, "verify", "require", "ignore"] as const).entries()) {
    Deno.test(`${what} with ocsp ${ocsp ?? "as it is by default"}: ${codes[i] ?? "fine"}`, async () => {
      const chosen = { issued, options: { ocspResponse }, client: { ocsp } };
      const { client } = await connect(chosen);
      assertEquals(client?.code, codes[i]);
      if (codes[i] === BAD) assertEquals(client?.alert, 113);
    });
  }
}

Deno.test("without asking for a staple, none is demanded", async () => {
  const { client } = await connect({ issued: demanding, client: { requestOcsp: false } });
  assertEquals(client, null);
  const config = { provider, trust, requestOcsp: false, ocsp: "verify" } as const;
  const error = assertThrows(() => Handshake.client(config, {}), TlsError);
  assertEquals(error.code, "api/config");
});

Deno.test("a server asks for a client's staple where it counts, with any provider", async () => {
  const run = async (ocspResponse: Uint8Array | undefined, common: Partial<CommonConfig>) => {
    const server = { trust, clientAuthentication: "required", ...common } as const;
    const credentials = [credentialOf({ options: { ocspResponse } })];
    return (await connect({ client: { credentials, ...common }, server })).server?.code;
  };
  for (const each of [provider, webCryptoProvider]) {
    const common = { provider: each, ocsp: "require" } as const;
    // The server of this test has no staple for the client, whose policy is the same.
    const both = (response: Uint8Array | undefined) => run(response, { ...common, ocsp: "verify" });
    assertEquals(await both(good), undefined);
    assertEquals(await both(JUNK), BAD);
    const server = { trust, clientAuthentication: "required", ...common } as const;
    const refused = await connect({ client: { credentials: [credentialOf({})] }, server });
    assertEquals(refused.server?.code, BAD);
  }
});

/** A log, and its promise to publish a certificate (RFC 6962 section 3.2). */
async function logOf({ chain: [certificate] }: TestCredential, when = Date.now() - DAY) {
  const { publicKey, privateKey } = await generateTestKey();
  const signer = await provider.importPrivateKey(privateKey);
  const time = BigInt(when);
  const signed = new Writer().u8(0).u8(0).u64(time).u16(0).vector24(certificate).u16(0).finish();
  const scheme = SignatureScheme.ecdsa_secp256r1_sha256;
  const signature = await signer.sign(scheme, signed, { use: "certificate" });
  const timestamp = new Writer().u8(0).bytes(sha256(publicKey)).u64(time).u16(0).u16(scheme)
    .vector16(signature).finish();
  return { log: { publicKey }, timestamp };
}

Deno.test("row 292: timestamps in a staple count, whatever else the staple is good for", async () => {
  const logs = [await logOf(plain), await logOf(plain)];
  const list = new Writer();
  for (const { timestamp } of logs) list.vector16(timestamp);
  const value = der.octetString(new Writer().vector16(list.finish()).finish());
  const singleExtensions = [encodeExtension("1.3.6.1.4.1.11129.2.4.5", value)];
  const run = async (ocspResponse: Uint8Array) => {
    const client = { certificateTransparency: { logs: logs.map(({ log }) => log) } };
    return (await connect({ options: { ocspResponse }, client })).client?.code;
  };
  assertEquals(await run(await staple(plain, { singleExtensions })), undefined);
  const TOO_FEW = "peer/certificate-transparency";
  assertEquals(await run(await staple(plain)), TOO_FEW);
  assertEquals(await run(await staple(demanding, { singleExtensions })), TOO_FEW);
});

Deno.test("timestamps of enough different logs are demanded where logs are given", async () => {
  const [first, second, future] = [
    await logOf(plain),
    await logOf(plain),
    await logOf(plain, Date.now() + DAY),
  ];
  const logs = [first.log, second.log, future.log];
  const run = async (timestamps: readonly Uint8Array[], minimum?: number) => {
    const options = timestamps.length === 0 ? {} : { signedCertificateTimestamps: timestamps };
    const client = { certificateTransparency: { logs, minimum } };
    return (await connect({ options, client })).client?.code;
  };
  const TOO_FEW = "peer/certificate-transparency";
  assertEquals(await run([first.timestamp, second.timestamp]), undefined);
  assertEquals(await run([first.timestamp], 1), undefined);
  assertEquals(await run([]), TOO_FEW);
  assertEquals(await run([first.timestamp]), TOO_FEW);
  assertEquals(await run([first.timestamp, first.timestamp]), TOO_FEW);
  assertEquals(await run([first.timestamp, future.timestamp]), TOO_FEW);
  assertEquals(await run([first.timestamp, JUNK]), TOO_FEW);
  const other = await logOf(plain);
  assertEquals(await run([first.timestamp, other.timestamp]), TOO_FEW);
});
