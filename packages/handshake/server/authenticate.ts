/**
 * The certificate part of a server's handshake: its own certificate, and the client's if it is asked for (RFC 9846
 * sections 4.4.2 and 4.5).
 *
 * @module
 */
import { requireBytesOrNull } from "@sealane/providers";
import { type CertificateType, ExtensionType, TlsError } from "@sealane/wire";
import {
  type AuthenticatedPeer,
  receiveAuthentication,
  sendCertificateVerify,
} from "../authentication/authentication.ts";
import { sendCertificate } from "../authentication/certificate_message.ts";
import { requestExtensions } from "../authentication/certificate_request.ts";
import type { FlowContext } from "../engine/context.ts";
import type { ChosenCredential } from "../authentication/credential_selection.ts";
import {
  type CertificateRequest,
  encodeCertificateRequest,
} from "../messages/certificate_request.ts";
import type { ResolvedServerConfig } from "../config/resolve_config.ts";
import { settle, type Step } from "../engine/step.ts";
import type { ReceivedHello } from "./client_hello.ts";

/** Sends CertificateRequest if the configuration wants a client certificate. */
export function requestCertificate(
  context: FlowContext,
  config: ResolvedServerConfig,
): CertificateRequest | null {
  if ((config.clientAuthentication ?? "none") === "none") return null;
  const request = { context: new Uint8Array(), extensions: requestExtensions(context) };
  context.send(encodeCertificateRequest(request));
  return request;
}

/** Sends Certificate and CertificateVerify. */
export function* sendAuthentication(
  context: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  chosen: ChosenCredential,
): Step<void> {
  const { credential } = chosen;
  let ocspResponse = null;
  if (hello.offered.has(ExtensionType.status_request)) {
    ocspResponse = config.ocspResponse === undefined
      ? credential.ocspResponse ?? null
      : requireBytesOrNull(
        yield* settle(config.ocspResponse(credential, hello.info)),
        "what ocspResponse gave",
        undefined,
        "local/callback",
      );
  }
  yield* sendCertificate(context, chosen, new Uint8Array(), {
    ocspResponse,
    signedCertificateTimestamps: hello.offered.has(ExtensionType.signed_certificate_timestamp),
    offeredExtensions: hello.offered,
    compression: hello.compression,
  });
  yield* sendCertificateVerify(context, chosen);
}

/** The client's Certificate and CertificateVerify, if they were asked for; `null` for a client without. */
export function* authenticateClient(
  context: FlowContext,
  config: ResolvedServerConfig,
  request: CertificateRequest | null,
  certificateType: CertificateType | null,
): Step<AuthenticatedPeer | null> {
  if (request === null || certificateType === null) return null;
  const client = yield* receiveAuthentication(context, {
    context: request.context,
    offeredExtensions: new Set(request.extensions.map(({ type }) => type)),
    certificateType,
    serverName: null,
  });
  if (client === null && config.clientAuthentication === "required") {
    throw new TlsError(
      "peer/certificate-required",
      "the client sent no certificate, and one is required",
    );
  }
  return client;
}
