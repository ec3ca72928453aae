/**
 * padding (RFC 7685): makes a ClientHello longer.
 *
 * @module
 */
import { ExtensionType } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

/** In ClientHello: the number of zero bytes, 0 to 65,535. */
export const paddingInClientHello: ExtensionCodec<number> = {
  type: ExtensionType.padding,
  encode: (writer, length) => void writer.bytes(new Uint8Array(length)),
  decode(reader) {
    const zeros = reader.rest();
    // RFC 7685 §3: the client MUST fill the extension with zero bytes.
    if (zeros.some((byte) => byte !== 0)) reader.fail("a byte that is not zero");
    return zeros.length;
  },
};
