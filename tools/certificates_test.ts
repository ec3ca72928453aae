import { assert, assertEquals } from "@std/assert";
import { TrustStore, verifyServerCertificate } from "@sealane/pki";
import { combineProviders, defaultProvider } from "@sealane/providers";
import { shangmiProvider } from "@sealane/providers/shangmi";
import { credentialFromPem } from "@sealane/tls";

const provider = combineProviders(defaultProvider(), shangmiProvider);
const program = new URL("./certificates.ts", import.meta.url).pathname;

Deno.test("deno task certificates makes chains that verify, with their keys", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const run = (...args: string[]) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", program, "--out", folder, ...args],
      })
        .output();
    assertEquals((await run("dev.test", "192.0.2.1")).code, 0);
    const files = Array.from(Deno.readDirSync(folder), ({ name }) => name);
    assertEquals(files.length, 15);
    for (const name of ["p256", "ed25519", "rsa", "sm2", "mldsa65"]) {
      const [ca, cert, key] = ["ca", "cert", "key"].map((part) =>
        Deno.readTextFileSync(`${folder}/${name}.${part}.pem`)
      );
      const { certificates } = await credentialFromPem(provider, { cert, key });
      const trust = TrustStore.fromPem(ca);
      for (const serverName of ["dev.test", "192.0.2.1"]) {
        const options = { chain: certificates, serverName, now: Date.now(), trust, provider };
        assertEquals((await verifyServerCertificate(options)).certificates.length, 1, name);
      }
      if (Deno.build.os !== "windows") {
        assertEquals((Deno.statSync(`${folder}/${name}.key.pem`).mode ?? 0) & 0o77, 0);
      }
    }
    const { code, stderr } = await run("--algorithm", "dsa");
    assertEquals(code, 2);
    assert(new TextDecoder().decode(stderr).includes("there is no algorithm dsa"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
