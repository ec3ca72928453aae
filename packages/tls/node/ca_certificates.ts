/**
 * The certificate authorities that are trusted where the program names none: `tls.rootCertificates`,
 * `tls.getCACertificates()` and what the environment says.
 *
 * @module
 */
import process from "node:process";
import { readFileSync } from "node:fs";
import * as runtimeTls from "node:tls";
import { certificatesFromPem, parseCertificate, systemTrust, TrustStore } from "@sealane/pki";
import { encodePem, toHex } from "@sealane/wire";
import { environmentVariable } from "./environment.ts";
import { argumentTypeError, argumentValueError, nodeError } from "./node_error.ts";
import { textOf, validateString } from "./validate.ts";

/** Which certificate authorities {@link getCACertificates} gives. */
export type CaCertificatesKind = "default" | "system" | "bundled" | "extra";

/** What the newest versions of `node:tls` have besides `rootCertificates`. */
interface RuntimeTls {
  readonly rootCertificates?: readonly string[];
  getCACertificates?(type?: string): string[];
}

const runtime: RuntimeTls = runtimeTls;

/** Whether {@link setDefaultCACertificates} was called. */
let replaced = false;
let defaults: readonly string[] | null = null;
let chosen: TrustStore | null = null;
let extra: readonly string[] | null = null;
let systemPem: readonly string[] | null = null;

/** The roots of Mozilla as the runtime carries them, PEM. */
export function rootCertificates(): readonly string[] {
  return runtime.rootCertificates ?? [];
}

/**
 * PEM texts of certificate authorities: those that are trusted where `ca` is not given (`default`), those of the system,
 * those that the runtime carries (`bundled`), or those of `NODE_EXTRA_CA_CERTS` (`extra`).
 *
 * @throws an error with code `ERR_INVALID_ARG_VALUE`.
 */
export function getCACertificates(kind: CaCertificatesKind = "default"): readonly string[] {
  validateString(kind, "type");
  switch (kind) {
    case "default":
      return defaults ??= Object.freeze(replaced ? pemOf(defaultTrust()) : defaultCertificates());
    case "bundled":
      return rootCertificates();
    case "system":
      return systemPem ??= Object.freeze(
        runtime.getCACertificates?.("system") ?? pemOf(systemTrust()),
      );
    case "extra":
      return extraCertificates();
    default:
      throw argumentValueError("type", kind);
  }
}

/**
 * Replaces the certificate authorities that are trusted where `ca` is not given, for contexts that are made from now on.
 *
 * @throws an error with code `ERR_INVALID_ARG_TYPE`, or `ERR_CRYPTO_OPERATION_FAILED` if a certificate cannot be read.
 */
export function setDefaultCACertificates(
  certificates: readonly (string | ArrayBufferView)[],
): void {
  if (!Array.isArray(certificates)) throw argumentTypeError("certs", "Array", certificates);
  const ders = certificates.flatMap((certificate, i) => {
    if (typeof certificate !== "string" && !ArrayBuffer.isView(certificate)) {
      throw argumentTypeError(`certs[${i}]`, ["string", "ArrayBufferView"], certificate);
    }
    try {
      return certificatesFromPem(textOf(certificate)).map((der) => parseCertificate(der));
    } catch (cause) {
      throw nodeError(
        "ERR_CRYPTO_OPERATION_FAILED",
        `No valid certificates found in the provided array: certs[${i}] is none in PEM`,
        Error,
        { cause },
      );
    }
  });
  const seen = new Map(ders.map((certificate) => [toHex(certificate.raw), certificate]));
  chosen = TrustStore.fromCertificates(seen.values());
  replaced = true;
  defaults = null;
}

/**
 * What is trusted where `ca` is not given: what `SSL_CERT_FILE` names, or else what Node itself trusts, which has its command
 * line and `NODE_EXTRA_CA_CERTS` in it; where the runtime does not tell, the roots that it carries, or those of the system.
 */
export function defaultTrust(): TrustStore {
  return chosen ??= loadDefaultTrust();
}

function loadDefaultTrust(): TrustStore {
  if (environmentVariable("SSL_CERT_FILE")) return withExtra(systemTrust());
  const own = runtime.getCACertificates?.("default");
  if (own !== undefined && own.length > 0) return trustOf(own);
  const roots = rootCertificates();
  return withExtra(roots.length > 0 ? trustOf(roots) : systemTrust());
}

/** Certificates of the runtime's; one that cannot be read is passed over, as the runtime does. */
function trustOf(pems: readonly string[]): TrustStore {
  const certificates = pems.flatMap((pem) => {
    try {
      return certificatesFromPem(pem).map((der) => parseCertificate(der));
    } catch {
      return [];
    }
  });
  return TrustStore.fromCertificates(certificates);
}

function withExtra(trust: TrustStore): TrustStore {
  const more = extraCertificates();
  if (more.length === 0) return trust;
  const known = new Set(
    [...trust.anchors()].map(({ certificate }) => toHex(certificate?.raw ?? new Uint8Array())),
  );
  const added = TrustStore.fromCertificates(
    more.flatMap((pem) => certificatesFromPem(pem)).filter((der) => !known.has(toHex(der))),
  );
  return trust.with(added);
}

function defaultCertificates(): readonly string[] {
  const own = environmentVariable("SSL_CERT_FILE")
    ? undefined
    : runtime.getCACertificates?.("default");
  return own ?? pemOf(defaultTrust());
}

function extraCertificates(): readonly string[] {
  return extra ??= Object.freeze(readExtra());
}

/** As in Node, a file that cannot be read is a warning and no certificates. */
function readExtra(): string[] {
  const path = environmentVariable("NODE_EXTRA_CA_CERTS");
  if (!path) return [];
  try {
    const ders = certificatesFromPem(readFileSync(path, "latin1"));
    return ders.map((der) => encodePem("CERTIFICATE", parseCertificate(der).raw));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.emitWarning(`Ignoring extra certs from \`${path}\`, load failed: ${why}`);
    return [];
  }
}

function pemOf(trust: TrustStore): string[] {
  return [...trust.anchors()].flatMap(({ certificate }) =>
    certificate === undefined ? [] : [encodePem("CERTIFICATE", certificate.raw)]
  );
}
