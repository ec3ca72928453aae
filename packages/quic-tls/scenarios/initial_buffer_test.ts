/** What anybody can make a QUIC server hold before its address is validated. */
import { assert, assertEquals } from "@std/assert";
import { TransportErrorCode } from "../errors.ts";
import { concat } from "@sealane/wire";
import { cryptoFrame, exchange, pair, TestEnd } from "../testing/test_end.ts";

async function closedAfter(send: (server: TestEnd) => Promise<void>): Promise<number | undefined> {
  const server = await TestEnd.server();
  await server.start();
  await send(server);
  server.drain();
  return server.close?.code;
}

Deno.test("row 249: a server holds at most a ClientHello's bound of CRYPTO data at the Initial level", async () => {
  const at = (offset: number) => (server: TestEnd) =>
    Promise.resolve(server.tls.receiveCrypto("initial", offset, Uint8Array.of(1)));
  assertEquals(await closedAfter(at(32_767)), undefined);
  assertEquals(await closedAfter(at(32_768)), TransportErrorCode.CRYPTO_BUFFER_EXCEEDED);
});

Deno.test("row 249: nor does it hold that in pieces with gaps without end", async () => {
  let sent = 0;
  const code = await closedAfter(async (server) => {
    for (let offset = 1; offset < 32_768 && server.close === null; offset += 2, sent++) {
      await server.tls.receiveCrypto("initial", offset, Uint8Array.of(1));
      server.drain();
    }
  });
  assertEquals(code, TransportErrorCode.CRYPTO_BUFFER_EXCEEDED);
  assert(sent <= 257);
});

Deno.test("row 249: a ClientHello in one-byte frames, the last one first, is taken", async () => {
  const [client, server] = await pair();
  const frames: [number, Uint8Array][] = [];
  for (let chunk = client.tls.nextCrypto("initial", 20); chunk !== null;) {
    frames.push([chunk.offset, chunk.data.slice()]);
    chunk = client.tls.nextCrypto("initial", 20);
  }
  for (const [offset, data] of frames.reverse()) {
    const one = Array.from(data, (byte, i) => cryptoFrame(offset + i, Uint8Array.of(byte)));
    await server.receive(await client.packet("initial", concat(one.reverse())));
  }
  server.drain();
  assertEquals(server.close, null);
  assert(server.tls.canSend("handshake"));
  client.resend();
  await exchange(client, server);
  assert(client.info !== null && server.info !== null);
});
