import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type Certificate, certificatesFromPem, ExtensionId, parseCertificate } from "@sealane/pki";
import {
  createTestAuthority,
  encodeExtension,
  generateTestKey,
  type TestKeyAlgorithm,
} from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import {
  der,
  fromHex,
  type SignatureScheme,
  SignatureScheme as S,
  TlsError,
  toHex,
} from "@sealane/wire";
import vectors from "../testdata/delegated_credentials.json" with { type: "json" };
import type { DelegatedCredential } from "../extensions/delegated_credential.ts";
import { checkDelegatedKey, chooseDelegatedKey } from "./delegated_key.ts";
import {
  decodeDelegatedCredential,
  delegationExpiry,
  type DelegationVerification,
  encodeDelegatedCredential,
  issueDelegatedCredential,
  verifyDelegatedCredential,
} from "./delegation.ts";

const DAY = 24 * 3600_000;
const { signatures } = provider;
const SCHEMES = signatures.map(({ scheme }) => scheme);

function fromPem(pem: string): Certificate {
  return parseCertificate(certificatesFromPem(pem)[0]);
}

/** What a peer that takes everything verifies with, a minute before the credential ends. */
function contextOf(
  credential: DelegatedCredential,
  certificate: Certificate,
): DelegationVerification {
  return {
    certificate,
    role: "server",
    certVerifyAlgorithm: credential.certVerifyAlgorithm,
    offeredForCredentials: SCHEMES,
    offered: SCHEMES,
    signatures,
    now: delegationExpiry(credential, certificate) - 60_000,
  };
}

function refused(credential: DelegatedCredential, context: DelegationVerification): string {
  const error = assertThrows(() => verifyDelegatedCredential(credential, context), TlsError);
  assertEquals(error.code, "peer/delegated-credential");
  return error.message;
}

for (const test of vectors.credentials) {
  Deno.test(`a credential of another implementation is judged right: ${test.name}`, async () => {
    const certificate = fromPem(test.delegation_certificate_pem);
    const credential = decodeDelegatedCredential(fromHex(test.credential));
    assertEquals(credential.validTime, test.parsed.valid_time);
    assertEquals(
      credential.certVerifyAlgorithm,
      parseInt(test.parsed.dc_cert_verify_algorithm, 16),
    );
    assertEquals(credential.algorithm, parseInt(test.parsed.algorithm, 16));
    assertEquals(toHex(credential.spki), test.parsed.spki);
    assertEquals(toHex(credential.signature), test.parsed.signature);
    assertEquals(toHex(encodeDelegatedCredential(credential)), test.credential);
    assertEquals(delegationExpiry(credential, certificate), 1000 * test.credential_expiry);
    const context = contextOf(credential, certificate);
    if (test.signature_valid) {
      await verifyDelegatedCredential(credential, context);
      refused(credential, { ...context, role: "client" });
    } else {
      assertStringIncludes(refused(credential, context), "signature");
    }
  });
}

for (const { credential, parsed } of vectors.encodings.structure_only) {
  Deno.test("a credential of another implementation is decoded, and its RSA key refused", () => {
    const decoded = decodeDelegatedCredential(fromHex(credential));
    assertEquals(toHex(decoded.spki), parsed.spki);
    const certificate = fromPem(vectors.certificates[0].pem);
    const now = delegationExpiry(decoded, certificate) - 60_000;
    assertStringIncludes(
      refused(decoded, { ...contextOf(decoded, certificate), now }),
      "rsa_pss_rsae_sha256 is not allowed",
    );
  });
}

for (const test of vectors.certificates) {
  Deno.test(`a certificate is judged as one that delegates: ${test.name}`, async () => {
    const certificate = fromPem(test.pem);
    const { publicKey } = await generateTestKey();
    const credential: DelegatedCredential = {
      validTime: 3600,
      certVerifyAlgorithm: S.ecdsa_secp256r1_sha256,
      spki: publicKey,
      algorithm: S.ecdsa_secp256r1_sha256,
      signature: new Uint8Array(),
    };
    const message = refused(credential, contextOf(credential, certificate));
    const reason = !test.delegation_usage
      ? "no DelegationUsage"
      : test.key_usage_digital_signature
      ? "signature is wrong"
      : "no digitalSignature";
    assertStringIncludes(message, reason);
  });
}

