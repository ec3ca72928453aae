/**
 * The conformance tables over records: what is wrong ends the connection with its code, and with one alert that the peer can
 * read, under the key that RFC 9846 says.
 */
import { assert, assertEquals } from "@std/assert";
import { client, type Row, ROWS, server, target } from "@sealane/handshake/conformance";
import type { Level } from "@sealane/handshake";
import { alertName, TlsError, utf8 } from "@sealane/wire";
import { other, Wire } from "../testing/wire_testing.ts";

/** Runs a row, after the connection that its session is of. */
function run(row: Row): Wire {
  const config = row.client ?? client;
  const to = row.target ?? target;
  if (row.resume === undefined) return new Wire(config, row.server ?? server, to, row.on).run();
  const before = new Wire(config, row.before ?? row.server ?? server, to).run();
  assert(before.sessions.length > 0, `no session: ${before.ends.client.error}`);
  const session = row.resume(before.sessions[0]);
  return new Wire(config, row.server ?? server, { ...to, session }, row.on).run();
}

/** The level of the alert, by that of what was wrong. */
function levelOfAlert(row: Row, delivered: Level): Level {
  if (row.level !== undefined) return row.level;
  if (delivered === "initial") return "initial";
  // Rows 242 and 244: a server speaks under its application key once its Finished is out.
  return row.by === "server" ? "application" : delivered;
}

for (const row of ROWS) {
  if (row.only === "packets") continue;
  Deno.test(`row ${row.row}: ${row.name}: the ${row.by} sends ${alertName(row.alert)} in a record`, () => {
    const wire = run(row);
    const { by } = row;
    const { error } = wire.ends[by];
    assertEquals(error?.code, row.code, error?.message);
    // Row 241: exactly one alert, a fatal one, and nothing behind it.
    const alerts = wire.alerts(by);
    assertEquals(alerts.map(({ content }) => [...content]), [[2, row.alert]]);
    assert(wire.seen.findLast(({ from }) => from === by) === alerts[0]);
    assertEquals(alerts[0].level, levelOfAlert(row, wire.delivered[by]));
    // Row 245: the other end says nothing to it, and knows what it was, if it has the key. A client that has not accepted
    // ServerHello speaks in the clear, which a server that has answered does not read.
    const peer = other(by);
    const { level } = alerts[0];
    const readable = level === "initial" ? by === "server" : wire.key(by, level, peer) !== null;
    if (readable) {
      assertEquals(wire.ends[peer].error?.receivedAlert, row.alert, `${wire.ends[peer].error}`);
      assertEquals(wire.alerts(peer), []);
    }
    for (
      const use of [
        (end = wire.ends[by]) => end.write(utf8("x")),
        (end = wire.ends[by]) => end.receive(utf8("x")),
      ]
    ) {
      let again: unknown = null;
      try {
        use();
      } catch (thrown) {
        again = thrown;
      }
      assert(again instanceof TlsError && again === error);
    }
  });
}
