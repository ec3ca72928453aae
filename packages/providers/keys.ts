/**
 * Private keys from the files that people have: PEM or DER, PKCS#8, SEC1 or PKCS#1.
 *
 * @module
 */
import { DerReader, DerTag, type PemFileBlock, readPemFile, TlsError } from "@sealane/wire";
import type { CryptoProvider, MaybePromise, Signer } from "./provider.ts";
import { pkcs1ToPkcs8, sec1ToPkcs8 } from "./private_key.ts";
import { decryptLegacyPem, decryptPkcs8, type Passphrase } from "./key_files/encrypted.ts";
import { isPkcs12, readPkcs12 } from "./key_files/pkcs12.ts";
import { repairEcPrivateKey, repairPkcs8, withoutTrailingZeros } from "./key_files/repair.ts";

/** How a private key is read from a file. */
export interface PrivateKeyOptions {
  /** The passphrase of an encrypted key: text, taken as UTF-8, or bytes. */
  readonly passphrase?: Passphrase;
}

/**
 * A signer for a private key in a file: PEM (text or bytes) or DER (bytes) of PKCS#8 (RFC 5958), SEC1 (RFC 5915), PKCS#1 (RFC
 * 8017) or PKCS#12 (RFC 7292), told apart by their content, whatever label they stand under. PKCS#8 may be encrypted (RFC
 * 8018), and PEM in the old way (`Proc-Type: 4,ENCRYPTED`). Of a PEM text, the only private key counts; certificates and `EC
 * PARAMETERS` beside it are skipped. Triple DES is there on Deno, Node and Bun only.
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
 * @throws {TlsError} `api/config` if there is no key, more than one, a malformed one, one that is encrypted where the
 * passphrase is missing or wrong, or one of a kind that `provider` cannot use.
 */
export function importPrivateKey(
  provider: CryptoProvider,
  key: string | Uint8Array,
  options: PrivateKeyOptions = {},
): MaybePromise<Signer> {
  return provider.importPrivateKey(privateKeyToPkcs8(key, options));
}

/**
 * The PKCS#8 DER of the private key in a file, as {@link importPrivateKey} reads it. Nobody else holds it: it may be wiped.
 *
 * @throws {TlsError} as {@link importPrivateKey}.
 */
export function privateKeyToPkcs8(
  key: string | Uint8Array,
  { passphrase }: PrivateKeyOptions = {},
): Uint8Array {
  const isDer = typeof key !== "string" && key[0] === DerTag.sequence && key[1] !== 0x0a;
  return isDer ? derToPkcs8(key, passphrase).slice() : pemToPkcs8(key, passphrase);
}

/** The PKCS#8 DER of the only private key in a PEM text. */
export function pemToPkcs8(text: string | Uint8Array, passphrase?: Passphrase): Uint8Array {
  const { blocks, warnings } = readPemFile(text);
  const keys = blocks.filter(({ label }) => label.endsWith("PRIVATE KEY"));
  if (keys.length !== 1) {
    throw new TlsError(
      "api/config",
      keys.length === 0
        ? whyNone(blocks, warnings)
        : `the PEM text has ${keys.length} private keys instead of one`,
    );
  }
  const [block] = keys;
  if (block.label === "OPENSSH PRIVATE KEY") {
    throw new TlsError(
      "api/config",
      "the private key is in the form of OpenSSH: convert it with `ssh-keygen -p -m PKCS8`",
    );
  }
  const isLegacy = /ENCRYPTED/i.test(block.headers.get("proc-type") ?? "");
  const bytes = isLegacy ? decryptLegacyPem(block, passphrase) : block.bytes;
  return derToPkcs8(bytes, passphrase);
}

function whyNone(blocks: readonly PemFileBlock[], warnings: readonly string[]): string {
  if (warnings.length > 0) {
    return `the PEM text has no private key that can be read: ${warnings[0]}`;
  }
  const labels = blocks.map(({ label }) => label).join(", ");
  return `the PEM text has no private key, ${
    labels === "" ? "and no block at all" : `only ${labels}`
  }`;
}

/** The PKCS#8 DER of a key in any of the forms of {@link importPrivateKey}, told apart by their first fields. */
export function derToPkcs8(file: Uint8Array, passphrase?: Passphrase): Uint8Array {
  if (isPkcs12(file)) return onlyKey(readPkcs12(file, passphrase).privateKeys);
  const bytes = withoutTrailingZeros(file);
  const reader = new DerReader(bytes, "the private key", "api/config");
  const fields = reader.nested(reader.content(DerTag.sequence, "private key"), "fields");
  reader.end();
  if (fields.peek() === DerTag.sequence) {
    fields.element("first field");
    switch (fields.peek()) {
      case DerTag.octetString: // EncryptedPrivateKeyInfo: the algorithm, and the encrypted key
        return derToPkcs8(decryptPkcs8(bytes, passphrase));
      case DerTag.bitString: // SubjectPublicKeyInfo: the algorithm, and the key
        return fields.fail("this is a public key");
      default:
        return fields.fail("this is a certificate, not a private key");
    }
  }
  fields.number("version");
  switch (fields.peek()) {
    case DerTag.sequence: // PrivateKeyInfo: the algorithm
      return repairPkcs8(bytes);
    case DerTag.octetString: // ECPrivateKey: the scalar
      return sec1ToPkcs8(repairEcPrivateKey(bytes, null));
    case DerTag.integer: // RSAPrivateKey: the modulus
      return pkcs1ToPkcs8(bytes);
    default:
      return fields.fail("this is neither PKCS#8 nor SEC1 nor PKCS#1");
  }
}

function onlyKey(keys: readonly Uint8Array[]): Uint8Array {
  if (keys.length === 1) return derToPkcs8(keys[0]);
  throw new TlsError(
    "api/config",
    `the PKCS #12 file has ${keys.length} private keys instead of one`,
  );
}
