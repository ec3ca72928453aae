/**
 * Certificates for live peers: one authority, a server and a client certificate for every kind of key, in memory and as
 * files in a folder that is removed at the end.
 *
 * @module
 */
import { createCredential, type Credential } from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import {
  createTestAuthority,
  type TestCredential,
  type TestKeyAlgorithm,
} from "@sealane/pki/testing";
import type { CryptoProvider } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { encodePem } from "@sealane/wire";

/** A certificate chain with its key. */
export interface Identity {
  /** The chain, PEM. */
  readonly cert: string;
  /** The private key, PKCS#8 in PEM. */
  readonly key: string;
  /** The chain in a file. */
  readonly certFile: string;
  /** The key in a file. */
  readonly keyFile: string;
  /** The same for Sealane. */
  credential(provider: CryptoProvider): Promise<Credential>;
}

/** Everything that live peers need. */
export interface Material extends Disposable {
  /** The authority, PEM. */
  readonly ca: string;
  /** The authority in a file. */
  readonly caFile: string;
  /** The authority for Sealane. */
  readonly trust: TrustStore;
  /** The certificate for localhost with a key of this kind. */
  identity(kind: TestKeyAlgorithm): Promise<Identity>;
}

/** Makes the authority; certificates are made when they are asked for. */
export async function makeMaterial(): Promise<Material> {
  const folder = await Deno.makeTempDir({ prefix: "sealane_" });
  const authority = await createTestAuthority(nativeProvider);
  const ca = encodePem("CERTIFICATE", authority.certificate);
  const caFile = `${folder}/ca.pem`;
  await Deno.writeTextFile(caFile, ca);
  const identities = new Map<TestKeyAlgorithm, Promise<Identity>>();

  async function make(kind: TestKeyAlgorithm): Promise<Identity> {
    const issued = await authority.issue({ algorithm: kind, names: ["localhost", "127.0.0.1"] });
    const identity = inFiles(issued, `${folder}/${kind}`);
    await Deno.writeTextFile(identity.certFile, identity.cert);
    await Deno.writeTextFile(identity.keyFile, identity.key);
    return identity;
  }

  return {
    ca,
    caFile,
    trust: TrustStore.fromCertificates([authority.certificate]),
    identity(kind: TestKeyAlgorithm): Promise<Identity> {
      const identity = identities.get(kind) ?? make(kind);
      identities.set(kind, identity);
      return identity;
    },
    [Symbol.dispose](): void {
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

function inFiles(issued: TestCredential, path: string): Identity {
  return {
    cert: issued.chain.map((der) => encodePem("CERTIFICATE", der)).join(""),
    key: encodePem("PRIVATE KEY", issued.privateKey),
    certFile: `${path}.pem`,
    keyFile: `${path}.key`,
    async credential(provider: CryptoProvider): Promise<Credential> {
      const signer = await provider.importPrivateKey(issued.privateKey);
      return createCredential({ certificates: issued.chain, signer });
    },
  };
}
