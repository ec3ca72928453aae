/**
 * ClientHello: what a client offers, and how it offers again after a HelloRetryRequest (RFC 9846 sections 4.2.2 and
 * 4.2.4).
 *
 * @module
 */
import type { CipherSuite, KeyPair } from "@sealane/providers";
import {
  type CipherSuiteId,
  type ExtensionType,
  ExtensionType as E,
  type NamedGroup,
  ProtocolVersion,
} from "@sealane/wire";
import type { ClientTarget } from "../config/config.ts";
import type { FlowContext } from "../engine/context.ts";
import { EchOffer, type EchVerdict } from "../ech/client.ts";
import { greaseEch } from "../ech/grease.ts";
import { arrangeInner } from "../ech/inner.ts";
import type { EarlyDataReason } from "../engine/events.ts";
import {
  cookieInClientHello,
  earlyDataInClientHello,
  encodeExtension,
  keyShareInClientHello,
  type RawExtension,
} from "../extensions/mod.ts";
import type { ClientHello } from "../messages/client_hello.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";
import { settle, type Step } from "../engine/step.ts";
import type { Psk } from "../engine/psk.ts";
import { installEarlyKeys, whyNoEarlyData } from "./early_data.ts";
import { Grease } from "../extensions/grease.ts";
import { generateShares, groupOf, type LikelyGroups, shareEntries } from "./key_shares.ts";
import { offeredExtensions, offersPskAlone } from "./offered_extensions.ts";
import { choosePsks, encodeWithBinders, pskPlaceholder, sessionKey } from "./psk.ts";

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
  const pskAlone = offersPskAlone(config, psks);
  const keyPairs = pskAlone
    ? new Map()
    : yield* generateShares(config, yield* likelyGroups(config, target));
  const grease = config.grease ? new Grease(config.randomBytes) : null;
  const random = config.randomBytes(32);
  context.clientRandom = random;
  const legacySessionId = context.carrier.legacySessionId
    ? config.randomBytes(32)
    : new Uint8Array();
  const extensions = offeredExtensions(context, config, target, pskAlone ? null : keyPairs, grease);
  const noEarlyData = whyNoEarlyData(context, config, psks);
  if (noEarlyData === null) extensions.push(encodeExtension(earlyDataInClientHello, true));
  const { chosenEch } = config;
  const hello: ClientHello = {
    legacyVersion: ProtocolVersion.tls12,
    random,
    legacySessionId,
    cipherSuites: [...grease?.cipherSuites() ?? [], ...suiteIds(config, psks, noEarlyData)],
    legacyCompressionMethods: [0],
    extensions: config.permuteExtensions ? permute(extensions, config.randomBytes) : extensions,
  };
  if (chosenEch === null) return makeClientOffer(hello, keyPairs, psks, noEarlyData);
  if (chosenEch === "grease") {
    const imitated = greaseEch(hello, config, pskPlaceholder(config, psks));
    return makeClientOffer(imitated, keyPairs, psks, noEarlyData);
  }
  const ech = yield* EchOffer.create(config, chosenEch);
  return { ...makeClientOffer(hello, keyPairs, psks, noEarlyData), ech };
}

/** The groups that the server takes as far as we know: by DNS, or because it asked for one before. */
function* likelyGroups(
  { sessionCache }: ResolvedClientConfig,
  target: ClientTarget,
): Step<LikelyGroups> {
  const key = sessionKey(target);
  const remembered = key === null ? null : yield* settle(sessionCache?.rememberedGroup?.(key));
  return { hint: target.supportedGroups ?? null, remembered: remembered ?? null };
}

/** The suites, most preferred first: early data under an external PSK goes with its own suite, so that is the first. */
function suiteIds(
  { suites }: ResolvedClientConfig,
  psks: readonly Psk[],
  noEarlyData: EarlyDataReason | null,
): CipherSuiteId[] {
  const ids = suites.map(({ id }) => id);
  const first = noEarlyData === null && psks[0].session === null ? psks[0].early : null;
  return first === null
    ? ids
    : [first.cipherSuite, ...ids.filter((id) => id !== first.cipherSuite)];
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
  const anchor = first.offered.has(E.key_share) ? E.key_share : E.supported_versions;
  for (const extension of first.hello.extensions) {
    if (extension.type === E.early_data) continue;
    const renewed = extension.type === E.key_share && request.group !== null;
    extensions.push(
      renewed ? encodeExtension(keyShareInClientHello, shareEntries(keyPairs)) : extension,
    );
    // The cookie goes after key_share, in front of everything that has to be last.
    if (extension.type === anchor && request.cookie !== null) {
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

/** The offer to go on with after an answer to an encrypted hello: that of the inner hello or that of the outer one. */
export function offerAfterEch(offer: ClientOffer, verdict: EchVerdict): ClientOffer {
  if (verdict.type === "open") return offer;
  if (verdict.type === "accepted") {
    // encrypted_client_hello may stand in no message any more: there is nothing to retry with.
    const offered = new Set(offer.offered);
    offered.delete(E.encrypted_client_hello);
    return { ...offer, offered };
  }
  const { outer, publicName } = verdict;
  return {
    ...offer,
    // Its pre_shared_key is GREASE: there is none to select, and none to send again.
    hello: {
      ...outer,
      extensions: outer.extensions.filter(({ type }) => type !== E.pre_shared_key),
    },
    psks: [],
    offered: new Set(outer.extensions.map(({ type }) => type)),
    ech: null,
    rejectedBy: publicName,
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
