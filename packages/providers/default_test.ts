import { assertEquals, assertThrows } from "@std/assert";
import { TlsError } from "@sealane/wire";
import { combineProviders } from "./combine.ts";
import { defaultProvider } from "./default.ts";
import { isDeno } from "./native/platform.ts";
import { PROVIDERS } from "./testdata/support.ts";
import { KEYS } from "./conformance/signature_vectors.ts";
import { fromHex } from "@sealane/wire";

Deno.test("combined providers have each code point once, the first wins", () => {
  const [first, second] = PROVIDERS;
  const both = combineProviders(first, second);
  assertEquals(both.name, `${first.name}+${second.name}`);
  assertEquals(both.cipherSuites.length, 5);
  assertEquals(both.cipherSuites[0], first.cipherSuites[0]);
  assertEquals(both.groups.slice(0, first.groups.length), first.groups);
  const small = { ...first, cipherSuites: [], groups: [], signatures: [] };
  assertEquals(combineProviders(small, second).groups, second.groups);
  assertEquals(combineProviders(first), first);
  assertThrows(() => combineProviders(), TlsError);
});

Deno.test("a combination gives a private key to the first that can use it", async () => {
  const [first, second] = PROVIDERS;
  const pkcs8 = fromHex(KEYS.ed25519.pkcs8);
  const refuse = () => {
    throw new TlsError("api/config", "not this one");
  };
  const rejecting = {
    ...first,
    importPrivateKey: () => Promise.reject(new TlsError("api/config", "no")),
  };
  for (const useless of [{ ...first, importPrivateKey: refuse }, rejecting]) {
    const signer = await combineProviders(useless, second).importPrivateKey(pkcs8);
    assertEquals(signer.publicKey, fromHex(KEYS.ed25519.spki));
  }
  const broken = {
    ...first,
    importPrivateKey: () => {
      throw new RangeError("a bug");
    },
  };
  assertThrows(() => combineProviders(broken, second).importPrivateKey(pkcs8), RangeError);
});

Deno.test("the default provider has everything, and is one and the same", () => {
  const provider = defaultProvider();
  assertEquals(provider, defaultProvider());
  assertEquals(provider.cipherSuites.length, 5);
  assertEquals(provider.groups.length, 11);
  assertEquals(provider.signatures.length, 20);
  // Deno's ChaCha20-Poly1305 is several times as fast as its AES-GCM.
  const first = isDeno ? "TLS_CHACHA20_POLY1305_SHA256" : "TLS_AES_128_GCM_SHA256";
  assertEquals(provider.cipherSuites[0].name, first);
});

const WORKERS = "Worker" in globalThis;

Deno.test({
  name: "without node:crypto, as in a browser, the package loads and the default is WebCrypto" +
    (WORKERS ? "" : " (needs web workers)"),
  ignore: !WORKERS,
  fn: withoutNodeCrypto,
});

async function withoutNodeCrypto(): Promise<void> {
  const source = `
    delete globalThis.process;
    const { defaultProvider } = await import("${new URL("./mod.ts", import.meta.url)}");
    const provider = defaultProvider();
    const pair = await provider.groups[0].generate();
    const answer = await provider.groups[0].respond(pair.share);
    const secret = await pair.complete(answer.share);
    postMessage(provider.name + " " + secret.length + " " + provider.cipherSuites[0].name);
  `;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  const message = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
  worker.terminate();
  URL.revokeObjectURL(url);
  assertEquals(message, "webcrypto 64 TLS_AES_128_GCM_SHA256");
}
