/**
 * Features of the handshake that have no rule of their own under QUIC work the same there.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  builtinCompression,
  createCredential,
  DELEGATED_CREDENTIAL_SCHEMES,
  echConfigList,
  generateEchKey,
  issueDelegatedCredential,
} from "@sealane/handshake";
import { ExtensionId, TrustStore } from "@sealane/pki";
import { createTestAuthority, encodeExtension, generateTestKey } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { der, HandshakeType } from "@sealane/wire";
import { clientConfig, exchange, pair, serverConfig } from "../testing/test_end.ts";

const authority = await createTestAuthority(provider);
const trust = TrustStore.fromCertificates([authority.certificate]);
const { tls: { dangerouslyDisableCertificateVerification: _, ...strict } } = clientConfig();

Deno.test("ECH is accepted, with a ClientHello in small pieces", async () => {
  const key = generateEchKey({ provider, publicName: "localhost" });
  const { tls } = clientConfig();
  const server = await serverConfig();
  const [a, b] = await pair(
    { tls: { ...tls, ech: { configList: echConfigList([key]) } } },
    { tls: { ...server.tls, echKeys: [key] } },
  );
  a.chunk = 300;
  await exchange(a, b);
  assertEquals([a.close, b.close], [null, null]);
  assertEquals([a.info?.echAccepted, b.info?.echAccepted], [true, true]);
});

Deno.test("a delegated credential and a compressed certificate authenticate the server", async () => {
  const usage = encodeExtension(ExtensionId.delegationUsage, der.nullValue());
  const issued = await authority.issue({ names: ["localhost"], extensions: [usage] });
  const { publicKey, privateKey } = await generateTestKey("ecdsa-p384");
  const [certificate] = issued.chain;
  const delegated = await issueDelegatedCredential({
    certificate,
    signer: issued.signer,
    publicKey,
  });
  const signer = await provider.importPrivateKey(privateKey);
  const credential = createCredential({
    certificates: issued.chain,
    signer: issued.signer,
    delegatedKeys: [{ credential: delegated, signer }],
  });
  const certificateCompression = builtinCompression();
  assert(certificateCompression.length > 0);
  const seen: number[] = [];
  const client = {
    ...strict,
    trust,
    certificateCompression,
    delegatedCredentialSchemes: DELEGATED_CREDENTIAL_SCHEMES,
    observer: {
      message(direction: "read" | "write", _level: string, bytes: Uint8Array): void {
        if (direction === "read") seen.push(bytes[0]);
      },
    },
  };
  const server = await serverConfig();
  const tls = { ...server.tls, credentials: [credential], certificateCompression };
  const [a, b] = await pair({ tls: client }, { tls });
  await exchange(a, b);
  assertEquals([a.close, b.close], [null, null]);
  assert(seen.includes(HandshakeType.compressed_certificate), `messages ${seen}`);
  assert(a.info?.peer?.delegatedCredential);
});
