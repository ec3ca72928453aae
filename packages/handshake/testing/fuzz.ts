/**
 * Throws mutated messages at decoders and at handshakes: nothing but a `TlsError` may come out, and no side may reach the
 * end of a handshake in which a message was changed.
 *
 * @module
 */
import { createTestAuthority } from "@sealane/pki/testing";
import { parseCertificate, TrustStore } from "@sealane/pki";
import { nativeProvider as provider } from "@sealane/providers/native";
import { concat, decodePem, encodePem, NamedGroup, Reader, TlsError, toHex } from "@sealane/wire";
import { SeededRandom } from "@sealane/wire/testing";
import { decodeEchConfigList } from "../config/ech_config.ts";
import { arrangeInner, decodeInner, encodeInner } from "../ech/inner.ts";
import { echConfigList, generateEchKey } from "../config/ech_keys.ts";
import { readRequest } from "../exported_authenticators/request.ts";
import * as extensions from "../extensions/mod.ts";
import type { ExtensionCodec } from "../extensions/mod.ts";
import * as messages from "../messages/mod.ts";
import {
  builtinCompression,
  createCredential,
  createReplayGuard,
  decodeSession,
  encodeSession,
  getAuthenticatorContext,
  Handshake,
  RotatingTicketKeys,
  sealedTickets,
  type Session,
} from "../mod.ts";
import { shakeOut } from "./testing.ts";

/** A decoder, and good input to begin from. */
interface Target {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  decode(bytes: Uint8Array): unknown;
}

/** How often each outcome was seen. */
export type Tally = Map<string, number>;

function count(tally: Tally, outcome: string): void {
  tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
}

const authority = await createTestAuthority(provider);
const issued = await authority.issue({ names: ["localhost", "*.example.com", "127.0.0.1"] });
const credential = createCredential({ certificates: issued.chain, signer: issued.signer });
const trust = TrustStore.fromCertificates([authority.certificate]);
const tickets = sealedTickets({ provider, keys: new RotatingTicketKeys(provider) });
const common = {
  provider,
  trust,
  groups: [NamedGroup.x25519, NamedGroup.secp256r1],
  alpn: ["h2", "http/1.1"],
  credentials: [credential],
  certificateCompression: builtinCompression().filter(({ name }) => name === "zlib"),
  recordSizeLimit: 16385,
};
const clientConfig = {
  ...common,
  grease: true,
  earlyData: true,
  postHandshakeAuthentication: true,
  requestSignedCertificateTimestamps: true,
  ticketRequest: { newSessionCount: 1, resumptionCount: 1 },
};
const serverConfig = {
  ...common,
  tickets,
  clientAuthentication: "requested" as const,
  earlyData: { replayGuard: createReplayGuard() },
};
const retryingConfig = { ...serverConfig, groups: [NamedGroup.secp256r1] };
const target = { serverName: "localhost" };

/** Messages and a session of a good handshake. */
async function recording(): Promise<{ sent: Uint8Array[]; session: Session | null }> {
  const sent: Uint8Array[] = [];
  let session: Session | null = null;
  for (const config of [serverConfig, retryingConfig, serverConfig]) {
    const client: Handshake = Handshake.client(clientConfig, {
      ...target,
      ...session === null ? {} : { session },
    });
    const tap = {
      ...clientConfig,
      sessionCache: { take: () => null, put: (_: string, kept: Session) => void (session = kept) },
    };
    const tapped = Handshake.client(tap, session === null ? target : { ...target, session });
    const outcome = await shakeOut(tapped, Handshake.server(config));
    for (const [, message] of outcome.messages) sent.push(message);
    client.abort();
  }
  return { sent, session };
}

/** Every exported codec of an extension, by its name. */
function codecs(): [string, ExtensionCodec<unknown>][] {
  return Object.entries(extensions).flatMap(([name, value]) =>
    typeof value === "object" && value !== null && "decode" in value && "encode" in value
      ? [[name, value as ExtensionCodec<unknown>]] // it has both functions
      : []
  );
}

/** The decoders of this package and of those below. */
async function targets(): Promise<readonly Target[]> {
  const { sent, session } = await recording();
  const bodies = (type: number) =>
    sent.filter((message) => message[0] === type).map((message) => message.subarray(4));
  const list: Target[] = [
    ["ClientHello", 1, messages.decodeClientHello],
    ["ServerHello", 2, messages.decodeServerHello],
    ["NewSessionTicket", 4, messages.decodeNewSessionTicket],
    ["EncryptedExtensions", 8, messages.decodeEncryptedExtensions],
    ["Certificate", 11, messages.decodeCertificate],
    ["CertificateRequest", 13, messages.decodeCertificateRequest],
    ["CertificateVerify", 15, messages.decodeCertificateVerify],
    ["KeyUpdate", 24, messages.decodeKeyUpdate],
    ["CompressedCertificate", 25, messages.decodeCompressedCertificate],
  ].map(([name, type, decode]) => ({
    name: String(name),
    seeds: [...bodies(Number(type)), new Uint8Array(8)],
    decode: decode as (bytes: Uint8Array) => unknown, // the rows above say so
  }));
  const hellos = bodies(1).map(messages.decodeClientHello);
  for (const [name, codec] of codecs()) {
    const raw = hellos.flatMap((hello) =>
      extensions.findExtension(hello.extensions, codec.type) ?? []
    );
    list.push({
      name,
      seeds: [...raw.map(({ data }) => data), new Uint8Array(6)],
      decode(bytes) {
        const reader = new Reader(bytes, name);
        codec.decode(reader);
        reader.end();
      },
    });
  }
  const [outer] = hellos;
  const inner = encodeInner(arrangeInner(outer), 20);
  const echKey = generateEchKey({ provider, publicName: "public.example" });
  list.push(
    { name: "ECHConfigList", seeds: [echConfigList([echKey])], decode: decodeEchConfigList },
    {
      name: "EncodedClientHelloInner",
      seeds: [inner],
      decode: (bytes) => decodeInner(bytes, outer),
    },
  );
  const ofType = (type: number) => sent.filter((message) => message[0] === type);
  const certificate = messages.encodeCertificate({
    context: new Uint8Array(4),
    entries: [{ data: issued.chain[0], extensions: [] }],
  });
  const authenticator = concat([certificate, ofType(15)[0], ofType(20)[0]]);
  const pem = new TextEncoder().encode(encodePem("CERTIFICATE", issued.chain[0]));
  list.push(
    {
      name: "authenticator",
      seeds: [authenticator, ...ofType(13)],
      decode: getAuthenticatorContext,
    },
    {
      name: "authenticator request",
      seeds: ofType(13),
      decode: (bytes) => readRequest(bytes, "server", 65_536),
    },
    { name: "X.509", seeds: [issued.chain[0], authority.certificate], decode: parseCertificate },
    { name: "PEM", seeds: [pem], decode: (bytes) => decodePem(new TextDecoder().decode(bytes)) },
    {
      name: "session",
      seeds: session === null ? [new Uint8Array(80)] : [encodeSession(session)],
      decode: (bytes) => decodeSession(bytes),
    },
    {
      name: "ticket",
      seeds: session === null ? [new Uint8Array(80)] : [session.ticket],
      decode: (bytes) => tickets.open(bytes),
    },
  );
  return list;
}

