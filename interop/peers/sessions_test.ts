/** Resumption, early data and external PSKs with live peers, in both roles. */
import { assert, assertEquals } from "@std/assert";
import {
  createReplayGuard,
  type ExternalPsk,
  type HandshakeInfo,
  MemoryClientCache,
  RotatingTicketKeys,
  sealedTickets,
} from "@sealane/handshake";
import { nativeProvider as provider } from "@sealane/providers/native";
import { listen, type ListenOptions, startTls, type StartTlsOptions } from "@sealane/tls/deno";
import { fromHex, toHex, utf8 } from "@sealane/wire";
import { makeMaterial } from "./mod.ts";
import { connectWhenReady, missingProgram } from "./process.ts";

const material = await makeMaterial();
globalThis.addEventListener("unload", () => material[Symbol.dispose]());
const { caFile } = material;
const { cert, key, certFile, keyFile } = await material.identity("ecdsa-p256");
const folder = caFile.slice(0, caFile.lastIndexOf("/"));
const earlyFile = `${folder}/early.txt`;
await Deno.writeTextFile(earlyFile, "early\n");

/** A test that needs a program. */
async function liveTest(name: string, program: string, fn: () => Promise<void>): Promise<void> {
  const missing = await missingProgram(program, program === "openssl" ? "version" : "--version");
  Deno.test({ name: `${name} (needs ${program})`, ignore: missing !== null, fn });
}

/** One connection that our server had. */
interface Served {
  readonly info: HandshakeInfo;
  readonly early: string;
}

/** Serves as many connections as there are, each with a line to read, until `use` is done. */
async function serving(
  more: Partial<ListenOptions>,
  use: (port: number) => Promise<void>,
): Promise<Served[]> {
  const listener = await listen({
    ...{ hostname: "127.0.0.1", port: 0, provider, cert, key },
    tickets: sealedTickets({ provider, keys: new RotatingTicketKeys(provider) }),
    earlyData: { replayGuard: createReplayGuard() },
    ...more,
  });
  const served: Served[] = [];
  const accept = async () => {
    for await (const conn of listener) {
      try {
        let early = "";
        for await (const chunk of conn.earlyData) early += new TextDecoder().decode(chunk);
        served.push({ info: await conn.handshake(), early });
        await conn.write(utf8("hello\n"));
        // The peer may be in the middle of a line of its own.
        await conn.stream.close();
      } catch (error) {
        if (conn.info === null) throw error;
      }
    }
  };
  const accepting = accept();
  try {
    await use(listener.addr.port);
  } finally {
    listener.close();
    await accepting;
  }
  return served;
}

async function run(program: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

const summary = (served: Served[]) => served.map(({ info, early }) => [info.resumed, early]);

await liveTest("openssl s_client resumes and sends early data", "openssl", async () => {
  const sessionFile = `${folder}/session.pem`;
  const said: string[] = [];
  const served = await serving({}, async (port) => {
    const args = ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "localhost"];
    args.push("-tls1_3", "-CAfile", caFile, "-ign_eof");
    said.push(await run("openssl", ...args, "-sess_out", sessionFile));
    said.push(await run("openssl", ...args, "-sess_in", sessionFile, "-early_data", earlyFile));
  });
  assertEquals(summary(served), [[false, ""], [true, "early\n"]], said.join("\n"));
  assert(said[1].includes("Reused, TLSv1.3"));
  assert(said[1].includes("Early data was accepted"));
});

await liveTest("gnutls-cli resumes and sends early data", "gnutls-cli", async () => {
  let said = "";
  const served = await serving({}, async (port) => {
    said = await run(
      "gnutls-cli",
      ...["--port", String(port), "--x509cafile", caFile, "--sni-hostname", "localhost"],
      ...["--verify-hostname", "localhost", "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3"],
      ...["--resume", "--waitresumption", `--earlydata=${earlyFile}`, "127.0.0.1"],
    );
  });
  assertEquals(summary(served), [[false, ""], [true, "early\n"]], said);
});

const NODE_CLIENT = `
const tls = require("node:tls"), fs = require("node:fs");
const [port, ca] = process.argv.slice(1);
const visit = (session) => new Promise((resolve, reject) => {
  let saved;
  const socket = tls.connect({ port, host: "127.0.0.1", servername: "localhost", ca: fs.readFileSync(ca), session });
  socket.on("session", (session) => saved = session).on("error", reject).resume();
  socket.on("end", () => resolve([saved, socket.isSessionReused()]));
});
visit().then(([session]) => visit(session)).then(([, reused]) => console.log("reused", reused));
`;

