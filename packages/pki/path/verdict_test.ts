/** What counts as a verdict: `true` itself, now or by way of whatever promise. */
import { type CryptoProvider, isPromise, type MaybePromise } from "@sealane/providers";
import { laterProvider, thenable } from "@sealane/providers/conformance";
import { nativeProvider } from "@sealane/providers/native";
import { TlsError } from "@sealane/wire";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { runInNewContext } from "node:vm";
import { createTestAuthority } from "../testing/authority.ts";
import { TrustStore } from "./trust.ts";
import { verifyServerCertificate } from "./verify.ts";

const now = Date.now();
const root = await createTestAuthority(nativeProvider);
const trust = TrustStore.fromCertificates([root.certificate]);
const { chain } = await root.issue({ names: ["example.com"] });

/** The chain with a signature that its issuer did not make. */
const forged = chain.map((certificate) => {
  const copy = certificate.slice();
  copy[copy.length - 1] ^= 1;
  return copy;
});

// The types of another realm's values are those of this one.
const foreign = <T>(value: T): PromiseLike<T> =>
  runInNewContext("Promise.resolve(value)", { value }) as PromiseLike<T>;

const WAYS = {
  "a promise": <T>(value: T) => Promise.resolve(value),
  "a promise of another realm": foreign,
  "a thenable": thenable,
  "a thenable that gives a thenable": <T>(value: T) => thenable(thenable(value) as unknown as T),
  "a function with a method then": <T>(value: T): PromiseLike<T> =>
    Object.assign(() => {}, { then: thenable(value).then }),
};

const verify = async (provider: CryptoProvider, chain: readonly Uint8Array[]) =>
  await verifyServerCertificate({ chain, serverName: "example.com", now, trust, provider });

for (const [way, later] of Object.entries(WAYS)) {
  const provider = laterProvider(nativeProvider, later);

  Deno.test(`row 287: a certificate is valid if the verdict is true by way of ${way}`, async () => {
    const path = verifyServerCertificate({
      chain,
      serverName: "example.com",
      now,
      trust,
      provider,
    });
    assert(isPromise(path));
    assertEquals((await path).certificates.length, 1);
  });

  Deno.test(`row 287: a forged certificate is refused if the verdict is false by way of ${way}`, async () => {
    const error = await assertRejects(() => verify(provider, forged), TlsError, "does not verify");
    assertEquals(error.code, "peer/bad-certificate");
  });
}

/** A provider whose every signature has this verdict. */
function judging(verdict: unknown): CryptoProvider {
  return {
    ...nativeProvider,
    signatures: nativeProvider.signatures.map((algorithm) => ({
      ...algorithm,
      // A provider that breaks its type.
      verify: () => verdict as MaybePromise<boolean>,
    })),
  };
}

const NOT_TRUE: readonly unknown[] = [
  1,
  "true",
  {},
  [],
  new Boolean(true),
  Symbol("true"),
  () => true,
  undefined,
  null,
  { then: true },
  Promise.resolve(1),
  thenable({}),
  foreign(new Uint8Array(1)),
];

Deno.test("row 287: no verdict but true itself makes a certificate valid", async () => {
  await verify(judging(true), chain);
  for (const verdict of NOT_TRUE) {
    const error = await assertRejects(() => verify(judging(verdict), chain), TlsError);
    assertEquals(error.code, "peer/bad-certificate");
  }
});

Deno.test("a program that has replaced the class of promises is told the truth", async () => {
  const { Promise: own } = globalThis;
  const provider = laterProvider(nativeProvider, (value) => {
    // Made by an async function, whose promises are the language's whatever the global is.
    return (async () => await value)();
  });
  globalThis.Promise = class Replaced<T> extends own<T> {};
  try {
    await assertRejects(() => verify(provider, forged), TlsError, "does not verify");
    assertEquals((await verify(provider, chain)).certificates.length, 1);
  } finally {
    globalThis.Promise = own;
  }
});