const authority = await createTestAuthority(provider);
const DELEGATION_USAGE = encodeExtension(ExtensionId.delegationUsage, der.nullValue());
const NOW = 1000 * Math.floor(Date.now() / 1000);

async function delegator(algorithm?: TestKeyAlgorithm, notAfter = NOW + 30 * DAY) {
  const { chain, signer } = await authority.issue({
    algorithm,
    notBefore: NOW - DAY,
    notAfter,
    extensions: [DELEGATION_USAGE],
  });
  return { certificate: chain[0], leaf: parseCertificate(chain[0]), signer };
}

const ALGORITHMS: TestKeyAlgorithm[] = ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048"];

for (const algorithm of ALGORITHMS) {
  for (const role of ["server", "client"] as const) {
    Deno.test(`a ${role}'s credential issued with ${algorithm} verifies, and not changed by a bit`, async () => {
      const { certificate, leaf, signer } = await delegator(algorithm);
      const { publicKey } = await generateTestKey("ed25519");
      const options = { certificate, signer, publicKey, role, now: NOW };
      const credential = await issueDelegatedCredential(options);
      assertEquals(delegationExpiry(credential, leaf), NOW + 6 * DAY);
      const context = { ...contextOf(credential, leaf), role, now: NOW };
      await verifyDelegatedCredential(credential, context);
      const changed: Partial<DelegatedCredential>[] = [
        { validTime: credential.validTime + 1 },
        { signature: credential.signature.map((byte, i) => i === 10 ? byte ^ 1 : byte) },
        { spki: (await generateTestKey("ed25519")).publicKey },
      ];
      for (const change of changed) refused({ ...credential, ...change }, context);
      const other = await delegator(algorithm);
      refused(credential, { ...context, certificate: other.leaf });
    });
  }
}

Deno.test("a signer that is far away issues through a promise", async () => {
  const { certificate, leaf, signer } = await delegator();
  const remote = {
    schemes: signer.schemes,
    sign: async (...args: Parameters<typeof signer.sign>) => {
      await Promise.resolve();
      return signer.sign(...args);
    },
  };
  const { publicKey } = await generateTestKey();
  const credential = await issueDelegatedCredential({ certificate, signer: remote, publicKey });
  await verifyDelegatedCredential(credential, contextOf(credential, leaf));
});

Deno.test("a credential is refused outside its time and with schemes that were not offered", async () => {
  const { certificate, leaf, signer } = await delegator();
  const { publicKey } = await generateTestKey("ecdsa-p384");
  const options = { certificate, signer, publicKey, now: NOW, validFor: 7 * DAY };
  const credential = await issueDelegatedCredential(options);
  const context = { ...contextOf(credential, leaf), now: NOW };
  const without = (scheme: SignatureScheme) => SCHEMES.filter((each) => each !== scheme);
  const p384 = S.ecdsa_secp384r1_sha384;
  const p256 = S.ecdsa_secp256r1_sha256;
  const cases: [Partial<DelegationVerification>, string | null][] = [
    [{}, null],
    [{ now: NOW + 7 * DAY }, null],
    [{ now: NOW + 7 * DAY + 1 }, "expired"],
    [{ now: NOW - 1 }, "more than seven days"],
    [{ certVerifyAlgorithm: p256 }, "CertificateVerify uses ecdsa_secp256r1_sha256"],
    [{ offeredForCredentials: without(p384) }, "not offered for credentials"],
    [{ offered: without(p384) }, null],
    [{ offered: without(p256) }, "was not offered"],
  ];
  for (const [change, reason] of cases) {
    if (reason === null) await verifyDelegatedCredential(credential, { ...context, ...change });
    else assertStringIncludes(refused(credential, { ...context, ...change }), reason);
  }
  const wrong = { ...credential, certVerifyAlgorithm: p256 };
  assertStringIncludes(
    refused(wrong, { ...context, certVerifyAlgorithm: p256 }),
    "the key of the credential is not for ecdsa_secp256r1_sha256",
  );
});

Deno.test("a credential that is signed with PKCS #1 is refused", async () => {
  const { leaf } = await delegator("rsa-2048");
  const { publicKey } = await generateTestKey();
  const credential: DelegatedCredential = {
    validTime: 2 * 24 * 3600,
    certVerifyAlgorithm: S.ecdsa_secp256r1_sha256,
    spki: publicKey,
    algorithm: S.rsa_pkcs1_sha256,
    signature: new Uint8Array(256),
  };
  assertStringIncludes(refused(credential, contextOf(credential, leaf)), "rsa_pkcs1_sha256");
});

