/**
 * NewSessionTicket (RFC 9846 section 4.7.1).
 *
 * @module
 */
import { HandshakeType } from "@sealane/wire";
import { type RawExtension, readExtensions, writeExtensions } from "../extensions/extension.ts";
import { decodeBody, encodeMessage } from "./message.ts";

/** A NewSessionTicket. */
export interface NewSessionTicket {
  /** `ticket_lifetime` in seconds; 0 means to discard it at once. */
  readonly lifetime: number;
  /** `ticket_age_add`: a random 32-bit number that hides the age of the ticket. */
  readonly ageAdd: number;
  /** `ticket_nonce`: unique among the tickets of a connection; at most 255 bytes. */
  readonly nonce: Uint8Array;
  /** The ticket, opaque to the client; 1 to 65,535 bytes. */
  readonly ticket: Uint8Array;
  /** In the order of the message. */
  readonly extensions: readonly RawExtension[];
}

/** Encodes a NewSessionTicket with its header. */
export function encodeNewSessionTicket(message: NewSessionTicket): Uint8Array {
  return encodeMessage(HandshakeType.new_session_ticket, (writer) => {
    writer.u32(message.lifetime).u32(message.ageAdd);
    writer.vector8(message.nonce).vector16(message.ticket);
    writeExtensions(writer, message.extensions);
  });
}

/**
 * Decodes the body of a NewSessionTicket.
 *
 * @throws {TlsError} `peer/decode-error`, `peer/duplicate-extension`.
 */
export function decodeNewSessionTicket(body: Uint8Array): NewSessionTicket {
  return decodeBody(HandshakeType.new_session_ticket, body, (reader) => ({
    lifetime: reader.u32("ticket_lifetime"),
    ageAdd: reader.u32("ticket_age_add"),
    nonce: reader.vector8("ticket_nonce"),
    ticket: reader.vector16("ticket", { min: 1 }),
    extensions: readExtensions(reader, "NewSessionTicket"),
  }));
}
