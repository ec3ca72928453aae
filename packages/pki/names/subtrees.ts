/**
 * The subtrees of one nameConstraints extension (RFC 5280 section 4.2.1.10), arranged so that to judge a name does not take
 * a look at each of them.
 *
 * @module
 */
import { TlsError } from "@sealane/wire";
import type { WorkBudget } from "../limits.ts";
import {
  parseConstrainedHost,
  parseHostBase,
  parseMailbox,
  parseUriHost,
} from "./constrained_names.ts";
import { comparisonCost } from "./distinguished_name.ts";
import type { GeneralName, GeneralSubtree } from "./general_name.ts";

type Form = GeneralName["type"];

/** Which names of one form a list of subtrees covers. */
export interface Subtrees {
  /**
   * Whether it covers a name. `excluding`: whether it covers some of the names that a wildcard stands for, else all of them.
   *
   * @throws {TlsError} `peer/bad-certificate` for a name that is malformed.
   */
  covers(name: GeneralName, excluding: boolean): boolean;
}

/** What a look into a table costs besides its bytes. */
const LOOKUP = 64;

/**
 * Arranges the subtrees of one form.
 *
 * @throws {TlsError} `peer/bad-certificate` if one is malformed, `peer/unsupported-certificate` for a form that is not
 * understood: what is not understood and applies makes the certificate invalid.
 */
export function arrangeSubtrees(
  form: Form,
  subtrees: readonly GeneralSubtree[],
  work: WorkBudget,
): Subtrees {
  // RFC 5280 §4.2.1.10: minimum is 0, and maximum absent.
  if (!subtrees.every(({ plain }) => plain)) unsupported(`${form} with a minimum or maximum`);
  const bases = subtrees.map(({ base }) => base);
  switch (form) {
    case "dNSName":
      return new HostSubtrees(texts(bases), work);
    case "uniformResourceIdentifier":
      return new UriSubtrees(texts(bases), work);
    case "rfc822Name":
      return new MailboxSubtrees(texts(bases), work);
    case "iPAddress":
      return new AddressSubtrees(bases, work);
    case "directoryName":
      return new DirectorySubtrees(bases, work);
    default:
      return unsupported(form);
  }
}

function unsupported(what: string): never {
  throw new TlsError(
    "peer/unsupported-certificate",
    `certificate path has a name constraint of the form ${what}, which is not supported`,
  );
}

function malformed(what: string, value: string): never {
  const text = value.slice(0, 100).replace(/[^\x20-\x7e]/g, "?");
  throw new TlsError("peer/bad-certificate", `certificate path has ${what} "${text}"`);
}

function texts(bases: readonly GeneralName[]): string[] {
  return bases.flatMap(({ value }) => typeof value === "string" ? [value] : []);
}

/** Tables of the bases of hosts: those that are hosts, and those that stand for what is below. */
class HostTables {
  /** A base is empty: it covers every name. */
  readonly all: boolean;
  readonly hosts = new Set<string>();
  readonly domains = new Set<string>();

  constructor(bases: readonly string[], work: WorkBudget) {
    this.all = bases.includes("");
    for (const base of bases) {
      work.spend(LOOKUP + base.length);
      if (base === "") continue;
      const parsed = parseHostBase(base) ?? malformed("a malformed name constraint", base);
      (parsed.subdomains ? this.domains : this.hosts).add(parsed.host);
    }
  }
}

/** The domains that a host is below of, the nearest first. */
function* domainsOf(host: string): Generator<string> {
  for (let dot = host.indexOf("."); dot !== -1; dot = host.indexOf(".", dot + 1)) {
    yield host.slice(dot + 1);
  }
}

/** The base covers itself and everything below; with a leading dot, as some CAs write it, only what is below. */
class HostSubtrees implements Subtrees {
  readonly #tables: HostTables;
  readonly #work: WorkBudget;
  /** The domains one label above a base: a wildcard there stands for the base too. */
  readonly #parents: ReadonlySet<string>;

  constructor(bases: readonly string[], work: WorkBudget) {
    this.#tables = new HostTables(bases, work);
    this.#work = work;
    this.#parents = new Set(
      [...this.#tables.hosts].map((host) => host.slice(host.indexOf(".") + 1 || host.length)),
    );
  }

