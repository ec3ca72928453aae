/**
 * cookie (RFC 9846 section 4.3.2): what a HelloRetryRequest hands to the client to be sent back.
 *
 * @module
 */
import { ExtensionType } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

/** In ClientHello: the server's cookie, bit for bit; 1 to 65,535 bytes. */
export const cookieInClientHello: ExtensionCodec<Uint8Array> = {
  type: ExtensionType.cookie,
  encode: (writer, cookie) => void writer.vector16(cookie),
  decode: (reader) => reader.vector16("cookie", { min: 1 }),
};

/** In HelloRetryRequest: a cookie, opaque to the client. */
export const cookieInHelloRetryRequest: ExtensionCodec<Uint8Array> = cookieInClientHello;
