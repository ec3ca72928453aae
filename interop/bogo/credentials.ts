/**
 * Credentials out of the files that the runner names.
 *
 * @module
 */
import { createCredential, type Credential } from "@sealane/handshake";
import { type CryptoProvider, importPrivateKey, type Signer } from "@sealane/providers";
import { decodePem, Reader, type SignatureScheme } from "@sealane/wire";
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
  const certificatePath = flags["cert-file"];
  const keyPath = flags["key-file"];
  if (certificatePath === undefined || keyPath === undefined) return null;
  const signer = await importPrivateKey(context.provider, await Deno.readTextFile(keyPath));
  const preferred = flags["signing-prefs"].length > 0 ? flags["signing-prefs"] : signer.schemes;
  const { allowedSchemes } = context;
  const timestamps = flags["signed-cert-timestamps"];
  const options = {
    certificates: await readCertificates(certificatePath),
    signer: watchedSigner(signer, index, context),
    schemes: allowedSchemes === undefined
      ? preferred
      : preferred.filter((scheme) => allowedSchemes.includes(scheme)),
    ocspResponse: flags["ocsp-response"],
    signedCertificateTimestamps: timestamps === undefined ? undefined : splitTimestamps(timestamps),
    mustMatchIssuer: flags["must-match-issuer"],
  };
  const delegated = flags["delegated-credential"];
  return delegated === undefined
    ? createCredential(options)
    : createDelegated(options, delegated, context.now());
}
