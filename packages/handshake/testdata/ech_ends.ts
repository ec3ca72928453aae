/**
 * Clients and servers with Encrypted Client Hello, for tests.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority, type TestAuthority } from "@sealane/pki/testing";
import type { CryptoProvider } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { HandshakeType, NamedGroup } from "@sealane/wire";
import type { RawExtension } from "../extensions/mod.ts";
import {
  type ClientConfig,
  type ClientTarget,
  createCredential,
  type Credential,
  echConfigList,
  type EchKey,
  generateEchKey,
  Handshake,
  RECORDS,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
  type Session,
  type Tickets,
} from "../mod.ts";
import {
  type ClientHello,
  decodeClientHello,
  encodeClientHello,
} from "../messages/client_hello.ts";
import { type Interference, type Outcome, shakeOut } from "../testing/testing.ts";

/** The primitives. */
export const provider: CryptoProvider = nativeProvider;
/** Issues the certificates. */
export const authority: TestAuthority = await createTestAuthority(provider);
/** Trust in it. */
export const trust: TrustStore = TrustStore.fromCertificates([authority.certificate]);

/** A certificate for names. */
export async function credentialFor(...names: string[]): Promise<Credential> {
  const { chain, signer } = await authority.issue({ names });
  return createCredential({ certificates: chain, signer });
}

/** Certificates for both names. */
export const credentials: readonly Credential[] = await Promise.all([
  credentialFor("secret.example"),
  credentialFor("public.example"),
]);
/** The key of the server. */
export const key: EchKey = generateEchKey({ provider, publicName: "public.example" });
/** A key that the server does not have. */
export const otherKey: EchKey = generateEchKey({
  provider,
  publicName: "public.example",
  besides: [key],
});
/** What clients know. */
export const configList: Uint8Array = echConfigList([key]);
/** What is secret. */
export const target: ClientTarget = { serverName: "secret.example" };
/** A client with ECH. */
export const client: ClientConfig = { provider, trust, alpn: ["h2"], ech: { configList } };
/** A server with ECH. */
export const server: ServerConfig = { provider, credentials, alpn: ["h2"], echKeys: [key] };
/** Has no key share for the only group of the server. */
export const retryServer: ServerConfig = { ...server, groups: [NamedGroup.secp384r1] };
/** Tickets of the server. */
export const tickets: Tickets = sealedTickets({ provider, keys: new RotatingTicketKeys(provider) });

/** What became of a run. */
export interface Run extends Outcome {
  /** Client and server. */
  readonly ends: readonly [Handshake, Handshake];
  /** The last session that the client got. */
  readonly session: Session | null;
}

/** Runs a client against a server. */
export async function run(
  clientConfig: ClientConfig,
  serverConfig: ServerConfig,
  interfere?: Interference,
  to: ClientTarget = target,
  carrier = RECORDS,
): Promise<Run> {
  let session: Session | null = null;
  const sessionCache = { take: () => null, put: (_: string, got: Session) => void (session = got) };
  const ends = [
    Handshake.client({ ...clientConfig, sessionCache }, to, { carrier }),
    Handshake.server(serverConfig, { carrier }),
  ] as const;
  const outcome = await shakeOut(...ends, interfere);
  return { ...outcome, ends, session };
}

/** How both ended: error codes. */
export function codes({ client, server }: Outcome): (string | null)[] {
  return [client?.code ?? null, server?.code ?? null];
}

/** Both ends agree, on the inner hello. */
export function assertAccepted(outcome: Run): void {
  assertEquals(codes(outcome), [null, null], String(outcome.client ?? outcome.server));
  for (const end of outcome.ends) {
    assert(end.info?.echAccepted);
    assertEquals(end.info.serverName, "secret.example");
  }
  const exported = outcome.ends.map((end) => end.exportKeyingMaterial("t", new Uint8Array(), 32));
  assertEquals(exported[0], exported[1]);
}

/** The nth ClientHello on the wire. */
export function sentHello({ messages }: Outcome, index = 0): ClientHello {
  const hellos = messages.filter(([from]) => from === "client");
  return decodeClientHello(hellos[index][1].subarray(4));
}

/** Changes the nth message of a type. */
export function change(
  type: number,
  edit: (message: Uint8Array) => Uint8Array,
  nth = 0,
): Interference {
  let seen = 0;
  return (message) => message[0] === type && seen++ === nth ? edit(message) : message;
}

/** Changes the extensions of the nth ClientHello on the wire. */
export function editHello(
  edit: (extensions: readonly RawExtension[]) => readonly RawExtension[],
  nth = 0,
) {
  return change(HandshakeType.client_hello, (message) => {
    const hello = decodeClientHello(message.subarray(4));
    return encodeClientHello({ ...hello, extensions: edit(hello.extensions) });
  }, nth);
}

/** Extensions but those of a type. */
export const without = (list: readonly RawExtension[], type: number): RawExtension[] =>
  list.filter((extension) => extension.type !== type);
