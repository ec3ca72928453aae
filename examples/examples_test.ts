/** The examples do what they say. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ExtensionId } from "@sealane/pki";
import { createTestAuthority, encodeExtension } from "@sealane/pki/testing";
import { nativeProvider } from "@sealane/providers/native";
import { decodePem, der, encodePem } from "@sealane/wire";
import { makeMaterial } from "../interop/peers/mod.ts";

const FOLDER = new URL(".", import.meta.url).pathname;

async function run(example: string, args: string[] = [], env: Record<string, string> = {}) {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", "--quiet", `${FOLDER}${example}.ts`, ...args],
    env,
  });
  const { code, stdout, stderr } = await command.output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const OUTPUT: Readonly<Record<string, string>> = {
  any_stream: "no socket was needed\n",
  client_auth: "hello alice.example\n",
  certificate_bytes: "a chain of 3 certificates, ",
  ech: "connected to secret.example, hidden\n" +
    "the configuration is out of date, and the server gave another\n" +
    "connected to secret.example, hidden\n",
  custom_provider: "100000 bytes came back; ",
  delegated_credential: "the server answered with the current delegated key\n".repeat(2),
  names: "asked for blue.example, and that is blue.example\n" +
    "asked for green.example, and that is green.example\n",
  node_https: "this is /page\n",
  pin_key: "connected to the owner of the key\n" +
    "refused: the server has another key than the one pinned\n",
  remote_signer: "the signature came from elsewhere, and verifies\n",
  resume: "first visit: a full handshake\nsecond visit: resumed\n",
};

for (const [example, output] of Object.entries(OUTPUT)) {
  Deno.test(`the example ${example} prints what it promises`, async () => {
    const printed = await run(example);
    assert(printed.startsWith(output), printed);
  });
}

Deno.test("the example https_get fetches a page and logs its keys", async () => {
  using material = await makeMaterial();
  const { cert, key } = await material.identity("ecdsa-p256");
  const options = { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} };
  const server = Deno.serve(options, () => new Response("a page"));
  const keyLog = await Deno.makeTempFile();
  try {
    const printed = await run("https_get", [`https://localhost:${server.addr.port}/`], {
      SSL_CERT_FILE: material.caFile,
      SSLKEYLOGFILE: keyLog,
    });
    assertStringIncludes(printed, "HTTP/1.1 200 OK");
    assertStringIncludes(printed, "a page");
    assertStringIncludes(await Deno.readTextFile(keyLog), "CLIENT_TRAFFIC_SECRET_0 ");
  } finally {
    await server.shutdown();
    await Deno.remove(keyLog);
  }
});

Deno.test("the example delegated_credential issues from files, and not for other certificates", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sealane_" });
  const files = ["cert", "key", "out"].map((name) => `${folder}/${name}.pem`);
  try {
    const authority = await createTestAuthority(nativeProvider);
    const usage = encodeExtension(ExtensionId.delegationUsage, der.nullValue());
    const { chain, privateKey } = await authority.issue({ extensions: [usage] });
    await Deno.writeTextFile(files[0], encodePem("CERTIFICATE", chain[0]));
    await Deno.writeTextFile(files[1], encodePem("PRIVATE KEY", privateKey));
    const printed = await run("delegated_credential", ["issue", ...files, "client", "2"]);
    assertStringIncludes(printed, "a client's credential, valid until");
    const labels = decodePem(await Deno.readTextFile(files[2])).map(({ label }) => label);
    assertEquals(labels, ["DELEGATED CREDENTIAL", "PRIVATE KEY"]);
    await Deno.writeTextFile(files[0], encodePem("CERTIFICATE", authority.certificate));
    await assertRejects(() => run("delegated_credential", ["issue", ...files]));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the example echo_server echoes", async () => {
  using material = await makeMaterial();
  const { certFile, keyFile } = await material.identity("ecdsa-p256");
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", `${FOLDER}echo_server.ts`, "0", certFile, keyFile],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value = "" } = await reader.read();
    const port = Number(/port (\d+)/.exec(value)?.[1]);
    const conn = await Deno.connectTls({ hostname: "localhost", port, caCerts: [material.ca] });
    await conn.write(new TextEncoder().encode("echo"));
    const buffer = new Uint8Array(10);
    assertEquals(await conn.read(buffer), 4);
    conn.close();
  } finally {
    child.kill();
    await reader.cancel();
    await child.status;
  }
});
