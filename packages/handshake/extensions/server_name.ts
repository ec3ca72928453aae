/**
 * server_name (RFC 6066 section 3): the name of the server that the client wants to talk to.
 *
 * @module
 */
import { ExtensionType, type Reader, utf8 } from "@sealane/wire";
import { emptyCodec, type ExtensionCodec } from "./extension.ts";

const type = ExtensionType.server_name;

/** NameType: the only one that was ever defined. */
const HOST_NAME = 0;

function readHostName(reader: Reader, name: Uint8Array): string {
  // RFC 6066 §3: an ASCII string; internationalized names come as A-labels. A NUL would split it in C code.
  if (name.length > 255) reader.fail(`host_name has ${name.length} bytes, more than 255`);
  if (name.some((byte) => byte === 0 || byte > 0x7f)) reader.fail("host_name is not ASCII");
  return String.fromCharCode(...name);
}

/** In ClientHello: the DNS name, ASCII, without a trailing dot; 1 to 255 bytes. */
export const serverNameInClientHello: ExtensionCodec<string> = {
  type,
  encode(writer, name) {
    writer.vector16((list) => list.u8(HOST_NAME).vector16(utf8(name)));
  },
  decode(reader) {
    const names = reader.list(
      reader.vector16("server_name_list", { min: 1 }),
      "server_name_list",
      (list) => ({ nameType: list.u8("name_type"), name: list.vector16("name", { min: 1 }) }),
    );
    // RFC 6066 §3: at most one name of a type. Types other than host_name mean nothing and are passed over.
    const hostNames = names.filter(({ nameType }) => nameType === HOST_NAME);
    if (hostNames.length !== 1) reader.fail(`${hostNames.length} names of type host_name, not 1`);
    return readHostName(reader, hostNames[0].name);
  },
};

/** In EncryptedExtensions: the server used the name. */
export const serverNameInEncryptedExtensions: ExtensionCodec<true> = emptyCodec(type);
