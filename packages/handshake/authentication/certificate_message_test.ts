import { assert, assertEquals } from "@std/assert";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { HandshakeType } from "@sealane/wire";
import { builtinCompression } from "../extensions/compression_algorithms.ts";
import { createCredential, Handshake } from "../mod.ts";
import { shake } from "../testing/testing.ts";

const authority = await createTestAuthority(provider);
const trust = TrustStore.fromCertificates([authority.certificate]);
const names = Array.from({ length: 20 }, (_, i) => `host${i}.a-long-name.example`);
const { chain, signer } = await authority.issue({ names });
const credential = createCredential({ certificates: chain, signer });

Deno.test("certificates of both sides are compressed with every algorithm that both have", () => {
  for (const algorithm of builtinCompression()) {
    const certificateCompression = [algorithm];
    const common = { provider, trust, credentials: [credential], certificateCompression };
    const client = Handshake.client(common, { serverName: names[0] });
    const server = Handshake.server({ ...common, clientAuthentication: "required" });
    const events = shake(client, server);
    for (const list of events) {
      const types = list.flatMap((event) => event.type === "message" ? event.data[0] : []);
      assert(types.includes(HandshakeType.compressed_certificate), algorithm.name);
      assert(!types.includes(HandshakeType.certificate), algorithm.name);
    }
    assertEquals(server.info?.peer?.certificates, chain);
    assertEquals(client.info?.peer?.certificates, chain);
  }
});
