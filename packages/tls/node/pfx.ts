/**
 * PKCS#12 files as options of Node name them.
 *
 * @module
 */
import { orderChain, parseCertificate } from "@sealane/pki";
import { type Pkcs12, readPkcs12 } from "@sealane/providers";
import { encodePem, TlsError } from "@sealane/wire";
import type { Pem } from "./credentials.ts";
import { nodeError } from "./node_error.ts";
import { bytesOf, validateKeyOrCertificate, validateString } from "./validate.ts";

/** A PKCS#12 file, or one with the passphrase that it is encrypted under. */
export type PfxSource = ArrayBufferView | string | {
  /** The file. */
  readonly buf: ArrayBufferView | string;
  /** Its passphrase; that of the context unless given. */
  readonly passphrase?: string;
};

/** What a PKCS#12 file holds. */
export interface OpenedPfx {
  /** Certificate chains of those of its certificates that are no CA's, PEM. */
  readonly certs: readonly Pem[];
  /** Private keys, PEM. */
  readonly keys: readonly Pem[];
  /** The certificates of CAs, PEM. */
  readonly ca: readonly Pem[];
}

/**
 * Opens a file. A text has one byte a character, as in Node.
 *
 * @throws an error with a code of `node:crypto`, whose cause is a `TlsError`: under a wrong passphrase, for what is
 * malformed, and without a private key or a certificate.
 */
export function openPfx(source: PfxSource, passphrase: string | null | undefined): OpenedPfx {
  const own = typeof source === "object" && "buf" in source ? source : { buf: source };
  validateKeyOrCertificate(own.buf, "options.pfx");
  const secret = own.passphrase ?? passphrase ?? "";
  validateString(secret, "options.passphrase");
  const bytes = typeof own.buf === "string"
    ? Uint8Array.from(own.buf, (character) => character.charCodeAt(0))
    : bytesOf(own.buf);
  const { privateKeys, certificates } = read(bytes, secret);
  if (privateKeys.length === 0) throw failure("Unable to load private key from PFX data");
  if (certificates.length === 0) throw failure("Unable to load certificate from PFX data");
  const parsed = certificates.map((der) => parseCertificate(der));
  const authorities = parsed.filter(({ extensions }) => extensions.basicConstraints?.ca === true);
  const ends = parsed.length > authorities.length
    ? parsed.filter((each) => !authorities.includes(each))
    : parsed;
  return {
    certs: ends.map(({ subjectPublicKeyInfo }) =>
      orderChain(certificates, subjectPublicKeyInfo.raw).map(pem).join("")
    ),
    keys: privateKeys.map((der) => encodePem("PRIVATE KEY", der)),
    ca: authorities.map(({ raw }) => pem(raw)),
  };
}

function pem(der: Uint8Array): string {
  return encodePem("CERTIFICATE", der);
}

function read(bytes: Uint8Array, passphrase: string): Pkcs12 {
  try {
    return readPkcs12(bytes, passphrase);
  } catch (error) {
    const { message } = TlsError.from(error);
    if (message.includes("not supported") || message.includes("BER")) {
      throw nodeError("ERR_CRYPTO_UNSUPPORTED_OPERATION", "Unsupported PKCS12 PFX data", Error, {
        cause: error,
      });
    }
    const wrong = /passphrase is wrong|wrong passphrase/.test(message);
    throw failure(wrong ? `mac verify failure: ${message}` : message, error);
  }
}

function failure(message: string, cause?: unknown): Error {
  return nodeError("ERR_CRYPTO_OPERATION_FAILED", message, Error, { cause });
}
