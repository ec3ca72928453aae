import { assertEquals } from "@std/assert";
import { ContentType } from "@sealane/wire";
import { Connection } from "./connection.ts";
import { clientConfig, serverConfig } from "../testing/testing.ts";

const { handshake, change_cipher_spec, application_data } = ContentType;

/** The outer types of the records in `bytes`. */
function recordTypes(bytes: Uint8Array): number[] {
  const types: number[] = [];
  for (let at = 0; at < bytes.length; at += 5 + (bytes[at + 3] << 8 | bytes[at + 4])) {
    types.push(bytes[at]);
  }
  return types;
}

/** Lets both ends speak until neither has anything to say; the record types of each flight. */
async function flights(client: Connection, server: Connection): Promise<number[][]> {
  const all: number[][] = [];
  await client.start();
  await server.start();
  let [from, to] = [client, server];
  for (;;) {
    const bytes = await from.take();
    if (bytes.length === 0) return all;
    all.push(recordTypes(bytes));
    await to.receive(bytes);
    [from, to] = [to, from];
  }
}

Deno.test("rows 100, 130: a client sends change_cipher_spec before its second flight, a server after ServerHello", async () => {
  const client = Connection.client(clientConfig, { serverName: "localhost" });
  const [hello, serverFlight, clientFlight] = await flights(
    client,
    Connection.server(serverConfig),
  );
  assertEquals(hello, [handshake]);
  assertEquals(serverFlight.slice(0, 3), [handshake, change_cipher_spec, application_data]);
  assertEquals(clientFlight, [change_cipher_spec, application_data]);
});

Deno.test("rows 87, 100: with a HelloRetryRequest, change_cipher_spec goes before the second ClientHello, once", async () => {
  const client = Connection.client({ ...clientConfig, keyShares: [] }, { serverName: "localhost" });
  const [hello, retry, second, serverFlight, clientFlight] = await flights(
    client,
    Connection.server(serverConfig),
  );
  assertEquals(hello, [handshake]);
  assertEquals(retry, [handshake, change_cipher_spec]);
  assertEquals(second, [change_cipher_spec, handshake]);
  assertEquals(serverFlight.slice(0, 2), [handshake, application_data]);
  assertEquals(clientFlight, [application_data]);
});
