/**
 * PKCS #12 files (RFC 7292), also called PFX: a private key with its certificates under a passphrase.
 *
 * @module
 */
import { hmac } from "@noble/hashes/hmac.js";
import { DerReader, equalBytes } from "@sealane/wire";
import { decryptPkcs8, decryptWith, type Passphrase } from "./encrypted.ts";
import {
  deriveKey,
  hashById,
  passphraseBytes,
  passphraseNeeded,
  passphraseWrong,
  pkcs12Kdf,
  pkcs12Passphrase,
  Pkcs12Purpose,
  readIterations,
} from "./passphrase.ts";

/** What a PKCS #12 file holds. */
export interface Pkcs12 {
  /** The private keys, each in PKCS #8 DER; most often one. */
  readonly privateKeys: readonly Uint8Array[];
  /** The certificates, DER, in the order of the file. */
  readonly certificates: readonly Uint8Array[];
}

const DATA = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA = "1.2.840.113549.1.7.6";
const BAGS = "1.2.840.113549.1.12.10.1.";
const X509_CERTIFICATE = "1.2.840.113549.1.9.22.1";
const PBMAC1 = "1.2.840.113549.1.5.14";
const FILE = "the PKCS #12 file";

/** Whether bytes are those of a PKCS #12 file: a SEQUENCE with the version 3 and another SEQUENCE. */
export function isPkcs12(bytes: Uint8Array): boolean {
  const body = bytes[1] < 0x80 ? 2 : 2 + (bytes[1] & 0x7f);
  return bytes[0] === 0x30 && body < 7 && bytes[body] === 0x02 && bytes[body + 1] === 1 &&
    bytes[body + 2] === 3 && bytes[body + 3] === 0x30;
}

/**
 * Reads a PKCS #12 file: its integrity is checked, and what is encrypted is decrypted. `passphrase` may be empty, but has to
 * be there.
 *
 * @throws {TlsError} `api/config` without a passphrase, under a wrong one, and for what is malformed (BER that is not DER
 * included) or encrypted with a cipher that is not supported.
 */
export function readPkcs12(bytes: Uint8Array, passphrase: Passphrase | undefined): Pkcs12 {
  if (passphrase === undefined) passphraseNeeded(FILE);
  const found = { privateKeys: [] as Uint8Array[], certificates: [] as Uint8Array[] };
  const outer = new DerReader(bytes, FILE, "api/config");
  outer.sequence("PFX", (pfx) => {
    if (pfx.number("version") !== 3) pfx.fail("the version is not 3");
    const safe = pfx.sequence("authSafe", (info) => {
      const type = info.objectIdentifier("contentType");
      // RFC 7292 §4: the other form is signed with a public key.
      if (type !== DATA) info.fail(`the content type ${type} is not supported`);
      return info.constructed(0xa0, "content", (content) => content.octetString("authSafe"));
    });
    if (pfx.remaining > 0) checkMac(pfx, safe, passphrase);
    const contents = pfx.embedded(safe, `${FILE}: AuthenticatedSafe`);
    contents.sequenceOf("AuthenticatedSafe", 0, (info) => readContent(info, passphrase, found));
    contents.end();
  });
  outer.end();
  return found;
}

