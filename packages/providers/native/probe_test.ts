import * as nodeCrypto from "node:crypto";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { NamedGroup, TlsError } from "@sealane/wire";
import { isPromise } from "../maybe_promise.ts";
import type { AeadKey } from "../provider.ts";
import type { NodeCrypto } from "./platform.ts";
import { NO_KERNELS } from "./kernels.ts";
import { providerOver } from "./provider_over.ts";

/** A `node:crypto` with some of its functions replaced. */
function platform(changes: Record<string, unknown>): NodeCrypto {
  // Of the replaced functions only their names are those of the real ones: that is what is tested.
  return { ...nodeCrypto, ...changes } as unknown as NodeCrypto;
}

function missing(): never {
  throw Object.assign(new Error("not implemented"), { code: "ERR_METHOD_NOT_IMPLEMENTED" });
}

const KEMS: number[] = [NamedGroup.MLKEM512, NamedGroup.MLKEM768, NamedGroup.MLKEM1024];

Deno.test("the native provider leaves out curves without a key exchange that works", () => {
  for (const diffieHellman of [undefined, missing, () => new Uint8Array(32), () => null]) {
    const { groups } = providerOver(platform({ diffieHellman }), NO_KERNELS);
    assertEquals(groups.filter(({ id }) => !KEMS.includes(id)), []);
  }
  const { groups } = providerOver(platform({ generateKeyPairSync: missing }), NO_KERNELS);
  assertEquals(groups.length, 3);
});

Deno.test("the native provider leaves out one curve that does not work, with its hybrid", () => {
  const generateKeyPairSync = (type: string, options: object) =>
    type === "x25519"
      ? missing()
      // The overloads are of no use for arguments that are passed on.
      : nodeCrypto.generateKeyPairSync(type as "ec", options as { namedCurve: string });
  const ids = providerOver(platform({ generateKeyPairSync }), NO_KERNELS).groups.map(({ id }) =>
    id
  );
  assert(!ids.includes(NamedGroup.x25519) && !ids.includes(NamedGroup.X25519MLKEM768));
  assert(ids.includes(NamedGroup.secp256r1) && ids.includes(NamedGroup.SecP256r1MLKEM768));
});

Deno.test("the native provider leaves out suites whose hash or cipher does not work", () => {
  const names = (changes: Record<string, unknown>) =>
    providerOver(platform(changes), NO_KERNELS).cipherSuites.map(({ name }) => name).sort();
  const all = names({});
  assertEquals(all.length, 5);
  const createHash = (name: string) => name === "sha384" ? missing() : nodeCrypto.createHash(name);
  assertEquals(names({ createHash }), all.filter((name) => !name.endsWith("SHA384")));
  assertEquals(names({ createHash: missing }), []);
  const createCipheriv = (name: string, ...rest: [Uint8Array, Uint8Array]) =>
    name.startsWith("aes-128-gcm") ? missing() : nodeCrypto.createCipheriv(name, ...rest);
  assertEquals(names({ createCipheriv }), all.filter((name) => !name.includes("128_GCM")));
});

Deno.test("a cipher that takes every tag is left out", () => {
  const createDecipheriv = (name: string, ...rest: [Uint8Array, Uint8Array]) => {
    const decipher = nodeCrypto.createDecipheriv(name, ...rest);
    return Object.assign(decipher, { final: () => new Uint8Array() });
  };
  const names = providerOver(platform({ createDecipheriv }), NO_KERNELS).cipherSuites.map((
    { name },
  ) => name);
  assertEquals(names.filter((name) => /GCM|CHACHA/.test(name)), []);
});

Deno.test("where the platform has no mask for QUIC, noble has one", () => {
  const createCipheriv = (name: string, ...rest: [Uint8Array, Uint8Array]) =>
    name.endsWith("ecb") ? missing() : nodeCrypto.createCipheriv(name, ...rest);
  for (
    const { name, headerProtection } of providerOver(platform({ createCipheriv }), NO_KERNELS)
      .cipherSuites
  ) {
    assertEquals(headerProtection === undefined, name.includes("CCM_8"), name);
  }
});

Deno.test("a platform that fails over a good share or record is not taken for a peer that forges", () => {
  let fails = false;
  const { groups, cipherSuites } = providerOver(
    platform({
      diffieHellman: (options: Parameters<typeof nodeCrypto.diffieHellman>[0]) =>
        fails ? missing() : nodeCrypto.diffieHellman(options),
      createDecipheriv(name: string, ...rest: [Uint8Array, Uint8Array]) {
        const decipher = nodeCrypto.createDecipheriv(name, ...rest);
        return fails ? Object.assign(decipher, { final: missing }) : decipher;
      },
    }),
    NO_KERNELS,
  );
  const pairs = groups.filter(({ id }) => !KEMS.includes(id)).map((group) => {
    const pair = group.generate();
    assert(!isPromise(pair));
    return { group, pair };
  });
  const keys = cipherSuites.filter(({ name }) => !name.includes("CCM")).map(({ aead }) => {
    const key = aead.importKey(new Uint8Array(aead.keyLength));
    assert(!isPromise(key));
    return key;
  });
  const open = (key: AeadKey) => key.open(new Uint8Array(12), new Uint8Array(), new Uint8Array(20));
  for (const key of keys) assertEquals(open(key), null);
  fails = true;
  for (const { group, pair } of pairs) {
    // A bad share stays one, also then.
    assertEquals(pair.complete(new Uint8Array(pair.share.length)), null, group.name);
    const error = assertThrows(() => group.respond(pair.share), TlsError);
    assertEquals(error.code, "local/internal", group.name);
  }
  for (const key of keys) assertThrows(() => open(key), Error, "not implemented");
});
