/**
 * ClientHello: what a client offers, and how it offers again after a HelloRetryRequest (RFC 9846 sections 4.2.2 and
 * 4.2.4).
 *
 * @module
 */
import { parseIpAddress } from "@sealane/pki";
import type { CipherSuite, KeyExchangeGroup, KeyPair } from "@sealane/providers";
import {
  CertificateType,
  type ExtensionType,
  ExtensionType as E,
  type NamedGroup,
  NamedGroup as G,
  namedGroupName,
  ProtocolVersion,
  TlsError,
} from "@sealane/wire";
import type { ClientTarget } from "../config.ts";
import type { FlowContext } from "../context.ts";
import { EchOffer } from "../ech/client.ts";
import { greaseEch } from "../ech/grease.ts";
import { arrangeInner } from "../ech/inner.ts";
import type { EarlyDataReason } from "../events.ts";
import {
  alpnInClientHello,
  certificateAuthoritiesInClientHello,
  clientCertificateTypeInClientHello,
  compressCertificateInClientHello,
  cookieInClientHello,
  delegatedCredentialInClientHello,
  earlyDataInClientHello,
  encodeExtension,
  encryptedClientHelloInClientHello,
  type ExtensionCodec,
  type KeyShareEntry,
  keyShareInClientHello,
  postHandshakeAuthInClientHello,
  type RawExtension,
  recordSizeLimitInClientHello,
  serverCertificateTypeInClientHello,
  serverNameInClientHello,
  signatureAlgorithmsCertInClientHello,
  signatureAlgorithmsInClientHello,
  signedCertificateTimestampInClientHello,
  statusRequestInClientHello,
  supportedGroupsInClientHello,
  supportedVersionsInClientHello,
  ticketRequestInClientHello,
} from "../extensions/mod.ts";
import { compressionIds } from "../extensions/certificate_compression.ts";
import { CertificateStatusType } from "../extensions/status_request.ts";
import type { ClientHello } from "../messages/client_hello.ts";
import type { ResolvedClientConfig } from "../resolve_config.ts";
import { settle, type Step } from "../step.ts";
import { profileGroups } from "../suite_profile.ts";
import type { Psk } from "../psk.ts";
import { installEarlyKeys, whyNoEarlyData } from "./early_data.ts";
import { Grease } from "../grease.ts";
import { choosePsks, encodeWithBinders, pskModes } from "./psk.ts";

/** What a client has offered and needs again when the server answers. */
export interface ClientOffer {
  /** The last ClientHello, without pre_shared_key. */
  readonly hello: ClientHello;
  /** The PSKs in it, in order. */
  readonly psks: readonly Psk[];
  /** Why it has no early data; `null` if it has. */
  readonly noEarlyData: EarlyDataReason | null;
  /** The key pairs of its shares. */
  readonly keyPairs: ReadonlyMap<NamedGroup, KeyPair>;
  /** The types of its extensions: a response may have no other. */
  readonly offered: ReadonlySet<ExtensionType>;
  /** The encryption of the hello; `null` without it, and once the server did not take it. */
  readonly ech: EchOffer | null;
  /** The public name of the server that did not take the encrypted hello; `null` otherwise. */
  readonly rejectedBy: string | null;
}

/** The first ClientHello, ready to be sent. */
export function* makeOffer(
  context: FlowContext,
  config: ResolvedClientConfig,
  target: ClientTarget,
): Step<ClientOffer> {
  const psks = yield* choosePsks(context, config, target);
  const keyPairs = yield* generateShares(config);
  const grease = config.grease ? new Grease(config.randomBytes) : null;
  const random = config.randomBytes(32);
  context.clientRandom = random;
  const legacySessionId = context.carrier.legacySessionId
    ? config.randomBytes(32)
    : new Uint8Array();
  const extensions = offeredExtensions(context, config, target, keyPairs, grease);
  const noEarlyData = whyNoEarlyData(context, config, psks);
  if (noEarlyData === null) extensions.push(encodeExtension(earlyDataInClientHello, true));
  const { chosenEch } = config;
  const hello: ClientHello = {
    legacyVersion: ProtocolVersion.tls12,
    random,
    legacySessionId,
    cipherSuites: [...grease?.cipherSuites() ?? [], ...config.suites.map((suite) => suite.id)],
    legacyCompressionMethods: [0],
    extensions: config.permuteExtensions ? permute(extensions, config.randomBytes) : extensions,
  };
  if (chosenEch === null) return makeClientOffer(hello, keyPairs, psks, noEarlyData);
  if (chosenEch === "grease") {
    return makeClientOffer(greaseEch(hello, config), keyPairs, psks, noEarlyData);
  }
  const ech = yield* EchOffer.create(config, chosenEch);
  return { ...makeClientOffer(hello, keyPairs, psks, noEarlyData), ech };
}