  covers({ value }: GeneralName, excluding: boolean): boolean {
    const text = typeof value === "string" ? value : "";
    this.#work.spend(LOOKUP + text.length);
    const name = parseConstrainedHost(text) ?? malformed("a constrained dNSName", text);
    const { host, wildcard } = name;
    const { all, hosts, domains } = this.#tables;
    if (all || hosts.has(host)) return true;
    // What a wildcard stands for is below its host.
    if (wildcard && domains.has(host)) return true;
    if (wildcard && excluding && this.#parents.has(host)) return true;
    for (const domain of domainsOf(host)) {
      this.#work.spend(LOOKUP + domain.length);
      if (hosts.has(domain) || domains.has(domain)) return true;
    }
    return false;
  }
}

/** Of a URI the host counts: the base is that host, or with a leading dot those below. */
function coversHost(host: string, { all, hosts, domains }: HostTables, work: WorkBudget): boolean {
  if (all || hosts.has(host)) return true;
  for (const domain of domains.size === 0 ? [] : domainsOf(host)) {
    work.spend(LOOKUP + domain.length);
    if (domains.has(domain)) return true;
  }
  return false;
}

class UriSubtrees implements Subtrees {
  readonly #tables: HostTables;
  readonly #work: WorkBudget;

  constructor(bases: readonly string[], work: WorkBudget) {
    this.#tables = new HostTables(bases, work);
    this.#work = work;
  }

  covers({ value }: GeneralName): boolean {
    const text = typeof value === "string" ? value : "";
    this.#work.spend(LOOKUP + text.length);
    // RFC 5280 §4.2.1.10: a URI without a host name, where hosts are constrained, makes the certificate invalid.
    const host = parseUriHost(text) ?? malformed("a constrained URI without a host name", text);
    return coversHost(host, this.#tables, this.#work);
  }
}

/** A host, a domain with a leading dot for the hosts below, or with `@` one mailbox. */
class MailboxSubtrees implements Subtrees {
  readonly #tables: HostTables;
  readonly #mailboxes = new Set<string>();
  readonly #work: WorkBudget;

  constructor(bases: readonly string[], work: WorkBudget) {
    this.#tables = new HostTables(bases.filter((base) => !base.includes("@")), work);
    this.#work = work;
    for (const base of bases) {
      if (!base.includes("@")) continue;
      work.spend(LOOKUP + base.length);
      const { local, host } = parseMailbox(base) ?? malformed("a malformed name constraint", base);
      this.#mailboxes.add(`${local}@${host}`);
    }
  }

  covers({ value }: GeneralName): boolean {
    const text = typeof value === "string" ? value : "";
    this.#work.spend(LOOKUP + text.length);
    const { local, host } = parseMailbox(text) ?? malformed("a constrained rfc822Name", text);
    return this.#mailboxes.has(`${local}@${host}`) || coversHost(host, this.#tables, this.#work);
  }
}

class AddressSubtrees implements Subtrees {
  readonly #bases: readonly Uint8Array[];
  readonly #work: WorkBudget;

  constructor(bases: readonly GeneralName[], work: WorkBudget) {
    this.#work = work;
    this.#bases = bases.flatMap(({ value }) => value instanceof Uint8Array ? [value] : []);
    for (const base of this.#bases) {
      work.spend(LOOKUP);
      if (!isPrefix(base.subarray(base.length / 2))) {
        malformed("a name constraint with a mask that is no prefix:", base.join("."));
      }
    }
  }

  covers({ value }: GeneralName): boolean {
    if (!(value instanceof Uint8Array)) return false;
    return this.#bases.some((base) => {
      this.#work.spend(LOOKUP);
      return coversAddress(base, value);
    });
  }
}

/** RFC 5280 §4.2.1.10: as in RFC 4632, ones and then zeros. */
function isPrefix(mask: Uint8Array): boolean {
  const bits = Array.from(mask, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits);
}

function coversAddress(base: Uint8Array, address: Uint8Array): boolean {
  const { length } = address;
  if (base.length !== 2 * length) return false;
  return address.every((byte, i) => ((byte ^ base[i]) & base[length + i]) === 0);
}

/** A name is below another if it begins with the same relative distinguished names. */
class DirectorySubtrees implements Subtrees {
  readonly #keys = new Set<string>();
  readonly #lengths = new Set<number>();
  readonly #work: WorkBudget;

  constructor(bases: readonly GeneralName[], work: WorkBudget) {
    this.#work = work;
    for (const base of bases) {
      if (base.type !== "directoryName") continue;
      work.spend(LOOKUP + comparisonCost(base.value));
      this.#keys.add(base.value.key);
      this.#lengths.add(base.value.rdns.length);
    }
  }

  covers(name: GeneralName): boolean {
    if (name.type !== "directoryName") return false;
    this.#work.spend(comparisonCost(name.value));
    const { keys } = name.value;
    for (const length of this.#lengths) {
      if (length > keys.length) continue;
      this.#work.spend(LOOKUP + name.value.raw.length);
      if (this.#keys.has(keys.slice(0, length).join(","))) return true;
    }
    return false;
  }
}