/** MacData, RFC 7292 section 4 and, with PBMAC1, RFC 9579. */
function checkMac(pfx: DerReader, content: Uint8Array, passphrase: Passphrase): void {
  pfx.sequence("MacData", (mac) => {
    const { raw } = mac.tagged(0x30, "mac");
    const salt = mac.octetString("macSalt");
    const iterations = mac.remaining > 0 ? readIterations(mac) : 1;
    const digestInfo = mac.nested(raw, "mac");
    digestInfo.sequence("DigestInfo", (info) => {
      const compute = info.sequence("digestAlgorithm", (algorithm) => {
        const id = algorithm.objectIdentifier("algorithm");
        if (id === PBMAC1) return readPbmac1(algorithm, passphrase);
        const { hash } = hashById(id, algorithm);
        if (algorithm.remaining > 0) algorithm.null("parameters");
        return (secret: Uint8Array) =>
          hmac(
            hash,
            pkcs12Kdf(hash, secret, salt, iterations, Pkcs12Purpose.mac, hash.outputLen),
            content,
          );
      });
      const digest = info.octetString("digest");
      const isRight = (secret: Uint8Array) => equalBytes(compute(secret, content), digest);
      // Some programs write no passphrase as no bytes at all, where others write it as an empty text.
      const secrets = [pkcs12Passphrase(passphrase)];
      if (passphrase.length === 0) secrets.push(new Uint8Array());
      if (!secrets.some(isRight)) passphraseWrong(FILE);
    });
  });
}

type Mac = (secret: Uint8Array, content: Uint8Array) => Uint8Array;

function readPbmac1(algorithm: DerReader, passphrase: Passphrase): Mac {
  return algorithm.sequence("PBMAC1-params", (parameters) => {
    const kdf = parameters.tagged(0x30, "keyDerivationFunc");
    const hash = parameters.sequence("messageAuthScheme", (scheme) => {
      const found = hashById(scheme.objectIdentifier("mac"), scheme);
      if (scheme.remaining > 0) scheme.null("parameters");
      return found.hash;
    });
    const reader = parameters.nested(kdf.raw, "kdf");
    // RFC 9579 §5: the passphrase is in UTF-8 here, and the key as long as the output of the hash.
    const key = deriveKey(reader, passphraseBytes(passphrase), hash.outputLen);
    return (_secret, content) => hmac(hash, key, content);
  });
}

type Found = { readonly privateKeys: Uint8Array[]; readonly certificates: Uint8Array[] };

function readContent(list: DerReader, passphrase: Passphrase, found: Found): void {
  const bags = list.sequence("ContentInfo", (info) => {
    const type = info.objectIdentifier("contentType");
    return info.constructed(0xa0, "content", (content) => {
      if (type === DATA) return content.octetString("SafeContents");
      if (type !== ENCRYPTED_DATA) return content.fail(`the type ${type} is not supported`);
      return content.sequence("EncryptedData", (data) => {
        data.number("version");
        return data.sequence("EncryptedContentInfo", (encrypted) => {
          encrypted.objectIdentifier("contentType");
          const ciphertext = (after: DerReader) => after.octetString("encryptedContent", 0x80);
          return decryptWith(encrypted, ciphertext, passphrase, FILE);
        });
      });
    });
  });
  readBags(list.embedded(bags, `${FILE}: SafeContents`), passphrase, found);
}

/** SafeContents, RFC 7292 section 4.2. */
function readBags(reader: DerReader, passphrase: Passphrase, found: Found): void {
  reader.sequenceOf("SafeContents", 0, (list) =>
    list.sequence("SafeBag", (bag) => {
      const type = bag.objectIdentifier("bagId");
      bag.constructed(0xa0, "bagValue", (value) => {
        const { raw, content } = value.element("value");
        if (type === `${BAGS}1`) found.privateKeys.push(raw);
        else if (type === `${BAGS}2`) found.privateKeys.push(decryptPkcs8(raw, passphrase));
        else if (type === `${BAGS}3`) {
          found.certificates.push(...readCertBag(value.nested(content, "CertBag")));
        } else if (type === `${BAGS}6`) readBags(value.nested(raw, "bags"), passphrase, found);
      });
      // Friendly names and the like.
      if (bag.remaining > 0) bag.content(0x31, "bagAttributes");
    }));
  reader.end();
}

function readCertBag(bag: DerReader): Uint8Array[] {
  const isX509 = bag.objectIdentifier("certId") === X509_CERTIFICATE;
  const value = bag.constructed(0xa0, "certValue", (certificate) => certificate.element("value"));
  bag.end();
  return isX509 ? [value.content] : [];
}
