/**
 * The SM2 certificate for localhost that peers of the ShangMi suites get, in place of the many kinds of `makeMaterial`.
 *
 * @module
 */
import { createCredential } from "@sealane/handshake";
import { certificatesFromPem, TrustStore } from "@sealane/pki";
import { importPrivateKey } from "@sealane/providers";
import type { Material } from "./material.ts";

/** A chain that OpenSSL made. */
const CHAIN = new URL("../../packages/handshake/testdata/sm2_chain.json", import.meta.url);

/** The files; every kind of identity is the same. */
export async function makeShangmiMaterial(): Promise<Material> {
  const folder = await Deno.makeTempDir({ prefix: "sealane_sm2_" });
  const { root, certificate, key }: Record<"root" | "certificate" | "key", string> = JSON.parse(
    await Deno.readTextFile(CHAIN),
  );
  const [caFile, certFile, keyFile] = ["ca.pem", "cert.pem", "key.pem"].map((name) =>
    `${folder}/${name}`
  );
  await Deno.writeTextFile(caFile, root);
  await Deno.writeTextFile(certFile, certificate);
  await Deno.writeTextFile(keyFile, key);
  const identity = Promise.resolve({
    cert: certificate,
    key,
    certFile,
    keyFile,
    credential: async (provider: Parameters<typeof importPrivateKey>[0]) =>
      createCredential({
        certificates: certificatesFromPem(certificate),
        signer: await importPrivateKey(provider, key),
      }),
  });
  return {
    ca: root,
    caFile,
    trust: TrustStore.fromCertificates(certificatesFromPem(root)),
    identity: () => identity,
    [Symbol.dispose](): void {
      Deno.removeSync(folder, { recursive: true });
    },
  };
}
