import { isPromise } from "@sealane/providers";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { nativeProvider as provider } from "@sealane/providers/native";
import { der, fromHex, TlsError, type TlsErrorCode } from "@sealane/wire";
import { parseCertificate } from "../certificate/certificate.ts";
import { ExtensionId, KeyPurpose } from "../certificate/extensions.ts";
import { type OcspOptions, stapledTimestamps, verifyOcspResponse, verifyStaple } from "./ocsp.ts";
import { parseOcspResponse } from "./ocsp_response.ts";
import vectors from "../testdata/ocsp_openssl.json" with { type: "json" };
import type { VerifiedPath } from "../path/path.ts";
import {
  createTestAuthority,
  encodeExtension,
  generateTestKey,
  issueOcspResponse,
  type IssueOptions,
} from "../testing/authority.ts";
import { TrustStore } from "../path/trust.ts";
import { verifyServerCertificate } from "../path/verify.ts";

const bytes = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function verify(options: Pick<OcspOptions, "response"> & Partial<OcspOptions>) {
  const result = verifyOcspResponse({
    certificate: parseCertificate(bytes(vectors.certificate)),
    issuer: parseCertificate(bytes(vectors.issuer)),
    now: vectors.thisUpdate + HOUR,
    provider,
    ...options,
  });
  assert(!isPromise(result), "a synchronous provider must not suspend");
  return result;
}
const openssl = (name: keyof typeof vectors.responses) => bytes(vectors.responses[name]);

function refuses(code: TlsErrorCode, part: string, body: () => unknown) {
  assertEquals(assertThrows(body, TlsError, part).code, code);
}

Deno.test("responses of OpenSSL verify: by the issuer, by a responder, by key hash", () => {
  for (const name of ["goodByIssuer", "goodByResponder", "byKeySha256"] as const) {
    const single = verify({ response: openssl(name) });
    assertEquals(single.status, "good", name);
    assertEquals(single.thisUpdate, vectors.thisUpdate, name);
    assertEquals(single.nextUpdate, vectors.thisUpdate + 7 * DAY, name);
  }
});

Deno.test("a revoked certificate is certificate-revoked, any other answer is a bad response", () => {
  refuses("peer/certificate-revoked", "revoked 2024-01-02T03:04:05", () => {
    verify({ response: openssl("revoked") });
  });
  refuses("peer/ocsp-response", "not known", () => verify({ response: openssl("unknown") }));
  refuses("peer/ocsp-response", "purpose OCSPSigning", () => {
    verify({ response: openssl("goodByStranger") });
  });
});

Deno.test("times hold within the clock skew", () => {
  const response = openssl("goodByIssuer");
  const end = vectors.thisUpdate + 7 * DAY;
  verify({ response, now: vectors.thisUpdate - 300_000 });
  refuses("peer/ocsp-response", "of the future", () => {
    verify({ response, now: vectors.thisUpdate - 300_001 });
  });
  verify({ response, now: end + 300_000 });
  refuses("peer/ocsp-response", "outdated", () => verify({ response, now: end + 300_001 }));
  refuses("peer/ocsp-response", "outdated", () => verify({ response, now: end + 1, clockSkew: 0 }));
});

const authority = await createTestAuthority(provider);
const now = Date.now();
const leaf = await authority.issue({ names: ["example.com"], notBefore: now - 3 * DAY });
const make = async (more: Partial<Parameters<typeof issueOcspResponse>[0]> = {}) =>
  await issueOcspResponse({
    certificate: leaf.chain[0],
    issuer: authority.certificate,
    signer: authority.signer,
    ...more,
  });
const ours = {
  certificate: parseCertificate(leaf.chain[0]),
  issuer: parseCertificate(authority.certificate),
  now,
};

Deno.test("a response without nextUpdate lives as long as the caller allows", async () => {
  const response = await make({ nextUpdate: null, thisUpdate: now - 2 * DAY });
  verify({ ...ours, response });
  refuses("peer/ocsp-response", "outdated", () => verify({ ...ours, response, maxAge: DAY }));
});

Deno.test("of several answers about the certificate the worst counts", async () => {
  const revoked = await make({ status: ["good", "revoked", "unknown"] });
  refuses("peer/certificate-revoked", "revoked", () => verify({ ...ours, response: revoked }));
  const unknown = await make({ status: ["good", "unknown"] });
  refuses("peer/ocsp-response", "not known", () => verify({ ...ours, response: unknown }));
  verify({ ...ours, response: await make({ status: ["good", "good"] }) });
});

