/**
 * key_share (RFC 9846 section 4.3.8): the key exchange itself.
 *
 * @module
 */
import {
  ExtensionType,
  type NamedGroup,
  namedGroupName,
  type Reader,
  TlsError,
  type Writer,
} from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

/** A share for one group. */
export interface KeyShareEntry {
  /** The group. */
  readonly group: NamedGroup;
  /** The share, in the form that the group defines; never empty. */
  readonly share: Uint8Array;
}

const type = ExtensionType.key_share;

function writeEntry(writer: Writer, { group, share }: KeyShareEntry): void {
  writer.u16(group).vector16(share);
}

function readEntry(reader: Reader): KeyShareEntry {
  return { group: reader.u16("group"), share: reader.vector16("key_exchange", { min: 1 }) };
}

/** In ClientHello: the offered shares, in the client's order; may be empty, to ask for a HelloRetryRequest. */
export const keyShareInClientHello: ExtensionCodec<readonly KeyShareEntry[]> = {
  type,
  encode(writer, entries) {
    writer.vector16((list) => entries.forEach((entry) => writeEntry(list, entry)));
  },
  decode(reader) {
    const entries = reader.list(reader.vector16("client_shares"), "client_shares", readEntry);
    const groups = new Set<NamedGroup>();
    for (const { group } of entries) {
      // RFC 9846 §4.3.8: clients MUST NOT offer multiple KeyShareEntry values for the same group.
      if (groups.has(group)) {
        throw new TlsError(
          "peer/duplicate-key-share",
          `ClientHello has two key shares for the group ${namedGroupName(group)}`,
        );
      }
      groups.add(group);
    }
    return entries;
  },
};

/** In ServerHello: the server's share. */
export const keyShareInServerHello: ExtensionCodec<KeyShareEntry> = {
  type,
  encode: writeEntry,
  decode: readEntry,
};

/** In HelloRetryRequest: the group that the server wants a share for. */
export const keyShareInHelloRetryRequest: ExtensionCodec<NamedGroup> = {
  type,
  encode: (writer, group) => void writer.u16(group),
  decode: (reader) => reader.u16("selected_group"),
};
