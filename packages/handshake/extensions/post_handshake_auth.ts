/**
 * post_handshake_auth (RFC 9846 section 4.3.6): the client can show a certificate after the handshake.
 *
 * @module
 */
import { ExtensionType } from "@sealane/wire";
import { emptyCodec, type ExtensionCodec } from "./extension.ts";

/** In ClientHello. */
export const postHandshakeAuthInClientHello: ExtensionCodec<true> = emptyCodec(
  ExtensionType.post_handshake_auth,
);
