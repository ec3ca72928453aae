/**
 * Runs two handshakes against each other in memory, for tests.
 *
 * @module
 */
import type { Handshake } from "./handshake.ts";
import type { HandshakeEvent } from "./events.ts";

/** Starts both sides and runs {@link exchange}. */
export function shake(client: Handshake, server: Handshake): [HandshakeEvent[], HandshakeEvent[]] {
  client.start();
  server.start();
  return exchange(client, server);
}

/** Passes the messages of both sides until neither has more, and gives the events of each. Synchronous ones only. */
export function exchange(
  client: Handshake,
  server: Handshake,
): [HandshakeEvent[], HandshakeEvent[]] {
  const events: [HandshakeEvent[], HandshakeEvent[]] = [[], []];
  const ways = [[client, server, events[0]], [server, client, events[1]]] as const;
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
