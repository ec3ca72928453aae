/**
 * EncryptedExtensions as a client judges it (RFC 9846 section 4.4.1).
 *
 * @module
 */
import { equalBytes, HandshakeType, TlsError } from "@sealane/wire";
import type { FlowContext } from "../context.ts";
import {
  alpnInEncryptedExtensions,
  checkResponseExtensions,
  decodeExtension,
  serverNameInEncryptedExtensions,
} from "../extensions/mod.ts";
import { decodeEncryptedExtensions } from "../messages/encrypted_extensions.ts";
import type { ResolvedClientConfig } from "../resolve_config.ts";
import type { Step } from "../step.ts";
import type { ClientOffer } from "./hello.ts";

/** What EncryptedExtensions says. */
export interface ServerExtensions {
  /** The application protocol; `null` if none was agreed. */
  readonly alpn: string | null;
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
  yield* context.receiveCustomExtensions("EE", extensions);
  context.transcript.add(message.bytes);
  return { alpn: alpn === null ? null : new TextDecoder().decode(alpn) };
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
