/**
 * supported_groups (RFC 9846 section 4.3.7): the groups that a peer can use for key exchange.
 *
 * @module
 */
import { ExtensionType, type NamedGroup } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

/** In ClientHello: groups in the client's order of preference; at least one. */
export const supportedGroupsInClientHello: ExtensionCodec<readonly NamedGroup[]> = {
  type: ExtensionType.supported_groups,
  encode(writer, groups) {
    writer.vector16((list) => groups.forEach((group) => list.u16(group)));
  },
  decode: (reader) => reader.u16List("named_group_list", { min: 2 }),
};

/** In EncryptedExtensions: groups that the server would have liked better; a hint for the next connection. */
export const supportedGroupsInEncryptedExtensions: ExtensionCodec<readonly NamedGroup[]> =
  supportedGroupsInClientHello;
