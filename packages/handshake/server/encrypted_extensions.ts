/**
 * EncryptedExtensions as a server sends it (RFC 9846 section 4.4.1).
 *
 * @module
 */
import { customExtensions } from "../engine/custom_extensions.ts";
import {} from "../engine/custom_extensions.ts";
import { type CertificateType, ExtensionType } from "@sealane/wire";
import type { FlowContext } from "../engine/context.ts";
import {
  alpnInEncryptedExtensions,
  clientCertificateTypeInEncryptedExtensions,
  earlyDataInEncryptedExtensions,
  encodeExtension,
  encryptedClientHelloInEncryptedExtensions,
  type RawExtension,
  recordSizeLimitInEncryptedExtensions,
  serverCertificateTypeInEncryptedExtensions,
  serverNameInEncryptedExtensions,
  ticketRequestInEncryptedExtensions,
} from "../extensions/mod.ts";
import { encodeEncryptedExtensions } from "../messages/encrypted_extensions.ts";
import type { ResolvedServerConfig } from "../config/resolve_config.ts";
import type { ReceivedHello } from "./client_hello.ts";

/** What was negotiated. */
export interface NegotiatedExtensions {
  /** The application protocol; `null` for none. */
  readonly alpn: Uint8Array | null;
  /** Whether early data is accepted. */
  readonly earlyData: boolean;
  /** The type of the server's certificate; `null` where there is none to speak of. */
  readonly serverCertificateType: CertificateType | null;
  /** The type of certificate that the client is asked for; `null` if it is not asked. */
  readonly clientCertificateType: CertificateType | null;
  /** How many tickets a client that asked will get; `null` if it did not ask. */
  readonly ticketCount: number | null;
  /** Whether a PSK is used. */
  readonly resumed: boolean;
  /** The ECHConfigList for a client whose configuration we do not have; `null` to say nothing of it. */
  readonly echRetryConfigs: Uint8Array | null;
}

/** Sends EncryptedExtensions. */
export function sendEncryptedExtensions(
  context: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  negotiated: NegotiatedExtensions,
): void {
  const { alpn, serverCertificateType, clientCertificateType, earlyData, resumed, ticketCount } =
    negotiated;
  const extensions: RawExtension[] = [];
  // RFC 6066 §3: an empty server_name says that the name was used.
  const named = hello.info.serverName !== null && !resumed;
  if (named && (config.acknowledgeServerName ?? true)) {
    extensions.push(encodeExtension(serverNameInEncryptedExtensions, true));
  }
  if (alpn !== null) extensions.push(encodeExtension(alpnInEncryptedExtensions, alpn));
  const { offered } = hello;
  if (serverCertificateType !== null && offered.has(ExtensionType.server_certificate_type)) {
    extensions.push(
      encodeExtension(serverCertificateTypeInEncryptedExtensions, serverCertificateType),
    );
  }
  if (clientCertificateType !== null && offered.has(ExtensionType.client_certificate_type)) {
    extensions.push(
      encodeExtension(clientCertificateTypeInEncryptedExtensions, clientCertificateType),
    );
  }
  if (hello.recordSizeLimit !== null && config.recordSizeLimit !== undefined) {
    extensions.push(encodeExtension(recordSizeLimitInEncryptedExtensions, config.recordSizeLimit));
    context.emit({
      type: "recordSizeLimit",
      send: hello.recordSizeLimit,
      receive: config.recordSizeLimit,
    });
  }
  if (ticketCount !== null) {
    extensions.push(encodeExtension(ticketRequestInEncryptedExtensions, ticketCount));
  }
  if (earlyData) extensions.push(encodeExtension(earlyDataInEncryptedExtensions, true));
  const { echRetryConfigs } = negotiated;
  if (echRetryConfigs !== null) {
    extensions.push(encodeExtension(encryptedClientHelloInEncryptedExtensions, echRetryConfigs));
  }
  extensions.push(...customExtensions(context, "EE", hello.offered));
  context.send(encodeEncryptedExtensions({ extensions }));
}
