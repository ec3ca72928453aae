import { assertEquals, assertThrows } from "@std/assert";
import { nativeProvider } from "@sealane/providers/native";
import { generateTestKey } from "@sealane/pki/testing";
import { sha256 } from "@noble/hashes/sha2.js";
import { CertificateType, TlsError } from "@sealane/wire";
import { shake } from "../testing/testing.ts";
import { type ClientConfig, createRawKeyCredential, Handshake, type ServerConfig } from "../mod.ts";

const provider = nativeProvider;
const { RawPublicKey } = CertificateType;

async function rawKey(): Promise<ReturnType<typeof createRawKeyCredential>> {
  const { privateKey, publicKey } = await generateTestKey();
  return createRawKeyCredential({ signer: await provider.importPrivateKey(privateKey), publicKey });
}

Deno.test("row 239: both sides authenticate with raw public keys that are pinned", async () => {
  const [serverKey, clientKey] = [await rawKey(), await rawKey()];
  const clientConfig: ClientConfig = {
    provider,
    credentials: [clientKey],
    peerCertificateTypes: [RawPublicKey],
    trustedPublicKeys: [sha256(serverKey.certificates[0])],
  };
  const serverConfig: ServerConfig = {
    provider,
    credentials: [serverKey],
    clientAuthentication: "required",
    peerCertificateTypes: [RawPublicKey],
    trustedPublicKeys: [sha256(clientKey.certificates[0])],
  };
  const client = Handshake.client(clientConfig, {});
  const server = Handshake.server(serverConfig);
  shake(client, server);
  assertEquals(client.info?.peer?.publicKey, serverKey.certificates[0]);
  assertEquals(server.info?.peer?.publicKey, clientKey.certificates[0]);

  const stranger = { ...clientConfig, trustedPublicKeys: [new Uint8Array(32)] };
  const error = assertThrows(
    () => shake(Handshake.client(stranger, {}), Handshake.server(serverConfig)),
    TlsError,
  );
  assertEquals(error.code, "peer/certificate-unknown");
});