function makeClientOffer(
  hello: ClientHello,
  keyPairs: ReadonlyMap<NamedGroup, KeyPair>,
  psks: readonly Psk[],
  noEarlyData: EarlyDataReason | null,
): ClientOffer {
  const offered = new Set(hello.extensions.map(({ type }) => type));
  if (psks.length > 0) offered.add(E.pre_shared_key);
  return { hello, keyPairs, psks, noEarlyData, offered, ech: null, rejectedBy: null };
}

/** Sends the ClientHello of an offer, and with early data its keys. */
export function* sendOffer(
  context: FlowContext,
  config: ResolvedClientConfig,
  offer: ClientOffer,
  retried: boolean,
): Step<void> {
  const { ech, psks } = offer;
  const hello = ech === null ? offer.hello : arrangeInner(offer.hello);
  const bytes = encodeWithBinders(context, config, hello, psks, retried);
  if (ech === null) context.send(bytes);
  else yield* ech.send(context, offer.hello, bytes);
  if (offer.noEarlyData === null) installEarlyKeys(context, config, offer.psks[0]);
}

/** A key pair for each group that gets a share; the X25519 part of a hybrid share serves the plain share too. */
function* generateShares(config: ResolvedClientConfig): Step<Map<NamedGroup, KeyPair>> {
  const pairs = new Map<NamedGroup, KeyPair>();
  for (const id of config.keyShares ?? defaultShares(config)) {
    pairs.set(id, componentOf(pairs, id) ?? (yield* settle(groupOf(config, id).generate())));
  }
  // RFC 9846 §4.3.8: shares stand in the order of supported_groups.
  const ordered = new Map<NamedGroup, KeyPair>();
  for (const { id } of config.groupList) {
    // RFC 9954 §3.2: the plain share costs nothing where the hybrid one has the same key.
    const component = config.keyShares === undefined ? componentOf(pairs, id) : null;
    const pair = pairs.get(id) ?? component;
    if (pair !== null) ordered.set(id, pair);
  }
  return ordered;
}

/**
 * The first group, and the first of the other kind: a server may have post-quantum groups only, or none yet. And those
 * that suites of ours demand.
 */
function defaultShares(config: ResolvedClientConfig): NamedGroup[] {
  const ids = config.groupList.map((group) => group.id);
  const [first] = ids;
  const other = ids.find((id) => isPostQuantum(id) !== isPostQuantum(first));
  // RFC 8998 §3.3.1.1: who offers its suites sends a share for curveSM2.
  const wanted = new Set([first, other, ...profileGroups(config.suites)]);
  return ids.filter((id) => wanted.has(id));
}

const POST_QUANTUM: ReadonlySet<NamedGroup> = new Set([
  G.MLKEM512,
  G.MLKEM768,
  G.MLKEM1024,
  G.SecP256r1MLKEM768,
  G.X25519MLKEM768,
  G.SecP384r1MLKEM1024,
]);

function isPostQuantum(id: NamedGroup): boolean {
  return POST_QUANTUM.has(id);
}

function componentOf(pairs: ReadonlyMap<NamedGroup, KeyPair>, id: NamedGroup): KeyPair | null {
  for (const pair of pairs.values()) {
    const component = pair.component?.(id) ?? null;
    if (component !== null) return component;
  }
  return null;
}

function groupOf(config: ResolvedClientConfig, id: NamedGroup): KeyExchangeGroup {
  const group = config.groupList.find((candidate) => candidate.id === id);
  if (group === undefined) {
    throw new TlsError("local/internal", `the group ${namedGroupName(id)} is not configured`);
  }
  return group;
}

function shareEntries(pairs: ReadonlyMap<NamedGroup, KeyPair>): KeyShareEntry[] {
  return Array.from(pairs, ([group, { share }]) => ({ group, share }));
}

