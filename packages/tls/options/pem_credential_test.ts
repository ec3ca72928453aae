import { assert, assertEquals, assertRejects } from "@std/assert";
import { missingProgram, programVersion, runProgram } from "@sealane/programs";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { encodePem, TlsError } from "@sealane/wire";
import { credentialFromPem } from "./pem_credential.ts";

const root = await createTestAuthority(provider);
const middle = await root.intermediate({ subject: "Middle" });
const { chain, privateKey } = await middle.issue({ names: ["files.test"] });
const key = encodePem("PRIVATE KEY", privateKey);
const pem = (certificates: readonly Uint8Array[]) =>
  certificates.map((each) => encodePem("CERTIFICATE", each)).join("");

Deno.test("rows 271, 272: a chain in any order, with its key, a root and strangers in the file", async () => {
  const [leaf, intermediate] = chain;
  const stranger = (await createTestAuthority(provider, { subject: "Stranger" })).certificate;
  const orders: [Uint8Array[], Uint8Array[]][] = [
    [[leaf, intermediate], [leaf, intermediate]],
    [[intermediate, leaf], [leaf, intermediate]],
    [[root.certificate, intermediate, leaf], [leaf, intermediate, root.certificate]],
    [[stranger, leaf, intermediate], [leaf, intermediate]],
    [[leaf], [leaf]],
    [[leaf, leaf, intermediate, intermediate], [leaf, intermediate]],
  ];
  for (const [given, expected] of orders) {
    for (const cert of [pem(given), key + pem(given), new TextEncoder().encode(pem(given) + key)]) {
      const credential = await credentialFromPem(provider, { cert, key });
      assertEquals(credential.certificates, expected);
    }
    const combined = pem(given) + key;
    assertEquals(
      (await credentialFromPem(provider, { cert: combined, key: combined })).certificates,
      expected,
    );
  }
});

Deno.test("row 271: a broken block in a chain is an error, and names itself", async () => {
  const cert = pem(chain).replace("-----END CERTIFICATE-----", "-----END CERTIFICAT-----");
  const load = () => credentialFromPem(provider, { cert, key });
  await assertRejects(
    load,
    TlsError,
    "the PEM block CERTIFICATE in line 1 does not end with its own label",
  );
  const strangers = () => credentialFromPem(provider, { cert: pem([root.certificate]), key });
  await assertRejects(strangers, TlsError, "belongs to none of the 1 certificates");
});

const ignore = await missingProgram("openssl") !== null ||
  !/^OpenSSL [3-9]/.test(await programVersion("openssl") ?? "");

Deno.test({
  name: `row 272: a credential of a PKCS #12 file${ignore ? " (needs openssl 3)" : ""}`,
  ignore,
  async fn() {
    const cwd = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${cwd}/all`, pem([...chain, root.certificate]));
      await Deno.writeTextFile(`${cwd}/key`, key);
      const args = [
        "-export",
        "-in",
        "all",
        "-inkey",
        "key",
        "-out",
        "pfx",
        "-passout",
        "pass:secret",
      ];
      assert((await runProgram("openssl", ["pkcs12", ...args], { cwd })).success);
      const pfx = await Deno.readFile(`${cwd}/pfx`);
      const credential = await credentialFromPem(provider, { pfx, passphrase: "secret" });
      assertEquals(credential.certificates, [...chain, root.certificate]);
      const wrong = () => credentialFromPem(provider, { pfx, passphrase: "Secret" });
      await assertRejects(wrong, TlsError, "the passphrase is wrong");
    } finally {
      await Deno.remove(cwd, { recursive: true });
    }
  },
});