Deno.test("a credential that outlives its certificate is neither issued nor accepted", async () => {
  const { certificate, leaf, signer } = await delegator("ecdsa-p256", NOW + 2 * DAY);
  const { publicKey } = await generateTestKey();
  const issue = (validFor: number) =>
    issueDelegatedCredential({ certificate, signer, publicKey, now: NOW, validFor });
  const credential = await issue(2 * DAY);
  assertThrows(() => issue(2 * DAY + 1000), TlsError);
  const longer = { ...credential, validTime: credential.validTime + 1 };
  const message = refused(longer, { ...contextOf(credential, leaf), now: NOW });
  assertStringIncludes(message, "longer than its certificate");
});

Deno.test("nothing is issued that could not be used", async () => {
  const { certificate, signer } = await delegator();
  const plain = await authority.issue({ names: ["a.test"] });
  const { publicKey } = await generateTestKey();
  const rsa = await generateTestKey("rsa-2048");
  const good = { certificate, signer, publicKey, now: NOW };
  const cases = [
    { certificate: plain.chain[0], signer: plain.signer },
    { certificate: certificate.subarray(1) },
    { publicKey: rsa.publicKey },
    { publicKey: publicKey.subarray(1) },
    { certVerifyAlgorithm: S.ed25519 },
    { algorithm: S.rsa_pkcs1_sha256 },
    { algorithm: S.ed25519 },
    { validFor: 7 * DAY + 1 },
    { validFor: 0 },
    { validFor: NaN },
  ];
  for (const change of cases) {
    const error = assertThrows(() => issueDelegatedCredential({ ...good, ...change }), TlsError);
    assertEquals(error.code, "api/argument", error.message);
  }
});

async function delegatedKey(algorithm: TestKeyAlgorithm, validFor: number) {
  const { certificate, leaf, signer } = await owner;
  const key = await generateTestKey(algorithm);
  const options = { certificate, signer, publicKey: key.publicKey, now: NOW, validFor };
  const credential = await issueDelegatedCredential(options);
  return { leaf, credential, signer: await provider.importPrivateKey(key.privateKey) };
}
const owner = delegator();

Deno.test("a key is checked against its credential and certificate", async () => {
  const { leaf, ...key } = await delegatedKey("ecdsa-p256", DAY);
  checkDelegatedKey(key, leaf);
  const other = await delegatedKey("ecdsa-p256", DAY);
  const ed25519 = await delegatedKey("ed25519", DAY);
  const rsa = await delegator("rsa-2048");
  const plain = await authority.issue({ names: ["a.test"] });
  const wrong: [Parameters<typeof checkDelegatedKey>[0], Certificate][] = [
    [{ ...key, signer: other.signer }, leaf],
    [{ ...key, signer: { ...ed25519.signer, publicKey: undefined } }, leaf],
    [key, rsa.leaf],
    [key, parseCertificate(plain.chain[0])],
  ];
  for (const [each, certificate] of wrong) {
    const error = assertThrows(() => checkDelegatedKey(each, certificate), TlsError);
    assertEquals(error.code, "api/config");
  }
});

Deno.test("the first key is chosen that is valid and that the peer takes", async () => {
  const { leaf, ...p256 } = await delegatedKey("ecdsa-p256", DAY);
  const { leaf: _, ...ed25519 } = await delegatedKey("ed25519", 3 * DAY);
  const choose = (change: Partial<Parameters<typeof chooseDelegatedKey>[1]>) => {
    const choice = {
      certificate: leaf,
      offeredForCredentials: SCHEMES,
      offered: SCHEMES,
      now: NOW,
    };
    return chooseDelegatedKey([p256, ed25519], { ...choice, ...change });
  };
  assert(choose({}) === p256);
  assert(choose({ now: NOW + 2 * DAY }) === ed25519);
  assert(choose({ now: NOW + 4 * DAY }) === null);
  assert(choose({ offeredForCredentials: [S.ed25519] }) === ed25519);
  assert(choose({ offeredForCredentials: null }) === null);
  assert(choose({ offered: [S.ed25519] }) === null);
});
