import { assert, assertEquals } from "@std/assert";
import { missingProgram, type ProgramName, programVersion, runProgram } from "@sealane/programs";
import { decodePem, DerReader, DerTag, SignatureScheme } from "@sealane/wire";
import { importPrivateKey } from "../keys.ts";
import { shangmiProvider } from "./mod.ts";
import { sm2sigSm3 } from "./sm2_signature.ts";
import { pseudoRandom } from "./testdata/vectors.ts";

const SCHEME = SignatureScheme.sm2sig_sm3;
const TLS_IDENTIFIER = "distid:TLSv1.3+GM+Cipher+Suite";

async function run(folder: string, command: ProgramName, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await runProgram(command, args, { cwd: folder });
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout + stderr;
}

async function hasSm2(): Promise<boolean> {
  if (!/^OpenSSL [3-9]/.test(await programVersion("openssl") ?? "")) return false;
  const { stdout } = await runProgram("openssl", ["list", "-public-key-algorithms"]);
  return stdout.includes("SM2") && await missingProgram("sh") === null;
}

const ignore = !(await hasSm2());
const needs = ignore ? " (needs openssl 3 with SM2)" : "";

/** The parts of a certificate: what is signed, the SubjectPublicKeyInfo, the signature. */
function certificateParts(pem: string): [Uint8Array, Uint8Array, Uint8Array] {
  const [{ bytes }] = decodePem(pem);
  return new DerReader(bytes, "certificate").sequence("certificate", (certificate) => {
    const { content, raw } = certificate.tagged(DerTag.sequence, "tbsCertificate");
    const fields = certificate.nested(content, "tbsCertificate");
    for (const _ of ["version", "serial", "algorithm", "issuer", "validity", "subject"]) {
      fields.element("field");
    }
    const spki = fields.element("subjectPublicKeyInfo").raw;
    certificate.element("signatureAlgorithm");
    return [raw, spki, certificate.bitStringBytes("signature")];
  });
}

Deno.test({
  name: `the commands of the README make a chain that OpenSSL and we verify${needs}`,
  ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const readme = await Deno.readTextFile(new URL("README.md", import.meta.url));
      const [, commands] = /```sh\n([\s\S]*?)```/.exec(readme) ?? [];
      const output = await run(folder, "sh", "-e", "-c", commands);
      assert(output.includes("server.crt: OK"));
      const read = (name: string) => Deno.readTextFileSync(`${folder}/${name}`);
      const [rootSigned, rootKey, rootSignature] = certificateParts(read("ca.crt"));
      const [signed, key, signature] = certificateParts(read("server.crt"));
      assert(sm2sigSm3.verify(rootKey, rootSigned, rootSignature, "certificate"));
      assert(sm2sigSm3.verify(rootKey, signed, signature, "certificate"));
      assertEquals(sm2sigSm3.verify(rootKey, signed, signature, "certificate-verify"), false);
      const signer = await importPrivateKey(shangmiProvider, read("server.key"));
      assertEquals(signer.publicKey, key);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: `SM2 signatures under the TLS identifier pass from us to OpenSSL and back${needs}`,
  ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await run(folder, "openssl", "genpkey", "-algorithm", "SM2", "-out", "key");
      await run(folder, "openssl", "pkey", "-in", "key", "-pubout", "-out", "public");
      const signer = await importPrivateKey(
        shangmiProvider,
        await Deno.readTextFile(`${folder}/key`),
      );
      const [{ bytes: spki }] = decodePem(await Deno.readTextFile(`${folder}/public`));
      assertEquals(signer.publicKey, spki);
      for (let i = 0; i < 3; i++) {
        const message = pseudoRandom(64 * i, i + 1);
        await Deno.writeFile(`${folder}/message`, message);
        await Deno.writeFile(`${folder}/ours`, await signer.sign(SCHEME, message));
        const dgst = ["dgst", "-sm3", "-sigopt", TLS_IDENTIFIER];
        const verified = await run(
          folder,
          "openssl",
          ...[...dgst, "-verify", "public", "-signature", "ours", "message"],
        );
        assert(verified.includes("Verified OK"));
        await run(folder, "openssl", ...dgst, "-sign", "key", "-out", "theirs", "message");
        const theirs = await Deno.readFile(`${folder}/theirs`);
        assert(sm2sigSm3.verify(spki, message, theirs, "certificate-verify"));
        assertEquals(sm2sigSm3.verify(spki, message, theirs, "certificate"), false);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