await liveTest("Node's client resumes", "node", async () => {
  let said = "";
  const served = await serving({}, async (port) => {
    said = await run("node", "-e", NODE_CLIENT, String(port), caFile);
  });
  assertEquals(summary(served), [[false, ""], [true, ""]], said);
  assert(said.includes("reused true"));
});

/** Two connections of our client to a peer that has answered after `nudge`. */
async function visitTwice(
  port: number,
  nudge: (conn: Awaited<ReturnType<typeof startTls>>) => Promise<unknown>,
  more: Partial<StartTlsOptions> = {},
): Promise<[boolean, string | null][]> {
  const sessionCache = new MemoryClientCache();
  const seen: [boolean, string | null][] = [];
  for (let i = 0; i < 2; i++) {
    const conn = await startTls(await connectWhenReady(port), {
      ...{ provider, trust: material.trust, hostname: "localhost", sessionCache },
      ...more,
    });
    await nudge(conn);
    // The tickets come before the answer.
    assert(await conn.stream.next() !== null);
    const info = await conn.handshake();
    seen.push([info.resumed, conn.earlyDataResult?.reason ?? null]);
    await conn.stream.close();
  }
  return seen;
}

/** A program that listens, and what it said. */
async function withProgram(
  program: string,
  args: (port: number) => string[],
  use: (port: number, say: (line: string) => Promise<void>) => Promise<void>,
): Promise<string> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const options = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  const child = new Deno.Command(program, { args: args(port), ...options }).spawn();
  const said = Promise.all([child.stdout, child.stderr].map((out) => new Response(out).text()));
  const writer = child.stdin.getWriter();
  let failure: unknown;
  try {
    await use(port, (line) => writer.write(utf8(line)));
  } catch (error) {
    failure = error;
  }
  child.kill("SIGKILL");
  await child.status;
  await writer.close().catch(() => {});
  const text = (await said).join("\n");
  if (failure !== undefined) throw new Error(`${failure}; ${program} said: ${text}`);
  return text;
}

const FIRST_THEN_EARLY: [boolean, string | null][] = [
  [false, "no-session-offered"],
  [true, "accepted"],
];

await liveTest(
  "our client resumes with openssl s_server and sends it early data",
  "openssl",
  async () => {
    const said = await withProgram(
      "openssl",
      (port) => [
        ...["s_server", "-accept", `127.0.0.1:${port}`, "-tls1_3", "-early_data"],
        ...["-cert", certFile, "-key", keyFile],
      ],
      async (port, say) => {
        const seen = await visitTwice(port, () => say("hi\n"), { earlyMessage: utf8("from us\n") });
        assertEquals(seen, FIRST_THEN_EARLY);
      },
    );
    // It was not sent in any other way.
    assert(said.includes("Early data received:") && said.includes("from us"), said);
  },
);

await liveTest(
  "our client resumes with gnutls-serv and sends it early data",
  "gnutls-serv",
  async () => {
    await withProgram(
      "gnutls-serv",
      (port) => [
        ...["--echo", "--port", String(port), "--earlydata", "--maxearlydata=1000"],
        ...["--x509certfile", certFile, "--x509keyfile", keyFile, "--disable-client-cert"],
        ...["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3"],
      ],
      async (port) => {
        const seen = await visitTwice(port, (conn) => conn.write(utf8("hi\n")), {
          earlyMessage: utf8("from us\n"),
        });
        assertEquals(seen, FIRST_THEN_EARLY);
      },
    );
  },
);

const NODE_SERVER = `
const tls = require("node:tls"), fs = require("node:fs");
const [port, cert, key] = process.argv.slice(1);
tls.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, (socket) => {
  socket.on("error", () => {}).end("reused " + socket.isSessionReused());
}).listen(Number(port), "127.0.0.1");
`;
const RESUMED: [boolean, null][] = [[false, null], [true, null]];

await liveTest("our client resumes with Node's server", "node", async () => {
  await withProgram(
    "node",
    (port) => ["-e", NODE_SERVER, String(port), certFile, keyFile],
    async (port) => assertEquals(await visitTwice(port, async () => {}), RESUMED),
  );
});

