/**
 * psk_key_exchange_modes (RFC 9846 section 4.3.9): how the client lets a PSK be used.
 *
 * @module
 */
import { ExtensionType, type PskKeyExchangeMode } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

/** In ClientHello: at least one mode; unknown ones mean nothing. */
export const pskKeyExchangeModesInClientHello: ExtensionCodec<readonly PskKeyExchangeMode[]> = {
  type: ExtensionType.psk_key_exchange_modes,
  encode: (writer, modes) => void writer.vector8(Uint8Array.from(modes)),
  decode: (reader) => reader.u8List("ke_modes", { min: 1 }),
};
