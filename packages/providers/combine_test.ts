import { TlsError } from "@sealane/wire";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { combineProviders } from "./combine.ts";
import { nativeProvider } from "./native/mod.ts";
import { nobleProvider } from "./noble/mod.ts";
import { KEYS } from "./conformance/signature_vectors.ts";
import { fromHex } from "@sealane/wire";
import type { CryptoProvider, SignatureAlgorithm } from "./provider.ts";

const [algorithm] = nobleProvider.signatures;
const DATA = Uint8Array.of(1, 2, 3);
const INPUTS = [new Uint8Array(5), DATA, new Uint8Array(6)] as const;

function withVerify(verify: SignatureAlgorithm["verify"]): CryptoProvider {
  return { ...nobleProvider, signatures: [{ ...algorithm, verify }] };
}

const unsupported = () => new TlsError("peer/unsupported-certificate", "no such key here");

Deno.test("combined providers ask the next one about a key that the first cannot use, and about no other", async () => {
  const asked: string[] = [];
  const yes = withVerify((_spki, data) => {
    asked.push(data.join());
    return true;
  });
  const verifyWith = (...verify: SignatureAlgorithm["verify"][]) =>
    combineProviders(...verify.map(withVerify), yes).signatures[0]
      .verify(...INPUTS, "certificate");
  const throws = () => {
    throw unsupported();
  };
  assertEquals(verifyWith(() => false), false);
  assertEquals(asked, []);
  assertEquals(verifyWith(throws), true);
  assertEquals(verifyWith(throws, throws), true);
  assertEquals(await verifyWith(() => Promise.reject(unsupported())), true);
  assertEquals(asked, ["1,2,3", "1,2,3", "1,2,3"]);
  assertThrows(() =>
    verifyWith(() => {
      throw new Error("another error");
    })
  );
  await assertRejects(async () => await verifyWith(() => Promise.reject(new Error("another"))));
  assertEquals(asked.length, 3);
});

Deno.test("the last provider's refusal of a key is the combined one's", () => {
  const refuse = withVerify(() => {
    throw unsupported();
  });
  const combined = combineProviders(refuse, refuse);
  assertThrows(() => combined.signatures[0].verify(...INPUTS, "certificate"), TlsError, "no such");
});

Deno.test("the next provider sees the inputs as they were, whatever became of them", async () => {
  const data = DATA.slice();
  const slow = withVerify(async () => {
    await Promise.resolve();
    throw unsupported();
  });
  const yes = withVerify((_spki, data) => data.join() === "1,2,3");
  const verdict = combineProviders(slow, yes).signatures[0]
    .verify(INPUTS[0], data, INPUTS[2], "certificate");
  data.fill(0);
  assertEquals(await verdict, true);
});

Deno.test("a private key goes to the next provider as it was, although the caller has wiped it", async () => {
  const slow: CryptoProvider = {
    ...nobleProvider,
    async importPrivateKey() {
      await Promise.resolve();
      throw new TlsError("api/config", "not here");
    },
  };
  const pkcs8 = fromHex(KEYS.p256.pkcs8);
  const importing = combineProviders(slow, nobleProvider).importPrivateKey(pkcs8);
  pkcs8.fill(0);
  const signer = await importing;
  assertEquals(signer.publicKey, fromHex(KEYS.p256.spki));
});

Deno.test("a signer says what computes with its key", async () => {
  const combined = combineProviders(nativeProvider, nobleProvider);
  const pkcs8 = fromHex(KEYS.p256.pkcs8);
  assertEquals((await combined.importPrivateKey(pkcs8)).implementation, "webassembly");
  const p384 = fromHex(KEYS.p384.pkcs8);
  assertEquals((await combined.importPrivateKey(p384)).implementation, "platform");
  assertEquals((await nobleProvider.importPrivateKey(pkcs8)).implementation, "javascript");
  const without: CryptoProvider = {
    ...nativeProvider,
    importPrivateKey() {
      throw new TlsError("api/config", "not here");
    },
  };
  const signer = await combineProviders(without, nobleProvider).importPrivateKey(pkcs8);
  assertEquals(signer.implementation, "javascript");
  assert(signer.schemes.length > 0);
});
