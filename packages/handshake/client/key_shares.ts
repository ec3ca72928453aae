/**
 * The key shares of a ClientHello (RFC 9846 section 4.3.8): for which groups, and with which keys.
 *
 * @module
 */
import { type KeyExchangeGroup, type KeyPair, requireBytes } from "@sealane/providers";
import { type NamedGroup, namedGroupName, TlsError } from "@sealane/wire";
import type { KeyShareEntry } from "../extensions/mod.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";
import { settle, type Step } from "../engine/step.ts";
import { isPostQuantum } from "../config/group_kind.ts";
import { profileGroups } from "../config/suite_profile.ts";

/** What is known of the groups of a server before it has said anything. */
export interface LikelyGroups {
  /** Those that it takes, as DNS says; `null` if DNS does not. */
  readonly hint: readonly NamedGroup[] | null;
  /** That which it asked for before; `null` if it did not. */
  readonly remembered: NamedGroup | null;
}

/** A key pair for each group that gets a share; the X25519 part of a hybrid share serves the plain share too. */
export function* generateShares(
  config: ResolvedClientConfig,
  likely: LikelyGroups,
): Step<Map<NamedGroup, KeyPair>> {
  const pairs = new Map<NamedGroup, KeyPair>();
  for (const id of config.keyShares ?? likelyShares(config, likely)) {
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
 * The first group that the server takes where DNS names its groups (draft-ietf-tls-key-share-prediction section 4: a hint,
 * from which nothing follows but the shares); else the default shares, and that which the server asked for before.
 */
function likelyShares(
  config: ResolvedClientConfig,
  { hint, remembered }: LikelyGroups,
): NamedGroup[] {
  const ids = config.groupList.map((group) => group.id);
  const hinted = hint === null ? undefined : ids.find((id) => hint.includes(id));
  const shares = hinted === undefined ? defaultShares(config) : [hinted];
  const known = remembered !== null && ids.includes(remembered) && !shares.includes(remembered);
  return known ? [...shares, remembered] : shares;
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

function componentOf(pairs: ReadonlyMap<NamedGroup, KeyPair>, id: NamedGroup): KeyPair | null {
  for (const pair of pairs.values()) {
    const component = pair.component?.(id) ?? null;
    if (component !== null) return component;
  }
  return null;
}

/** The group of the configuration with this id. */
export function groupOf(config: ResolvedClientConfig, id: NamedGroup): KeyExchangeGroup {
  const group = config.groupList.find((candidate) => candidate.id === id);
  if (group === undefined) {
    throw new TlsError("local/internal", `the group ${namedGroupName(id)} is not configured`);
  }
  return group;
}

/** The content of key_share. */
export function shareEntries(pairs: ReadonlyMap<NamedGroup, KeyPair>): KeyShareEntry[] {
  return Array.from(pairs, ([group, { share }]) => ({
    group,
    share: requireBytes(share, `our key share for ${namedGroupName(group)}`),
  }));
}
