import { isPromise } from "../maybe_promise.ts";
import { assert, assertEquals } from "@std/assert";
import { NamedGroup } from "@sealane/wire";
import { nativeProvider } from "./mod.ts";

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
