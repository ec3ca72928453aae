/** RSA keys of every size: verified everywhere, or said to be unsupported; never a bad signature for what a platform cannot do. */
import { der, fromHex, SignatureScheme as S, TlsError, utf8 } from "@sealane/wire";
import { assertEquals, assertThrows } from "@std/assert";
import { defaultProvider } from "./default.ts";
import { encodeSpki } from "./key_info.ts";
import type { CryptoProvider, SignatureAlgorithm } from "./provider.ts";
import rsaSizes from "./testdata/rsa_sizes.json" with { type: "json" };
import { PROVIDERS } from "./testdata/support.ts";

const DATA = utf8(rsaSizes.message);
const SCHEMES = [
  ["pkcs1", S.rsa_pkcs1_sha256, "certificate"],
  ["pss", S.rsa_pss_rsae_sha256, "certificate-verify"],
] as const;

function algorithm({ signatures }: CryptoProvider, scheme: number): SignatureAlgorithm {
  const found = signatures.find((each) => each.scheme === scheme);
  if (found === undefined) throw new Error(`no scheme ${scheme}`);
  return found;
}

for (const provider of [...PROVIDERS, defaultProvider()]) {
  for (const key of rsaSizes.keys) {
    const size = `${key.bits} bits and exponent ${key.exponent}`;
    Deno.test(`row 267: ${provider.name} verifies under an RSA key of ${size}`, async () => {
      for (const [form, scheme, use] of SCHEMES) {
        const { verify } = algorithm(provider, scheme);
        const [spki, signature] = [fromHex(key.spki), fromHex(key[form])];
        assertEquals(await verify(spki, DATA, signature, use), true, form);
        assertEquals(await verify(spki, DATA.subarray(1), signature, use), false, form);
        signature[signature.length >> 1] ^= 1;
        assertEquals(await verify(spki, DATA, signature, use), false, form);
      }
    });
  }

  Deno.test(`row 267: ${provider.name} says of RSA keys out of bounds that they are unsupported`, () => {
    for (
      const [bits, exponent] of [[8200, 65537], [16_384, 65537], [504, 65537], [2048, 2 ** 40 + 1]]
    ) {
      const modulus = new Uint8Array(bits / 8).fill(0xa5);
      const numbers = der.sequence(der.integer(modulus), der.integer(exponent));
      const spki = encodeSpki({ kind: "rsa" }, numbers);
      for (const [, scheme, use] of SCHEMES) {
        const { verify } = algorithm(provider, scheme);
        const error = assertThrows(
          () => verify(spki, DATA, new Uint8Array(modulus.length), use),
          TlsError,
        );
        assertEquals(error.code, "peer/unsupported-certificate");
      }
    }
  });

  Deno.test(`${provider.name} has no room for a salt and SHA-512 in 512 bits`, async () => {
    const numbers = der.sequence(der.integer(new Uint8Array(64).fill(0xa5)), der.integer(65537));
    const spki = encodeSpki({ kind: "rsa" }, numbers);
    for (const scheme of [S.rsa_pss_rsae_sha256, S.rsa_pss_rsae_sha384, S.rsa_pss_rsae_sha512]) {
      const { verify } = algorithm(provider, scheme);
      assertEquals(await verify(spki, DATA, new Uint8Array(64).fill(1), "certificate"), false);
    }
  });
}
