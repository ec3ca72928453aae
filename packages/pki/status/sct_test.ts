import { isPromise } from "@sealane/providers";
import { assert, assertEquals } from "@std/assert";
import { nativeProvider as provider } from "@sealane/providers/native";
import { fromHex, SignatureScheme, Writer } from "@sealane/wire";
import { parseCertificate } from "../certificate/certificate.ts";
import { type TimestampOptions, verifyTimestamps } from "./sct.ts";
import vectors from "../testdata/sct.json" with { type: "json" };

const bytes = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const issuer = parseCertificate(bytes(vectors.issuer));
const certificate = parseCertificate(bytes(vectors.certificate));
const embedding = parseCertificate(bytes(vectors.certificateWithEmbeddedTimestamp));
const log = { publicKey: bytes(vectors.logPublicKey), name: "test log" };
const timestamp = fromHex(vectors.timestamp);
const now = Date.UTC(2014, 0, 1);

function verify(options: Partial<TimestampOptions>) {
  const verdicts = verifyTimestamps({ certificate, logs: [log], now, provider, ...options });
  assert(!isPromise(verdicts), "a synchronous provider must not suspend");
  return verdicts;
}
const statuses = (options: Partial<TimestampOptions>) =>
  verify(options).map(({ status }) => status);

Deno.test("a timestamp from the TLS extension verifies", () => {
  const [verdict] = verify({ timestamps: [timestamp] });
  assertEquals(verdict.status, "valid");
  assertEquals(verdict.log, log);
  assertEquals(verdict.timestamp?.timestamp, Date.UTC(2013, 3, 5, 17, 4, 16, 89));
});

Deno.test("an embedded timestamp verifies over the precertificate, where the issuer is known", () => {
  assertEquals(statuses({ certificate: embedding, issuer }), ["valid"]);
  assertEquals(statuses({ certificate: embedding }), []);
  assertEquals(statuses({ certificate: embedding, issuer: certificate }), ["invalid"]);
});

Deno.test("timestamps of other certificates, times and logs do not verify", () => {
  assertEquals(statuses({ certificate: embedding, timestamps: [timestamp] }), ["invalid"]);
  assertEquals(statuses({ timestamps: [timestamp], logs: [] }), ["unknown-log"]);
  assertEquals(statuses({ timestamps: [timestamp], now: Date.UTC(2013, 0, 1) }), ["invalid"]);
  const later = timestamp.slice();
  later[40] ^= 1;
  assertEquals(statuses({ timestamps: [later] }), ["invalid"]);
});

Deno.test("unknown versions, malformed timestamps and algorithms that logs do not use are told apart", () => {
  const version2 = timestamp.slice();
  version2[0] = 1;
  const longer = new Writer().bytes(timestamp).u8(0).finish();
  const other = timestamp.slice();
  new DataView(other.buffer).setUint16(43, SignatureScheme.rsa_pss_rsae_sha256);
  assertEquals(
    statuses({
      timestamps: [version2, longer, timestamp.subarray(0, 50), new Uint8Array(0), other],
    }),
    ["unknown-version", "malformed", "malformed", "malformed", "invalid"],
  );
});

Deno.test("an asynchronous provider gives a promise of the same verdicts", async () => {
  const signatures = provider.signatures.map((algorithm) => ({
    ...algorithm,
    verify: (...args: Parameters<typeof algorithm.verify>) =>
      Promise.resolve(algorithm.verify(...args)),
  }));
  const verdicts = verifyTimestamps({
    certificate,
    timestamps: [timestamp],
    logs: [log],
    now,
    provider: { ...provider, signatures },
  });
  assert(isPromise(verdicts));
  assertEquals((await verdicts).map(({ status }) => status), ["valid"]);
});

Deno.test("more timestamps than the limit are left out", () => {
  const many = new Array<Uint8Array>(100).fill(new Uint8Array(0));
  assertEquals(verify({ timestamps: many }).length, 32);
});
