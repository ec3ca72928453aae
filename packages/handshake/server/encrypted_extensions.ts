/**
 * EncryptedExtensions as a server sends it (RFC 9846 section 4.4.1).
 *
 * @module
 */
import type { FlowContext } from "../context.ts";
import {
  alpnInEncryptedExtensions,
  earlyDataInEncryptedExtensions,
  encodeExtension,
  type RawExtension,
  serverNameInEncryptedExtensions,
} from "../extensions/mod.ts";
import { encodeEncryptedExtensions } from "../messages/encrypted_extensions.ts";
import type { ResolvedServerConfig } from "../resolve_config.ts";
import type { ReceivedHello } from "./client_hello.ts";

/** What was negotiated. */
export interface NegotiatedExtensions {
  /** The application protocol; `null` for none. */
  readonly alpn: Uint8Array | null;
  /** Whether early data is accepted. */
  readonly earlyData: boolean;
  /** Whether a PSK is used. */
  readonly resumed: boolean;
}

/** Sends EncryptedExtensions. */
export function sendEncryptedExtensions(
  context: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  { alpn, earlyData, resumed }: NegotiatedExtensions,
): void {
  const extensions: RawExtension[] = [];
  // RFC 6066 §3: an empty server_name says that the name was used.
  const named = hello.info.serverName !== null && !resumed;
  if (named && (config.acknowledgeServerName ?? true)) {
    extensions.push(encodeExtension(serverNameInEncryptedExtensions, true));
  }
  if (alpn !== null) extensions.push(encodeExtension(alpnInEncryptedExtensions, alpn));
  if (earlyData) extensions.push(encodeExtension(earlyDataInEncryptedExtensions, true));
  extensions.push(...context.customExtensions("EE", hello.offered));
  context.send(encodeEncryptedExtensions({ extensions }));
}
