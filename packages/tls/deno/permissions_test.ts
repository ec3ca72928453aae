/** The least permissions of the entry points, each in a process that has exactly those. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createCredential } from "@sealane/handshake";
import { createTestAuthority } from "@sealane/pki/testing";
import { defaultProvider } from "@sealane/providers";
import { encodePem, utf8 } from "@sealane/wire";
import { listen } from "../deno.ts";

const root = new URL("../../../", import.meta.url).pathname;
const LINUX = Deno.build.os === "linux";
const authority = await createTestAuthority(defaultProvider());
const issued = await authority.issue({ names: ["localhost"] });
const ca = encodePem("CERTIFICATE", authority.certificate);
const cert = encodePem("CERTIFICATE", issued.chain[0]);
const key = encodePem("PRIVATE KEY", issued.privateKey);

interface Outcome {
  readonly said: string;
  readonly failed: string;
}

/** Runs a program with these permissions and no others; what it said, and the error that it ended with. */
async function run(
  program: string,
  flags: readonly string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const child = new Deno.Command(Deno.execPath(), {
    // Read from standard input, it knows the names of the packages from the folder that it runs in.
    args: ["run", "--no-prompt", "--no-check", "--quiet", ...flags, "-"],
    cwd: root,
    env: { NO_COLOR: "1", SSL_CERT_DIR: "", NODE_EXTRA_CA_CERTS: "", DENO_CERT: "", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(utf8(program));
  await writer.close();
  const { stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { said: decoder.decode(stdout).trim(), failed: decoder.decode(stderr) };
}

/** The client of the README, to this port. */
function client(port: number, more = ""): string {
  return `
    import { connect } from "@sealane/tls/deno";
    const conn = await connect({ hostname: "localhost", port: ${port}, ${more} });
    console.log(await new Response(conn.readable).text());
  `;
}

/** Serves connections until `use` is done. */
async function serving(use: (port: number) => Promise<void>): Promise<void> {
  const credentials = [createCredential({ certificates: issued.chain, signer: issued.signer })];
  const listener = await listen({ hostname: "127.0.0.1", port: 0, credentials });
  const answering = (async () => {
    for await (const conn of listener) {
      try {
        await conn.write(utf8("hello"));
        await conn.stream.close();
      } catch { /* a client that does not trust us */ }
    }
  })();
  try {
    await use(listener.addr.port);
  } finally {
    listener.close();
    await answering;
  }
}

const NET = "--allow-net=localhost,127.0.0.1";

Deno.test("connect of @sealane/tls/deno with a trust store wants --allow-net alone", () =>
  serving(async (port) => {
    const trust = `trust: ${JSON.stringify(ca)}`;
    assertEquals(await run(client(port, trust), [NET]), { said: "hello", failed: "" });
  }));

Deno.test("connect with --allow-net alone names the permission for the system's anchors", () =>
  serving(async (port) => {
    const { said, failed } = await run(client(port), [NET]);
    assertEquals(said, "");
    assertStringIncludes(
      failed,
      "run again with --allow-read or --allow-sys, or pass a trust store",
    );
    assert(!failed.includes("NotCapable"), failed);
  }));

Deno.test("connect without --allow-env takes SSL_CERT_FILE as not there, and says so where that may be why", () =>
  serving(async (port) => {
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(file, ca);
      const env = { SSL_CERT_FILE: file };
      const ignored = await run(client(port), [NET, "--allow-read"], env);
      assertEquals(ignored.said, "");
      assertStringIncludes(ignored.failed, "no path leads from its issuer");
      assertStringIncludes(ignored.failed, "--allow-env=SSL_CERT_FILE,");
      const all = [NET, "--allow-env", `--allow-read=${file}`];
      assertEquals(await run(client(port), all, env), { said: "hello", failed: "" });
      const unread = await run(client(port), [NET, "--allow-env"], env);
      const reason = `SSL_CERT_FILE names ${file}, which may not be read: run again with`;
      assertStringIncludes(unread.failed, `${reason} --allow-read=${file}`);
      await Deno.writeTextFile(file, "nothing");
      assertStringIncludes((await run(client(port), all, env)).failed, "holds no certificate");
      const gone = { SSL_CERT_FILE: `${file}.gone` };
      const missing = await run(client(port), [NET, "--allow-env", "--allow-read"], gone);
      assertStringIncludes(missing.failed, `names ${file}.gone, which cannot be read: ENOENT`);
    } finally {
      await Deno.remove(file);
    }
  }));

const SYSTEM = `
  import { systemTrust } from "@sealane/pki";
  console.log(systemTrust().size > 0);
`;

for (const flags of [...LINUX ? [["--allow-read"]] : [], ["--allow-sys"]]) {
  Deno.test(`systemTrust wants no more than ${flags}`, async () => {
    const { said, failed } = await run(SYSTEM, flags);
    // A machine may have no bundle of a distribution.
    if (failed.includes("run again with --allow-sys")) return;
    assertEquals({ said, failed }, { said: "true", failed: "" });
  });
}

Deno.test("listen of @sealane/tls/deno wants --allow-net alone", async () => {
  const program = `
    import { listen } from "@sealane/tls/deno";
    const listener = await listen({
      ...{ hostname: "127.0.0.1", port: 0 },
      cert: ${JSON.stringify(cert)},
      key: ${JSON.stringify(key)},
    });
    console.log("listening");
    listener.close();
  `;
  assertEquals(await run(program, [NET]), { said: "listening", failed: "" });
});

Deno.test("connect and createServer of @sealane/tls/node want --allow-net alone", async () => {
  const program = `
    import { connect, createServer } from "@sealane/tls/node";
    const [cert, key, ca] = ${JSON.stringify([cert, key, ca])};
    const server = createServer({ cert, key }, (socket) => socket.end("hello"));
    server.listen(0, "127.0.0.1", () => {
      const socket = connect({ host: "127.0.0.1", servername: "localhost", port: server.address().port, ca });
      socket.on("data", (data) => console.log(String(data)));
      socket.on("end", () => server.close());
    });
  `;
  assertEquals(await run(program, [NET]), { said: "hello", failed: "" });
});

Deno.test("Connection, QuicTls and the providers want no permission", async () => {
  const program = `
    import { Connection } from "@sealane/tls";
    import { QuicTls } from "@sealane/quic-tls";
    import { TrustStore } from "@sealane/pki";
    import { defaultProvider } from "@sealane/providers";
    import { nobleProvider } from "@sealane/providers/noble";
    import { webCryptoProvider } from "@sealane/providers/webcrypto";
    const trust = TrustStore.fromPem(${JSON.stringify(ca)});
    for (const provider of [defaultProvider(), nobleProvider, webCryptoProvider]) {
      const connection = Connection.client({ provider, trust }, { serverName: "localhost" });
      await connection.start();
      const ids = { sourceConnectionId: new Uint8Array(8), destinationConnectionId: new Uint8Array(8) };
      QuicTls.client({ tls: { provider, trust, alpn: ["x"] }, ...ids }, { serverName: "localhost" });
    }
    console.log("made");
  `;
  assertEquals(await run(program, []), { said: "made", failed: "" });
});
