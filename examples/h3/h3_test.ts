import { assert, assertEquals, assertThrows } from "@std/assert";
import { createCredential } from "@sealane/handshake";
import { fromHex } from "@sealane/wire";
import { get } from "../h3_get.ts";
import { hello, serve } from "../h3_server.ts";
import {
  AIOQUIC_H3,
  browse,
  buildQuicGo,
  CADDY,
  CHROMIUM,
  FILES,
  runPeer,
  withCaddy,
  withPeer,
} from "../quic/testing/peers.ts";
import { issued, trust } from "../quic/testing/echo.ts";
import { decodeFields, encodeFields, type Field } from "./qpack.ts";

Deno.test("h3_get fetches from h3_server", async () => {
  const listener = serve(0, [credential], hello);
  const { fields, body } = await get(
    new URL(`https://localhost:${listener.address.port}/a?b`),
    trust,
  );
  assertEquals(fields[0], [":status", "200"]);
  assertEquals(new TextDecoder().decode(body), "hello from /a?b\n");
  await listener.close();
});

Deno.test("field sections survive the wire", () => {
  const fields: Field[] = [
    [":method", "GET"],
    [":path", "/some/where"],
    ["x-own", "é".repeat(200)],
    ["cookie", ""],
  ];
  assertEquals(decodeFields(encodeFields(fields)), fields);
});

Deno.test("Huffman strings of RFC 7541 appendix C.4 are read", () => {
  // :authority with the value www.example.com, then a literal name and value.
  const block = fromHex("0000508cf1e3c2e5f23a6ba0ab90f4ff");
  assertEquals(decodeFields(block), [[":authority", "www.example.com"]]);
  assertThrows(() => decodeFields(fromHex("00005084ffffffff")), Error);
  assertThrows(() => decodeFields(fromHex("000080")), Error, "dynamic");
});

const { ca, cert, key } = FILES;
const credential = createCredential({ certificates: issued.chain, signer: issued.signer });

/** HTTP/3 of other people's, and what it says of a GET to us, and to it. */
const PEERS = [
  { name: "aioquic", peer: AIOQUIC_H3, said: "aioquic has /from/us" },
  { name: "quic-go", peer: await buildQuicGo(), said: "quic-go has /from/us for nobody" },
];

for (const { name, peer, said } of PEERS) {
  const ignore = peer === null;
  Deno.test({ name: `${name} fetches from h3_server (needs ${name})`, ignore }, async () => {
    const listener = serve(0, [credential], hello);
    const path = "/from/them";
    const answer = await runPeer(peer, "get", `${listener.address.port}`, ca, path);
    assertEquals(answer, `200 hello from ${path}`);
    await listener.close();
  });

  Deno.test(
    { name: `h3_get fetches from ${name} (needs ${name})`, ignore },
    () =>
      withPeer(peer, ["serve", cert, key], async (port) => {
        const { fields, body } = await get(new URL(`https://localhost:${port}/from/us`), trust);
        assertEquals(fields[0], [":status", "200"]);
        assertEquals(new TextDecoder().decode(body), said);
      }),
  );
}

Deno.test(
  { name: "h3_get fetches from Caddy (needs caddy)", ignore: CADDY === null },
  () =>
    withCaddy(async (port) => {
      for (const path of ["/one", "/two?x=y"]) {
        const { fields, body } = await get(new URL(`https://localhost:${port}${path}`), trust);
        // Go gives header fields in any order.
        const { ":status": status, server } = Object.fromEntries(fields);
        assertEquals([status, server], ["200", "Caddy"]);
        assertEquals(new TextDecoder().decode(body), `caddy has ${path.split("?")[0]}`);
      }
    }),
);

Deno.test(
  { name: "Chromium fetches from h3_server (needs chromium)", ignore: CHROMIUM === null },
  async () => {
    const listener = serve(0, [credential], hello);
    try {
      const page = await browse(listener.address.port, "/from/chromium");
      assert(page.includes("hello from /from/chromium"), page);
    } finally {
      await listener.close();
    }
  },
);
