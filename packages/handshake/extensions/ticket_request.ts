/**
 * ticket_request (RFC 9149): how many tickets the client would like.
 *
 * @module
 */
import { ExtensionType } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

const type = ExtensionType.ticket_request;

/** Tickets that a client asks for, 0 to 255 each. */
export interface TicketRequest {
  /** `new_session_count`: where the server does not resume. */
  readonly newSessionCount: number;
  /** `resumption_count`: where it resumes. */
  readonly resumptionCount: number;
}

/** In ClientHello. */
export const ticketRequestInClientHello: ExtensionCodec<TicketRequest> = {
  type,
  encode(writer, { newSessionCount, resumptionCount }) {
    writer.u8(newSessionCount).u8(resumptionCount);
  },
  decode: (reader) => ({
    newSessionCount: reader.u8("new_session_count"),
    resumptionCount: reader.u8("resumption_count"),
  }),
};

/** In EncryptedExtensions: `expected_count`, how many tickets the server means to send. */
export const ticketRequestInEncryptedExtensions: ExtensionCodec<number> = {
  type,
  encode: (writer, expectedCount) => void writer.u8(expectedCount),
  decode: (reader) => reader.u8("expected_count"),
};
