/**
 * Name constraints (RFC 5280 section 4.2.1.10): which names the certificates below a CA may have.
 *
 * @module
 */
import { TlsError } from "@sealane/wire";
import type { Certificate } from "../certificate/certificate.ts";
import type { NameConstraints } from "../certificate/extensions.ts";
import type { WorkBudget } from "../limits.ts";
import { formatDistinguishedName } from "../names/distinguished_name.ts";
import type { GeneralName, GeneralSubtree } from "../names/general_name.ts";
import { arrangeSubtrees, type Subtrees } from "../names/subtrees.ts";

const EMAIL_ADDRESS = "1.2.840.113549.1.9.1";

type Form = GeneralName["type"];

/** The subtrees of one list, by the form of their names; arranged when there is a name of that form. */
class SubtreeList {
  readonly #subtrees: ReadonlyMap<Form, readonly GeneralSubtree[]>;
  readonly #arranged = new Map<Form, Subtrees>();
  readonly #work: WorkBudget;

  constructor(subtrees: readonly GeneralSubtree[], work: WorkBudget) {
    work.spend(64 * subtrees.length);
    this.#subtrees = byForm(subtrees);
    this.#work = work;
  }

  /** The subtrees of a form, or `undefined` if names of that form are not constrained. */
  of(form: Form): Subtrees | undefined {
    const subtrees = this.#subtrees.get(form);
    if (subtrees === undefined) return undefined;
    const arranged = this.#arranged.get(form) ?? arrangeSubtrees(form, subtrees, this.#work);
    this.#arranged.set(form, arranged);
    return arranged;
  }
}

/** What the CAs of a path so far have permitted and excluded. */
export class NameConstraintState {
  readonly #all: { readonly permitted: SubtreeList; readonly excluded: SubtreeList }[] = [];
  readonly #work: WorkBudget;

  /** The work of all checks comes out of one budget. */
  constructor(work: WorkBudget) {
    this.#work = work;
  }

  /** Adds the constraints of one CA: names have to satisfy those of every CA above. */
  add({ permitted, excluded }: NameConstraints): void {
    this.#all.push({
      permitted: new SubtreeList(permitted, this.#work),
      excluded: new SubtreeList(excluded, this.#work),
    });
  }

  /**
   * Checks all names of a certificate.
   *
   * @throws {TlsError} `peer/bad-certificate` if one is not permitted, or if it or a constraint of its form is malformed;
   * `peer/unsupported-certificate` if a constraint is of a form that is not understood and the certificate has a name of
   * that form.
   */
  check(certificate: Certificate): void {
    if (this.#all.length === 0) return;
    for (const name of namesOf(certificate)) {
      this.#work.spend(64 * this.#all.length);
      for (const { permitted, excluded } of this.#all) {
        if (permitted.of(name.type)?.covers(name, false) === false) {
          refuse(certificate, name, "is not in a permitted subtree");
        }
        if (excluded.of(name.type)?.covers(name, true)) {
          refuse(certificate, name, "is in an excluded subtree");
        }
      }
    }
  }
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
    // What is no text is no mailbox, and refused as that.
    if (type === EMAIL_ADDRESS) {
      yield { type: "rfc822Name", value: typeof value === "string" ? value : "" };
    }
  }
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
