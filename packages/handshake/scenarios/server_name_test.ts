import { assertEquals, assertThrows } from "@std/assert";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { HandshakeType, TlsError } from "@sealane/wire";
import { decodeExtension, serverNameInClientHello } from "../extensions/mod.ts";
import { decodeClientHello } from "../messages/client_hello.ts";
import { HANDSHAKE_HEADER_LENGTH } from "../messages/message.ts";
import { type ClientConfig, createCredential, echConfigList, generateEchKey } from "../mod.ts";
import { Handshake } from "../mod.ts";
import { PACKETS, RECORDS } from "../engine/carrier.ts";
import { shakeOut } from "../testing/testing.ts";

const authority = await createTestAuthority(provider);
const trust = TrustStore.fromCertificates([authority.certificate]);
const names = ["xn--bcher-kva.example", "127.0.0.1", "public.example"];
const { chain, signer } = await authority.issue({ names });
const credentials = [createCredential({ certificates: chain, signer })];
const alpn = ["h3"];

for (const carrier of [RECORDS, PACKETS]) {
  const over = carrier === RECORDS ? "records" : "QUIC";
  for (
    const [serverName, sent] of [
      ["B\u00fccher.example.", "xn--bcher-kva.example"],
      ["127.0.0.1", null],
    ] as const
  ) {
    Deno.test(`row 273: over ${over} the name ${serverName} goes out as ${sent}, and is verified`, async () => {
      const client = Handshake.client({ provider, trust, alpn }, { serverName }, { carrier });
      const server = Handshake.server({ provider, credentials, alpn }, { carrier });
      const outcome = await shakeOut(client, server);
      assertEquals([outcome.client, outcome.server], [null, null]);
      assertEquals(server.info?.serverName, sent);
      assertEquals(client.info?.serverName, sent ?? serverName);
    });

    Deno.test(`row 273: over ${over} the inner ClientHello has ${sent} for ${serverName}`, async () => {
      const key = generateEchKey({ provider, publicName: "public.example" });
      const ech = { configList: echConfigList([key]) };
      const client = Handshake.client({ provider, trust, alpn, ech }, { serverName }, { carrier });
      const server = Handshake.server({ provider, credentials, alpn, echKeys: [key] }, { carrier });
      const outcome = await shakeOut(client, server);
      assertEquals([outcome.client, outcome.server], [null, null]);
      assertEquals([server.info?.echAccepted, server.info?.serverName], [true, sent]);
      const [[, outer]] = outcome.messages;
      assertEquals(outer[0], HandshakeType.client_hello);
      const { extensions } = decodeClientHello(outer.subarray(HANDSHAKE_HEADER_LENGTH));
      assertEquals(decodeExtension(extensions, serverNameInClientHello), "public.example");
    });
  }
}

Deno.test("row 273: a text that is no server name is refused before anything is sent", () => {
  for (const serverName of ["", "a b", "127.1", "example.com:443", "[example.com]"]) {
    const make = () => Handshake.client({ provider, trust }, { serverName });
    assertEquals(assertThrows(make, TlsError).code, "api/argument", serverName);
  }
});

Deno.test("row 279: a client that verifies certificates verifies a name, unless it says in so many words that it does not", async () => {
  const make = (config: ClientConfig) => Handshake.client(config, {});
  const error = assertThrows(() => make({ provider, trust }), TlsError, "serverName");
  assertEquals(error.code, "api/config");
  const client = make({ provider, trust, dangerouslyAcceptAnyServerName: true });
  const outcome = await shakeOut(client, Handshake.server({ provider, credentials }));
  assertEquals([outcome.client, outcome.server], [null, null]);
});
