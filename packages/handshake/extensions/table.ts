/**
 * Where each extension may appear: RFC 9846 section 4.3, table 1, and the extensions that came after it. To add an
 * extension, write its room and add its row.
 *
 * @module
 */
import { ExtensionType, extensionTypeName, TlsError } from "@sealane/wire";
import type { RawExtension } from "./extension.ts";

/** The messages that carry extensions, by the abbreviations of the RFC's table. */
export type ExtensionContext = "CH" | "SH" | "HRR" | "EE" | "CR" | "CT" | "NST";

const E = ExtensionType;

/** Extension type to the messages that may carry it. */
export const WHERE_ALLOWED: ReadonlyMap<ExtensionType, readonly ExtensionContext[]> = new Map<
  ExtensionType,
  readonly ExtensionContext[]
>([
  [E.server_name, ["CH", "EE"]],
  [E.status_request, ["CH", "CR", "CT"]],
  [E.supported_groups, ["CH", "EE"]],
  [E.signature_algorithms, ["CH", "CR"]],
  [E.use_srtp, ["CH", "EE"]],
  [E.heartbeat, ["CH", "EE"]],
  [E.application_layer_protocol_negotiation, ["CH", "EE"]],
  [E.signed_certificate_timestamp, ["CH", "CR", "CT"]],
  [E.client_certificate_type, ["CH", "EE"]],
  [E.server_certificate_type, ["CH", "EE"]],
  [E.padding, ["CH"]],
  [E.compress_certificate, ["CH", "CR"]],
  [E.record_size_limit, ["CH", "EE"]],
  [E.supported_ekt_ciphers, ["CH", "EE"]],
  [E.delegated_credential, ["CH", "CR", "CT"]],
  [E.pre_shared_key, ["CH", "SH"]],
  [E.early_data, ["CH", "EE", "NST"]],
  [E.supported_versions, ["CH", "SH", "HRR"]],
  [E.cookie, ["CH", "HRR"]],
  [E.psk_key_exchange_modes, ["CH"]],
  [E.certificate_authorities, ["CH", "CR"]],
  [E.oid_filters, ["CR"]],
  [E.post_handshake_auth, ["CH"]],
  [E.signature_algorithms_cert, ["CH", "CR"]],
  [E.key_share, ["CH", "SH", "HRR"]],
  [E.transparency_info, ["CH", "CR", "CT"]],
  [E.external_id_hash, ["CH", "EE"]],
  [E.external_session_id, ["CH", "EE"]],
  [E.quic_transport_parameters, ["CH", "EE"]],
  [E.ticket_request, ["CH", "EE"]],
  // draft-ietf-tls-tlsflags, section 4.
  [E.tls_flags, ["CH", "SH", "HRR", "EE", "CR", "CT", "NST"]],
  [E.ech_outer_extensions, []],
  [E.encrypted_client_hello, ["CH", "HRR", "EE"]],
]);

/**
 * RFC 9846 §4.3: a response carries only extensions that its request offered (`offered`), and a known extension stands
 * only where the table allows it. A cookie in HelloRetryRequest needs no offer.
 *
 * @throws {TlsError} `peer/extension-not-allowed` or `peer/unsolicited-extension`.
 */
export function checkResponseExtensions(
  message: string,
  context: ExtensionContext,
  extensions: readonly RawExtension[],
  offered: ReadonlySet<ExtensionType>,
): void {
  for (const { type } of extensions) {
    const name = extensionTypeName(type);
    const allowed = WHERE_ALLOWED.get(type);
    if (allowed !== undefined && !allowed.includes(context)) {
      throw new TlsError(
        "peer/extension-not-allowed",
        `${message} may not have the extension ${name}`,
      );
    }
    if (!offered.has(type) && !(context === "HRR" && type === E.cookie)) {
      throw new TlsError(
        "peer/unsolicited-extension",
        `${message} has the extension ${name}, which was not offered`,
      );
    }
  }
}
