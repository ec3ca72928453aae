/**
 * GeneralName (RFC 5280 section 4.2.1.6) and GeneralSubtree (section 4.2.1.10).
 *
 * @module
 */
import { contextTag, type DerReader } from "@sealane/wire";
import { type DistinguishedName, readDistinguishedName } from "./distinguished_name.ts";

/**
 * A name of one of the nine forms. `iPAddress` is 4 or 16 bytes (in name constraints 8 or 32: address and mask); the
 * forms that no rule of TLS looks into keep the content of their DER.
 */
export type GeneralName =
  | {
    readonly type: "rfc822Name" | "dNSName" | "uniformResourceIdentifier" | "registeredID";
    readonly value: string;
  }
  | { readonly type: "directoryName"; readonly value: DistinguishedName }
  | {
    readonly type: "iPAddress" | "otherName" | "x400Address" | "ediPartyName";
    readonly value: Uint8Array;
  };

/** A subtree of names that a CA may, or may not, certify. */
export interface GeneralSubtree {
  /** The root of the subtree. */
  readonly base: GeneralName;
  /** Whether `minimum` is 0 and `maximum` absent, as RFC 5280 section 4.2.1.10 demands. */
  readonly plain: boolean;
}

/** Reads the GeneralName that comes next; `ipLengths` are the lengths that an iPAddress may have. */
export function readGeneralName(
  reader: DerReader,
  ipLengths: readonly number[] = [4, 16],
): GeneralName {
  const ia5 = (field: string, number: number) =>
    reader.ia5String(field, contextTag(number, "primitive"));
  switch (reader.peek()) {
    case 0xa0:
      return { type: "otherName", value: reader.element("otherName").content };
    case 0x81:
      return { type: "rfc822Name", value: ia5("rfc822Name", 1) };
    case 0x82:
      return { type: "dNSName", value: ia5("dNSName", 2) };
    case 0xa3:
      return { type: "x400Address", value: reader.element("x400Address").content };
    case 0xa4:
      return reader.constructed(0xa4, "directoryName", (explicit) => ({
        type: "directoryName",
        value: readDistinguishedName(explicit, "Name"),
      }));
    case 0xa5:
      return { type: "ediPartyName", value: reader.element("ediPartyName").content };
    case 0x86:
      return {
        type: "uniformResourceIdentifier",
        value: ia5("uniformResourceIdentifier", 6),
      };
    case 0x87: {
      const value = reader.octetString("iPAddress", 0x87);
      if (!ipLengths.includes(value.length)) {
        reader.fail(`iPAddress has ${value.length} bytes instead of ${ipLengths.join(" or ")}`);
      }
      return { type: "iPAddress", value };
    }
    case 0x88:
      return { type: "registeredID", value: reader.objectIdentifier("registeredID", 0x88) };
    default:
      return reader.fail("GeneralName has none of the nine forms");
  }
}

/** Reads the GeneralSubtree that comes next. */
export function readGeneralSubtree(reader: DerReader): GeneralSubtree {
  return reader.sequence("GeneralSubtree", (subtree) => {
    const base = readGeneralName(subtree, [8, 32]);
    const minimum = subtree.peek() === 0x80 ? subtree.number("minimum", undefined, 0x80) : 0;
    const maximum = subtree.peek() === 0x81 ? subtree.number("maximum", undefined, 0x81) : null;
    return { base, plain: minimum === 0 && maximum === null };
  });
}
