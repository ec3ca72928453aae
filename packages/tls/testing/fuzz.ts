/**
 * Throws mutated bytes at connections: nothing but a `TlsError` may come out, and data that was not sent may not arrive.
 *
 * @module
 */
import { TlsError, utf8 } from "@sealane/wire";
import { SeededRandom } from "@sealane/wire/testing";
import { Connection } from "../connection/connection.ts";
import { clientConfig, serverConfig } from "./testing.ts";

const DATA = utf8("sixteen bytes ok");

/** Gives `bytes` in random pieces; the code of the error, or `null`. */
async function feed(
  to: Connection,
  bytes: Uint8Array,
  random: SeededRandom,
): Promise<string | null> {
  try {
    for (let at = 0; at < bytes.length;) {
      const length = 1 + random.below(random.below(4) === 0 ? 8 : 4096);
      await to.receive(bytes.subarray(at, at + length));
      at += length;
    }
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
    return error.code;
  }
  return null;
}

/**
 * Runs `rounds` connections in which one flight is changed on its way.
 *
 * @throws {Error} with the seed, if anything but a `TlsError` comes out, or other data than was sent.
 */
export async function fuzzConnections(rounds: number, seed: number): Promise<Map<string, number>> {
  const random = new SeededRandom(seed);
  const tally = new Map<string, number>();
  for (let i = 0; i < rounds; i++) {
    const client = Connection.client(clientConfig, { serverName: "localhost" });
    const server = Connection.server(serverConfig);
    await client.start();
    await server.start();
    client.write(DATA);
    server.write(DATA);
    let left = random.below(5);
    let code: string | null = null;
    for (let flight = 0; flight < 6 && code === null; flight++) {
      const [from, to] = flight % 2 === 0 ? [client, server] : [server, client];
      let bytes = await from.take();
      if (left-- === 0) bytes = random.mutate(bytes);
      try {
        code = await feed(to, bytes, random);
      } catch (error) {
        throw new Error(`seed ${seed}, connection ${i}`, { cause: error });
      }
      for (const event of to.events()) {
        if (event.type !== "data") continue;
        const same = event.data.length <= DATA.length &&
          event.data.every((byte, index) => byte === DATA[index]);
        if (!same) throw new Error(`seed ${seed}, connection ${i}: other data arrived`);
      }
    }
    const outcome = code ?? "unharmed";
    tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
  }
  return tally;
}
