import { assertEquals, assertThrows } from "@std/assert";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { HandshakeType, TlsError } from "@sealane/wire";
import { createCredential, Handshake, type HandshakeEvent, type ServerConfig } from "./mod.ts";
import { exchange, shake } from "./testing.ts";

const authority = await createTestAuthority(provider);
const trust = TrustStore.fromCertificates([authority.certificate]);
async function credential(name: string): Promise<ReturnType<typeof createCredential>> {
  const { chain, signer } = await authority.issue({ names: [name] });
  return createCredential({ certificates: chain, signer });
}
const [serverCredential, clientCredential] = [await credential("server"), await credential("me")];
const serverConfig: ServerConfig = {
  provider,
  trust,
  credentials: [serverCredential],
};
const target = { serverName: "server" };

Deno.test("a client authenticates after the handshake, as often as it is asked", () => {
  const client = Handshake.client({
    provider,
    trust,
    postHandshakeAuthentication: true,
    credentials: [clientCredential],
  }, target);
  const server = Handshake.server(serverConfig);
  shake(client, server);
  assertEquals(server.info?.peer, null);
  for (let i = 0; i < 2; i++) {
    const context = server.post.requestClientAuthentication();
    const [, events] = exchange(client, server);
    const answer = events.find((event: HandshakeEvent) => event.type === "clientAuthentication");
    assertEquals(answer?.type === "clientAuthentication" && answer.context, context);
    assertEquals(
      answer?.type === "clientAuthentication" && answer.peer?.certificates[0],
      clientCredential.certificates[0],
    );
    // Keys that were updated in between are those of Finished.
    client.post.updateKeys(true);
    exchange(client, server);
  }
});

Deno.test("a client without a certificate declines after the handshake", () => {
  const client = Handshake.client({ provider, trust, postHandshakeAuthentication: true }, target);
  const server = Handshake.server(serverConfig);
  shake(client, server);
  server.post.requestClientAuthentication();
  const [, events] = exchange(client, server);
  const answer = events.find((event) => event.type === "clientAuthentication");
  assertEquals(answer?.type === "clientAuthentication" && answer.peer, null);
});

Deno.test("a client that did not offer it cannot be asked, and refuses CertificateRequest", () => {
  const client = Handshake.client({ provider, trust }, target);
  const server = Handshake.server(serverConfig);
  shake(client, server);
  assertThrows(() => server.post.requestClientAuthentication(), TlsError, "does not offer");
  const request = new Uint8Array([HandshakeType.certificate_request, 0, 0, 3, 0, 0, 0]);
  const error = assertThrows(() => client.receive("application", request), TlsError);
  assertEquals(error.code, "peer/unexpected-message");
});