Deno.test("a response from before the certificate was valid is refused", async () => {
  const response = await make({ thisUpdate: now - 4 * DAY, nextUpdate: now + DAY });
  refuses("peer/ocsp-response", "outside of the validity", () => verify({ ...ours, response }));
});

Deno.test("a response about another certificate or of another issuer is refused", async () => {
  const other = await authority.issue({ names: ["other.com"] });
  const response = await make({ certificate: other.chain[0] });
  refuses("peer/ocsp-response", "other certificates", () => verify({ ...ours, response }));
  const impostor = await createTestAuthority(provider);
  const forged = await make({ issuer: impostor.certificate, signer: impostor.signer });
  refuses("peer/ocsp-response", "other certificates", () => verify({ ...ours, response: forged }));
  const signed = await make({ signer: impostor.signer });
  refuses("peer/ocsp-response", "not signed by", () => verify({ ...ours, response: signed }));
});

Deno.test("a responder needs the issuer's own certificate, the purpose, and to be valid", async () => {
  const respond = async (options: IssueOptions, by = authority) => {
    const { chain: [responder], signer } = await by.issue({
      subject: "responder",
      extKeyUsage: [KeyPurpose.OCSPSigning],
      ...options,
    });
    return { ...ours, response: await make({ responder, signer }) };
  };
  verify(await respond({}));
  const cases: [string, IssueOptions][] = [
    ["purpose OCSPSigning", { extKeyUsage: undefined }],
    ["purpose OCSPSigning", { extKeyUsage: [KeyPurpose.anyExtendedKeyUsage] }],
    ["may not sign", { keyUsage: ["keyEncipherment"] }],
    ["not valid now", { notAfter: now - 10_000 }],
    ["not valid now", { notBefore: now + 10_000 }],
  ];
  for (const [part, options] of cases) {
    const wrong = await respond(options);
    refuses("peer/ocsp-response", part, () => verify(wrong));
  }
  const impostor = await createTestAuthority(provider);
  const sameName = await respond({}, impostor);
  refuses("peer/ocsp-response", "did not certify", () => verify(sameName));
  const below = await respond({}, await authority.intermediate());
  refuses("peer/ocsp-response", "another CA", () => verify(below));
});

Deno.test("row 292: a responder certificate that will not do stands in the way of none that will", async () => {
  const key = await generateTestKey();
  const purpose = { subject: "responder", extKeyUsage: [KeyPurpose.OCSPSigning], key };
  const good = await authority.issue(purpose);
  const impostor = await createTestAuthority(provider);
  const wrong = {
    "expired": await authority.issue({ ...purpose, notAfter: now - 10_000 }),
    "for no purpose": await authority.issue({ ...purpose, extKeyUsage: undefined }),
    "of another CA": await impostor.issue(purpose),
    "of another key": await authority.issue({ ...purpose, key: undefined }),
  };
  for (const [name, { chain: certificates }] of Object.entries(wrong)) {
    const responder = good.chain[0];
    const response = await make({ responder, signer: good.signer, certificates });
    assertEquals(verify({ ...ours, response }).status, "good", name);
    const alone = await make({ responder: certificates[0], signer: good.signer });
    assertThrows(() => verify({ ...ours, response: alone }), TlsError, "OCSP response", name);
  }
});

Deno.test("row 292: CertIDs of every SHA-2 name the certificate", async () => {
  const hashes = [sha256, sha384, sha512, sha224, sha512_224, sha512_256];
  for (const [i, hash] of hashes.entries()) {
    const certIdHash = { id: `2.16.840.1.101.3.4.2.${i + 1}`, hash };
    const response = await make({ certIdHash });
    assertEquals(verify({ ...ours, response }).certId.hashAlgorithm, certIdHash.id);
    const wrong = await make({ certIdHash: { ...certIdHash, hash: (data) => hash(hash(data)) } });
    refuses("peer/ocsp-response", "other certificates", () => verify({ ...ours, response: wrong }));
  }
});

