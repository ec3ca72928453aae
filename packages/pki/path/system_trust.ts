/**
 * The trust anchors of the system, found without imports that a browser lacks.
 *
 * @module
 */
import type * as nodeFs from "node:fs";
import type * as nodeTls from "node:tls";
import { TlsError, toHex } from "@sealane/wire";
import { type Certificate, parseCertificate } from "../certificate/certificate.ts";
import { readCertificateFile } from "../certificate/pem.ts";
import { PlatformAccess } from "./platform_access.ts";
import { TrustStore } from "./trust.ts";

/** What is used of `node:tls`. Node knows the system's certificates from 22.15. */
interface NodeTls extends Pick<typeof nodeTls, "rootCertificates"> {
  getCACertificates?(type: "system"): string[];
}

interface Process {
  getBuiltinModule?(id: "node:fs"): typeof nodeFs | undefined;
  getBuiltinModule?(id: "node:tls"): NodeTls | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly platform?: string;
}

/** Where distributions keep their bundle, in the order in which they are tried. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Arch, Alpine
  "/etc/pki/tls/certs/ca-bundle.crt", // Fedora, RHEL 6
  "/etc/ssl/ca-bundle.pem", // openSUSE
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // CentOS, RHEL 7
  "/etc/ssl/cert.pem", // Alpine, FreeBSD, macOS
] as const;

/** What Deno wants for the lists of `node:tls`. */
const SYS = "--allow-sys";

let remembered: TrustStore | null = null;

/**
 * The trust anchors of the system, read once per process; {@link TrustStore.sources} says from where.
 *
 * 1. `SSL_CERT_FILE` (a PEM file) and `SSL_CERT_DIR` (folders of PEM files, between colons, on Windows semicolons): where one
 *    is set, what they name is all that counts of the system, as in curl and rustls.
 * 2. On macOS and Windows, what `node:tls` knows of the system.
 * 3. The bundle of the Linux distribution; else what `node:tls` knows of the system; else the Mozilla roots that the runtime
 *    carries.
 *
 * To these come those of the file that `NODE_EXTRA_CA_CERTS` names (one that cannot be read is a warning, as in Node), and on
 * Deno of the one that `DENO_CERT` names. Certificates that cannot be parsed are left out with a warning in
 * {@link TrustStore.warnings}.
 *
 * What a permission of Deno or Node is missing for is taken as not there, and the error of a peer
 * that is not trusted names the flag. `--allow-read` is enough for the bundle of a Linux distribution, `--allow-sys` for what
 * `node:tls` knows, and the variables want `--allow-env`.
 *
 * @throws {TlsError} `api/config` if there is none, as in a browser, or if what `SSL_CERT_FILE`, `SSL_CERT_DIR` or `DENO_CERT`
 * names cannot be read or holds no certificate. The message names the permission that is missing.
 */
export function systemTrust(): TrustStore {
  return remembered ??= loadSystemTrust();
}

type Environment = Readonly<Record<string, string | undefined>>;

/** {@link systemTrust} without memory. `environment` is `process.env` unless given, `platform` the one that this is. */
export function loadSystemTrust(environment?: Environment, platform?: string): TrustStore {
  // `process` is a global of some platforms only; what it has is looked at before use.
  const { process } = globalThis as { process?: Process };
  const system = platform ?? process?.platform ?? "";
  const access = new PlatformAccess(process?.getBuiltinModule?.("node:fs"));
  const variable = (name: string) => access.variable(() => environment ?? process?.env ?? {}, name);
  const collected = new Anchors();
  addSystem(collected, access, variable, system, process?.getBuiltinModule?.("node:tls"));
  addFile(collected, access, variable("NODE_EXTRA_CA_CERTS"), "NODE_EXTRA_CA_CERTS", false);
  // Other runtimes do not know this one.
  if ("Deno" in globalThis) addFile(collected, access, variable("DENO_CERT"), "DENO_CERT", true);
  return collected.store(access.variableFlag());
}

