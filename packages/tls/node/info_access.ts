/**
 * authorityInfoAccess (RFC 5280 section 4.2.2.1) as Node shows it.
 *
 * @module
 */
import type { Certificate } from "@sealane/pki";
import { DerReader } from "@sealane/wire";

/** Addresses by method and form: `OCSP - URI`, `CA Issuers - URI`. */
export type InfoAccess = Readonly<Record<string, string[]>>;

const AUTHORITY_INFO_ACCESS = "1.3.6.1.5.5.7.1.1";

const METHODS: Readonly<Record<string, string>> = {
  "1.3.6.1.5.5.7.48.1": "OCSP",
  "1.3.6.1.5.5.7.48.2": "CA Issuers",
};

/** The tag of GeneralName's uniformResourceIdentifier. */
const URI = 0x86;

/** What the certificate says; `null` where it says nothing, or says it in a malformed way. */
export function infoAccessOf({ extensions }: Certificate): InfoAccess | null {
  const found = extensions.list.find(({ id }) => id === AUTHORITY_INFO_ACCESS);
  if (found === undefined) return null;
  // Without a prototype: the names are the peer's.
  const access: Record<string, string[]> = Object.create(null);
  try {
    const reader = new DerReader(found.value, "authorityInfoAccess");
    reader.sequenceOf(
      "AuthorityInfoAccessSyntax",
      1,
      (list) =>
        list.sequence("AccessDescription", (description) => {
          const id = description.objectIdentifier("accessMethod");
          const { tag, content } = description.element("accessLocation");
          if (tag !== URI) return;
          const name = `${METHODS[id] ?? id} - URI`;
          (access[name] ??= []).push(new TextDecoder("latin1").decode(content));
        }),
    );
    reader.end();
  } catch {
    return null; // nobody has verified it, and it is only shown
  }
  return access;
}
