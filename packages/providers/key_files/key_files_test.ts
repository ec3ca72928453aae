import { assert, assertEquals, assertRejects } from "@std/assert";
import { missingProgram, programVersion, runProgram } from "@sealane/programs";
import { der, encodePem, readPemFile, TlsError } from "@sealane/wire";
import { importPrivateKey, privateKeyToPkcs8 } from "../keys.ts";
import { nativeProvider } from "../native/mod.ts";
import type { CryptoProvider } from "../provider.ts";
import { shangmiProvider } from "../shangmi/mod.ts";
import { readPkcs12 } from "./pkcs12.ts";

const folder = Deno.env.get("SEALANE_VECTORS") ??
  new URL("../../../../shared/vectors", import.meta.url).pathname;

function list(path: string, pattern: RegExp): string[] {
  try {
    return Array.from(Deno.readDirSync(`${folder}/${path}`), ({ name }) => name)
      .filter((name) => pattern.test(name)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
const files = list("files", /^key_/);
const needs = files.length === 0 ? " (needs SEALANE_VECTORS)" : "";

/** Files whose key is not used, and what says why. */
const REFUSED: Readonly<Record<string, string>> = {
  "key_OPENSSH_PRIVATE_KEY.pem": "ssh-keygen -p -m PKCS8",
  "key_PKCS_8_EC_explicit_parameters.pem": "openssl pkey -ec_param_enc named_curve",
  "key_RSA_3_primes.pem": "only keys of two primes",
  "key_certificate_instead.pem": "no private key, only CERTIFICATE",
  "key_public_key_instead.pem": "no private key, only PUBLIC KEY",
  "key_secp256k1.pem": "unknown curve 1.3.132.0.10",
  "key_two_keys_in_one_file.pem": "2 private keys instead of one",
};
/** Whether the public key in a key belongs to it is the provider's to say. */
const OF_PROVIDERS = ["key_EC_public_of_another_key.pem"];

Deno.test({
  name: `row 272: private keys in the ${files.length || ""} shapes that people have them${needs}`,
  ignore: files.length === 0,
  async fn() {
    assertEquals(files.length, 42);
    for (const name of files) {
      const bytes = Deno.readFileSync(`${folder}/files/${name}`);
      for (const file of [bytes, new TextDecoder().decode(bytes)]) {
        const load = async () =>
          await importPrivateKey(nativeProvider, file, { passphrase: "secret" });
        if (Object.hasOwn(REFUSED, name)) {
          const { code } = await assertRejects(load, TlsError, REFUSED[name], name);
          assertEquals(code, "api/config");
        } else if (!OF_PROVIDERS.includes(name)) {
          assert((await load()).schemes.length > 0, name);
        }
      }
    }
  },
});

Deno.test({
  name: `row 272: an encrypted key needs its passphrase${needs}`,
  ignore: files.length === 0,
  async fn() {
    for (const name of ["key_ENCRYPTED_PKCS_8.pem", "key_Proc_Type_encrypted.pem"]) {
      const text = Deno.readTextFileSync(`${folder}/files/${name}`);
      const load = async (passphrase?: string) =>
        await importPrivateKey(nativeProvider, text, { passphrase });
      await assertRejects(() => load(), TlsError, "is encrypted: pass its passphrase");
      for (const wrong of ["", "Secret", "secret "]) {
        const { code } = await assertRejects(
          () => load(wrong),
          TlsError,
          "the passphrase is wrong",
        );
        assertEquals(code, "api/config");
      }
    }
  },
});

const sm2 = list("certs-sm2", /^(sm2.*|tlcp.*)\.key$|key\.pem$/).filter((name) =>
  !/pub|csr/.test(name)
);
Deno.test({
  name: `row 272: SM2 keys in every form${sm2.length === 0 ? " (needs SEALANE_VECTORS)" : ""}`,
  ignore: sm2.length === 0,
  async fn() {
    for (const name of sm2) {
      const file = Deno.readTextFileSync(`${folder}/certs-sm2/${name}`);
      const signer = await importPrivateKey(shangmiProvider, file);
      assertEquals(signer.schemes, [0x0708], name);
    }
  },
});

const hasOpenssl = /^OpenSSL [3-9]/.test(await programVersion("openssl") ?? "") &&
  await missingProgram("openssl") === null;
const needsOpenssl = hasOpenssl ? "" : " (needs openssl 3)";

async function inFolder(
  body: (run: (...args: string[]) => Promise<void>, folder: string) => Promise<void>,
) {
  const cwd = await Deno.makeTempDir();
  try {
    await body(async (...args) => {
      const { success, stdout, stderr } = await runProgram("openssl", args, { cwd });
      if (!success) throw new Error(`openssl ${args.join(" ")}: ${stdout}${stderr}`);
    }, cwd);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

const ENCRYPTIONS = [
  ["-v2", "aes-128-cbc"],
  ["-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA1"],
  ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"],
  ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA384", "-iter", "100000"],
  ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA224"],
  ["-v2", "des3"],
  ["-scrypt"],
  ["-scrypt", "-scrypt_N", "1024", "-scrypt_r", "4", "-scrypt_p", "2"],
  ["-v1", "PBE-SHA1-3DES"],
];
const KEYS: [string[], CryptoProvider][] = [
  [["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], nativeProvider],
  [["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], nativeProvider],
  [["-algorithm", "ED25519"], nativeProvider],
  [["-algorithm", "SM2"], shangmiProvider],
];

Deno.test({
  name: `row 272: what openssl encrypts is read: PBES2, scrypt, PKCS #12 schemes${needsOpenssl}`,
  ignore: !hasOpenssl,
  fn: () =>
    inFolder(async (openssl, folder) => {
      const passphrase = "pass wörd";
      await Deno.writeTextFile(`${folder}/pass`, passphrase);
      for (const [algorithm, provider] of KEYS) {
        await openssl("genpkey", ...algorithm, "-out", "pem");
        await openssl(
          "pkcs8",
          "-topk8",
          "-nocrypt",
          "-in",
          "pem",
          "-outform",
          "DER",
          "-out",
          "plain",
        );
        const plain = privateKeyToPkcs8(await Deno.readFile(`${folder}/plain`));
        for (const how of ENCRYPTIONS) {
          // PKCS #12 schemes take the characters of the passphrase, the others its bytes.
          const args = ["-topk8", "-in", "plain", "-inform", "DER", "-passout", "file:pass"];
          const format = how.includes("-scrypt") ? "DER" : "PEM";
          await openssl("pkcs8", ...args, ...how, "-outform", format, "-out", "encrypted");
          const file = await Deno.readFile(`${folder}/encrypted`);
          assertEquals(privateKeyToPkcs8(file, { passphrase }), plain, how.join(" "));
          await importPrivateKey(provider, file, {
            passphrase: new TextEncoder().encode(passphrase),
          });
        }
      }
      for (const cipher of ["-aes128", "-aes192", "-aes256", "-des3"]) {
        await openssl("genrsa", "-traditional", cipher, "-passout", "file:pass", "-out", "legacy");
        const file = await Deno.readTextFile(`${folder}/legacy`);
        assert(file.includes("Proc-Type: 4,ENCRYPTED"));
        await importPrivateKey(nativeProvider, file, { passphrase });
      }
    }),
});

const CONTAINERS = [
  [],
  ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
  ["-keypbe", "AES-128-CBC", "-certpbe", "AES-256-CBC", "-macalg", "sha512", "-iter", "1"],
  ["-keypbe", "AES-256-CBC", "-certpbe", "NONE", "-macalg", "sha384"],
  ["-nomac"],
  ["-keypbe", "NONE", "-certpbe", "NONE"],
];

Deno.test({
  name: `row 272: PKCS #12 files of openssl are read${needsOpenssl}`,
  ignore: !hasOpenssl,
  fn: () =>
    inFolder(async (openssl, folder) => {
      const request = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
      const subject = ["-subj", "/CN=pkcs12.test", "-nodes"];
      await openssl("req", ...request, ...subject, "-keyout", "key", "-out", "certificate");
      const { blocks: [certificate] } = readPemFile(await Deno.readFile(`${folder}/certificate`));
      const plain = privateKeyToPkcs8(await Deno.readFile(`${folder}/key`));
      for (const passphrase of ["secret", "pass wörd", ""]) {
        await Deno.writeTextFile(`${folder}/pass`, `${passphrase}\n`);
        for (const how of CONTAINERS) {
          const files = ["-inkey", "key", "-in", "certificate", "-out", "container"];
          const args = [...files, "-name", "a name", "-passout", "file:pass", ...how];
          await openssl("pkcs12", "-export", ...args);
          const file = await Deno.readFile(`${folder}/container`);
          const read = readPkcs12(file, passphrase);
          assertEquals(read.privateKeys.map((key) => privateKeyToPkcs8(key)), [plain]);
          assertEquals(read.certificates, [certificate.bytes]);
          assertEquals(privateKeyToPkcs8(file, { passphrase }), plain);
          if (how.includes("-nomac") || how.includes("NONE")) continue;
          const wrong = () => Promise.resolve(readPkcs12(file, `${passphrase}!`));
          await assertRejects(async () => await wrong(), TlsError, "the passphrase is wrong");
        }
      }
      await assertRejects(
        async () =>
          await importPrivateKey(nativeProvider, await Deno.readFile(`${folder}/container`)),
        TlsError,
        "the PKCS #12 file is encrypted: pass its passphrase",
      );
    }),
});

Deno.test("an encrypted key that costs too much is refused before it costs anything", async () => {
  const pbkdf2 = (iterations: number) =>
    der.sequence(
      der.objectIdentifier("1.2.840.113549.1.5.12"),
      der.sequence(der.octetString(new Uint8Array(8)), der.integer(iterations)),
    );
  const scrypt = (N: number, r: number, p: number) =>
    der.sequence(
      der.objectIdentifier("1.3.6.1.4.1.11591.4.11"),
      der.sequence(der.octetString(new Uint8Array(8)), ...[N, r, p].map((n) => der.integer(n))),
    );
  const costly = [
    pbkdf2(0),
    pbkdf2(100_000_000),
    scrypt(1 << 30, 8, 1),
    scrypt(3, 1, 1),
    scrypt(2, 1, 65),
  ];
  for (const kdf of costly) {
    const cipher = der.sequence(
      der.objectIdentifier("2.16.840.1.101.3.4.1.42"),
      der.octetString(new Uint8Array(16)),
    );
    const algorithm = der.sequence(
      der.objectIdentifier("1.2.840.113549.1.5.13"),
      der.sequence(kdf, cipher),
    );
    const file = der.sequence(algorithm, der.octetString(new Uint8Array(32)));
    const pem = encodePem("ENCRYPTED PRIVATE KEY", file);
    const load = async () => await importPrivateKey(nativeProvider, pem, { passphrase: "x" });
    assertEquals((await assertRejects(load, TlsError)).code, "api/config");
  }
});
