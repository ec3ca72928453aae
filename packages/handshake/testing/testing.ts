/**
 * Runs two handshakes against each other in memory, for tests.
 *
 * @module
 */
import type { Handshake } from "../handshake.ts";
import type { MaybePromise } from "@sealane/providers";
import { TlsError } from "@sealane/wire";
import type { HandshakeEvent } from "../engine/events.ts";
import type { Interference } from "../conformance/row.ts";
import type { Session } from "../session/session.ts";

export type { Interference };

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

/** What became of both sides. */
export interface Outcome {
  /** What ended the client's handshake; `null` if nothing did. */
  readonly client: TlsError | null;
  /** What ended the server's handshake; `null` if nothing did. */
  readonly server: TlsError | null;
  /** All messages that were sent, before they were changed: `client` or `server`, and the bytes. */
  readonly messages: readonly (readonly ["client" | "server", Uint8Array])[];
  /** The client's tickets. */
  readonly sessions: readonly Session[];
}

/**
 * Runs two handshakes against each other, with providers and callbacks that may take their time, while somebody changes
 * messages on the way; until one side fails or neither has more to say. A failure is not thrown but given.
 */
export async function shakeOut(
  client: Handshake,
  server: Handshake,
  interfere: Interference = (message) => message,
): Promise<Outcome> {
  const messages: ["client" | "server", Uint8Array][] = [];
  const sessions: Session[] = [];
  const ways = [[client, server, "client"], [server, client, "server"]] as const;
  const count = counter();
  const quietly = async (work: () => MaybePromise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
    }
  };
  await quietly(() => client.start());
  await quietly(() => server.start());
  for (let quiet = false; !quiet;) {
    quiet = true;
    for (const [from, to, name] of ways) {
      for (const event of from.events()) {
        if (event.type === "ticket") sessions.push(event.session);
        if (event.type !== "message") continue;
        quiet = false;
        messages.push([name, event.data]);
        const data = interfere(event.data, name, count(name, event.data[0]));
        if (data !== null && to.error === null) await quietly(() => to.receive(event.level, data));
      }
    }
    if (client.error !== null || server.error !== null) break;
  }
  return { client: client.error, server: server.error, messages, sessions };
}

/** Counts messages by their sender and type, from 0. */
export function counter(): (from: "client" | "server", type: number) => number {
  const counts = new Map<string, number>();
  return (from, type) => {
    const index = counts.get(`${from} ${type}`) ?? 0;
    counts.set(`${from} ${type}`, index + 1);
    return index;
  };
}
