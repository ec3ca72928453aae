/**
 * The traces of RFC 8448, byte for byte: each side is fed with what the other one sent, with the ephemeral keys of the
 * trace, and has to send the same records. Of what it makes itself, only messages in which the RFC's endpoint had a choice
 * (ClientHello, HelloRetryRequest, EncryptedExtensions, CertificateRequest, a randomised CertificateVerify and a ticket) are
 * taken from the trace; ServerHello, Certificate, EndOfEarlyData, Finished, all secrets and all protection are our own.
 */
import { assert, assertEquals, assertExists } from "@std/assert";
import { p256 } from "@noble/curves/nist.js";
import { x25519 } from "@noble/curves/ed25519.js";
import {
  type CryptoProvider,
  isPromise,
  type KeyExchangeGroup,
  type Signer,
} from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { nobleProvider } from "@sealane/providers/noble";
import { RecordReader, RecordWriter, TrafficKey } from "@sealane/record";
import {
  CipherSuiteId,
  concat,
  ContentType,
  ExtensionType,
  fromHex,
  HandshakeType,
  NamedGroup,
  ProtocolVersion,
  SignatureScheme,
  toHex,
} from "@sealane/wire";
import trace from "../testdata/rfc8448.json" with { type: "json" };
import { RECORDS } from "../engine/carrier.ts";
import { clientFlow } from "../client/flow.ts";
import { preSharedKeyInClientHello } from "../extensions/pre_shared_key.ts";
import { decodeExtension } from "../extensions/extension.ts";
import { decodeClientHello, encodeClientHello } from "../messages/client_hello.ts";
import { HANDSHAKE_HEADER_LENGTH, type HandshakeMessage } from "../messages/message.ts";
import { decodeCertificate } from "../messages/certificate.ts";
import { HELLO_RETRY_REQUEST_RANDOM } from "../messages/server_hello.ts";
import {
  type ClientConfig,
  createCredential,
  type Credential,
  type HandshakeEvent,
  type Level,
  type ServerConfig,
  type Session,
} from "../mod.ts";
import { FlowContext } from "../engine/context.ts";
import { PostHandshake } from "../engine/post_handshake.ts";
import { resolveClientConfig, resolveServerConfig } from "../config/resolve_config.ts";
import { serverFlow } from "../server/flow.ts";
import type { Need, Step } from "../engine/step.ts";

type Actor = "client" | "server";
interface TraceStep {
  readonly actor: Actor;
  readonly action: string;
  readonly values: Readonly<Record<string, string>>;
}
interface Trace {
  readonly id: string;
  readonly steps: readonly TraceStep[];
}

const traces = trace.traces as unknown as readonly Trace[]; // every step has other values

function traceOf(id: string): Trace {
  const found = traces.find((each) => each.id === id);
  assertExists(found);
  return found;
}

/** The values of all steps whose action contains `words`. */
function values(of: Trace, actor: Actor, words: string, field: string): Uint8Array[] {
  return of.steps
    .filter((step) => step.actor === actor && step.action.includes(words))
    .flatMap(({ values }) => field in values ? [fromHex(values[field])] : []);
}

/** The handshake messages that an actor sent, in order. */
function messages(of: Trace, actor: Actor): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (const payload of values(of, actor, "send handshake record", "payload")) {
    for (let at = 0; at < payload.length;) {
      const length = 4 + (payload[at + 1] << 16 | payload[at + 2] << 8 | payload[at + 3]);
      list.push(payload.subarray(at, at + length));
      at += length;
    }
  }
  return list;
}

const { client_hello, encrypted_extensions, certificate_request, certificate_verify } =
  HandshakeType;
const CHOICES: readonly number[] = [
  client_hello,
  encrypted_extensions,
  certificate_request,
  certificate_verify,
  HandshakeType.new_session_ticket,
];

function isRetry(message: Uint8Array): boolean {
  return message[0] === HandshakeType.server_hello &&
    toHex(message.subarray(6, 38)) === toHex(HELLO_RETRY_REQUEST_RANDOM);
}

