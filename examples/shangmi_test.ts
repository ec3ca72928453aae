/** The ShangMi examples talk to each other, with a chain that OpenSSL made. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { makeShangmiMaterial } from "../interop/peers/mod.ts";

const FOLDER = new URL(".", import.meta.url).pathname;

function start(example: string, args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", "--quiet", `${FOLDER}${example}.ts`, ...args],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

Deno.test("shangmi_get fetches what shangmi_server serves", async () => {
  using material = await makeShangmiMaterial();
  const { certFile, keyFile } = await material.identity("ecdsa-p256");
  const server = start("shangmi_server", ["0", certFile, keyFile]);
  const output = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value = "" } = await output.read();
    const port = Number(/listening on port (\d+)/.exec(value)?.[1]);
    const client = start("shangmi_get", [`https://localhost:${port}/`, material.caFile]);
    const { code, stdout, stderr } = await client.output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const printed = new TextDecoder().decode(stdout);
    assertStringIncludes(printed, "TLS_SM4_GCM_SM3, curveSM2");
    assertStringIncludes(printed, "served with SM2, SM3 and SM4");
  } finally {
    server.kill();
    await output.cancel();
    await server.stderr.cancel();
    await server.status;
  }
});
