/**
 * Name constraints (RFC 5280 section 4.2.1.10): which names the certificates below a CA may have.
 *
 * @module
 */
import { TlsError } from "@sealane/wire";
import type { Certificate } from "../certificate/certificate.ts";
import { type DistinguishedName, formatDistinguishedName } from "../names/distinguished_name.ts";
import type { NameConstraints } from "../certificate/extensions.ts";
import type { GeneralName, GeneralSubtree } from "../names/general_name.ts";

/** How many comparisons of a name with a subtree one path may cost: both lists come from the peer. */
export const MAX_NAME_COMPARISONS = 100_000;

const EMAIL_ADDRESS = "1.2.840.113549.1.9.1";

/** The subtrees of one CA, by the form of their names. */
interface Subtrees {
  readonly permitted: ReadonlyMap<GeneralName["type"], readonly GeneralSubtree[]>;
  readonly excluded: ReadonlyMap<GeneralName["type"], readonly GeneralSubtree[]>;
}

/** What the CAs of a path so far have permitted and excluded. */
export class NameConstraintState {
  readonly #all: Subtrees[] = [];
  #budget = MAX_NAME_COMPARISONS;

  /** Adds the constraints of one CA: names have to satisfy those of every CA above. */
  add({ permitted, excluded }: NameConstraints): void {
    this.#all.push({ permitted: byForm(permitted), excluded: byForm(excluded) });
  }

  /**
   * Checks all names of a certificate.
   *
   * @throws {TlsError} `peer/bad-certificate` if one is not permitted; `peer/unsupported-certificate` if a constraint is
   * of a form that is not understood and the certificate has a name of that form.
   */
  check(certificate: Certificate): void {
    if (this.#all.length === 0) return;
    for (const name of namesOf(certificate)) {
      for (const { permitted, excluded } of this.#all) {
        const limits = permitted.get(name.type);
        if (limits?.some((subtree) => this.#covers(subtree, name, false)) === false) {
          refuse(certificate, name, "is not in a permitted subtree");
        }
        if (excluded.get(name.type)?.some((subtree) => this.#covers(subtree, name, true))) {
          refuse(certificate, name, "is in an excluded subtree");
        }
      }
    }
  }

  #covers({ base, plain }: GeneralSubtree, name: GeneralName, excluding: boolean): boolean {
    if (--this.#budget < 0) {
      throw new TlsError("peer/bad-certificate", "certificate path has too many name constraints");
    }
    // RFC 5280 §4.2.1.10: what is not understood and applies makes the certificate invalid.
    if (!plain) unsupported(`${base.type} with a minimum or maximum`);
    switch (base.type) {
      case "directoryName":
        return name.type === "directoryName" && isWithin(name.value, base.value);
      case "dNSName":
        return name.type === "dNSName" && coversDns(base.value, name.value, excluding);
      case "iPAddress":
        return name.type === "iPAddress" && coversAddress(base.value, name.value);
      case "rfc822Name":
        return name.type === "rfc822Name" && coversMailbox(base.value, name.value);
      case "uniformResourceIdentifier":
        return name.type === "uniformResourceIdentifier" && coversUri(base.value, name.value);
      default:
        return unsupported(base.type);
    }
  }
}

function unsupported(what: string): never {
  throw new TlsError(
    "peer/unsupported-certificate",
    `certificate path has a name constraint of the form ${what}, which is not supported`,
  );
}

function refuse(certificate: Certificate, name: GeneralName, why: string): never {
  const subject = formatDistinguishedName(certificate.subject);
  throw new TlsError("peer/bad-certificate", `certificate of ${subject}: its ${name.type} ${why}`);
}

function* namesOf({ subject, extensions }: Certificate): Generator<GeneralName> {
  const names = extensions.subjectAltName ?? [];
  yield* names;
  if (subject.rdns.length > 0) yield { type: "directoryName", value: subject };
  // RFC 5280 §4.2.1.10: old certificates have their mail address in the subject.
  if (names.some(({ type }) => type === "rfc822Name")) return;
  for (const { type, value } of subject.rdns.flat()) {
    if (type === EMAIL_ADDRESS && typeof value === "string") yield { type: "rfc822Name", value };
  }
}

function isWithin(name: DistinguishedName, base: DistinguishedName): boolean {
  return base.keys.length <= name.keys.length && base.keys.every((key, i) => key === name.keys[i]);
}

/**
 * The base covers itself and everything below; with a leading dot, as some CAs write it, only what is below. A wildcard
 * stands for all names that it matches: to be permitted all of them have to be covered, to be excluded one is enough.
 */
function coversDns(base: string, name: string, excluding: boolean): boolean {
  const [limit, host] = [base.toLowerCase(), name.toLowerCase().replace(/\.$/, "")];
  if (limit === "" || host === limit) return true;
  const suffix = limit.startsWith(".") ? limit : `.${limit}`;
  if (host.endsWith(suffix)) return true;
  if (!excluding || !host.startsWith("*.")) return false;
  const bare = limit.replace(/^\./, "");
  const dot = bare.indexOf(".");
  return dot !== -1 && bare.slice(dot) === host.slice(1);
}

function coversAddress(base: Uint8Array, address: Uint8Array): boolean {
  const { length } = address;
  if (base.length !== 2 * length) return false;
  return address.every((byte, i) => ((byte ^ base[i]) & base[length + i]) === 0);
}

/** A host, a domain with a leading dot for the hosts below, or with `@` one mailbox. */
function coversMailbox(base: string, mailbox: string): boolean {
  const at = mailbox.lastIndexOf("@");
  if (at === -1) return false;
  const [local, host] = [mailbox.slice(0, at), mailbox.slice(at + 1)];
  const baseAt = base.lastIndexOf("@");
  if (baseAt === -1) return coversHost(base, host);
  // Case counts before the @ (RFC 5280 §7.5), not after.
  return base.slice(0, baseAt) === local &&
    base.slice(baseAt + 1).toLowerCase() === host.toLowerCase();
}

function coversHost(base: string, host: string): boolean {
  const [limit, name] = [base.toLowerCase(), host.toLowerCase()];
  return limit.startsWith(".") ? name.endsWith(limit) : name === limit;
}

function coversUri(base: string, uri: string): boolean {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^:/?#@[\]]+)(?::\d*)?(?:[/?#]|$)/i.exec(uri)
    ?.[1];
  // RFC 5280 §4.2.1.10: a URI without a host name, where hosts are constrained, makes the certificate invalid.
  if (host === undefined || /^[\d.]+$/.test(host)) {
    throw new TlsError("peer/bad-certificate", "certificate has a constrained URI without a host");
  }
  return coversHost(base, host);
}

function byForm(subtrees: readonly GeneralSubtree[]): Map<GeneralName["type"], GeneralSubtree[]> {
  const groups = new Map<GeneralName["type"], GeneralSubtree[]>();
  for (const subtree of subtrees) {
    const group = groups.get(subtree.base.type);
    if (group === undefined) groups.set(subtree.base.type, [subtree]);
    else group.push(subtree);
  }
  return groups;
}
