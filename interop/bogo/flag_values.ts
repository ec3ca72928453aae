/**
 * Values of flags in the form that configurations want.
 *
 * @module
 */
import { fromHex, utf8 } from "@sealane/wire";

/** The list, or `undefined` if it is empty: a flag that was not given. */
export function orUndefined<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

/** The protocols of a ProtocolNameList without its outer length, as the flags have it. */
export function splitProtocols(list: string | undefined): Uint8Array[] {
  const bytes = utf8(list ?? "");
  const protocols: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 1 + bytes[at]) {
    protocols.push(bytes.slice(at + 1, at + 1 + bytes[at]));
  }
  return protocols;
}

/** Names in the form of the flags: comma-separated hexadecimal. */
export function authorities(list: string | undefined): Uint8Array[] | undefined {
  if (list === undefined || list === "<NULL>" || list === "<EMPTY>") return undefined;
  return list.split(",").map(fromHex);
}
