/**
 * early_data (RFC 9846 section 4.3.10): data in the first flight.
 *
 * @module
 */
import { ExtensionType } from "@sealane/wire";
import { emptyCodec, type ExtensionCodec } from "./extension.ts";

const type = ExtensionType.early_data;

/** In ClientHello: early data follows. */
export const earlyDataInClientHello: ExtensionCodec<true> = emptyCodec(type);

/** In EncryptedExtensions: the early data is accepted. */
export const earlyDataInEncryptedExtensions: ExtensionCodec<true> = emptyCodec(type);

/** In NewSessionTicket: `max_early_data_size`, bytes of early data that may be sent with this ticket. */
export const earlyDataInNewSessionTicket: ExtensionCodec<number> = {
  type,
  encode: (writer, maxEarlyDataSize) => void writer.u32(maxEarlyDataSize),
  decode: (reader) => reader.u32("max_early_data_size"),
};
