/**
 * application_layer_protocol_negotiation (RFC 7301): which protocol runs inside.
 *
 * @module
 */
import { ExtensionType, type Reader, type Writer } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

const type = ExtensionType.application_layer_protocol_negotiation;

function write(writer: Writer, protocols: readonly Uint8Array[]): void {
  writer.vector16((list) => protocols.forEach((protocol) => list.vector8(protocol)));
}

function read(reader: Reader): Uint8Array[] {
  return reader.list(
    reader.vector16("protocol_name_list", { min: 2 }),
    "protocol_name_list",
    // RFC 7301 §3.1: empty strings MUST NOT be included.
    (list) => list.vector8("protocol_name", { min: 1 }),
  );
}

/** In ClientHello: the offered protocols, in the client's order; names of 1 to 255 bytes. */
export const alpnInClientHello: ExtensionCodec<readonly Uint8Array[]> = {
  type,
  encode: write,
  decode: read,
};

/** In EncryptedExtensions: the selected protocol. */
export const alpnInEncryptedExtensions: ExtensionCodec<Uint8Array> = {
  type,
  encode: (writer, protocol) => write(writer, [protocol]),
  decode(reader) {
    const protocols = read(reader);
    // RFC 7301 §3.1: the answer MUST contain exactly one ProtocolName.
    if (protocols.length !== 1) reader.fail(`${protocols.length} protocol names, not 1`);
    return protocols[0];
  },
};