Deno.test("our client resumes with Deno.listenTls", async () => {
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const serve = async () => {
    for (let i = 0; i < 2; i++) {
      const conn = await listener.accept();
      await conn.write(utf8("hello"));
      await conn.read(new Uint8Array(1)).catch(() => {});
      conn.close();
    }
  };
  const serving = serve();
  assertEquals(await visitTwice(listener.addr.port, async () => {}), RESUMED);
  await serving;
  listener.close();
});

Deno.test("Deno's fetch resumes with our server", async () => {
  const client = Deno.createHttpClient({
    caCerts: [material.ca],
    poolMaxIdlePerHost: 0,
    http2: false,
  });
  const listener = await listen({ hostname: "127.0.0.1", port: 0, provider, cert, key });
  const resumed: boolean[] = [];
  const serve = async () => {
    for await (const conn of listener) {
      await conn.stream.next();
      resumed.push(conn.info?.resumed ?? false);
      await conn.write(utf8("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"));
      await conn.stream.close();
    }
  };
  const serving = serve();
  for (let i = 0; i < 2; i++) {
    const response = await fetch(`https://localhost:${listener.addr.port}/`, { client });
    await response.body?.cancel();
    assertEquals(response.status, 204);
  }
  listener.close();
  await serving;
  client.close();
  assertEquals(resumed, [false, true]);
});

const psk: ExternalPsk = {
  identity: utf8("sensor"),
  key: fromHex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
};
const pskClient: Partial<StartTlsOptions> = { requirePsk: true, externalPsks: [psk] };
const PSK_PRIORITY = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-KX-ALL";

await liveTest("openssl s_client authenticates with an external PSK", "openssl", async () => {
  const served = await serving({ externalPsks: [psk] }, async (port) => {
    const said = await run(
      "openssl",
      ...["s_client", "-connect", `127.0.0.1:${port}`, "-tls1_3", "-ign_eof"],
      ...["-psk", toHex(psk.key), "-psk_identity", "sensor"],
    );
    assert(said.includes("hello"), said);
  });
  assertEquals(served.map(({ info }) => info.externalPsk), [true]);
});

await liveTest(
  "our client authenticates with an external PSK to openssl s_server",
  "openssl",
  async () => {
    await withProgram(
      "openssl",
      (port) => [
        ...["s_server", "-accept", `127.0.0.1:${port}`, "-tls1_3", "-nocert"],
        ...["-psk", toHex(psk.key), "-psk_identity", "sensor"],
      ],
      async (port, say) => {
        const seen = await visitTwice(port, async (conn) => {
          assertEquals(conn.info?.peer, null);
          await say("hi\n");
        }, pskClient);
        // The second one resumes the session of the first.
        assertEquals(seen, RESUMED);
      },
    );
  },
);

for (const [name, exchange] of [["+DHE-PSK", true], ["+PSK", false]] as const) {
  const how = exchange ? "with a key exchange" : "alone";
  await liveTest(`gnutls-cli authenticates with an external PSK ${how}`, "gnutls-cli", async () => {
    const served = await serving({ externalPsks: [psk], allowPskOnly: true }, async (port) => {
      const said = await run(
        "gnutls-cli",
        ...["--port", String(port), "--priority", `${PSK_PRIORITY}:${name}`],
        ...["--pskusername", "sensor", "--pskkey", toHex(psk.key), "127.0.0.1"],
      );
      assert(said.includes("Handshake was completed"), said);
    });
    assertEquals(served.map(({ info }) => [info.externalPsk, info.group !== null]), [[
      true,
      exchange,
    ]]);
  });
}

await liveTest(
  "our client authenticates with an external PSK to gnutls-serv",
  "gnutls-serv",
  async () => {
    const passwords = `${folder}/psk.txt`;
    await Deno.writeTextFile(passwords, `sensor:${toHex(psk.key)}\n`);
    await withProgram(
      "gnutls-serv",
      (port) => [
        ...["--echo", "--port", String(port), "--pskpasswd", passwords],
        ...["--priority", `${PSK_PRIORITY}:+DHE-PSK`],
      ],
      async (port) => {
        const seen = await visitTwice(port, (conn) => conn.write(utf8("hi\n")), pskClient);
        assertEquals(seen, RESUMED);
      },
    );
  },
);
