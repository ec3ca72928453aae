/**
 * NewSessionTicket as a client takes it (RFC 9846 section 4.7.1).
 *
 * @module
 */
import { HandshakeType } from "@sealane/wire";
import type { FlowContext } from "../context.ts";
import type { MainSecret } from "../key_schedule.ts";
import { decodeNewSessionTicket } from "../messages/new_session_ticket.ts";
import type { PostHandshake } from "../post_handshake.ts";

/** Handles tickets from now on; the transcript ends with the client's Finished. */
export function receiveTickets(_context: FlowContext, post: PostHandshake, main: MainSecret): void {
  main.end();
  // deno-lint-ignore require-yield -- a handler is a Step, though this one waits for nothing
  post.handle(HandshakeType.new_session_ticket, function* (message) {
    decodeNewSessionTicket(message.body);
  });
}
