import { assert, assertEquals } from "@std/assert";
import { nativeProvider } from "@sealane/providers/native";
import { createTestAuthority } from "@sealane/pki/testing";
import { createCredential, Handshake, type HandshakeEvent } from "../mod.ts";

Deno.test("client and server agree on everything", async () => {
  const provider = nativeProvider;
  const authority = await createTestAuthority(provider);
  const issued = await authority.issue({ names: ["localhost"] });
  const credential = createCredential({
    certificates: issued.chain,
    signer: issued.signer,
  });
  const client = Handshake.client({
    provider,
    alpn: ["h2", "http/1.1"],
    dangerouslyDisableCertificateVerification: true,
  }, { serverName: "localhost" });
  const server = Handshake.server({ provider, credentials: [credential], alpn: ["http/1.1"] });
  assertEquals(client.start(), undefined);
  assertEquals(server.start(), undefined);
  const clientEvents: HandshakeEvent[] = [];
  const serverEvents: HandshakeEvent[] = [];
  for (let i = 0; i < 10; i++) {
    for (const event of client.events()) {
      clientEvents.push(event);
      if (event.type === "message") {
        assertEquals(server.receive(event.level, event.data), undefined);
      }
    }
    for (const event of server.events()) {
      serverEvents.push(event);
      if (event.type === "message") {
        assertEquals(client.receive(event.level, event.data), undefined);
      }
    }
  }
  assertEquals(client.info?.alpn, "http/1.1");
  assert(client.post.complete && server.post.complete);
  assertEquals(
    client.exportKeyingMaterial("test", new Uint8Array(), 32),
    server.exportKeyingMaterial("test", new Uint8Array(), 32),
  );
});
