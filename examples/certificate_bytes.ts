/**
 * How many bytes does my certificate cost in a handshake, and what would make it less?
 * `deno run -A examples/certificate_bytes.ts [CHAIN.pem KEY.pem]`
 *
 * Prints what a server's Certificate and CertificateVerify take, and the whole of its first flight: plain, compressed (RFC 8879)
 * with each algorithm, with a delegated credential (RFC 9345), and as a raw public key (RFC 7250). Without a chain of yours it
 * makes one of three certificates, with the extensions that public CAs put in.
 *
 * @module
 */
import {
  builtinCompression,
  type ClientConfig,
  createCredential,
  createRawKeyCredential,
  type Credential,
  DELEGATED_CREDENTIAL_SCHEMES,
  Handshake,
  issueDelegatedCredential,
} from "@sealane/handshake";
import { certificatesFromPem, ExtensionId, parseCertificate } from "@sealane/pki";
import { createTestAuthority, encodeExtension, generateTestKey } from "@sealane/pki/testing";
import { defaultProvider, importPrivateKey, type Signer } from "@sealane/providers";
import { CertificateType, der, HandshakeType, utf8 } from "@sealane/wire";

const provider = defaultProvider();

interface Chain {
  readonly certificates: readonly Uint8Array[];
  readonly signer: Signer;
}

/** authorityInfoAccess, cRLDistributionPoints and certificatePolicies, as they are in public certificates. */
function usualExtensions(host: string): Uint8Array[] {
  const uri = (path: string) => der.implicit(6, utf8(`http://${host}.authority.example/${path}`));
  const access = (id: string, path: string) =>
    der.sequence(der.objectIdentifier(`1.3.6.1.5.5.7.48.${id}`), uri(path));
  const point = der.sequence(der.explicit(0, der.explicit(0, uri("crl/latest.crl"))));
  const raw = (id: string, value: Uint8Array) =>
    der.sequence(der.objectIdentifier(id), der.octetString(value));
  return [
    raw("1.3.6.1.5.5.7.1.1", der.sequence(access("1", "ocsp"), access("2", "issuer.cer"))),
    raw("2.5.29.31", der.sequence(point)),
    raw("2.5.29.32", der.sequence(der.sequence(der.objectIdentifier("2.23.140.1.2.1")))),
  ];
}

/** A P-256 leaf under two RSA authorities. */
async function usualChain(): Promise<Chain> {
  const algorithm = "rsa-2048";
  const root = await createTestAuthority(provider, { algorithm, subject: "Example Root X1" });
  const upper = await root.intermediate({
    algorithm,
    subject: "Example Root X2",
    extensions: usualExtensions("x1"),
  });
  const lower = await upper.intermediate({
    algorithm,
    subject: "Example Server CA 7",
    extensions: usualExtensions("x2"),
  });
  const { chain, signer } = await lower.issue({
    names: ["www.example.com", "example.com", "api.example.com", "static.example.com"],
    extensions: [
      ...usualExtensions("ca7"),
      encodeExtension(ExtensionId.delegationUsage, der.nullValue()),
    ],
  });
  return { certificates: chain, signer };
}

async function chainOfFiles(chainFile: string, keyFile: string): Promise<Chain> {
  const certificates = certificatesFromPem(await Deno.readTextFile(chainFile));
  return {
    certificates,
    signer: await importPrivateKey(provider, await Deno.readTextFile(keyFile)),
  };
}

/** Bytes of the server's Certificate, CertificateVerify and of all its handshake messages. */
async function measure(
  credential: Credential,
  more: Partial<ClientConfig> = {},
): Promise<[number, number, number]> {
  const both = { provider, certificateCompression: more.certificateCompression };
  const verify = { dangerouslyDisableCertificateVerification: true };
  const client = Handshake.client({ ...both, ...verify, ...more }, { serverName: "example.com" });
  const server = Handshake.server({ ...both, credentials: [credential] });
  await client.start();
  await server.start();
  for (const event of client.events()) {
    if (event.type === "message") await server.receive(event.level, event.data);
  }
  const bytes: [number, number, number] = [0, 0, 0];
  for (const event of server.events()) {
    if (event.type !== "message") continue;
    const [type] = event.data;
    bytes[2] += event.data.length;
    if (type === HandshakeType.certificate_verify) bytes[1] += event.data.length;
    if (type === HandshakeType.certificate || type === HandshakeType.compressed_certificate) {
      bytes[0] += event.data.length;
    }
  }
  return bytes;
}

const { certificates, signer } = Deno.args.length < 2
  ? await usualChain()
  : await chainOfFiles(Deno.args[0], Deno.args[1]);
const leaf = parseCertificate(certificates[0]);
const plain = createCredential({ certificates, signer });
const table: [string, [number, number, number]][] = [["no compression", await measure(plain)]];
for (const algorithm of builtinCompression().toReversed()) {
  table.push([algorithm.name, await measure(plain, { certificateCompression: [algorithm] })]);
}
if (leaf.extensions.delegationUsage) {
  const { publicKey, privateKey } = await generateTestKey();
  const credential = await issueDelegatedCredential({
    certificate: certificates[0],
    signer,
    publicKey,
  });
  const key = { credential, signer: await provider.importPrivateKey(privateKey) };
  const delegating = createCredential({ certificates, delegatedKeys: [key] });
  const taking = { delegatedCredentialSchemes: DELEGATED_CREDENTIAL_SCHEMES };
  table.push(["delegated credential", await measure(delegating, taking)]);
  const [brotli] = builtinCompression();
  table.push([
    `delegated credential, ${brotli.name}`,
    await measure(delegating, { ...taking, certificateCompression: [brotli] }),
  ]);
}
const rawKey = createRawKeyCredential({ signer, publicKey: leaf.subjectPublicKeyInfo.raw });
table.push([
  "raw public key",
  await measure(rawKey, { peerCertificateTypes: [CertificateType.RawPublicKey] }),
]);

const lengths = certificates.map(({ length }) => length).join(" + ");
console.log(`a chain of ${certificates.length} certificates, ${lengths} bytes\n`);
console.log("| server | Certificate | CertificateVerify | all its messages |");
console.log("| --- | ---: | ---: | ---: |");
for (const [name, bytes] of table) console.log(`| ${name} | ${bytes.join(" | ")} |`);
