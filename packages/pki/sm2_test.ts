import { assert, assertEquals } from "@std/assert";
import { SignatureScheme } from "@sealane/wire";
import { parseCertificate } from "./certificate.ts";
import { certificatesFromPem } from "./pem.ts";
import { certificateSignatureScheme, signatureSchemesOfKey } from "./signature_algorithm.ts";

const folder = `${
  Deno.env.get("SEALANE_VECTORS") ?? new URL("../../../shared/vectors", import.meta.url).pathname
}/certs-sm2`;

function listFiles(): string[] {
  try {
    const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
    return names.filter((name) => /cert.*\.pem$|crt\.pem$|\.crt$/.test(name)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
const files = listFiles();

Deno.test({
  name: files.length === 0 ? "SM2 certificates (needs SEALANE_VECTORS)" : "SM2 certificates parse",
  ignore: files.length === 0,
  fn() {
    let count = 0;
    for (const file of files) {
      for (const raw of certificatesFromPem(Deno.readTextFileSync(`${folder}/${file}`))) {
        const { signatureAlgorithm, subjectPublicKeyInfo } = parseCertificate(raw);
        const scheme = certificateSignatureScheme(signatureAlgorithm, subjectPublicKeyInfo);
        assertEquals(scheme, SignatureScheme.sm2sig_sm3, file);
        assertEquals(signatureSchemesOfKey(subjectPublicKeyInfo), [scheme], file);
        count++;
      }
    }
    assert(count >= 15, `${count} certificates`);
  },
});