function addSystem(
  collected: Anchors,
  access: PlatformAccess,
  variable: (name: string) => string,
  platform: string,
  tls: NodeTls | undefined,
): void {
  const [file, folders] = [variable("SSL_CERT_FILE"), variable("SSL_CERT_DIR")];
  if (file !== "" || folders !== "") {
    addFile(collected, access, file, "SSL_CERT_FILE", true);
    addFolders(collected, access, folders, platform === "win32" ? ";" : ":");
    return;
  }
  const known = () => {
    const list = access.ask(SYS, () => tls?.getCACertificates?.("system"));
    return collected.add(list ?? [], "the system's list");
  };
  if ((platform === "darwin" || platform === "win32") && known()) return;
  for (const path of BUNDLES) if (collected.add(access.read(path), path)) return;
  if (known()) return;
  // Deno looks for the permission only when the list is read.
  const carried = access.ask(SYS, () => [...tls?.rootCertificates ?? []]) ?? [];
  if (collected.add(carried, "the runtime's Mozilla roots")) return;
  const flags = access.flags();
  const why = flags.length === 0
    ? "this platform has no trust anchors: pass a trust store"
    : `the trust anchors of the system may not be read: run again with ${
      flags.join(" or ")
    }, or pass a trust store`;
  throw new TlsError("api/config", why);
}

/** What one variable names; nothing if it is empty. */
function addFile(
  collected: Anchors,
  access: PlatformAccess,
  path: string,
  name: string,
  demanded: boolean,
): void {
  if (path === "" || collected.add(access.read(path), `${name} (${path})`)) return;
  const why = `${name} names ${path}, ${access.explain(path)}`;
  if (demanded) throw new TlsError("api/config", why);
  collected.warnings.push(why);
}

function addFolders(
  collected: Anchors,
  access: PlatformAccess,
  list: string,
  separator: string,
): void {
  let found = list === "";
  for (const folder of list.split(separator).filter((each) => each !== "")) {
    const texts = access.list(folder).flatMap((name) => access.read(`${folder}/${name}`));
    // One that is not there is passed over, as in OpenSSL.
    if (collected.add(texts, `SSL_CERT_DIR (${folder})`)) found = true;
  }
  if (found) return;
  const [why = "which holds no certificate"] = list.split(separator).map((folder) =>
    access.explain(folder)
  ).filter((each) => each.includes("--allow"));
  throw new TlsError("api/config", `SSL_CERT_DIR names ${list}, ${why}`);
}

/** Anchors from several sources, each once. */
class Anchors {
  readonly #anchors = new Map<string, Certificate>();
  readonly #sources: string[] = [];
  readonly warnings: string[] = [];

  /** Adds what files hold; whether there was a certificate among it. */
  add(files: readonly (string | Uint8Array)[], source: string): boolean {
    const parsed = files.flatMap((file) => this.#parse(file, source));
    if (parsed.length === 0) return false;
    for (const certificate of parsed) this.#anchors.set(toHex(certificate.raw), certificate);
    this.#sources.push(source);
    return true;
  }

  #parse(file: string | Uint8Array, source: string): Certificate[] {
    const { certificates, warnings } = readCertificateFile(file);
    this.warnings.push(...warnings.map((warning) => `${source}: ${warning}`));
    return certificates.flatMap((bytes) => {
      try {
        return [parseCertificate(bytes)];
      } catch (error) {
        this.warnings.push(`${source}: ${TlsError.from(error).message}`);
        return [];
      }
    });
  }

  /** A store of them. `missing` is the flag without which not everything was looked at. */
  store(missing: string | null): TrustStore {
    const anchors = TrustStore.fromCertificates(this.#anchors.values());
    return new TrustStore(anchors.anchors(), {
      ...{ warnings: this.warnings, sources: this.#sources },
      missingPermission: missing,
    });
  }
}
