/**
 * What a fatal alert of a peer usually says about us, for people who have to do something about it.
 *
 * @module
 */
import { AlertDescription as A } from "./code_points.ts";

/** By description: the end of the sentence "the peer sent the alert …". RFC 9846 section 6.2 has the formal meanings. */
const MEANINGS: ReadonlyMap<number, string> = new Map<number, string>([
  [A.unexpected_message, "it did not expect what we sent, or limits how much of it comes"],
  [
    A.bad_record_mac,
    "it could not decrypt a record: the bytes were changed on the way, or the keys differ",
  ],
  [A.record_overflow, "a record of ours is longer than it takes"],
  [
    A.handshake_failure,
    "it has no cipher suite, group or signature scheme in common with us, or misses a certificate",
  ],
  [A.bad_certificate, "it does not take our certificate"],
  [A.unsupported_certificate, "it does not take the kind of our certificate"],
  [A.certificate_revoked, "it says that our certificate is revoked"],
  [
    A.certificate_expired,
    "it says that our certificate is not valid now: look at its dates, and at both clocks",
  ],
  [A.certificate_unknown, "it does not take our certificate, and does not say why"],
  [A.illegal_parameter, "it finds a value wrong or inconsistent in what we sent"],
  [
    A.unknown_ca,
    "it does not know the authority of our certificate: send the whole chain, or have it trust the root",
  ],
  [A.access_denied, "it knows who we are, and does not let us in"],
  [A.decode_error, "it could not read a message of ours"],
  [A.decrypt_error, "a signature, a Finished or a PSK binder did not verify"],
  [A.protocol_version, "it does not speak TLS 1.3, and Sealane speaks nothing older"],
  [A.insufficient_security, "it wants stronger parameters than ours"],
  [A.internal_error, "something went wrong on its side"],
  [A.inappropriate_fallback, "it takes us for a client that fell back to an older version"],
  [A.user_canceled, "its user gave up"],
  [A.missing_extension, "it misses an extension that it needs"],
  [A.unsupported_extension, "it did not ask for an extension of ours"],
  [A.unrecognized_name, "it has no certificate for the name that was asked for"],
  [A.bad_certificate_status_response, "it does not take our OCSP response"],
  [A.unknown_psk_identity, "it does not know the PSK that was offered"],
  [A.certificate_required, "it demands a client certificate, and got none"],
  [
    A.no_application_protocol,
    "it speaks none of the application protocols that were offered (ALPN)",
  ],
  [A.ech_required, "it wants Encrypted Client Hello with its current keys"],
]);

/** What the peer may mean; an empty string if nothing is known of the description. */
export function alertMeaning(description: number): string {
  return MEANINGS.get(description) ?? "";
}
