import { assert, assertEquals, assertNotEquals } from "@std/assert";
import * as oracle from "hpke";
import { nativeProvider } from "@sealane/providers/native";
import { nobleProvider } from "@sealane/providers/noble";
import { webCryptoProvider } from "@sealane/providers/webcrypto";
import { ExtensionType as E, HandshakeType, NamedGroup, TlsError } from "@sealane/wire";
import {
  decodeExtension,
  encryptedClientHelloInClientHello,
  preSharedKeyInClientHello,
  serverNameInClientHello,
} from "../extensions/mod.ts";
import {
  type ClientConfig,
  createReplayGuard,
  echConfigList,
  Handshake,
  type Observer,
  PACKETS,
  RECORDS,
  type Session,
} from "../mod.ts";
import { decodeClientHello } from "../messages/client_hello.ts";
import { decodeEchConfig, hpkeInfo } from "../config/ech_config.ts";
import { zeroed } from "./inner.ts";
import {
  assertAccepted,
  client,
  codes,
  configList,
  credentialFor,
  credentials,
  key,
  otherKey,
  retryServer,
  run,
  sentHello,
  server,
  target,
  tickets,
  trust,
} from "../testdata/ech_ends.ts";

for (
  const [name, primitives] of Object.entries({ nativeProvider, nobleProvider, webCryptoProvider })
) {
  for (const [carrierName, carrier] of Object.entries({ RECORDS, PACKETS })) {
    for (const [what, config] of Object.entries({ once: server, retried: retryServer })) {
      Deno.test(`ECH is accepted: ${name}, ${carrierName}, asked ${what}`, async () => {
        const outcome = await run(
          { ...client, provider: primitives },
          { ...config, provider: primitives },
          undefined,
          target,
          carrier,
        );
        assertAccepted(outcome);
        assertEquals(outcome.ends[0].info?.helloRetryRequest, config === retryServer);
      });
    }
  }
}

Deno.test("what goes over the wire names the public name only", async () => {
  const outcome = await run(client, retryServer);
  const secret = new TextEncoder().encode("secret.example").toString();
  for (const index of [0, 1]) {
    const { extensions } = sentHello(outcome, index);
    assertEquals(decodeExtension(extensions, serverNameInClientHello), "public.example");
  }
  for (const [from, bytes] of outcome.messages) {
    if (from === "client" && bytes[0] === HandshakeType.client_hello) {
      assert(!bytes.toString().includes(secret));
    }
  }
});

Deno.test("the package hpke opens what a client seals", async () => {
  const { messages } = await run(client, server);
  const bytes = messages[0][1];
  const config = decodeEchConfig(key.config);
  const ech = decodeExtension(
    decodeClientHello(bytes.subarray(4)).extensions,
    encryptedClientHelloInClientHello,
  );
  assert(ech?.type === "outer");
  assertEquals(ech.cipherSuite, { kdf: 1, aead: 1 });
  const suite = new oracle.CipherSuite(
    oracle.KEM_DHKEM_X25519_HKDF_SHA256,
    oracle.KDF_HKDF_SHA256,
    oracle.AEAD_AES_128_GCM,
  );
  const own = await suite.DeserializePrivateKey(key.privateKey, true);
  const options = { info: hpkeInfo(config), aad: zeroed(bytes, ech.payload).subarray(4) };
  const opened = await suite.Open(own, ech.enc, ech.payload, options);
  assert(new TextDecoder().decode(opened).includes("secret.example"));
});

Deno.test("a session is resumed inside, and early data with it", async () => {
  const config = { ...server, tickets, earlyData: { replayGuard: createReplayGuard() } };
  const early = { ...client, earlyData: true };
  const { session } = await run(early, config);
  assert(session !== null);
  const outcome = await run(early, config, undefined, { ...target, session });
  assertAccepted(outcome);
  assert(outcome.ends[0].info?.resumed && outcome.ends[0].info.earlyDataAccepted);
  // RFC 9849 §6.1.2: outside there is a made-up PSK of the same length, and early_data.
  const { extensions } = sentHello(outcome);
  const grease = decodeExtension(extensions, preSharedKeyInClientHello);
  assertEquals(extensions.at(-1)?.type, E.pre_shared_key);
  assertEquals(grease?.identities[0].identity.length, session.ticket.length);
  assertNotEquals(grease?.identities[0].identity, session.ticket);
  assert(extensions.some(({ type }) => type === E.early_data));
});

