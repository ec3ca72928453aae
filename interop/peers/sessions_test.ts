/** Resumption, early data and external PSKs with live peers, in both roles. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ExternalPsk } from "@sealane/handshake";
import { missingProgram, type ProgramName } from "@sealane/programs";
import { nativeProvider as provider } from "@sealane/providers/native";
import { listen, startTls, type StartTlsOptions } from "@sealane/tls/deno";
import { fromHex, NamedGroup, TlsError, toHex, utf8 } from "@sealane/wire";
import { makeMaterial } from "./mod.ts";
import { connectWhenReady } from "./process.ts";
import { SESSION_CASES } from "./session_cases.ts";
import { EARLY, outputOf as run, serving, visitTwice, withProgram } from "./session_visits.ts";

const material = await makeMaterial();
globalThis.addEventListener("unload", () => material[Symbol.dispose]());
const { cert, key } = await material.identity("ecdsa-p256");
const folder = material.caFile.slice(0, material.caFile.lastIndexOf("/"));

/** A test that needs a program. */
async function liveTest(
  name: string,
  program: ProgramName,
  fn: () => Promise<void>,
): Promise<void> {
  const missing = await missingProgram(program);
  Deno.test({ name: `${name} (needs ${program})`, ignore: missing !== null, fn });
}

for (const { peer, program, role, early, run } of SESSION_CASES) {
  const what = early ? "a session is resumed and early data accepted" : "a session is resumed";
  const name = `${role === "client" ? "client to" : "server to"} ${peer}: ${what}`;
  const fn = async () => {
    const visits = await run(material, provider);
    assertEquals(
      visits.map(({ info, early }) => [info.resumed, info.earlyDataAccepted, early]),
      [[false, false, ""], [true, early, early ? EARLY : ""]],
    );
  };
  if (program === null) Deno.test(name, fn);
  else await liveTest(name, program, fn);
}

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
const pskClient: Partial<StartTlsOptions> = { provider, requirePsk: true, externalPsks: [psk] };
const PSK_PRIORITY = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-KX-ALL";

await liveTest("openssl s_client authenticates with an external PSK", "openssl", async () => {
  const served = await serving(material, { provider, externalPsks: [psk] }, async (port) => {
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
        const seen = await visitTwice(material, port, async (conn) => {
          assertEquals(conn.info?.peer, null);
          await say("hi\n");
        }, pskClient);
        // The second one resumes the session of the first.
        assertEquals(seen.map(({ info }) => info.resumed), [false, true]);
      },
    );
  },
);

for (const [name, exchange] of [["+DHE-PSK", true], ["+PSK", false]] as const) {
  const how = exchange ? "with a key exchange" : "alone";
  await liveTest(`gnutls-cli authenticates with an external PSK ${how}`, "gnutls-cli", async () => {
    const served = await serving(
      material,
      { provider, externalPsks: [psk], allowPskOnly: true },
      async (port) => {
        const said = await run(
          "gnutls-cli",
          ...["--port", String(port), "--priority", `${PSK_PRIORITY}:${name}`],
          ...["--pskusername", "sensor", "--pskkey", toHex(psk.key), "127.0.0.1"],
        );
        assert(said.includes("Handshake was completed"), said);
      },
    );
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
        const seen = await visitTwice(
          material,
          port,
          (conn) => conn.write(utf8("hi\n")),
          pskClient,
        );
        assertEquals(seen.map(({ info }) => info.resumed), [false, true]);
      },
    );
  },
);

const passwords = `${folder}/psk_alone.txt`;
await Deno.writeTextFile(passwords, `sensor:${toHex(psk.key)}\n`);
const OPENSSL_PSK = ["-psk", toHex(psk.key), "-psk_identity", "sensor"];
const openssl = (port: number) => ["s_server", "-accept", `127.0.0.1:${port}`, "-tls1_3"];
const gnutls = (port: number, exchange: string) => [
  ...["--echo", "--port", String(port), "--pskpasswd", passwords],
  ...["--priority", `${PSK_PRIORITY}:${exchange}`],
];

for (
  const [program, args] of [
    ["openssl", (port) => [...openssl(port), "-nocert", "-allow_no_dhe_kex", ...OPENSSL_PSK]],
    ["gnutls-serv", (port) => gnutls(port, "+PSK")],
  ] satisfies [ProgramName, (port: number) => string[]][]
) {
  await liveTest(`our client uses an external PSK alone with ${program}`, program, async () => {
    await withProgram(program, args, async (port, say) => {
      const seen = await visitTwice(material, port, async (conn) => {
        if (program === "openssl") await say("hi\n");
        else await conn.write(utf8("hi\n"));
      }, { ...pskClient, pskOnly: true });
      assertEquals(
        seen.map(({ info }) => [info.resumed, info.group]),
        [[false, null], [true, null]],
      );
    });
  });
}

for (
  const [program, args] of [
    ["openssl", (port) => [...openssl(port), "-nocert", ...OPENSSL_PSK]],
    ["gnutls-serv", (port) => gnutls(port, "+DHE-PSK")],
  ] satisfies [ProgramName, (port: number) => string[]][]
) {
  await liveTest(
    `${program} that insists on a key exchange refuses a client of ours without`,
    program,
    () =>
      withProgram(program, args, async (port) => {
        const error = await assertRejects(
          async () => {
            const options = { ...pskClient, pskOnly: true, hostname: "localhost" };
            await startTls(await connectWhenReady(port), options);
          },
          TlsError,
        );
        assertEquals(error.code, "peer/alert");
      }).then(() => {}),
  );
}

await liveTest("our client resumes alone with openssl s_server", "openssl", async () => {
  const { certFile, keyFile } = await material.identity("ecdsa-p256");
  await withProgram(
    "openssl",
    (port) => [...openssl(port), "-allow_no_dhe_kex", "-cert", certFile, "-key", keyFile],
    async (port, say) => {
      const options = { provider, pskOnly: true };
      const seen = await visitTwice(material, port, () => say("hi\n"), options);
      assertEquals(
        seen.map(({ info }) => [info.resumed, info.group === null]),
        [[false, false], [true, true]],
      );
    },
  );
});

await liveTest("openssl s_client without a group of ours uses a PSK alone", "openssl", async () => {
  const more = { provider, externalPsks: [psk], groups: [NamedGroup.x25519] };
  const visit = async (port: number) => {
    const args = ["s_client", "-connect", `127.0.0.1:${port}`, "-tls1_3", "-ign_eof"];
    args.push("-allow_no_dhe_kex", "-groups", "P-384", ...OPENSSL_PSK);
    return await run("openssl", ...args);
  };
  let said = "";
  const served = await serving(material, { ...more, allowPskOnly: true }, async (port) => {
    said = await visit(port);
  });
  assert(said.includes("hello"), said);
  assertEquals(served.map(({ info }) => [info.externalPsk, info.group]), [[true, null]]);
});
