/** CONFORMANCE section 7.9: KeyUpdate over records (RFC 9846 section 4.7.3). */
import { assertEquals, assertThrows } from "@std/assert";
import { TlsError, utf8 } from "@sealane/wire";
import { Link } from "../testing/link_testing.ts";
import { clientConfig, serverConfig } from "../testing/testing.ts";

function connected(): Link {
  const link = new Link(clientConfig, serverConfig).run();
  link.events.client.length = link.events.server.length = 0;
  return link;
}

/** Hands a handshake message to one end, as if it had come in a record. */
function forged(
  link: Link,
  to: "client" | "server",
  ...bytes: number[]
): [string, number | null] | null {
  const { handshake } = link[to];
  try {
    handshake.receive("application", Uint8Array.from(bytes));
  } catch {
    // It is in handshake.error.
  }
  return handshake.error === null ? null : [handshake.error.code, handshake.error.alert];
}

Deno.test("row 205: 32 key updates in a row are fine, and one more is not", () => {
  const link = connected();
  for (let i = 0; i < 32; i++) link.client.updateKeys();
  link.run();
  link.client.write(utf8("data"));
  for (let i = 0; i < 32; i++) link.client.updateKeys();
  link.run();
  assertEquals([link.failure("server"), link.received("server")], [null, "data"]);
  link.client.updateKeys();
  link.run();
  assertEquals(link.failure("server"), ["peer/too-many-key-updates", 10]);
});

Deno.test("row 206: request_update is 0 or 1, and stands alone", () => {
  assertEquals(forged(connected(), "server", 24, 0, 0, 1, 2), ["peer/key-update-request", 47]);
  assertEquals(forged(connected(), "client", 24, 0, 0, 0), ["peer/decode-error", 50]);
  assertEquals(forged(connected(), "client", 24, 0, 0, 2, 0, 0), ["peer/decode-error", 50]);
});

Deno.test("no key update is sent or taken before Finished", () => {
  const link = new Link(clientConfig, serverConfig);
  assertThrows(() => link.client.handshake.post.updateKeys(false), TlsError);
  link.pass("client");
  link.pass("server", (records) => records.slice(0, 2));
  try {
    link.client.handshake.receive("handshake", Uint8Array.of(24, 0, 0, 1, 0));
  } catch {
    // It is in handshake.error.
  }
  assertEquals(link.client.handshake.error?.code, "peer/unexpected-message");
});

/** How many KeyUpdates one end has for the other. */
function updates(link: Link, from: "client" | "server"): number {
  let count = 0;
  link.pass(from, (records) => {
    count = records.length;
    return records;
  });
  return count;
}

Deno.test("row 207: all requests since the last data are answered by one key update, in front of the next data", () => {
  const link = connected();
  for (let i = 0; i < 3; i++) assertEquals(forged(link, "server", 24, 0, 0, 1, 1), null);
  assertEquals(updates(link, "server"), 0);
  link.server.write(utf8("a"));
  // The key update and the data.
  assertEquals(updates(link, "server"), 2);
  link.server.write(utf8("b"));
  assertEquals(updates(link, "server"), 1);
  assertEquals(link.received("client"), "ab");
});

Deno.test("row 207: a request is not repeated before it is answered", () => {
  const link = connected();
  const requests = (): number[] => {
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) {
      link.client.handshake.post.updateKeys(true);
      for (const event of link.client.handshake.events()) {
        if (event.type === "message") seen.push(event.data[4]);
      }
    }
    return seen;
  };
  assertEquals(requests(), [1, 0, 0]);
  // Any key update of the peer is an answer.
  assertEquals(forged(link, "client", 24, 0, 0, 1, 0), null);
  assertEquals(requests(), [1, 0, 0]);
});

Deno.test("requests that cross are both answered", () => {
  const link = connected();
  link.client.updateKeys(true);
  link.server.updateKeys(true);
  link.run();
  for (const [from, to] of [["client", "server"], ["server", "client"]] as const) {
    link[from].write(utf8(from));
    link.run();
    assertEquals(link.received(to), from);
  }
  assertEquals([link.failure("client"), link.failure("server")], [null, null]);
});

Deno.test("row 208: an own key update is an answer too", () => {
  const link = connected();
  assertEquals(forged(link, "server", 24, 0, 0, 1, 1), null);
  link.server.updateKeys();
  link.server.write(utf8("data"));
  assertEquals(updates(link, "server"), 2);
  assertEquals(link.received("client"), "data");
});

Deno.test("rows 28, 208: key updates are taken while our side is closed", () => {
  const link = connected();
  link.client.close();
  link.pass("client");
  link.server.updateKeys(true);
  link.server.write(utf8("still here"));
  link.server.close();
  link.run();
  assertEquals(link.received("client"), "still here");
  assertEquals([link.failure("client"), link.failure("server")], [null, null]);
});

Deno.test("row 208: data before and after every key update is whole", () => {
  const link = connected();
  for (let i = 0; i < 100; i++) {
    link.client.write(utf8(`${i},`));
    link.client.updateKeys(i % 3 === 0);
    if (i % 7 === 0) link.run();
    link.server.write(utf8(`${i},`));
  }
  link.run();
  const all = Array.from({ length: 100 }, (_, i) => `${i},`).join("");
  assertEquals([link.received("server"), link.received("client")], [all, all]);
});
