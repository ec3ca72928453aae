import { isPromise } from "../maybe_promise.ts";
import { assert, assertEquals } from "@std/assert";
import { NamedGroup } from "@sealane/wire";
import { combineProviders } from "../combine.ts";
import { nobleProvider } from "../noble/mod.ts";
import { curveGroup } from "../curve_group.ts";
import { nativeCurves } from "./groups.ts";
import { nativeProvider } from "./mod.ts";
import { findNodeCrypto } from "./platform.ts";

Deno.test("native returns values, never promises", () => {
  for (const { aead } of nativeProvider.cipherSuites) {
    const key = aead.importKey(new Uint8Array(aead.keyLength));
    assert(!isPromise(key));
    const nonce = new Uint8Array(12);
    const sealed = key.seal(nonce, nonce, nonce);
    assert(!isPromise(sealed));
    assertEquals(key.open(nonce, nonce, sealed), nonce);
  }
  for (const group of nativeProvider.groups) {
    const pair = group.generate();
    assert(!isPromise(pair));
    const answer = group.respond(pair.share);
    assert(!isPromise(answer));
    assert(answer !== null);
    assertEquals(pair.complete(answer.share), answer.secret);
  }
});

Deno.test("native offers X25519MLKEM768, X25519, P-256 and P-384 first", () => {
  assertEquals(nativeProvider.groups.slice(0, 4).map(({ id }) => id), [
    NamedGroup.X25519MLKEM768,
    NamedGroup.x25519,
    NamedGroup.secp256r1,
    NamedGroup.secp384r1,
  ]);
});

const P256 = ["secp256r1", "ecdsa_secp256r1_sha256"];
const KERNELS = [...P256, "SecP256r1MLKEM768", "MLKEM512", "MLKEM768", "MLKEM1024"];

Deno.test("native says what comes from where, for every algorithm of its lists", () => {
  const { cipherSuites, groups, signatures, describe } = nativeProvider;
  const described = describe?.() ?? [];
  assertEquals(
    described.map(({ name }) => name),
    [...cipherSuites, ...groups, ...signatures].map(({ name }) => name),
  );
  for (const { name, from } of described) {
    if (KERNELS.includes(name)) assertEquals(from, "WebAssembly", name);
  }
  const from = (algorithm: string) => described.find(({ name }) => name === algorithm)?.from;
  assertEquals(from("x25519"), "node:crypto");
  assertEquals(from("TLS_CHACHA20_POLY1305_SHA256"), "WebAssembly and node:crypto");
});

Deno.test("a combined provider says the same of what it took from native", () => {
  const both = combineProviders(nativeProvider, nobleProvider).describe?.() ?? [];
  assertEquals(both.filter(({ name }) => P256.includes(name)).map(({ from }) => from), [
    "WebAssembly",
    "WebAssembly",
  ]);
});

Deno.test("native has P-256 of node:crypto and ML-KEM of noble where WebAssembly is unavailable", async () => {
  const native = JSON.stringify(new URL("mod.ts", import.meta.url).href);
  const authority = JSON.stringify(new URL("../../pki/testing/authority.ts", import.meta.url).href);
  const script = `
    globalThis.WebAssembly = undefined;
    const { nativeProvider: provider } = await import(${native});
    const { createTestAuthority } = await import(${authority});
    const { signer, publicKey } = await (await createTestAuthority(provider)).issue();
    const name = "ecdsa_secp256r1_sha256";
    const algorithm = provider.signatures.find((each) => each.name === name);
    const data = new Uint8Array(100);
    const signature = signer.sign(algorithm.scheme, data);
    const ok = algorithm.verify(publicKey, data, signature, "certificate-verify");
    const group = provider.groups.find((each) => each.name === "SecP256r1MLKEM768");
    const pair = group.generate();
    const answer = group.respond(pair.share);
    const same = pair.complete(answer.share).every((byte, i) => byte === answer.secret[i]);
    const sources = provider.describe().filter((each) => [group.name, name].includes(each.name));
    console.log(ok, same, sources.map(({ from }) => from).join());
  `;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", script],
    cwd: new URL("../../..", import.meta.url).pathname,
  }).output();
  const text = new TextDecoder().decode(stdout).trim();
  assertEquals(
    text,
    "true true node:crypto and @noble/post-quantum,node:crypto",
    new TextDecoder().decode(stderr),
  );
});

Deno.test("X25519 by JSON Web Keys and by DER understand each other", () => {
  const nodeCrypto = findNodeCrypto();
  assert(nodeCrypto !== null);
  const [byJwk, byDer] = [true, false].map((jwk) => {
    const curve = nativeCurves(nodeCrypto, jwk).find(({ id }) => id === NamedGroup.x25519);
    assert(curve !== undefined);
    return curveGroup(curve);
  });
  for (let i = 0; i < 50; i++) {
    for (const [a, b] of [[byJwk, byDer], [byDer, byJwk]]) {
      const pair = a.generate();
      assert(!isPromise(pair));
      const answer = b.respond(pair.share);
      assert(answer !== null && !isPromise(answer));
      assertEquals(pair.complete(answer.share), answer.secret);
    }
  }
  assertEquals(byJwk.respond(new Uint8Array(32)), null);
});
