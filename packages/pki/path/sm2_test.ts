import { isPromise } from "@sealane/providers";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { shangmiProvider } from "@sealane/providers/shangmi";
import { SignatureScheme, TlsError } from "@sealane/wire";
import { isSelfIssued, parseCertificate } from "../certificate/certificate.ts";
import { matchesServerName } from "./service_identity.ts";
import { verifyPath } from "./path.ts";
import { certificatesFromPem } from "../certificate/pem.ts";
import {
  certificateSignatureScheme,
  signatureSchemesOfKey,
} from "../certificate/signature_algorithm.ts";
import { TrustStore } from "./trust.ts";

const folder = `${
  Deno.env.get("SEALANE_VECTORS") ?? new URL("../../../../shared/vectors", import.meta.url).pathname
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

const read = (file: string) => certificatesFromPem(Deno.readTextFileSync(`${folder}/${file}`));

Deno.test({
  name: files.length === 0
    ? "SM2 paths (needs SEALANE_VECTORS)"
    : "SM2 paths verify with the ShangMi provider, and those without the identifier ZA do not",
  ignore: files.length === 0,
  fn() {
    const verify = (chain: Uint8Array[], root: Uint8Array, now: number) =>
      verifyPath(chain, {
        now,
        trust: TrustStore.fromCertificates([root]),
        provider: shangmiProvider,
      });
    const now = Date.UTC(2025, 0, 1);
    const [intermediate, root] = orderChain(read("sm2-chain-ca.crt"));
    const path = verify([...read("sm2-leaf.crt"), intermediate], root, now);
    assert(!isPromise(path));
    assertEquals(path.certificates.length, 2);
    assert(matchesServerName(path.certificates[0], "www.alipay.com"));
    const [tlcpIntermediate, tlcpRoot] = orderChain(read("tlcp-chain-ca.crt"));
    for (const file of ["tlcp-server_sign.crt", "tlcp-client_sign.crt"]) {
      verify([...read(file), tlcpIntermediate], tlcpRoot, now);
    }
    const expired = [...read("tlcp-server_sign_expire.crt"), tlcpIntermediate];
    const error = assertThrows(() => verify(expired, tlcpRoot, now), TlsError);
    assertEquals(error.code, "peer/certificate-expired");
    verify(read("sm2-first-crt.pem"), read("sm2-root-cert.pem")[0], now);
    const noza = () => verify(read("sm2-noza-cert.pem"), read("sm2-noza-root-cert.pem")[0], now);
    assertThrows(noza, TlsError, "signature does not verify");
  },
});

/** The intermediate before the root. */
function orderChain(chain: Uint8Array[]): Uint8Array[] {
  return chain.toSorted((a, b) =>
    Number(isSelfIssued(parseCertificate(a))) - Number(isSelfIssued(parseCertificate(b)))
  );
}
