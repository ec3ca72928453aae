/**
 * Runs two handshakes against each other in memory, for tests.
 *
 * @module
 */
import type { Handshake } from "./handshake.ts";
import type { HandshakeEvent } from "./events.ts";

/** Starts both sides, passes their messages until neither has more, and gives the events of each. Synchronous ones only. */
export function shake(client: Handshake, server: Handshake): [HandshakeEvent[], HandshakeEvent[]] {
  const events: [HandshakeEvent[], HandshakeEvent[]] = [[], []];
  const ways = [[client, server, events[0]], [server, client, events[1]]] as const;
  client.start();
  server.start();
  for (let quiet = false; !quiet;) {
    quiet = true;
    for (const [from, to, list] of ways) {
      for (const event of from.events()) {
        quiet = false;
        list.push(event);
        if (event.type === "message") to.receive(event.level, event.data);
      }
    }
  }
  return events;
}
