/**
 * Credentials out of the files that the runner names.
 *
 * @module
 */
import {
  createCredential,
  createRawKeyCredential,
  type Credential,
  type ExternalPsk,
  importPsks,
} from "@sealane/handshake";
import { type CryptoProvider, importPrivateKey, type Signer } from "@sealane/providers";
import { decodePem, equalBytes, Reader, type SignatureScheme } from "@sealane/wire";
import { createDelegated } from "./delegated.ts";
import type { CredentialFlags } from "./flags.ts";
import type { Observed } from "./observed.ts";

/** What credentials are made for. */
export interface CredentialContext {
  /** The primitives. */
  readonly provider: CryptoProvider;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whether signatures come as promises. */
  readonly async: boolean;
  /** Where to write down which credential signed. */
  readonly observed: Observed;
  /** The only schemes that a policy allows. */
  readonly allowedSchemes: readonly SignatureScheme[] | undefined;
}

/** The certificates of a PEM file, DER, in its order. */
export async function readCertificates(path: string): Promise<Uint8Array[]> {
  const blocks = decodePem(await Deno.readTextFile(path));
  return blocks.filter(({ label }) => label === "CERTIFICATE").map(({ bytes }) => bytes);
}

/** A signer that says when it is used, and takes its time in async tests. */
function watchedSigner(signer: Signer, index: number, context: CredentialContext): Signer {
  return {
    ...signer,
    sign(scheme, data, options) {
      context.observed.selectedCredential = index;
      if (!context.async) return signer.sign(scheme, data, options);
      return later(() => signer.sign(scheme, data, options));
    },
  };
}

/** Runs `make` after two turns of the event loop. */
export async function later<T>(make: () => T | Promise<T>): Promise<T> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  return await make();
}

/** The timestamps of a SignedCertificateTimestampList (RFC 6962 section 3.3). */
export function splitTimestamps(list: Uint8Array): Uint8Array[] {
  const reader = new Reader(list, "SignedCertificateTimestampList", "api/config");
  const timestamps = reader.list(
    reader.vector16("list", { min: 1 }),
    "list",
    (item) => item.vector16("timestamp", { min: 1 }),
  );
  reader.end();
  return timestamps;
}

/**
 * The credential that the flags describe, or `null` if they describe none. `index` is -1 for the default credential.
 */
export async function loadCredential(
  flags: CredentialFlags,
  index: number,
  context: CredentialContext,
): Promise<Credential | null> {
  const keyPath = flags["key-file"];
  if (flags.kind === "psk" || keyPath === undefined) return null;
  const key = await importPrivateKey(context.provider, await Deno.readTextFile(keyPath));
  const signer = watchedSigner(key, index, context);
  const schemes = chosenSchemes(flags, signer, context);
  if (flags.kind === "raw-public-key") return createRawKeyCredential({ signer, schemes });
  const certificatePath = flags["cert-file"];
  if (certificatePath === undefined) return null;
  const timestamps = flags["signed-cert-timestamps"];
  const options = {
    certificates: await readCertificates(certificatePath),
    signer,
    schemes,
    ocspResponse: flags["ocsp-response"],
    signedCertificateTimestamps: timestamps === undefined ? undefined : splitTimestamps(timestamps),
    mustMatchIssuer: flags["must-match-issuer"],
  };
  const delegated = flags["delegated-credential"];
  return delegated === undefined
    ? createCredential(options)
    : createDelegated(options, delegated, context.now());
}

function chosenSchemes(
  flags: CredentialFlags,
  signer: Signer,
  { allowedSchemes }: CredentialContext,
): readonly SignatureScheme[] | undefined {
  const preferred = flags["signing-prefs"].length > 0 ? flags["signing-prefs"] : undefined;
  if (allowedSchemes === undefined) return preferred;
  return (preferred ?? signer.schemes).filter((scheme) => allowedSchemes.includes(scheme));
}

/** The external PSKs that the flags describe: each key imported for each hash of the suites (RFC 9258). */
export function importedPsks(
  credentials: readonly CredentialFlags[],
  provider: CryptoProvider,
): ExternalPsk[] {
  return credentials.flatMap((flags) => importOne(flags, provider));
}

/** Which credential has the imported PSK of this identity. */
export function credentialOfPsk(
  credentials: readonly CredentialFlags[],
  provider: CryptoProvider,
  identity: Uint8Array,
): number {
  return credentials.findIndex((flags) =>
    importOne(flags, provider).some((psk) => equalBytes(psk.identity, identity))
  );
}

function importOne(flags: CredentialFlags, provider: CryptoProvider): ExternalPsk[] {
  if (flags.kind !== "psk") return [];
  const hashes = new Map(provider.cipherSuites.map(({ hash }) => [hash.name, hash]));
  const [sha256, sha384] = [flags["psk-importer-sha256"], flags["psk-importer-sha384"]];
  const hash = hashes.get(sha384 ? "SHA-384" : "SHA-256");
  if (hash === undefined || sha256 === sha384) throw new Error("a PSK has one hash");
  return importPsks({
    identity: flags["psk-importer-identity"] ?? new Uint8Array(),
    key: flags["psk-importer-key"] ?? new Uint8Array(),
    context: flags["psk-importer-context"],
    hash,
  }, hashes.keys());
}
