/**
 * Certificate chains and private keys as options of Node name them.
 *
 * @module
 */
import { createPrivateKey } from "node:crypto";
import { createCredential, type Credential } from "@sealane/handshake";
import { isSelfIssued, parseCertificate, type TrustStore } from "@sealane/pki";
import {
  type CryptoProvider,
  importPrivateKey,
  isPromise,
  type MaybePromise,
  type Signer,
} from "@sealane/providers";
import { equalBytes, type SignatureScheme, TlsError } from "@sealane/wire";
import { certificatesOfPem } from "../options/pem_credential.ts";
import { nodeError } from "./node_error.ts";
import { textOf } from "./validate.ts";

/** PEM, as text or as its bytes. */
export type Pem = string | ArrayBufferView;

/** A private key with the passphrase that it is encrypted under. */
export interface PemKey {
  /** PEM. */
  readonly pem: Pem;
  /** The passphrase; that of the context unless given. */
  readonly passphrase?: string;
}

/** What a context authenticates itself with. */
export interface CredentialSource {
  /** The certificate chains, each with the end entity's certificate first. */
  readonly certs: readonly Pem[];
  /** Their private keys, in any order. */
  readonly keys: readonly (Pem | PemKey)[];
  /** For keys that say none themselves. */
  readonly passphrase?: string | null;
  /** The schemes to sign with; those of the keys unless given. A key that has none of them is not used. */
  readonly schemes?: readonly SignatureScheme[];
}

/** Where a chain ends early, the issuers that we know follow: never more than this. */
const MAX_ADDED_ISSUERS = 8;

/**
 * The credentials, one for each chain. They are promises only where the provider is asynchronous.
 *
 * @throws an error with a code of OpenSSL's if a key is malformed, encrypted under another passphrase, or not that of a
 * certificate; {TlsError} `api/config` if a certificate is malformed.
 */
export function credentialsOf(
  source: CredentialSource,
  provider: CryptoProvider,
  issuers: TrustStore | null,
): MaybePromise<Credential>[] {
  const chains = source.certs.map((pem) => chainOf(pem, issuers));
  const signers = source.keys.map((key) => importKey(key, source.passphrase, provider));
  if (signers.some((signer) => isPromise(signer))) {
    const all = Promise.all(signers);
    return chains.map((chain) => all.then((ready) => credential(chain, ready, source.schemes)));
  }
  // None of them is a promise, as the line above has seen.
  const ready = signers as Signer[];
  for (const signer of ready) requireChain(signer, chains);
  const usable = ready.filter((signer) => signsWith(signer, source.schemes));
  return chains.filter((chain) => usable.some((signer) => belongs(signer, chain)))
    .map((chain) => credential(chain, usable, source.schemes));
}

function chainOf(pem: Pem, issuers: TrustStore | null): Uint8Array[] {
  const chain = certificatesOfPem(textOf(pem));
  if (chain.length === 0) {
    throw nodeError(
      "ERR_OSSL_PEM_NO_START_LINE",
      "PEM routines::no start line: cert has no certificate",
    );
  }
  // As OpenSSL does: issuers that the program has given as `ca` complete the chain.
  let last = parseOwn(chain[chain.length - 1]);
  for (let added = 0; added < MAX_ADDED_ISSUERS && !isSelfIssued(last); added++) {
    const next = issuers?.find(last.issuer).find(({ certificate }) => certificate !== undefined)
      ?.certificate;
    if (next === undefined) break;
    chain.push(next.raw);
    last = next;
  }
  return chain;
}

function parseOwn(der: Uint8Array) {
  try {
    return parseCertificate(der);
  } catch (cause) {
    throw new TlsError("api/config", "a certificate of cert is malformed", { cause });
  }
}

function importKey(
  key: Pem | PemKey,
  passphrase: string | null | undefined,
  provider: CryptoProvider,
): MaybePromise<Signer> {
  const { pem, own } = isPemKey(key)
    ? { pem: key.pem, own: key.passphrase }
    : { pem: key, own: undefined };
  const text = textOf(pem);
  const der = pkcs8Of(text, own ?? passphrase ?? undefined);
  try {
    const signer = importPrivateKey(provider, der ?? text);
    return isPromise(signer) ? signer.catch(unusable) : signer;
  } catch (error) {
    return unusable(error);
  }
}

function isPemKey(key: Pem | PemKey): key is PemKey {
  return typeof key === "object" && "pem" in key;
}

/** An encrypted key in the clear; `null` for one that is not encrypted. */
function pkcs8Of(pem: string, passphrase: string | undefined): Uint8Array | null {
  if (!/ENCRYPTED/.test(pem)) return null;
  if (passphrase === undefined) {
    throw nodeError(
      "ERR_OSSL_BAD_DECRYPT",
      "common libcrypto routines::bad decrypt: the key is encrypted, and there is no passphrase",
    );
  }
  const key = createPrivateKey({ key: pem, passphrase });
  return key.export({ type: "pkcs8", format: "der" });
}

function unusable(cause: unknown): never {
  const { message } = TlsError.from(cause);
  throw nodeError("ERR_OSSL_UNSUPPORTED", `DECODER routines::unsupported: ${message}`, Error, {
    cause,
  });
}

function belongs({ publicKey }: Signer, chain: readonly Uint8Array[]): boolean {
  const { raw } = parseOwn(chain[0]).subjectPublicKeyInfo;
  return publicKey === undefined || equalBytes(publicKey, raw);
}

function requireChain(signer: Signer, chains: readonly Uint8Array[][]): void {
  if (chains.length === 0 || chains.some((chain) => belongs(signer, chain))) return;
  throw mismatch();
}

function mismatch(cause?: unknown): Error {
  return nodeError(
    "ERR_OSSL_X509_KEY_VALUES_MISMATCH",
    "error:05800074:x509 certificate routines::key values mismatch",
    Error,
    { library: "x509 certificate routines", reason: "key values mismatch", cause },
  );
}

function signsWith(signer: Signer, schemes: readonly SignatureScheme[] | undefined): boolean {
  return schemes === undefined || signer.schemes.some((scheme) => schemes.includes(scheme));
}

function credential(
  chain: Uint8Array[],
  signers: readonly Signer[],
  wanted: readonly SignatureScheme[] | undefined,
): Credential {
  const signer = signers.find((each) => belongs(each, chain));
  if (signer === undefined) throw mismatch();
  const schemes = wanted && signer.schemes.filter((scheme) => wanted.includes(scheme));
  return createCredential({ certificates: chain, signer, ...(schemes && { schemes }) });
}
