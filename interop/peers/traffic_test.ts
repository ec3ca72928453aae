/** What happens on connections with live peers after the handshake: large transfers, key updates, closing. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { nativeProvider as native } from "@sealane/providers/native";
import { webCryptoProvider as webcrypto } from "@sealane/providers/webcrypto";
import type { TlsStream } from "@sealane/tls";
import { concat, HandshakeType, TlsError } from "@sealane/wire";
import {
  exchange,
  type LiveConnection,
  makeMaterial,
  openConnection,
  openssl,
  type Peer,
  PEERS,
  type Scenario,
} from "./mod.ts";
import { opensslInteractive } from "./openssl.ts";

const material = await makeMaterial();
globalThis.addEventListener("unload", () => material[Symbol.dispose]());

function pattern(length: number, seed: number): Uint8Array {
  const data = new Uint8Array(length);
  for (let i = 0; i < length; i++) data[i] = (i * 31 + (i >> 8) + seed) & 0xff;
  return data;
}

/** All data until the peer closes. */
async function readAll(stream: TlsStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await stream.next(); chunk !== null; chunk = await stream.next()) {
    chunks.push(chunk);
  }
  return concat(chunks);
}

/** Registers a test for every role of every peer that has what it takes. */
async function forPeers(
  name: string,
  suits: (peer: Peer, role: "client" | "server") => boolean,
  fn: (scenario: Scenario) => Promise<void>,
): Promise<void> {
  for (const peer of PEERS) {
    const missing = await peer.missing();
    const needs = peer.program === undefined ? "" : ` (needs ${peer.program})`;
    for (const role of ["client", "server"] as const) {
      const able = role === "client" ? peer.listen : peer.connect;
      if (able === undefined || !suits(peer, role)) continue;
      const title = role === "client" ? `client to ${peer.name}` : `server to ${peer.name}`;
      Deno.test({
        name: `${title}: ${name}${needs}`,
        ignore: missing !== null,
        fn: () => fn({ peer, role, provider: native }),
      });
    }
  }
}

async function withConnection(
  scenario: Scenario,
  use: (connection: LiveConnection) => Promise<void>,
): Promise<void> {
  const connection = await openConnection(material, scenario);
  try {
    await use(connection);
  } finally {
    await connection.close();
  }
}

const large = 10_000_000;

await forPeers(
  "10 MB both ways at once",
  (peer) => !peer.lacks?.includes("large"),
  (scenario) =>
    withConnection(scenario, async ({ ours, peer }) => {
      await exchange(ours, peer, pattern(large, 1), pattern(large, 2));
    }),
);

await forPeers(
  "10 MB both ways at once, with a provider that returns promises",
  (peer) => peer.name === "Deno TLS" || peer.name === "openssl",
  (scenario) =>
    withConnection({ ...scenario, provider: webcrypto }, async ({ ours, peer }) => {
      await exchange(ours, peer, pattern(large, 3), pattern(large, 4));
    }),
);

await forPeers(
  "what the peer sends before it closes arrives, and its close_notify is the end",
  (peer) => peer.name === "Deno TLS" || peer.name === "node:tls",
  (scenario) =>
    withConnection(scenario, async ({ ours, peer }) => {
      const data = pattern(100_000, 5);
      const sent = new Blob([data.slice()]).stream().pipeTo(peer.writable);
      assertEquals(await readAll(ours), data);
      await ours.closeWrite(); // node:tls counts its own end as sent only then
      await sent;
    }),
);

await forPeers(
  "the peer sees our close_notify as the end, after the data before it",
  (peer) => peer.name === "Deno TLS" || peer.name === "node:tls",
  (scenario) =>
    withConnection(scenario, async ({ ours, peer }) => {
      const data = pattern(100_000, 6);
      const received = new Response(peer.readable).arrayBuffer();
      await ours.write(data);
      await ours.closeWrite();
      assertEquals(new Uint8Array(await received), data);
    }),
);

await forPeers(
  "a peer that is killed leaves a truncated connection",
  (peer) => peer.name === "openssl",
  (scenario) =>
    withConnection(scenario, async ({ ours, peer }) => {
      await exchange(ours, peer, pattern(10, 0), pattern(10, 0));
      await peer.stop();
      const error = await assertRejects(() => ours.next(), TlsError);
      assertEquals(error.code, "peer/truncated");
    }),
);

await forPeers(
  "key updates by us, with and without a request, while data flows",
  (peer) => ["Deno TLS", "node:tls", "openssl"].includes(peer.name),
  async (scenario) => {
    const seen: string[] = [];
    const more = { observer: { message: keyUpdatesInto(seen) } };
    await withConnection({ ...scenario, more }, async ({ ours, peer }) => {
      for (const request of [false, true, true, false]) {
        await ours.updateKeys(request);
        await exchange(ours, peer, pattern(50_000, 7), pattern(50_000, 8));
      }
      assertEquals(seen.filter((direction) => direction === "write").length, 4);
      assert(seen.includes("read"), "the peer was asked to update its key");
    });
  },
);

function keyUpdatesInto(seen: string[]) {
  return (direction: "read" | "write", _level: string, bytes: Uint8Array): void => {
    if (bytes[0] === HandshakeType.key_update) seen.push(direction);
  };
}

for (const role of ["client", "server"] as const) {
  for (const [command, answers] of [["k", 0], ["K", 1]] as const) {
    const kind = command === "K" ? "asks for ours too" : "asks for nothing";
    Deno.test({
      name: `${role} to openssl: the peer updates its key and ${kind} (needs openssl)`,
      ignore: await openssl.missing() !== null,
      async fn(): Promise<void> {
        const seen: string[] = [];
        const more = { observer: { message: keyUpdatesInto(seen) } };
        const scenario = { peer: opensslInteractive, role, provider: native, more };
        await withConnection(scenario, async ({ ours, peer }) => {
          const writer = peer.writable.getWriter();
          const text = new TextEncoder();
          await writer.write(text.encode("before\n"));
          assertEquals(await ours.next(), text.encode("before\n"));
          await writer.write(text.encode(`${command}\n`));
          await new Promise((resolve) => setTimeout(resolve, 200)); // one command to each of its reads
          await writer.write(text.encode("after\n"));
          assertEquals(await ours.next(), text.encode("after\n"));
          await ours.write(text.encode("the answer\n"));
          for await (const said of peer.readable.pipeThrough(new TextDecoderStream())) {
            if (said.includes("the answer")) break;
          }
          assertEquals(seen.filter((direction) => direction === "read").length, 1);
          assertEquals(seen.filter((direction) => direction === "write").length, answers);
        });
      },
    });
  }
}
