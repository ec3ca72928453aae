/**
 * Content that a passphrase encrypts: PBES2 (RFC 8018 section 6.2) and the schemes of PKCS #12 (RFC 7292 appendix C), as
 * EncryptedPrivateKeyInfo (RFC 5958 section 3) and PKCS #12 files use them; and `Proc-Type: 4,ENCRYPTED`.
 *
 * @module
 */
import { sha1 } from "@noble/hashes/legacy.js";
import { DerReader, fromHex, type PemFileBlock, TlsError } from "@sealane/wire";
import { cipherNamed, decryptCbc, unsupportedCipher } from "./cbc.ts";
import {
  deriveKey,
  legacyPemKey,
  passphraseBytes,
  passphraseNeeded,
  passphraseWrong,
  pkcs12Kdf,
  pkcs12Passphrase,
  Pkcs12Purpose,
  readIterations,
} from "./passphrase.ts";

/** A passphrase: text, or its bytes. */
export type Passphrase = string | Uint8Array;

/** The schemes that RFC 7292 appendix C and RFC 8018 appendix A.3 define, and that are of the past. */
const OLD_SCHEMES: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.12.1.1": "RC4 (128 bits)",
  "1.2.840.113549.1.12.1.2": "RC4 (40 bits)",
  "1.2.840.113549.1.12.1.4": "two-key triple DES",
  "1.2.840.113549.1.12.1.5": "RC2 (128 bits)",
  "1.2.840.113549.1.12.1.6": "RC2 (40 bits)",
  "1.2.840.113549.1.5.1": "DES under MD2",
  "1.2.840.113549.1.5.3": "DES under MD5",
  "1.2.840.113549.1.5.10": "DES under SHA-1",
};

/** Decrypts `ciphertext` by the AlgorithmIdentifier that `reader` has next. `what` is decrypted, for messages. */
export function decryptWith(
  reader: DerReader,
  ciphertext: (reader: DerReader) => Uint8Array,
  passphrase: Passphrase,
  what: string,
): Uint8Array {
  const decrypt = reader.sequence("encryptionAlgorithm", (algorithm) => {
    const id = algorithm.objectIdentifier("algorithm");
    if (id === "1.2.840.113549.1.5.13") return readPbes2(algorithm, passphrase, what);
    if (id === "1.2.840.113549.1.12.1.3") return readPkcs12Scheme(algorithm, passphrase, what);
    return unsupportedCipher(Object.hasOwn(OLD_SCHEMES, id) ? OLD_SCHEMES[id] : id);
  });
  return decrypt(ciphertext(reader));
}

type Decrypt = (ciphertext: Uint8Array) => Uint8Array;

/** PBES2-params, RFC 8018 appendix A.4. */
function readPbes2(algorithm: DerReader, passphrase: Passphrase, what: string): Decrypt {
  return algorithm.sequence("PBES2-params", (parameters) => {
    // The length of the key stands in what comes after the function that makes it.
    const kdf = parameters.tagged(0x30, "keyDerivationFunc");
    const [cipher, iv] = parameters.sequence(
      "encryptionScheme",
      (scheme) =>
        [cipherNamed(scheme.objectIdentifier("cipher")), scheme.octetString("iv")] as const,
    );
    const reader = parameters.nested(kdf.raw, "kdf");
    const key = deriveKey(reader, passphraseBytes(passphrase), cipher.keyLength);
    return (ciphertext) => decryptCbc(cipher, key, iv, ciphertext, what);
  });
}

/** pbeWithSHAAnd3-KeyTripleDES-CBC, RFC 7292 appendix C. */
function readPkcs12Scheme(algorithm: DerReader, passphrase: Passphrase, what: string): Decrypt {
  return algorithm.sequence("pkcs-12PbeParams", (parameters) => {
    const salt = parameters.octetString("salt");
    const iterations = readIterations(parameters);
    const derive = (purpose: 1 | 2, length: number) =>
      pkcs12Kdf(sha1, pkcs12Passphrase(passphrase), salt, iterations, purpose, length);
    const cipher = cipherNamed("DES-EDE3-CBC");
    const key = derive(Pkcs12Purpose.key, cipher.keyLength);
    const iv = derive(Pkcs12Purpose.iv, cipher.blockLength);
    return (ciphertext) => decryptCbc(cipher, key, iv, ciphertext, what);
  });
}

/**
 * The PKCS #8 DER in an EncryptedPrivateKeyInfo (RFC 5958 section 3).
 *
 * @throws {TlsError} `api/config` without a passphrase, under a wrong one, and for what is malformed or not supported.
 */
export function decryptPkcs8(
  encrypted: Uint8Array,
  passphrase: Passphrase | undefined,
): Uint8Array {
  if (passphrase === undefined) passphraseNeeded("the private key");
  const outer = new DerReader(encrypted, "the encrypted private key", "api/config");
  const bytes = outer.sequence("EncryptedPrivateKeyInfo", (info) =>
    decryptWith(
      info,
      (after) => after.octetString("encryptedData"),
      passphrase,
      "the private key",
    ));
  return checked(bytes);
}

/**
 * The DER of a PEM block with `Proc-Type: 4,ENCRYPTED` (RFC 1421 section 4.6.1.1), as OpenSSL wrote keys before 1.0.
 *
 * @throws {TlsError} as {@link decryptPkcs8}.
 */
export function decryptLegacyPem(
  { bytes, headers }: PemFileBlock,
  passphrase: Passphrase | undefined,
): Uint8Array {
  if (passphrase === undefined) passphraseNeeded("the private key");
  const [name, iv = ""] = (headers.get("dek-info") ?? "").split(",", 2).map((part) => part.trim());
  const cipher = cipherNamed(name.toUpperCase());
  if (!/^[0-9A-Fa-f]+$/.test(iv) || iv.length !== 2 * cipher.blockLength) {
    throw new TlsError("api/config", "the private key has a malformed DEK-Info");
  }
  const vector = fromHex(iv);
  const secret = passphraseBytes(passphrase);
  const key = legacyPemKey(secret, vector.subarray(0, 8), cipher.keyLength);
  return checked(decryptCbc(cipher, key, vector, bytes, "the private key"));
}

/** A wrong passphrase now and then gives good padding, but no DER. */
function checked(bytes: Uint8Array): Uint8Array {
  try {
    const reader = new DerReader(bytes, "the private key", "api/config");
    reader.content(0x30, "private key");
    reader.end();
    return bytes;
  } catch (cause) {
    return passphraseWrong("the private key", cause);
  }
}
