/**
 * supported_versions (RFC 9846 section 4.3.1): the negotiation of the version.
 *
 * @module
 */
import { ExtensionType, type ProtocolVersion } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

const type = ExtensionType.supported_versions;

/** In ClientHello: the versions that the client speaks, in its order of preference; at least one. */
export const supportedVersionsInClientHello: ExtensionCodec<readonly ProtocolVersion[]> = {
  type,
  encode(writer, versions) {
    writer.vector8((list) => versions.forEach((version) => list.u16(version)));
  },
  decode: (reader) =>
    reader.list(
      reader.vector8("versions", { min: 2 }),
      "versions",
      (list) => list.u16("version"),
    ),
};

/** In ServerHello and HelloRetryRequest: the version of this connection. */
export const supportedVersionsInServerHello: ExtensionCodec<ProtocolVersion> = {
  type,
  encode: (writer, version) => void writer.u16(version),
  decode: (reader) => reader.u16("selected_version"),
};
