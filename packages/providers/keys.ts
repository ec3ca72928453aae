/**
 * Private keys from the files that people have: PEM or DER, PKCS#8, SEC1 or PKCS#1.
 *
 * @module
 */
import { decodePem, DerReader, DerTag, TlsError } from "@sealane/wire";
import type { CryptoProvider, MaybePromise, Signer } from "./provider.ts";
import { pkcs1ToPkcs8, sec1ToPkcs8 } from "./private_key.ts";

const CONVERSIONS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  "PRIVATE KEY": (pkcs8) => pkcs8,
  "EC PRIVATE KEY": sec1ToPkcs8,
  "SM2 PRIVATE KEY": sec1ToPkcs8, // what Tongsuo calls the same thing
  "RSA PRIVATE KEY": pkcs1ToPkcs8,
};

/**
 * A signer for a private key in PEM (text) or DER (bytes): PKCS#8 (RFC 5958), SEC1 (RFC 5915, `EC PRIVATE KEY`) or
 * PKCS#1 (RFC 8017, `RSA PRIVATE KEY`). Of a PEM text, the only private key counts; certificates and `EC PARAMETERS`
 * beside it are skipped.
 *
 * ```ts
 * import { importPrivateKey } from "@sealane/providers";
 * import { nativeProvider } from "@sealane/providers/native";
 *
 * const signer = await importPrivateKey(
 *   nativeProvider,
 *   `-----BEGIN PRIVATE KEY-----
 * MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
 * -----END PRIVATE KEY-----`,
 * );
 * console.assert(signer.schemes[0] === 0x0807); // ed25519
 * ```
 *
 * @throws {TlsError} `api/config` if there is no key, more than one, an encrypted one, a malformed one, or one of a kind
 * that `provider` cannot use.
 */
export function importPrivateKey(
  provider: CryptoProvider,
  key: string | Uint8Array,
): MaybePromise<Signer> {
  return provider.importPrivateKey(typeof key === "string" ? pemToPkcs8(key) : derToPkcs8(key));
}

/** The PKCS#8 DER of the only private key in a PEM text. */
export function pemToPkcs8(text: string): Uint8Array {
  const keys = decodePem(text).filter(({ label }) => label.endsWith("PRIVATE KEY"));
  if (keys.length !== 1) {
    throw new TlsError("api/config", `the PEM text has ${keys.length} private keys instead of one`);
  }
  const [{ label, bytes }] = keys;
  if (!Object.hasOwn(CONVERSIONS, label)) {
    throw new TlsError(
      "api/config",
      `the PEM text has a key of the form ${label}; it must be PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY`,
    );
  }
  return CONVERSIONS[label](bytes);
}

/** The PKCS#8 DER of a key in PKCS#8, SEC1 or PKCS#1 DER, told apart by their first two fields. */
export function derToPkcs8(bytes: Uint8Array): Uint8Array {
  const reader = new DerReader(bytes, "the private key", "api/config");
  const fields = reader.nested(reader.content(DerTag.sequence, "private key"), "fields");
  fields.number("version");
  switch (fields.peek()) {
    case DerTag.sequence: // PrivateKeyInfo: the algorithm
      return bytes;
    case DerTag.octetString: // ECPrivateKey: the scalar
      return sec1ToPkcs8(bytes);
    case DerTag.integer: // RSAPrivateKey: the modulus
      return pkcs1ToPkcs8(bytes);
    default:
      return fields.fail("this is neither PKCS#8 nor SEC1 nor PKCS#1");
  }
}
