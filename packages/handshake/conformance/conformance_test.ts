/** The conformance tables, against the handshake alone: messages in, messages and an alert out. */
import { assert, assertEquals } from "@std/assert";
import { alertName } from "@sealane/wire";
import {
  type Carrier,
  Handshake,
  PACKETS,
  RECORDS,
  type ServerConfig,
  type Session,
} from "../mod.ts";
import { client, type Row, ROWS, server, target } from "./mod.ts";
import { shakeOut } from "../testing/testing.ts";

/** The ends that a row is about. */
async function ends(row: Row, carrier: Carrier): Promise<{ client: Handshake; server: Handshake }> {
  const { client: clientConfig = client, server: serverConfig = server, resume } = row;
  const make = (toServer: ServerConfig, session?: Session) => ({
    client: Handshake.client(clientConfig, { ...(row.target ?? target), session }, { carrier }),
    server: Handshake.server(toServer, { carrier }),
  });
  if (resume === undefined) return make(serverConfig);
  const before = make(row.before ?? serverConfig);
  const { sessions } = await shakeOut(before.client, before.server);
  assert(sessions.length > 0, `no session: ${before.client.error ?? before.server.error}`);
  return make(serverConfig, resume(sessions[0]));
}

for (const row of ROWS) {
  const carrier = row.only === "packets" ? PACKETS : RECORDS;
  Deno.test(`row ${row.row}: ${row.name}: the ${row.by} sends ${alertName(row.alert)}`, async () => {
    const sides = await ends(row, carrier);
    const outcome = await shakeOut(sides.client, sides.server, row.on);
    const error = outcome[row.by];
    assertEquals(error?.code, row.code, error?.message);
    assertEquals(error?.alert, row.alert);
    // The connection is of no use afterwards: it throws the same error, and says nothing more.
    const side = sides[row.by];
    let again: unknown = null;
    try {
      side.receive(side.readLevel, new Uint8Array(1));
    } catch (thrown) {
      again = thrown;
    }
    assert(again === error);
    const left = Array.from(side.events(), (event) => event.type);
    assert(left.indexOf("alert") === left.length - 1, `after the alert: ${left}`);
    assertEquals(Array.from(side.events()), []);
  });
}
