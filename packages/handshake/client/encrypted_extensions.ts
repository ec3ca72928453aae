/**
 * EncryptedExtensions as a client judges it (RFC 9846 section 4.4.1).
 *
 * @module
 */
import { receiveCustomExtensions } from "../engine/custom_extensions.ts";
import { CertificateType, equalBytes, HandshakeType, TlsError } from "@sealane/wire";
import { checkCertificateType } from "../authentication/certificate_message.ts";
import type { FlowContext } from "../engine/context.ts";
import { decodeEchConfigList } from "../config/ech_config.ts";
import {
  alpnInEncryptedExtensions,
  checkResponseExtensions,
  clientCertificateTypeInEncryptedExtensions,
  decodeExtension,
  earlyDataInEncryptedExtensions,
  encryptedClientHelloInEncryptedExtensions,
  findExtension,
  type RawExtension,
  recordSizeLimitInEncryptedExtensions,
  serverCertificateTypeInEncryptedExtensions,
  serverNameInEncryptedExtensions,
  ticketRequestInEncryptedExtensions,
} from "../extensions/mod.ts";
import { decodeEncryptedExtensions } from "../messages/encrypted_extensions.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";
import type { Step } from "../engine/step.ts";
import type { ClientOffer } from "./hello.ts";

/** What EncryptedExtensions says. */
export interface ServerExtensions {
  /** The application protocol; `null` if none was agreed. */
  readonly alpn: Uint8Array | null;
  /** The type of the server's certificate. */
  readonly serverCertificateType: CertificateType;
  /** The type of certificate that the server wants of us; `null` if it did not say. */
  readonly clientCertificateType: CertificateType | null;
  /** Whether early data was accepted. */
  readonly earlyData: boolean;
  /** The content of the custom extension that sessions remember; `null` without one. */
  readonly remembered: Uint8Array | null;
  /** The ECHConfigList to retry with; `null` without one. Only a server that was authenticated has a say in it. */
  readonly echRetryConfigs: Uint8Array | null;
}

/** Receives and judges EncryptedExtensions. */
export function* receiveEncryptedExtensions(
  context: FlowContext,
  config: ResolvedClientConfig,
  offer: ClientOffer,
): Step<ServerExtensions> {
  const message = yield* context.receive(HandshakeType.encrypted_extensions);
  const { extensions } = decodeEncryptedExtensions(message.body);
  checkResponseExtensions("EncryptedExtensions", "EE", extensions, offer.offered);
  decodeExtension(extensions, serverNameInEncryptedExtensions);
  const alpn = decodeExtension(extensions, alpnInEncryptedExtensions) ?? null;
  checkAlpn(context, config, alpn);
  yield* receiveCustomExtensions(context, "EE", extensions);
  context.transcript.add(message.bytes);
  const limit = decodeExtension(extensions, recordSizeLimitInEncryptedExtensions);
  if (limit !== undefined && config.recordSizeLimit !== undefined) {
    context.emit({ type: "recordSizeLimit", send: limit, receive: config.recordSizeLimit });
  }
  decodeExtension(extensions, ticketRequestInEncryptedExtensions);
  const serverCertificateType = decodeExtension(
    extensions,
    serverCertificateTypeInEncryptedExtensions,
  ) ?? CertificateType.X509;
  const clientCertificateType = decodeExtension(
    extensions,
    clientCertificateTypeInEncryptedExtensions,
  ) ?? null;
  if (clientCertificateType !== null) {
    checkCertificateType(clientCertificateType, config.ownTypes ?? [], "client's");
  }
  const earlyData = decodeExtension(extensions, earlyDataInEncryptedExtensions) ?? false;
  const custom = config.customExtensions?.find(({ remembered }) => remembered);
  const remembered = custom === undefined ? undefined : findExtension(extensions, custom.type);
  return {
    alpn,
    serverCertificateType,
    clientCertificateType,
    earlyData,
    remembered: remembered?.data ?? null,
    echRetryConfigs: readRetryConfigs(extensions),
  };
}

/** RFC 9849 §6.1.6 and §6.2.1: it has to be well-formed, also in response to an imitation. */
function readRetryConfigs(extensions: readonly RawExtension[]): Uint8Array | null {
  const list = decodeExtension(extensions, encryptedClientHelloInEncryptedExtensions) ?? null;
  if (list !== null) decodeEchConfigList(list, "peer/decode-error");
  return list;
}

function checkAlpn(
  context: FlowContext,
  config: ResolvedClientConfig,
  chosen: Uint8Array | null,
): void {
  if (chosen === null) {
    // RFC 9001 §8.1: without an agreed protocol the connection is closed.
    if (!context.carrier.alpnRequired) return;
    throw new TlsError("peer/no-application-protocol", "the server chose no application protocol");
  }
  const offered = config.alpnBytes.some((protocol) => equalBytes(protocol, chosen));
  if (!offered && !config.allowUnknownAlpn) {
    throw new TlsError(
      "peer/application-protocol",
      `the server chose the application protocol ${
        JSON.stringify(new TextDecoder().decode(chosen))
      }, ` +
        "which was not offered",
    );
  }
}
