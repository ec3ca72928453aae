/**
 * How do I keep the key of my certificate off the servers that answer? With delegated credentials (RFC 9345): the key of the
 * certificate, wherever it is, signs a short-lived key every few days, and the servers have only that.
 *
 * ```
 * deno run -A examples/delegated_credential.ts issue CERTIFICATE.pem KEY.pem OUT.pem [client] [DAYS]
 * deno run -A examples/delegated_credential.ts
 * ```
 *
 * The first writes a new key and its credential to OUT.pem. The second does all of it in one program, and connects. The
 * certificate needs the DelegationUsage extension: CAs put it in for those that ask.
 *
 * @module
 */
import {
  createCredential,
  decodeDelegatedCredential,
  DELEGATED_CREDENTIAL_SCHEMES,
  type DelegatedKey,
  delegationExpiry,
  encodeDelegatedCredential,
  issueDelegatedCredential,
} from "@sealane/handshake";
import { certificatesFromPem, ExtensionId, parseCertificate, TrustStore } from "@sealane/pki";
import { createTestAuthority, encodeExtension } from "@sealane/pki/testing";
import { defaultProvider, importPrivateKey, type Signer } from "@sealane/providers";
import { connect, listen } from "@sealane/tls/deno";
import { decodePem, der, encodePem } from "@sealane/wire";

const provider = defaultProvider();

/** A new key, and the credential by which the certificate's key vouches for it; both in PEM. */
async function issue(
  certificate: Uint8Array,
  signer: Signer,
  role: "server" | "client" = "server",
  days = 6,
): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const privateKey = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const validFor = days * 24 * 3600_000;
  const options = { certificate, signer, publicKey, role, validFor };
  const credential = await issueDelegatedCredential(options);
  return encodePem("DELEGATED CREDENTIAL", encodeDelegatedCredential(credential)) +
    encodePem("PRIVATE KEY", privateKey);
}

/** What {@link issue} wrote. */
async function load(pem: string): Promise<DelegatedKey> {
  const block = decodePem(pem).find(({ label }) => label === "DELEGATED CREDENTIAL");
  if (block === undefined) throw new Error("there is no delegated credential in the file");
  const credential = decodeDelegatedCredential(block.bytes);
  return { credential, signer: await importPrivateKey(provider, pem) };
}

async function issueToFile(args: readonly string[]): Promise<void> {
  const [certificateFile, keyFile, out, ...rest] = args;
  if (out === undefined) throw new Error("issue CERTIFICATE.pem KEY.pem OUT.pem [client] [DAYS]");
  const role = rest.includes("client") ? "client" : "server";
  const days = Number(rest.find((word) => word !== role) ?? 6);
  const [certificate] = certificatesFromPem(await Deno.readTextFile(certificateFile));
  const signer = await importPrivateKey(provider, await Deno.readTextFile(keyFile));
  const pem = await issue(certificate, signer, role, days);
  await Deno.writeTextFile(out, pem, { mode: 0o600 });
  const { credential } = await load(pem);
  const expiry = new Date(delegationExpiry(credential, parseCertificate(certificate)));
  console.log(`a ${role}'s credential, valid until ${expiry.toISOString()}, is in ${out}`);
}

async function demonstrate(): Promise<void> {
  const authority = await createTestAuthority(provider);
  const delegationUsage = encodeExtension(ExtensionId.delegationUsage, der.nullValue());
  const issued = await authority.issue({ names: ["localhost"], extensions: [delegationUsage] });

  // The server has no key of the certificate. It asks for its delegated keys at every connection, so new ones can come.
  let current = await load(await issue(issued.chain[0], issued.signer));
  const edge = createCredential({ certificates: issued.chain, delegatedKeys: () => [current] });
  const listener = await listen({ hostname: "127.0.0.1", port: 0, credentials: [edge] });
  for (let i = 0; i < 2; i++) {
    const accepted = listener.accept();
    const conn = await connect({
      hostname: "127.0.0.1",
      serverName: "localhost",
      port: listener.addr.port,
      trust: TrustStore.fromCertificates([authority.certificate]),
      delegatedCredentialSchemes: DELEGATED_CREDENTIAL_SCHEMES,
    });
    const used = conn.info?.peer?.delegatedCredential?.spki;
    const which = String(used) === String(current.credential.spki) ? "current" : "wrong";
    console.log(`the server answered with the ${which} delegated key`);
    conn.close();
    (await accepted).close();
    current = await load(await issue(issued.chain[0], issued.signer));
  }
  listener.close();
}

const [command, ...args] = Deno.args;
if (command === "issue") await issueToFile(args);
else await demonstrate();
