/**
 * Authenticators made without the code under test: with `node:crypto`, from what the exporter gives. For tests.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority, type IssueOptions, type TestAuthority } from "@sealane/pki/testing";
import type { CryptoProvider } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { concat, equalBytes, SignatureScheme, TlsError, utf8 } from "@sealane/wire";
import {
  type ClientConfig,
  type ClientTarget,
  createCredential,
  type Credential,
  Handshake,
  type ServerConfig,
} from "../mod.ts";
import { shake } from "./testing.ts";

/** Whose certificates are trusted. */
export const authority: TestAuthority = await createTestAuthority(nativeProvider);
/** Trusts {@link authority}. */
export const trust: TrustStore = TrustStore.fromCertificates([authority.certificate]);

/** An identity: as a credential, and for `node:crypto`. */
export interface Identity {
  readonly credential: Credential;
  readonly certificate: Uint8Array;
  readonly key: KeyObject;
}

/** An identity of {@link authority} for a name, with the keys of a provider. */
export async function identityFor(
  name: string,
  { provider = nativeProvider, ...options }: IssueOptions & {
    readonly provider?: CryptoProvider;
    readonly ocspResponse?: Uint8Array;
    readonly signedCertificateTimestamps?: readonly Uint8Array[];
  } = {},
): Promise<Identity> {
  const { chain, privateKey } = await authority.issue({ ...options, names: [name] });
  const { ocspResponse, signedCertificateTimestamps } = options;
  const signer = await provider.importPrivateKey(privateKey);
  return {
    credential: createCredential({
      certificates: chain,
      signer,
      ocspResponse,
      signedCertificateTimestamps,
    }),
    certificate: chain[0],
    key: createPrivateKey({ key: Buffer.from(privateKey), format: "der", type: "pkcs8" }),
  };
}

/** Who the server is in the handshake. */
export const first: Identity = await identityFor("one.example");

/** The two ends of a connection. */
export interface Pair {
  readonly client: Handshake;
  readonly server: Handshake;
}

/** Two ends that have not begun. */
export function ends(
  client: Partial<ClientConfig> = {},
  server: Partial<ServerConfig> = {},
  target: ClientTarget = {},
): Pair {
  const common = { provider: nativeProvider, trust };
  return {
    client: Handshake.client({ ...common, ...client }, { serverName: "one.example", ...target }),
    server: Handshake.server({ ...common, credentials: [first.credential], ...server }),
  };
}

/** A connection that is up. */
export function connected(...args: Parameters<typeof ends>): Pair {
  const pair = ends(...args);
  shake(pair.client, pair.server);
  for (const end of [pair.client, pair.server]) Array.from(end.events());
  return pair;
}

const number = (value: number, bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => value / 256 ** (bytes - 1 - i) & 255);

/** A vector with its length of some bytes. */
export function vector(bytes: number, ...content: Uint8Array[]): Uint8Array {
  const whole = concat(content);
  return concat([number(whole.length, bytes), whole]);
}

/** A handshake message. */
export function message(type: number, ...body: Uint8Array[]): Uint8Array {
  return concat([Uint8Array.of(type), vector(3, ...body)]);
}

/** An extension. */
export function extension(type: number, ...data: Uint8Array[]): Uint8Array {
  return concat([number(type, 2), vector(2, ...data)]);
}

/** signature_algorithms. */
export function signatureAlgorithms(...schemes: number[]): Uint8Array {
  return extension(13, vector(2, ...schemes.map((scheme) => number(scheme, 2))));
}

/** A request: type 13 of a server, 17 of a client. */
export function requestMessage(
  type: 13 | 17,
  context: Uint8Array,
  ...extensions: Uint8Array[]
): Uint8Array {
  return message(type, vector(1, context), vector(2, ...extensions));
}

/** What an authenticator is made of. */
export interface Parts {
  /** Who sends it. */
  readonly sender: "client" | "server";
  /** The request; empty without one. */
  readonly request: Uint8Array;
  /** certificate_request_context. */
  readonly context: Uint8Array;
  /** Whose it is. */
  readonly identity: Identity;
  /** The algorithm of CertificateVerify; ed25519 unless given. */
  readonly scheme?: number;
  /** Extensions of the first entry. */
  readonly extensions?: readonly Uint8Array[];
  /** The context string; that of the RFC unless given. */
  readonly signatureContext?: string;
}

function signature(scheme: number, key: KeyObject, data: Uint8Array): Uint8Array {
  switch (scheme) {
    case SignatureScheme.ed25519:
      return new Uint8Array(sign(null, data, key));
    case SignatureScheme.ecdsa_secp256r1_sha256:
      return new Uint8Array(sign("sha256", data, { key, dsaEncoding: "der" }));
    default: // RSASSA-PKCS1-v1_5
      return new Uint8Array(sign("sha256", data, key));
  }
}

/** An authenticator as RFC 9261 section 5.2 has it, with the exporter of `end`. */
export function makeAuthenticator(end: Handshake, parts: Parts): Uint8Array {
  const { sender, request, context, identity, extensions = [] } = parts;
  const { scheme = SignatureScheme.ed25519, signatureContext = "Exported Authenticator" } = parts;
  const { hash, value } = exporterOf(end, sender);
  const certificate = message(
    11,
    vector(1, context),
    vector(3, vector(3, identity.certificate), vector(2, ...extensions)),
  );
  const transcript = concat([value("handshake context"), request, certificate]);
  const content = concat([
    new Uint8Array(64).fill(0x20),
    utf8(signatureContext),
    Uint8Array.of(0),
    createHash(hash).update(transcript).digest(),
  ]);
  const verify = message(
    15,
    number(scheme, 2),
    vector(2, signature(scheme, identity.key, content)),
  );
  const mac = createHmac(hash, value("finished key"))
    .update(createHash(hash).update(transcript).update(verify).digest()).digest();
  return concat([certificate, verify, message(20, mac)]);
}

/** An empty authenticator (RFC 9261 section 6). */
export function makeRefusal(
  end: Handshake,
  { sender, request, context }: Pick<Parts, "sender" | "request" | "context">,
): Uint8Array {
  const { hash, value } = exporterOf(end, sender);
  const empty = message(11, vector(1, context), vector(3));
  const transcript = createHash(hash).update(value("handshake context")).update(request)
    .update(empty).digest();
  return message(20, createHmac(hash, value("finished key")).update(transcript).digest());
}

function exporterOf(end: Handshake, sender: string) {
  const name = end.info?.suite.hash.name;
  const [hash, length] = name === "SHA-384" ? ["sha384", 48] as const : ["sha256", 32] as const;
  const value = (what: string) =>
    end.exportKeyingMaterial(
      `EXPORTER-${sender} authenticator ${what}`,
      new Uint8Array(),
      length,
    );
  return { hash, value };
}

/** The code that a call throws, or rejects with; `null` if all is well. */
export async function codeOf(call: () => unknown): Promise<string | null> {
  try {
    await call();
    return null;
  } catch (error) {
    if (error instanceof TlsError) return error.code;
    throw error;
  }
}

/** What a good request offers. */
export const schemes: Uint8Array = signatureAlgorithms(SignatureScheme.ecdsa_secp256r1_sha256);

/** Whether both ends are as if nothing had been: no error, nothing to send, the same exporter. */
export function unharmed({ client, server }: Pair): boolean {
  const quiet = [client, server].every((end) =>
    end.error === null && Array.from(end.events()).length === 0
  );
  const [a, b] = [client, server].map((end) =>
    end.exportKeyingMaterial("EXPORTER-test", new Uint8Array(), 16)
  );
  return quiet && equalBytes(a, b);
}
