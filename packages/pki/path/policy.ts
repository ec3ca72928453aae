/**
 * Certificate policies (RFC 5280 section 6.1 with the policy graph of RFC 9618, whose size does not explode).
 *
 * @module
 */
import { TlsError } from "@sealane/wire";
import type { WorkBudget } from "../limits.ts";
import type { Certificate } from "../certificate/certificate.ts";
import { ANY_POLICY } from "../certificate/extensions.ts";

/** The policy inputs of path validation (RFC 5280 section 6.1.1). */
export interface PolicyInputs {
  /** The policies that are acceptable, as object identifiers; every policy if absent. */
  readonly acceptable?: readonly string[];
  /** Whether the path has to be valid for one of them (initial-explicit-policy). */
  readonly requireExplicit?: boolean;
  /** Whether mapping is forbidden (initial-policy-mapping-inhibit). */
  readonly inhibitMapping?: boolean;
  /** Whether anyPolicy does not count (initial-any-policy-inhibit). */
  readonly inhibitAny?: boolean;
}

interface Node {
  readonly policy: string;
  /** Nodes one level up; none for the root. */
  readonly parents: readonly Node[];
  /** Which policies of the next certificate continue this one. */
  expected: readonly string[];
}

type Level = Map<string, Node>;

/** The state of policy processing along a path, from the trust anchor down. */
export class PolicyState {
  readonly #inputs: PolicyInputs;
  /** The last level of the graph; empty where RFC 5280 says NULL. */
  #level: Level;
  #explicitPolicy: number;
  #policyMapping: number;
  #inhibitAny: number;

  readonly #work: WorkBudget;

