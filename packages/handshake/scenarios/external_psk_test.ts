import { assertEquals } from "@std/assert";
import { nativeProvider as provider } from "@sealane/providers/native";
import { CertificateType, utf8 } from "@sealane/wire";
import { generateTestKey } from "@sealane/pki/testing";
import { shake } from "../testing/testing.ts";
import {
  type ClientConfig,
  createRawKeyCredential,
  type ExternalPsk,
  Handshake,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
  type Session,
} from "../mod.ts";

function psk(name: string): ExternalPsk {
  return { identity: utf8(name), key: new Uint8Array(32).fill(name.charCodeAt(0)) };
}

Deno.test("a server takes external PSKs in its own order, and both sides learn which one", () => {
  const client: ClientConfig = {
    provider,
    externalPsks: [psk("alice"), psk("bob")],
    requirePsk: true,
    dangerouslyDisableCertificateVerification: true,
  };
  const from = Handshake.client(client, {});
  const to = Handshake.server({ provider, externalPsks: [psk("carol"), psk("bob"), psk("alice")] });
  shake(from, to);
  assertEquals(from.info?.pskIdentity, utf8("bob"));
  assertEquals(to.info?.pskIdentity, utf8("bob"));
});

Deno.test("a resumed connection confirms the type of the server's certificate", async () => {
  const { RawPublicKey } = CertificateType;
  const { privateKey, publicKey } = await generateTestKey();
  const signer = await provider.importPrivateKey(privateKey);
  const server: ServerConfig = {
    provider,
    credentials: [createRawKeyCredential({ signer, publicKey })],
    tickets: sealedTickets({ provider, keys: new RotatingTicketKeys(provider) }),
  };
  const types: number[] = [];
  const client: ClientConfig = {
    provider,
    peerCertificateTypes: [RawPublicKey],
    verifyPeer: () => {},
    observer: {
      message: (direction, _level, bytes) => {
        // EncryptedExtensions: type, length, then extensions of which the first is server_certificate_type (20).
        if (direction === "read" && bytes[0] === 8) types.push(bytes[7], bytes[10]);
      },
    },
  };
  const [events] = shake(Handshake.client(client, {}), Handshake.server(server));
  const sessions = events.flatMap((event): Session[] =>
    event.type === "ticket" ? [event.session] : []
  );
  const resumed = Handshake.client(client, { session: sessions[0] });
  shake(resumed, Handshake.server(server));
  assertEquals(resumed.info?.resumed, true);
  assertEquals(types, [20, RawPublicKey, 20, RawPublicKey]);
});