let prepared: readonly Target[] | null = null;

/**
 * Decodes `rounds` mutated inputs.
 *
 * @throws {Error} with the seed and the input, if a decoder throws anything but a `TlsError`.
 */
export async function fuzzDecoders(rounds: number, seed: number): Promise<Tally> {
  prepared ??= await targets();
  const random = new SeededRandom(seed);
  const tally: Tally = new Map();
  for (let i = 0; i < rounds; i++) {
    const { name, seeds, decode } = prepared[i % prepared.length];
    const input = random.below(8) === 0
      ? random.bytes(random.below(200))
      : random.mutate(random.pick(seeds));
    try {
      decode(input);
      count(tally, "decoded");
    } catch (error) {
      if (!(error instanceof TlsError)) {
        throw new Error(`seed ${seed}, round ${i}, ${name}: ${toHex(input)}`, { cause: error });
      }
      count(tally, error.code);
    }
  }
  return tally;
}

/**
 * Runs `rounds` handshakes in which one message is changed on its way.
 *
 * @throws {Error} with the seed, if anything but a `TlsError` comes out, or both sides finish all the same.
 */
export async function fuzzHandshakes(rounds: number, seed: number): Promise<Tally> {
  const random = new SeededRandom(seed);
  const tally: Tally = new Map();
  for (let i = 0; i < rounds; i++) {
    const client = Handshake.client(clientConfig, target);
    const server = Handshake.server(random.below(3) === 0 ? retryingConfig : serverConfig);
    let left = random.below(9);
    let change: string | null = null;
    const outcome = await shakeOut(client, server, (message) => {
      if (left-- !== 0) return message;
      const other = random.mutate(message);
      if (toHex(other) === toHex(message)) return message;
      change = `${toHex(message)} became ${toHex(other)}`;
      return other;
    });
    const end = outcome.client?.code ?? outcome.server?.code ?? "unharmed";
    count(tally, end);
    const agreed = client.post.complete && server.post.complete && end === "unharmed";
    // What follows the handshake is not part of it: a lost ticket harms nobody.
    const harmless = change === null || String(change).startsWith("04") || incomplete(change);
    if (agreed && !harmless) throw new Error(`seed ${seed}, handshake ${i}: ${change}`);
  }
  return tally;
}

/**
 * Asks `rounds` clients for a certificate after the handshake, with one message of it changed on its way.
 *
 * @throws {Error} with the seed, if anything but a `TlsError` comes out, or an answer counts all the same.
 */
export async function fuzzAuthentications(rounds: number, seed: number): Promise<Tally> {
  const random = new SeededRandom(seed);
  const tally: Tally = new Map();
  for (let i = 0; i < rounds; i++) {
    const client = Handshake.client(clientConfig, target);
    const server = Handshake.server({ ...common, tickets });
    await shakeOut(client, server);
    server.post.requestClientAuthentication();
    let left = random.below(5);
    let change: string | null = null;
    let answered = false;
    const ways = [[server, client], [client, server]] as const;
    for (const [from, to] of ways) {
      for (const event of from.events()) {
        if (event.type !== "message" || to.error !== null) continue;
        const changed = left-- === 0 ? random.mutate(event.data) : event.data;
        if (toHex(changed) !== toHex(event.data)) {
          change = `${toHex(event.data)} became ${toHex(changed)}`;
        }
        try {
          await to.receive(event.level, changed);
        } catch (error) {
          if (!(error instanceof TlsError)) throw new Error(`seed ${seed}, ${i}`, { cause: error });
        }
      }
    }
    for (const { type } of server.events()) answered ||= type === "clientAuthentication";
    if (answered && change !== null && !incomplete(change)) {
      throw new Error(`seed ${seed}, authentication ${i}: ${change}`);
    }
    const silent = answered ? "answered" : "unanswered";
    count(tally, client.error?.code ?? server.error?.code ?? silent);
  }
  return tally;
}

/** Whether a change only appended to or cut a message, so that the receiver still waits for the rest. */
function incomplete(change: string): boolean {
  const [before, after] = change.split(" became ");
  return after.startsWith(before) || before.startsWith(after);
}
