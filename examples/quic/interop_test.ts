/**
 * Live peers: quinn, which Deno embeds, and aioquic where Python has it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createReplayGuard, MemoryClientCache } from "@sealane/handshake";
import { QUIC_V1, QUIC_V2 } from "@sealane/quic-tls";
import { CipherSuiteId, encodePem } from "@sealane/wire";
import { connect, QuicListener } from "./endpoint.ts";
import { ask, authority, CLIENT, echo, issued, SERVER } from "./testing.ts";
import { denoSocket } from "./udp.ts";

const { earlyData: _, ...server } = SERVER.tls;
const client = CLIENT.tls;
const target = { serverName: "localhost" };
const BYTES = crypto.getRandomValues(new Uint8Array(65_536));

const certPem = issued.chain.map((der) => encodePem("CERTIFICATE", der)).join("");
const keyPem = encodePem("PRIVATE KEY", issued.privateKey);
const caPem = encodePem("CERTIFICATE", authority.certificate);

for (
  const suite of [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
  ] as const
) {
  Deno.test(`our client talks to quinn with ${suite}, and updates keys`, async () => {
    const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
    const listener = endpoint.listen({ cert: certPem, key: keyPem, alpnProtocols: ["echo"] });
    const served = (async () => {
      const incoming = await listener.incoming();
      const connection = await incoming.accept();
      for await (const stream of connection.incomingBidirectionalStreams) {
        stream.readable.pipeTo(stream.writable).catch(() => {});
      }
    })().catch(() => {});
    const tls = { ...client, cipherSuites: [CipherSuiteId[suite]] };
    const connection = await connect(denoSocket(), endpoint.addr, { tls, target });
    await connection.ready;
    assertEquals(await ask(connection, BYTES), BYTES);
    await connection.updateKeys();
    assertEquals(connection.tls.keyPhase, 1);
    assertEquals(await ask(connection, BYTES), BYTES);
    assertEquals(connection.tls.info?.suite.name, suite);
    await connection.close();
    listener.stop();
    endpoint.close();
    await served;
  });
}

for (const retry of [false, true]) {
  Deno.test(`quinn talks to our server${retry ? " after a Retry packet" : ""}`, async () => {
    const listener = new QuicListener(denoSocket(), { tls: server, retry });
    const served = echo(listener);
    const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
    const connection = await Deno.connectQuic({
      hostname: "127.0.0.1",
      port: listener.address.port,
      serverName: "localhost",
      caCerts: [caPem],
      alpnProtocols: ["echo"],
      endpoint,
    });
    const stream = await connection.createBidirectionalStream();
    const writer = stream.writable.getWriter();
    const sent = writer.write(BYTES).then(() => writer.close());
    const answer = new Uint8Array(await new Response(stream.readable as BodyInit).arrayBuffer());
    await sent;
    assertEquals(answer, BYTES);
    connection.close({ closeCode: 0, reason: "" });
    endpoint.close();
    await listener.close();
    await served;
  });
}

Deno.test("quinn refuses to verify us under another name", async () => {
  const listener = new QuicListener(denoSocket(), { tls: server });
  const served = echo(listener);
  const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
  let refused = false;
  try {
    await Deno.connectQuic({
      hostname: "127.0.0.1",
      port: listener.address.port,
      serverName: "example.org",
      caCerts: [caPem],
      alpnProtocols: ["echo"],
      endpoint,
    });
  } catch {
    refused = true;
  }
  assert(refused);
  endpoint.close();
  await listener.close();
  await served;
});

const PEER = new URL("../../interop/quic/aioquic_peer.py", import.meta.url).pathname;
const folder = Deno.makeTempDirSync();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const file = (name: string, content: string): string => {
  Deno.writeTextFileSync(`${folder}/${name}`, content);
  return `${folder}/${name}`;
};

/** Whether Python has aioquic. */
function hasAioquic(): boolean {
  try {
    const { success } = new Deno.Command("python3", { args: ["-c", "import aioquic"] })
      .outputSync();
    return success;
  } catch {
    return false;
  }
}
const ignore = !hasAioquic();

for (const flags of [["update"], ["v2"], ["resume"], ["retry"]]) {
  const name = `aioquic's client talks to our server: ${flags} (needs aioquic)`;
  Deno.test({ name, ignore }, async () => {
    const tls = { ...server, earlyData: { replayGuard: createReplayGuard() } };
    const listener = new QuicListener(denoSocket(), { tls, retry: flags.includes("retry") });
    const served = echo(listener);
    const args = [PEER, "client", `${listener.address.port}`, file("ca.pem", caPem), ...flags];
    const { stdout, stderr } = await new Deno.Command("python3", { args }).output();
    const said = new TextDecoder().decode(stdout);
    assert(said.startsWith("ok"), said + new TextDecoder().decode(stderr));
    if (flags.includes("v2")) assert(said.includes("VERSION_2") || said.includes("6b3343cf"), said);
    if (flags.includes("resume")) assert(said.includes("early"), said);
    await listener.close();
    await served;
  });
}

for (const flags of [[], ["retry"], ["v2"]]) {
  const name = `our client talks to aioquic's server, and resumes: ${flags} (needs aioquic)`;
  Deno.test({ name, ignore }, async () => {
    const args = [PEER, "server", file("cert.pem", certPem), file("key.pem", keyPem), ...flags];
    const peer = new Deno.Command("python3", { args, stdin: "piped", stdout: "piped" }).spawn();
    const reader = peer.stdout.getReader();
    const port = Number(new TextDecoder().decode((await reader.read()).value));
    const to = { hostname: "127.0.0.1", port };
    const tls = { ...client, sessionCache: new MemoryClientCache(), earlyData: true };
    const versions = flags.includes("v2") ? [QUIC_V2, QUIC_V1] : undefined;
    const connection = await connect(denoSocket(), to, { tls, target, versions });
    assertEquals(await ask(connection, BYTES), BYTES);
    await connection.updateKeys();
    assertEquals(await ask(connection, BYTES), BYTES);
    assertEquals(connection.tls.keyPhase, 1);
    if (flags.includes("v2")) assertEquals(connection.tls.version, QUIC_V2);
    const { version } = connection.tls;
    await connection.close();

    const again = await connect(denoSocket(), to, { tls, target, version });
    assert(again.tls.canSend("early"));
    assertEquals(await ask(again, BYTES), BYTES);
    assertEquals([again.tls.info?.resumed, again.earlyDataAccepted], [true, true]);
    await again.close();
    await peer.stdin.close();
    await reader.cancel();
    await peer.status;
  });
}
