/**
 * EncryptedExtensions as a server sends it (RFC 9846 section 4.4.1).
 *
 * @module
 */
import type { FlowContext } from "../context.ts";
import {
  alpnInEncryptedExtensions,
  encodeExtension,
  type RawExtension,
  serverNameInEncryptedExtensions,
} from "../extensions/mod.ts";
import { encodeEncryptedExtensions } from "../messages/encrypted_extensions.ts";
import type { ResolvedServerConfig } from "../resolve_config.ts";
import type { ReceivedHello } from "./client_hello.ts";

/** Sends EncryptedExtensions. */
export function sendEncryptedExtensions(
  context: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  alpn: Uint8Array | null,
): void {
  const extensions: RawExtension[] = [];
  // RFC 6066 §3: an empty server_name says that the name was used.
  if (hello.info.serverName !== null && (config.acknowledgeServerName ?? true)) {
    extensions.push(encodeExtension(serverNameInEncryptedExtensions, true));
  }
  if (alpn !== null) extensions.push(encodeExtension(alpnInEncryptedExtensions, alpn));
  extensions.push(...context.customExtensions("EE", hello.offered));
  context.send(encodeEncryptedExtensions({ extensions }));
}