  /** `length` is the number of certificates in the path. */
  constructor(inputs: PolicyInputs, length: number, work: WorkBudget) {
    this.#work = work;
    this.#inputs = inputs;
    // RFC 5280 §6.1.2 (d) to (f).
    this.#explicitPolicy = inputs.requireExplicit ? 0 : length + 1;
    this.#policyMapping = inputs.inhibitMapping ? 0 : length + 1;
    this.#inhibitAny = inputs.inhibitAny ? 0 : length + 1;
    this.#level = new Map([[ANY_POLICY, {
      policy: ANY_POLICY,
      parents: [],
      expected: [ANY_POLICY],
    }]]);
  }

  /** RFC 5280 section 6.1.3 (d) to (f). `mayUseAny` is for certificates that are self-issued and not the last. */
  process({ extensions }: Certificate, mayUseAny: boolean): void {
    const policies = extensions.certificatePolicies;
    this.#spend((policies?.length ?? 0) + this.#level.size);
    this.#level = policies === undefined || this.#level.size === 0
      ? new Map()
      : nextLevel(this.#level, policies, this.#inhibitAny > 0 || mayUseAny);
    this.#requireGraph();
  }

  /** An entry of the graph costs more than a comparison. */
  #spend(entries: number): void {
    this.#work.spend(256 * entries);
  }

  #requireGraph(): void {
    if (this.#explicitPolicy === 0 && this.#level.size === 0) {
      throw new TlsError("peer/bad-certificate", "certificate path has no policy but needs one");
    }
  }

  /** RFC 5280 section 6.1.4 (a), (b) and (h) to (j): what a CA certificate means for those below. */
  prepare({ extensions }: Certificate, selfIssued: boolean): void {
    const { policyMappings = [], policyConstraints, inhibitAnyPolicy = Infinity } = extensions;
    this.#spend(policyMappings.length);
    const mappings = new Map<string, string[]>();
    for (const { issuerDomainPolicy, subjectDomainPolicy } of policyMappings) {
      if (issuerDomainPolicy === ANY_POLICY || subjectDomainPolicy === ANY_POLICY) {
        throw new TlsError("peer/bad-certificate", "certificate maps anyPolicy");
      }
      const mapped = mappings.get(issuerDomainPolicy);
      if (mapped === undefined) mappings.set(issuerDomainPolicy, [subjectDomainPolicy]);
      else mapped.push(subjectDomainPolicy);
    }
    for (const [policy, mapped] of mappings) this.#map(policy, mapped);
    if (!selfIssued) {
      this.#explicitPolicy = Math.max(0, this.#explicitPolicy - 1);
      this.#policyMapping = Math.max(0, this.#policyMapping - 1);
      this.#inhibitAny = Math.max(0, this.#inhibitAny - 1);
    }
    const { requireExplicitPolicy = Infinity, inhibitPolicyMapping = Infinity } =
      policyConstraints ?? {};
    this.#explicitPolicy = Math.min(this.#explicitPolicy, requireExplicitPolicy);
    this.#policyMapping = Math.min(this.#policyMapping, inhibitPolicyMapping);
    this.#inhibitAny = Math.min(this.#inhibitAny, inhibitAnyPolicy);
  }

  #map(policy: string, mapped: readonly string[]): void {
    const level = this.#level;
    if (this.#policyMapping === 0) {
      level.delete(policy);
      return;
    }
    const node = level.get(policy);
    const any = level.get(ANY_POLICY);
    if (node !== undefined) node.expected = mapped;
    else if (any !== undefined) {
      level.set(policy, { policy, parents: any.parents, expected: mapped });
    }
  }

  /**
   * RFC 5280 section 6.1.5: the policies that the path is valid for, in the domain of the trust anchor.
   *
   * @throws {TlsError} `peer/bad-certificate` if a policy is required and none is left.
   */
  finish({ extensions }: Certificate): readonly string[] {
    this.#explicitPolicy = Math.max(0, this.#explicitPolicy - 1);
    if (extensions.policyConstraints?.requireExplicitPolicy === 0) this.#explicitPolicy = 0;
    const policies = constrained(rootPolicies(this.#level), this.#inputs.acceptable);
    this.#spend(policies.length);
    if (this.#explicitPolicy === 0 && policies.length === 0) {
      throw new TlsError(
        "peer/bad-certificate",
        "certificate path is valid for none of the acceptable policies",
      );
    }
    return policies;
  }
}

function nextLevel(above: Level, policies: readonly string[], useAny: boolean): Level {
  const expectedBy = new Map<string, Node[]>();
  for (const node of above.values()) {
    for (const policy of node.expected) {
      const nodes = expectedBy.get(policy);
      if (nodes === undefined) expectedBy.set(policy, [node]);
      else nodes.push(node);
    }
  }
  const level: Level = new Map();
  const add = (policy: string, parents: readonly Node[]) =>
    level.set(policy, { policy, parents, expected: [policy] });
  const any = above.get(ANY_POLICY);
  for (const policy of policies) {
    if (policy === ANY_POLICY) continue;
    const parents = expectedBy.get(policy) ?? (any === undefined ? [] : [any]);
    if (parents.length > 0) add(policy, parents);
  }
  // RFC 5280 §6.1.3 (d) (2): anyPolicy continues everything that is expected and not named.
  if (useAny && policies.includes(ANY_POLICY)) {
    for (const [policy, parents] of expectedBy) if (!level.has(policy)) add(policy, parents);
  }
  return level;
}

/** The policies as the trust anchor names them: the nodes on the ways up that hang directly below anyPolicy. */
function rootPolicies(level: Level): Set<string> {
  const roots = new Set<string>();
  const seen = new Set<Node>();
  const climb = [...level.values()];
  for (let node = climb.pop(); node !== undefined; node = climb.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.policy === ANY_POLICY) roots.add(ANY_POLICY);
    else if (node.parents.some(({ policy }) => policy === ANY_POLICY)) roots.add(node.policy);
    else for (const parent of node.parents) climb.push(parent);
  }
  return roots;
}

function constrained(valid: Set<string>, acceptable?: readonly string[]): readonly string[] {
  if (acceptable === undefined || acceptable.includes(ANY_POLICY)) return [...valid];
  return valid.has(ANY_POLICY) ? acceptable : acceptable.filter((policy) => valid.has(policy));
}
