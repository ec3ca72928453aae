/**
 * The certificate part of a client's handshake: the server's certificate, and our own if the server asks (RFC 9846
 * sections 4.4.2 and 4.5).
 *
 * @module
 */
import { receiveCustomExtensions } from "../engine/custom_extensions.ts";
import {
  CertificateType,
  compared,
  HandshakeType,
  type SignatureScheme,
  signatureSchemeName,
  TlsError,
} from "@sealane/wire";
import { receiveAuthentication, sendCertificateVerify } from "../authentication/authentication.ts";
import {
  certificateTypes,
  checkCertificateType,
  sendCertificate,
} from "../authentication/certificate_message.ts";
import {
  checkRequest,
  requestDemand,
  requestedExtras,
} from "../authentication/certificate_request.ts";
import type { ClientTarget } from "../config/config.ts";
import type { ClientCredentialRequest, CredentialChoice } from "../config/credential_request.ts";
import type { FlowContext } from "../engine/context.ts";
import {
  acceptanceOf,
  chooseCredential,
  type ChosenCredential,
} from "../authentication/credential_selection.ts";
import { compressCertificateInCertificateRequest, decodeExtension } from "../extensions/mod.ts";
import {
  type CertificateRequest,
  decodeCertificateRequest,
} from "../messages/certificate_request.ts";
import type { PeerIdentity } from "../identity/peer.ts";
import type { Psk } from "../engine/psk.ts";
import { recallPeer } from "../session/session_peer.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";
import { settle, type Step } from "../engine/step.ts";
import type { ServerExtensions } from "./encrypted_extensions.ts";
import type { ClientOffer } from "./hello.ts";

/** What came of the server's part. */
export interface ServerAuthentication {
  /** The server; with a PSK the one of the session, `null` if that has none. */
  readonly peer: PeerIdentity | null;
  /** The scheme of its CertificateVerify; `null` with a PSK. */
  readonly scheme: SignatureScheme | null;
  /** Its request for a certificate of ours; `null` without one. */
  readonly request: CertificateRequest | null;
  /** The type of certificate that it wants of us. */
  readonly ownType: CertificateType;
}

/** CertificateRequest if there is one, then Certificate and CertificateVerify of the server; none of them with a PSK. */
export function* authenticateServer(
  context: FlowContext,
  config: ResolvedClientConfig,
  offer: ClientOffer,
  psk: Psk | null,
  target: ClientTarget,
  encrypted: ServerExtensions,
): Step<ServerAuthentication> {
  if (psk !== null) return recallServer(psk);
  if (config.requirePsk) {
    throw new TlsError("peer/psk-required", "the server took none of the PSKs");
  }
  const certificateType = encrypted.serverCertificateType;
  checkCertificateType(certificateType, config.peerTypes, "server's");
  const request = yield* receiveCertificateRequest(context);
  // RFC 7250 §4.2: without an answer to client_certificate_type the default is meant.
  const ownType = encrypted.clientCertificateType ?? CertificateType.X509;
  if (request !== null && config.ownTypes !== null) {
    checkCertificateType(ownType, config.ownTypes, "client's");
  }
  const authenticated = yield* receiveAuthentication(context, {
    context: new Uint8Array(),
    offeredExtensions: offer.offered,
    certificateType,
    serverName: target.serverName ?? null,
  });
  // RFC 9846 §4.5.1.3: if the server supplies an empty Certificate message: decode_error.
  if (authenticated === null) {
    throw new TlsError("peer/decode-error", "the Certificate message of the server is empty");
  }
  return { peer: authenticated.identity, scheme: authenticated.scheme, request, ownType };
}

/** A PSK authenticates the server: it is the one that the session was made with, which passed when the session was offered. */
function recallServer(psk: Psk): ServerAuthentication {
  const peer = recallPeer(psk.session?.peer ?? null);
  return { peer, scheme: null, request: null, ownType: CertificateType.X509 };
}

function* receiveCertificateRequest(context: FlowContext): Step<CertificateRequest | null> {
  const { type } = yield* context.peek([
    HandshakeType.certificate_request,
    ...certificateTypes(context),
  ]);
  if (type !== HandshakeType.certificate_request) return null;
  const message = yield* context.receive(HandshakeType.certificate_request);
  const request = decodeCertificateRequest(message.body);
  // RFC 9846 §4.4.2: the context is empty but in post-handshake authentication.
  if (request.context.length > 0) {
    throw new TlsError(
      "peer/certificate-request-context",
      "CertificateRequest has a certificate_request_context in the main handshake",
    );
  }
  checkRequest(request);
  yield* receiveCustomExtensions(context, "CR", request.extensions);
  context.transcript.add(message.bytes);
  return request;
}

/** Certificate and CertificateVerify of ours, if asked; `null` without a signature. */
export function* answerCertificateRequest(
  context: FlowContext,
  config: ResolvedClientConfig,
  server: ServerAuthentication,
): Step<ChosenCredential | null> {
  if (server.request === null) return null;
  return yield* sendClientAuthentication(context, config, server.request, server);
}

/** Answers a request, in the handshake or after it. */
export function* sendClientAuthentication(
  context: FlowContext,
  config: ResolvedClientConfig,
  request: CertificateRequest,
  server: ServerAuthentication,
): Step<ChosenCredential | null> {
  const { extensions } = request;
  const chosen = yield* chooseClientCredential(context, config, request, server);
  const offered = new Set(extensions.map(({ type }) => type));
  yield* sendCertificate(context, chosen, request.context, {
    ...requestedExtras(offered, chosen?.credential ?? null),
    compression: decodeExtension(extensions, compressCertificateInCertificateRequest) ?? [],
  });
  if (chosen === null) return null;
  yield* sendCertificateVerify(context, chosen);
  return chosen;
}

function* chooseClientCredential(
  context: FlowContext,
  config: ResolvedClientConfig,
  { extensions }: CertificateRequest,
  server: ServerAuthentication,
): Step<ChosenCredential | null> {
  const { credentials } = config;
  if (credentials === undefined) return null;
  const request: ClientCredentialRequest = {
    certificateType: server.ownType,
    ...requestDemand(context, extensions),
    server: server.peer,
    signal: context.signal,
  };
  const choice = typeof credentials === "function"
    ? yield* settle(credentials(request))
    : credentials;
  const chosen = chooseCredential(choice, acceptanceOf(request), config.clock());
  // A list of which none fits is a client without a certificate; one that the program chose by itself is a mistake.
  if (chosen === null && choice !== null && !Array.isArray(choice)) {
    throw new TlsError(
      "peer/no-common-signature-scheme",
      "the certificate of ours that was chosen does not fit the CertificateRequest",
    );
  }
  if (chosen === null) context.declined = whyNone(choice, request);
  return chosen;
}

/** Why none of the credentials was shown, for whoever has to make sense of the server's alert. */
function whyNone(choice: CredentialChoice, request: ClientCredentialRequest): string {
  const list = choice === null ? [] : "schemes" in choice ? [choice] : choice;
  if (list.length === 0) return "no credential was chosen to be shown";
  const ours = [...new Set(list.flatMap(({ schemes }) => schemes))];
  const authorities = request.certificateAuthorities.length;
  return `none of our ${list.length} credentials fits its CertificateRequest: ` +
    compared(request.signatureSchemes, ours, signatureSchemeName) +
    (authorities > 0 ? `; it names ${authorities} authorities` : "");
}