/** Sends the messages of the trace where the RFC's endpoint had a choice, and checks ours where it had none. */
class ReplayContext extends FlowContext {
  recorded: Uint8Array[] = [];

  #replayed(bytes: Uint8Array): Uint8Array {
    const next = this.recorded.shift();
    assertExists(next, "a message more than in the trace");
    assertEquals(bytes[0], next[0], "the order of messages");
    if (CHOICES.includes(bytes[0]) || isRetry(next)) return next;
    assertEquals(toHex(bytes), toHex(next));
    return bytes;
  }

  override send(bytes: Uint8Array): void {
    super.send(this.#replayed(bytes));
  }

  /** The cookie of the trace answers a HelloRetryRequest that ours, which has none, was replaced by: it stays unseen. */
  override *receive(...expected: readonly number[]): Step<HandshakeMessage> {
    const message = yield* super.receive(...expected);
    if (message.type !== HandshakeType.client_hello) return message;
    const hello = decodeClientHello(message.body);
    const extensions = hello.extensions.filter(({ type }) => type !== ExtensionType.cookie);
    const body = encodeClientHello({ ...hello, extensions }).subarray(HANDSHAKE_HEADER_LENGTH);
    return { ...message, body };
  }

  override sendUnhashed(bytes: Uint8Array): void {
    // What send() has replaced comes through here too.
    const ticket = bytes[0] === HandshakeType.new_session_ticket;
    super.sendUnhashed(ticket ? this.#replayed(bytes) : bytes);
  }
}

/** One side of a trace: a flow, and the record layer around it. */
class Side {
  readonly #context: ReplayContext;
  readonly #flow: Step<void>;
  #need: Need | null = null;
  readonly reader = new RecordReader();
  readonly writer: RecordWriter;
  readonly events: HandshakeEvent[] = [];
  readonly secrets = new Set<string>();
  readonly output: Uint8Array[] = [];
  readonly #changeCipherSpec: boolean;
  #level: Level = "initial";

  constructor(context: ReplayContext, flow: Step<void>, of: Trace, actor: Actor) {
    this.#context = context;
    this.#flow = flow;
    context.recorded = messages(of, actor);
    const initialVersion = actor === "client" ? ProtocolVersion.tls10 : ProtocolVersion.tls12;
    this.writer = new RecordWriter({ initialVersion });
    this.#changeCipherSpec = values(of, actor, "change_cipher_spec", "payload").length > 0;
    this.#resume(undefined);
  }

  #resume(value: unknown): void {
    const result = this.#flow.next(value);
    this.#need = result.done ? null : result.value;
    // With synchronous providers a flow never waits for a promise.
    assert(this.#need === null || "message" in this.#need);
    this.#drain();
  }

  #drain(): void {
    for (const event of this.#context.outbox.splice(0)) {
      this.events.push(event);
      if (event.type === "message") this.writer.write(ContentType.handshake, event.data);
      if (event.type === "secret") this.#install(event);
    }
    this.flush();
  }

  #install(event: Extract<HandshakeEvent, { type: "secret" }>): void {
    this.secrets.add(toHex(event.secret));
    const key = new TrafficKey(event.suite, event.secret);
    if (event.direction === "read") {
      this.#level = event.level;
      this.reader.setKey(key);
      return;
    }
    if (this.#changeCipherSpec && event.level === "handshake") this.writer.changeCipherSpec();
    this.writer.setKey(key);
  }

  flush(): void {
    const bytes = this.writer.take();
    assert(!isPromise(bytes));
    if (bytes.length > 0) this.output.push(bytes);
  }

  /** A record of the peer; gives its content. */
  receive(record: Uint8Array): Uint8Array | null {
    this.reader.allowChangeCipherSpec(true);
    this.reader.push(record);
    const content = this.reader.next();
    assert(!isPromise(content));
    if (content === null || content.type !== ContentType.handshake) return content?.content ?? null;
    this.#context.inbox.append(content.content);
    while (this.#need !== null && "message" in this.#need) {
      const next = this.#context.inbox.next(this.#need.message, () => 65536, this.#need.peek);
      if (next === null) break;
      this.#resume(next);
    }
    assertEquals(this.#context.readLevel, this.#level);
    return content.content;
  }
}

/** Provider with the ephemeral keys of a trace, one for each key pair that the actor makes. */
function withKeys(provider: CryptoProvider, of: Trace, actor: Actor): CryptoProvider {
  const pair = (words: string) => values(of, actor, `ephemeral ${words} key pair`, "private key");
  const [first] = pair("x25519");
  const [second] = pair("P-256");
  const fixed = (
    id: number,
    name: string,
    share: Uint8Array,
    agree: (peer: Uint8Array) => Uint8Array,
  ): KeyExchangeGroup => ({
    id,
    name,
    shareLength: share.length,
    generate: () => ({ share, complete: agree }),
    respond: (peer) => ({ share, secret: agree(peer) }),
  });
  const groups: KeyExchangeGroup[] = [];
  if (first !== undefined) {
    const share = x25519.getPublicKey(first);
    groups.push(
      fixed(NamedGroup.x25519, "x25519", share, (peer) => x25519.getSharedSecret(first, peer)),
    );
  }
  if (second !== undefined) {
    const share = p256.getPublicKey(second, false);
    const agree = (peer: Uint8Array) => p256.getSharedSecret(second, peer, false).slice(1, 33);
    groups.push(fixed(NamedGroup.secp256r1, "secp256r1", share, agree));
  }
  return { ...provider, groups };
}

/** Random bytes for a hello: its random, then its session id. */
function randomOf(hello: Uint8Array | undefined): (length: number) => Uint8Array {
  assertExists(hello);
  const list = [hello.slice(6, 38), hello.slice(39, 39 + hello[38])];
  return (length) => list[0]?.length === length ? list.splice(0, 1)[0] : new Uint8Array(length);
}

/** The credential that a trace shows; its signature comes from the trace. */
function credentialOf(of: Trace, actor: Actor, scheme: SignatureScheme): Credential {
  const [message] = messages(of, actor).filter(([type]) => type === HandshakeType.certificate);
  const { entries } = decodeCertificate(message.subarray(4));
  const signer: Signer = { schemes: [scheme], sign: () => new Uint8Array(64) };
  return createCredential({ certificates: entries.map(({ data }) => data), signer });
}

const S = SignatureScheme;

/** The session of the first trace, which the second resumes. */
function session(): Session {
  const simple = traceOf("simple_1rtt");
  const resumed = traceOf("resumed_0rtt");
  const [psk] = values(simple, "server", "generate resumption secret", "expanded");
  const [hello] = messages(resumed, "client");
  const offered = decodeExtension(
    decodeClientHello(hello.subarray(4)).extensions,
    preSharedKeyInClientHello,
  );
  assertExists(offered);
  return {
    cipherSuite: CipherSuiteId.TLS_AES_128_GCM_SHA256,
    hash: "SHA-256",
    psk,
    ticket: offered.identities[0].identity,
    lifetime: 30,
    ageAdd: 0xfad6aac5,
    issuedAt: 0,
    authenticatedAt: 0,
    maxEarlyData: 1024,
    serverName: "server",
    alpn: null,
    peer: null,
    verification: "none",
    localIdentity: null,
    context: null,
    flags: [],
  };
}

function clientSide(provider: CryptoProvider, of: Trace): Side {
  const resumed = of.id === "resumed_0rtt";
  const suites = [
    CipherSuiteId.TLS_AES_128_GCM_SHA256,
    CipherSuiteId.TLS_CHACHA20_POLY1305_SHA256,
    CipherSuiteId.TLS_AES_256_GCM_SHA384,
  ];
  const config: ClientConfig = {
    provider: withKeys(provider, of, "client"),
    cipherSuites: suites,
    keyShares: [NamedGroup.x25519],
    recordSizeLimit: 16385,
    earlyData: resumed,
    now: () => 0,
    random: randomOf(messages(of, "client")[0]),
    dangerouslyDisableCertificateVerification: true,
    credentials: of.id === "client_authentication"
      ? [credentialOf(of, "client", S.rsa_pss_rsae_sha256)]
      : undefined,
  };
  const resolved = resolveClientConfig(config);
  const compatible = of.id === "compatibility_mode";
  const carrier = { ...RECORDS, legacySessionId: compatible };
  const context = new ReplayContext("client", resolved, carrier, new AbortController().signal);
  const target = { serverName: "server", session: resumed ? session() : undefined };
  const flow = clientFlow(context, new PostHandshake(context), resolved, target);
  return new Side(context, flow, of, "client");
}

function serverSide(provider: CryptoProvider, of: Trace): Side {
  const resumed = of.id === "resumed_0rtt";
  const clientAuthentication = of.id === "client_authentication" ? "required" : "none";
  const hellos = messages(of, "server").filter((message) =>
    message[0] === HandshakeType.server_hello && !isRetry(message)
  );
  const config: ServerConfig = {
    provider: withKeys(provider, of, "server"),
    random: randomOf(hellos[0]),
    now: () => 0,
    clientAuthentication,
    recordSizeLimit: 16385,
    credentials: resumed ? undefined : [
      credentialOf(
        of,
        "server",
        clientAuthentication === "none" ? S.rsa_pss_rsae_sha256 : S.ecdsa_secp256r1_sha256,
      ),
    ],
    dangerouslyDisableCertificateVerification: true,
    ticketCount: of.id === "simple_1rtt" ? 1 : 0,
    tickets: {
      issue: () => new Uint8Array(16),
      open: () => session(),
      consume: () => true,
    },
    earlyData: { replayGuard: { tolerance: Infinity, claim: () => true } },
  };
  const resolved = resolveServerConfig(config);
  const context = new ReplayContext("server", resolved, RECORDS, new AbortController().signal);
  const flow = serverFlow(context, new PostHandshake(context), resolved);
  return new Side(context, flow, of, "server");
}

function replay(of: Trace, actor: Actor, side: Side): void {
  const sent: Uint8Array[] = [];
  for (const step of of.steps) {
    const record = step.values["complete record"];
    if (record === undefined) continue;
    const payload = fromHex(step.values.payload);
    if (step.actor !== actor) {
      const content = side.receive(fromHex(record));
      if (content !== null) assertEquals(toHex(content), toHex(payload), step.action);
      continue;
    }
    sent.push(fromHex(record));
    if (step.action.includes("application_data")) {
      side.writer.write(ContentType.application_data, payload);
    } else if (step.action.includes("alert")) side.writer.alert(payload[1]);
    side.flush();
  }
  assertEquals(toHex(concat(side.output)), toHex(concat(sent)), "the records that were sent");
  for (const label of ["c hs", "s hs", "c ap", "s ap", "c e"]) {
    for (const by of ["client", "server"] as const) {
      for (const secret of values(of, by, `derive secret "tls13 ${label} traffic`, "expanded")) {
        assert(side.secrets.has(toHex(secret)), `the secret ${label} traffic`);
      }
    }
  }
  assert(side.events.some((event) => event.type === "complete"));
}

for (const provider of [nativeProvider, nobleProvider]) {
  for (const of of traces) {
    Deno.test(`RFC 8448 ${of.id}: the client sends the RFC's bytes with ${provider.name}`, () => {
      const side = clientSide(provider, of);
      replay(of, "client", side);
      const [psk] = values(of, "server", "generate resumption secret", "expanded");
      const ticket = side.events.find((event) => event.type === "ticket");
      if (psk !== undefined) {
        assert(ticket?.type === "ticket");
        assertEquals(ticket.session.psk, psk);
      }
    });
    Deno.test(`RFC 8448 ${of.id}: the server sends the RFC's bytes with ${provider.name}`, () => {
      replay(of, "server", serverSide(provider, of));
    });
  }
}