for (
  const [what, groups] of [["at once", undefined], ["after a retry", [
    NamedGroup.secp384r1,
  ]]] as const
) {
  Deno.test(`rows 225, 228: a stale configuration is replaced under the public name, ${what}`, async () => {
    const stale = { ...client, ech: { configList: echConfigList([otherKey]) } };
    const outcome = await run(stale, { ...server, groups });
    assertEquals(outcome.client?.code, "peer/ech-required");
    assertEquals(outcome.client?.echRetryConfigs, configList);
    assertEquals(outcome.ends[1].info?.serverName, "public.example");
    const retry = outcome.client?.echRetryConfigs ?? new Uint8Array();
    assertAccepted(await run({ ...client, ech: { configList: retry } }, server));
  });
}

Deno.test("row 228: a server without ECH switches it off under the public name", async () => {
  const outcome = await run(client, { ...server, echKeys: undefined });
  assertEquals([outcome.client?.code, outcome.client?.alert], ["peer/ech-required", 121]);
  assertEquals(outcome.client?.echRetryConfigs, null);
});

Deno.test("row 228: a server that is not the public name cannot replace the configuration", async () => {
  const impostor = { ...server, credentials: [credentials[0]], echKeys: [otherKey] };
  const outcome = await run(client, impostor);
  assertEquals(outcome.client?.code, "peer/certificate-name");
  assertEquals(outcome.client?.echRetryConfigs, undefined);
});

Deno.test("row 228: a client that is not taken shows no certificate and leaves no session", async () => {
  const mutual = { ...server, clientAuthentication: "requested", trust, tickets } as const;
  const own = { ...client, credentials: [await credentialFor("client.example")] };
  const accepted = await run(own, mutual);
  assert(accepted.ends[1].info?.peer?.leaf);
  const written: Uint8Array[] = [];
  const observer: Observer = {
    message: (direction, _level, bytes) => void (direction === "write" && written.push(bytes)),
  };
  const outcome = await run({ ...own, observer }, { ...mutual, echKeys: [otherKey] });
  assertEquals(outcome.client?.code, "peer/ech-required");
  const certificates = written.filter(([type]) => type === HandshakeType.certificate);
  // An empty context and an empty list.
  assertEquals(certificates.map((bytes) => [...bytes]), [[11, 0, 0, 4, 0, 0, 0, 0]]);
  assertEquals(outcome.session, null);
});

Deno.test("a PSK of the inner hello serves nobody who reads the outer one", async () => {
  const config = { ...server, tickets };
  const { session } = await run(client, config);
  assert(session !== null);
  const to = { ...target, session };
  const outcome = await run(client, { ...config, echKeys: [otherKey] }, undefined, to);
  assertEquals(outcome.client?.code, "peer/ech-required");
  assertEquals(outcome.ends[1].info?.resumed, false);
});

for (const [what, config] of Object.entries({ once: server, retried: retryServer })) {
  Deno.test(`the application may decline an inner hello, asked ${what}: come back without`, async () => {
    const names: (string | null)[] = [];
    const acceptEch = ({ serverName }: { serverName: string | null }) => {
      names.push(serverName);
      return Promise.resolve(false);
    };
    const outcome = await run(client, { ...config, acceptEch });
    assertEquals(names, ["secret.example"]);
    assertEquals(outcome.client?.code, "peer/ech-required");
    assertEquals(outcome.client?.echRetryConfigs, null);
    assertEquals(outcome.ends[1].info?.echAccepted, false);
    assertEquals(outcome.ends[1].info?.serverName, "public.example");
  });
}