/** All extensions of a first ClientHello, in the order in which they go out unless they are permuted. */
function offeredExtensions(
  context: FlowContext,
  config: ResolvedClientConfig,
  target: ClientTarget,
  keyPairs: ReadonlyMap<NamedGroup, KeyPair>,
  grease: Grease | null,
): RawExtension[] {
  const list: RawExtension[] = [];
  const add = <T>(codec: ExtensionCodec<T>, value: T) => list.push(encodeExtension(codec, value));
  const { serverName } = target;
  // RFC 6066 §3: literal addresses are not permitted in server_name.
  if (serverName !== undefined && parseIpAddress(serverName) === null) {
    add(serverNameInClientHello, serverName);
  }
  add(supportedVersionsInClientHello, [...grease?.versions() ?? [], ProtocolVersion.tls13]);
  const groups = config.groupList.map((group) => group.id);
  add(supportedGroupsInClientHello, [...grease?.groups() ?? [], ...groups]);
  add(keyShareInClientHello, [...grease?.keyShares() ?? [], ...shareEntries(keyPairs)]);
  add(signatureAlgorithmsInClientHello, [
    ...grease?.signatureSchemes() ?? [],
    ...config.offeredSchemes,
  ]);
  const certificateSchemes = config.offeredCertificateSchemes;
  if (certificateSchemes !== null) add(signatureAlgorithmsCertInClientHello, certificateSchemes);
  if (config.alpnBytes.length > 0) add(alpnInClientHello, config.alpnBytes);
  if (config.asksForOcsp) add(statusRequestInClientHello, CertificateStatusType.ocsp);
  if (config.asksForTimestamps) add(signedCertificateTimestampInClientHello, true);
  const authorities = config.certificateAuthorities ?? [];
  if (authorities.length > 0) add(certificateAuthoritiesInClientHello, authorities);
  const { peerTypes, ownTypes } = config;
  // RFC 7250 §4.1: an extension that says nothing but the default is left out.
  if (peerTypes.length !== 1 || peerTypes[0] !== CertificateType.X509) {
    add(serverCertificateTypeInClientHello, peerTypes);
  }
  if (ownTypes !== null) add(clientCertificateTypeInClientHello, ownTypes);
  const compression = compressionIds(config.certificateCompression ?? []);
  if (compression.length > 0) add(compressCertificateInClientHello, compression);
  const delegated = [...config.delegatedVerifiers.keys()];
  if (delegated.length > 0) add(delegatedCredentialInClientHello, delegated);
  if (config.recordSizeLimit !== undefined) {
    add(recordSizeLimitInClientHello, config.recordSizeLimit);
  }
  if (config.ticketRequest !== undefined) add(ticketRequestInClientHello, config.ticketRequest);
  if (config.postHandshakeAuthentication) add(postHandshakeAuthInClientHello, true);
  list.push(pskModes(config));
  if (config.chosenEch !== null) add(encryptedClientHelloInClientHello, { type: "inner" });
  list.push(...context.customExtensions("CH"));
  return grease === null ? list : grease.surround(list);
}

/** What a HelloRetryRequest asks for. */
export interface RetryRequest {
  /** The group to send a share for; `null` to leave the shares as they are. */
  readonly group: NamedGroup | null;
  /** The cookie to return; `null` without one. */
  readonly cookie: Uint8Array | null;
}

/**
 * The second ClientHello: as the first, but for exactly what RFC 9846 section 4.2.2 lists: key_share, cookie, early_data,
 * pre_shared_key and padding.
 */
export function* makeRetryOffer(
  config: ResolvedClientConfig,
  first: ClientOffer,
  suite: CipherSuite,
  request: RetryRequest,
): Step<ClientOffer> {
  let { keyPairs } = first;
  if (request.group !== null) {
    const pair = yield* settle(groupOf(config, request.group).generate());
    keyPairs = new Map([[request.group, pair]]);
  }
  const extensions: RawExtension[] = [];
  for (const extension of first.hello.extensions) {
    if (extension.type === E.early_data) continue;
    const renewed = extension.type === E.key_share && request.group !== null;
    extensions.push(
      renewed ? encodeExtension(keyShareInClientHello, shareEntries(keyPairs)) : extension,
    );
    // The cookie goes after key_share, in front of everything that has to be last.
    if (extension.type === E.key_share && request.cookie !== null) {
      extensions.push(encodeExtension(cookieInClientHello, request.cookie));
    }
  }
  // RFC 9846 §4.2.4: PSKs whose hash is not that of the chosen suite are dropped.
  const psks = first.psks.filter((psk) => psk.hash === suite.hash.name);
  const hello = { ...first.hello, extensions };
  const { ech, rejectedBy } = first;
  return {
    ...makeClientOffer(hello, keyPairs, psks, "hello-retry-request"),
    ech,
    rejectedBy,
  };
}

/** A random order, by Fisher and Yates. */
function permute(
  extensions: readonly RawExtension[],
  randomBytes: (length: number) => Uint8Array,
): RawExtension[] {
  const list = [...extensions];
  const random = randomBytes(4 * list.length);
  const view = new DataView(random.buffer, random.byteOffset, random.length);
  for (let i = list.length - 1; i > 0; i--) {
    const j = view.getUint32(4 * i) % (i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}
