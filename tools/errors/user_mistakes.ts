/**
 * Mistakes that programs make, each as a function that makes it, for `docs/errors.md` and its test.
 *
 * @module
 */
import {
  type ClientConfig,
  createCredential,
  Handshake,
  type ServerConfig,
} from "@sealane/handshake";
import { canonicalServerName, certificatesFromPem, TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { Connection } from "@sealane/tls";
import { connect, listen } from "@sealane/tls/deno";
import { CipherSuiteId, NamedGroup, SignatureScheme } from "@sealane/wire";

/** A mistake: what was done, and how to do it. */
export type Mistake = readonly [what: string, make: () => unknown];

const authority = await createTestAuthority(provider);
const { chain, signer } = await authority.issue({ names: ["localhost"] });
const other = await authority.issue({ names: ["other.example"] });
const trust = TrustStore.fromCertificates([authority.certificate]);
const credentials = [createCredential({ certificates: chain, signer })];
const name = { serverName: "localhost" };

/** A configuration as a program without types can give it. */
function client(
  more: Record<string, unknown>,
  target: Record<string, unknown> = name,
): () => unknown {
  return () => Handshake.client({ provider, trust, ...more } as ClientConfig, target);
}

function server(more: Record<string, unknown>): () => unknown {
  return () => Handshake.server({ provider, credentials, ...more } as ServerConfig);
}

/** A connection that has not begun. */
const idle = () => Connection.client({ provider, trust }, name);

/** The mistakes. */
export const USER_MISTAKES: readonly Mistake[] = [
  ["a client without `trust`", () => Handshake.client({ provider }, name)],
  ["a client without a name to verify", client({}, {})],
  ["a URL in place of a host name", client({}, { serverName: "https://example.com" })],
  ["a host with a port", client({}, { serverName: "example.com:443" })],
  ["an empty host name", client({}, { serverName: "" })],
  ["a host name with a space", client({}, { serverName: "my host" })],
  ["an address in an unusual notation", client({}, { serverName: "127.1" })],
  ["an address in an unusual notation, as a name", () => canonicalServerName("0x7f000001")],
  ["`alpn` as a string", client({ alpn: "h2" })],
  ["an empty protocol name", client({ alpn: [""] })],
  ["an option of Deno's", client({ caCerts: [] })],
  ["an option of Node's", client({ ALPNProtocols: ["h2"] })],
  ["an option of Node's to switch verification off", client({ rejectUnauthorized: false })],
  ["an option that is misspelt", client({ ciphersuites: [] })],
  ["an option of the other role", client({ clientAuthentication: "required" })],
  ["an unknown field of the target", client({}, { servername: "localhost" })],
  ["`trust` and no verification", client({ dangerouslyDisableCertificateVerification: true })],
  ["an empty list of suites", client({ cipherSuites: [] })],
  [
    "a suite that the provider does not have",
    client({ cipherSuites: [CipherSuiteId.TLS_SM4_GCM_SM3] }),
  ],
  ["a group that the provider does not have", client({ groups: [NamedGroup.ffdhe2048] })],
  [
    "a scheme that the provider does not have",
    client({ signatureSchemes: [SignatureScheme.sm2sig_sm3] }),
  ],
  [
    "a key share for a group that is not offered",
    client({ groups: [NamedGroup.x25519], keyShares: [NamedGroup.secp256r1] }),
  ],
  [
    "`verifyPeer` that is missing where ECH needs it",
    () =>
      Handshake.client(
        { provider, requirePsk: true, ech: { configList: new Uint8Array(2) } },
        name,
      ),
  ],
  ["a server with an empty list of credentials", server({ credentials: [] })],
  ["a server that asks clients without `trust`", server({ clientAuthentication: "required" })],
  ["a `cookieKey` of 16 bytes", server({ cookieKey: new Uint8Array(16) })],
  ["a server without credentials", () => listen({ port: 0 })],
  ["a server with a key that is no key", () => listen({ port: 0, cert: "x", key: "y" })],
  [
    "an option of Deno's in `connect`",
    () => connect({ port: 443, alpnProtocols: ["h2"] } as never),
  ],
  ["a host name with a space in `connect`", () => connect({ hostname: "my host", port: 443 })],
  [
    "an aborted signal in `connect`",
    () => connect({ port: 443, trust, signal: AbortSignal.abort() }),
  ],
  [
    "a certificate of another key",
    () => createCredential({ certificates: chain, signer: other.signer }),
  ],
  ["a credential without certificates", () => createCredential({ certificates: [], signer })],
  ["PEM text without a certificate", () => certificatesFromPem("no certificate")],
  ["`write` with text", () => idle().write("text" as never)],
  ["`receive` with text", () => idle().receive("text" as never)],
  [
    "an exporter before the handshake is done",
    () => idle().exportKeyingMaterial("EXPORTER-x", new Uint8Array(), 32),
  ],
  ["a key update before the handshake is done", () => idle().updateKeys()],
  ["a request for a certificate by a client", () => idle().requestClientAuthentication()],
];
