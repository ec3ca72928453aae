/**
 * Which request an authenticator belongs to (RFC 9261 section 7.2).
 *
 * @module
 */
import { HandshakeType, TlsError } from "@sealane/wire";
import { decodeCertificate } from "../messages/certificate.ts";
import { decodeCertificateRequest } from "../messages/certificate_request.ts";
import { readMessages } from "./read_messages.ts";

const T = HandshakeType;

/**
 * The certificate_request_context of an authenticator or an authenticator request, to find what it belongs to. `null` for
 * an empty authenticator, which does not say. Nothing is verified.
 *
 * @throws {TlsError} `peer/decode-error`, `peer/duplicate-extension`, `peer/unexpected-message` if the bytes are neither.
 */
export function getAuthenticatorContext(bytes: Uint8Array): Uint8Array | null {
  const messages = readMessages(bytes, "authenticator");
  const types = messages.map(({ type }) => type).join();
  const body = messages[0]?.body ?? new Uint8Array();
  switch (types) {
    case `${T.certificate_request}`:
      return decodeCertificateRequest(body).context;
    case `${T.client_certificate_request}`:
      return decodeCertificateRequest(body, T.client_certificate_request).context;
    case `${T.certificate},${T.certificate_verify},${T.finished}`:
      return decodeCertificate(body).context;
    case `${T.finished}`:
      return null;
  }
  throw new TlsError(
    "peer/unexpected-message",
    `handshake messages of the types ${types || "none"} are no authenticator and no request`,
  );
}