Deno.test("row 292: times that contradict each other or the clock are refused", async () => {
  const backwards = await make({ thisUpdate: now, nextUpdate: now - 60_000 });
  refuses("peer/ocsp-response", "nextUpdate before its thisUpdate", () => {
    verify({ ...ours, response: backwards });
  });
  const early = await make({ producedAt: now + 600_000, thisUpdate: now });
  refuses("peer/ocsp-response", "made in the future", () => verify({ ...ours, response: early }));
  verify({ ...ours, response: await make({ producedAt: now + 200_000, thisUpdate: now }) });
});

Deno.test("row 292: the timestamps in a staple are found, for this certificate alone", async () => {
  const list = fromHex("0007 0002 aabb 0001 cc");
  const singleExtensions = [
    encodeExtension("1.3.6.1.4.1.11129.2.4.5", der.octetString(list), true),
  ];
  const response = await make({ singleExtensions });
  const { certificate, issuer } = ours;
  assertEquals(verify({ ...ours, response }).timestamps, [fromHex("aabb"), fromHex("cc")]);
  const found = stapledTimestamps(response, certificate, issuer);
  assertEquals(found, [fromHex("aabb"), fromHex("cc")]);
  assertEquals(stapledTimestamps(response, issuer, issuer), []);
  assertEquals(stapledTimestamps(response.subarray(1), certificate, issuer), []);
  const malformed = [
    encodeExtension("1.3.6.1.4.1.11129.2.4.5", der.octetString(list.subarray(1))),
  ];
  const broken = await make({ singleExtensions: malformed });
  assertEquals(stapledTimestamps(broken, certificate, issuer), []);
});

Deno.test("an asynchronous provider gives a promise of the same answer", async () => {
  const signatures = provider.signatures.map((algorithm) => ({
    ...algorithm,
    verify: (...args: Parameters<typeof algorithm.verify>) =>
      Promise.resolve(algorithm.verify(...args)),
  }));
  const response = await make();
  const result = verifyOcspResponse({ ...ours, response, provider: { ...provider, signatures } });
  assert(isPromise(result));
  assertEquals((await result).status, "good");
});

Deno.test("an error of the responder is named", () => {
  const error = der.sequence(der.element(0x0a, Uint8Array.of(3)));
  refuses("peer/ocsp-response", "tryLater", () => parseOcspResponse(error));
  refuses("peer/ocsp-response", "nonsense", () => parseOcspResponse(fromHex("30030a0163")));
});

Deno.test("a response with a malformed certificate is a malformed response", () => {
  const response = openssl("goodByResponder").slice();
  const version = fromHex("a003020102");
  const at = response.findIndex((_, i) => version.every((byte, j) => response[i + j] === byte));
  assert(at > 0);
  response[at + 4] = 7;
  refuses("peer/ocsp-response", "version number is 7", () => parseOcspResponse(response));
});

Deno.test("a staple is demanded by the certificate or by the caller, and verified where there is one", async () => {
  const feature = encodeExtension(ExtensionId.tlsFeature, der.sequence(der.integer(5)));
  const { chain } = await authority.issue({ names: ["example.com"], extensions: [feature] });
  const trust = TrustStore.fromCertificates([authority.certificate]);
  const pathOf = async (chain: readonly Uint8Array[]) =>
    await verifyServerCertificate({ chain, serverName: "example.com", now, trust, provider });
  const [plain, must] = [await pathOf(leaf.chain), await pathOf(chain)];
  const staple = (path: VerifiedPath, response: Uint8Array | null, require = false) =>
    verifyStaple({ path, response, require, now, provider });
  assertEquals(staple(plain, null), null);
  refuses("peer/ocsp-response", "none came", () => staple(plain, null, true));
  refuses("peer/ocsp-response", "none came", () => staple(must, null));
  assert(staple(plain, await make(), true) !== null);
  assert(staple(must, await make({ certificate: chain[0] })) !== null);
  const revoked = await make({ status: "revoked" });
  refuses("peer/certificate-revoked", "revoked", () => staple(plain, revoked));
});

Deno.test("mutated responses are refused with nothing but peer/ocsp-response", () => {
  const response = openssl("goodByResponder");
  let refused = 0;
  fc.assert(
    fc.property(
      fc.nat({ max: response.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      (at, by) => {
        const mutated = response.slice();
        mutated[at] ^= by;
        try {
          verify({ response: mutated });
        } catch (error) {
          assert(error instanceof TlsError && error.code === "peer/ocsp-response", String(error));
          refused++;
        }
      },
    ),
    { numRuns: 300 },
  );
  assert(refused > 250, `${refused} of 300 were refused`);
});
