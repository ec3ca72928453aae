/**
 * Extensions that the program brings: QUIC transport parameters are one, an experiment may be another.
 *
 * @module
 */
import type { MaybePromise } from "@sealane/providers";
import type { ExtensionType } from "@sealane/wire";
import type { ExtensionContext } from "../extensions/table.ts";

/** An extension of the program's own, in any message that may carry extensions. */
export interface CustomExtension {
  /** IANA code point; not one that Sealane implements. */
  readonly type: ExtensionType;
  /** The messages in which the peer may send it; in another one it is refused (unsupported_extension). */
  readonly allowedIn: readonly ExtensionContext[];
  /** The messages in which the peer has to send it: without it the handshake ends with missing_extension. */
  readonly requiredIn?: readonly ExtensionContext[];
  /**
   * Whether a client's sessions remember what the server sent in EncryptedExtensions (as `context`): early data depends on
   * it.
   */
  readonly remembered?: boolean;
  /**
   * The content to send in a message, or `null` to leave the extension out. In EncryptedExtensions and Certificate it
   * is asked only if the peer offered the extension. In a second ClientHello the content of the first one stands.
   */
  send(context: ExtensionContext): Uint8Array | null;
  /** Judges what the peer sent, before the handshake goes on: throw a `TlsError` to end it. */
  receive?(context: ExtensionContext, data: Uint8Array): MaybePromise<void>;
}
