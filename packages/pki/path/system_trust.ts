/**
 * The trust anchors of the system, found without imports that a browser lacks.
 *
 * @module
 */
import type * as nodeFs from "node:fs";
import type * as nodeTls from "node:tls";
import { TlsError } from "@sealane/wire";
import { type Certificate, parseCertificate } from "../certificate/certificate.ts";
import { certificatesFromPem } from "../certificate/pem.ts";
import { TrustStore } from "./trust.ts";

/** What is used of `node:tls`. Node knows the system's certificates from 22.15. */
interface NodeTls extends Pick<typeof nodeTls, "rootCertificates"> {
  getCACertificates?(type: "system"): string[];
}

interface Process {
  getBuiltinModule?(id: "node:fs"): typeof nodeFs | undefined;
  getBuiltinModule?(id: "node:tls"): NodeTls | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Where distributions keep their bundle, in the order in which they are tried. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Arch, Alpine
  "/etc/pki/tls/certs/ca-bundle.crt", // Fedora, RHEL 6
  "/etc/ssl/ca-bundle.pem", // openSUSE
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // CentOS, RHEL 7
  "/etc/ssl/cert.pem", // Alpine, FreeBSD, macOS
] as const;

let remembered: TrustStore | null = null;

/**
 * The trust anchors of the system, read once per process: the PEM file that `SSL_CERT_FILE` names; else the bundle of the
 * Linux distribution; else what `node:tls` knows of the system; else the Mozilla roots that the runtime carries.
 * Certificates in them that cannot be parsed are left out. Deno asks for permission to read.
 *
 * @throws {TlsError} `api/config` if there is none, as in a browser, or if the file that `SSL_CERT_FILE` names cannot be
 * used.
 */
export function systemTrust(): TrustStore {
  return remembered ??= loadSystemTrust();
}

/** {@link systemTrust} without memory. `environment` is `process.env` unless given. */
export function loadSystemTrust(
  environment?: Readonly<Record<string, string | undefined>>,
): TrustStore {
  // `process` is a global of some platforms only; what it has is looked at before use.
  const { process } = globalThis as { process?: Process };
  const named = attempt(() => (environment ?? process?.env)?.SSL_CERT_FILE) ?? "";
  const fs = process?.getBuiltinModule?.("node:fs");
  if (named !== "") {
    const anchors = fs === undefined ? [] : readBundle(fs, named);
    if (anchors.length > 0) return TrustStore.fromCertificates(anchors);
    throw new TlsError("api/config", `SSL_CERT_FILE names ${named}, which holds no certificate`);
  }
  for (const path of BUNDLES) {
    const anchors = fs === undefined ? [] : readBundle(fs, path);
    if (anchors.length > 0) return TrustStore.fromCertificates(anchors);
  }
  const tls = process?.getBuiltinModule?.("node:tls");
  for (const list of [attempt(() => tls?.getCACertificates?.("system")), tls?.rootCertificates]) {
    const anchors = parseAll(list ?? []);
    if (anchors.length > 0) return TrustStore.fromCertificates(anchors);
  }
  throw new TlsError("api/config", "this platform has no trust anchors: pass a trust store");
}

function readBundle(fs: typeof nodeFs, path: string): Certificate[] {
  return parseAll([attempt(() => fs.readFileSync(path, "utf8")) ?? ""]);
}

function parseAll(texts: readonly string[]): Certificate[] {
  return texts.flatMap((text) => attempt(() => certificatesFromPem(text)) ?? [])
    .flatMap((bytes) => attempt(() => [parseCertificate(bytes)]) ?? []);
}

/** What `get` returns, or `undefined` if it throws: a file that is missing or may not be read is passed over. */
function attempt<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}