for (const [what, config] of Object.entries({ once: server, retried: retryServer })) {
  Deno.test(`row 225: an imitation is ignored, asked ${what}`, async () => {
    const outcome = await run({ ...client, ech: "grease" }, config);
    assertEquals(codes(outcome), [null, null], String(outcome.client));
    assertEquals(outcome.ends.map((end) => end.info?.echAccepted), [false, false]);
    if (config === server) return;
    const [first, second] = [0, 1].map((index) =>
      sentHello(outcome, index).extensions.find(({ type }) => type === E.encrypted_client_hello)
    );
    assertEquals(first, second);
  });
}

Deno.test("an imitation looks like the real thing", async () => {
  const shapes = await Promise.all([client, { ...client, ech: "grease" } as const].map(
    async (config) => {
      const { extensions } = sentHello(await run(config, server));
      return extensions.map(({ type, data }) =>
        type === E.server_name || type === E.key_share ? [type] : [type, data.length]
      );
    },
  ));
  assertEquals(shapes[0], shapes[1]);
});

Deno.test("row 291: an imitation has the size of a real offer, with and without a PSK and early data", async () => {
  const config = { ...server, tickets, earlyData: { replayGuard: createReplayGuard() } };
  const imitating = { ...client, ech: "grease" } as const;
  const payload = async (chosen: ClientConfig, session: Session | null) => {
    const target_ = session === null ? target : { ...target, session };
    const { extensions } = sentHello(await run(chosen, config, undefined, target_));
    const ech = decodeExtension(extensions, encryptedClientHelloInClientHello);
    assert(ech?.type === "outer");
    return ech.payload.length;
  };
  const psk = { identity: new Uint8Array(100), key: new Uint8Array(32) };
  const sizes = new Set<number>();
  for (const more of [{}, { earlyData: true }, { externalPsks: [psk] }]) {
    const [real, imitation] = [{ ...client, ...more }, { ...imitating, ...more }];
    const { session } = await run(real, config);
    const { session: other } = await run(imitating, config);
    assert(session !== null && other !== null);
    assertEquals(other.ticket.length, session.ticket.length);
    assertEquals(await payload(imitation, null), await payload(real, null));
    const [resumed, imitated] = [await payload(real, session), await payload(imitation, other)];
    assertEquals(imitated, resumed);
    sizes.add(resumed).add(await payload(real, null));
  }
  // A size that is always the same would show nothing.
  assert(sizes.size >= 3, [...sizes].join());
});

Deno.test("row 231: without a configuration that can be used: imitated, left out or refused", async () => {
  const unknown = { configList: Uint8Array.of(0, 4, 0xba, 0xdd, 0, 0) };
  const offers = async (ech: ClientConfig["ech"]) => {
    const outcome = await run({ ...client, ech }, server);
    assertEquals(codes(outcome), [null, null]);
    return sentHello(outcome).extensions.some(({ type }) => type === E.encrypted_client_hello);
  };
  assert(await offers(unknown));
  assert(!await offers({ ...unknown, ifUnusable: "omit" }));
  for (const configList of [unknown.configList, new Uint8Array()]) {
    let code = "";
    try {
      Handshake.client({ ...client, ech: { configList, ifUnusable: "refuse" } }, target);
    } catch (error) {
      code = error instanceof TlsError ? error.code : "";
    }
    assertEquals(code, "api/config");
  }
});

Deno.test("ECH is accepted in whatever order the extensions stand, with GREASE and a PSK", async () => {
  const permuted = { ...client, grease: true, permuteExtensions: true };
  for (const config of [server, retryServer]) {
    const serverConfig = { ...config, tickets };
    const { session } = await run(permuted, serverConfig);
    for (let round = 0; round < 10; round++) {
      const to = session === null ? target : { ...target, session };
      const outcome = await run(permuted, serverConfig, undefined, to);
      assertAccepted(outcome);
    }
  }
});
