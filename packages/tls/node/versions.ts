/**
 * Protocol versions as options of Node name them. Only TLS 1.3 is spoken.
 *
 * @module
 */
import { TlsError } from "@sealane/wire";
import { nodeError } from "./node_error.ts";

/** The versions that Node has names for, oldest first. */
const VERSIONS: readonly string[] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/** What the options say about versions. */
export interface VersionOptions {
  /** The oldest version to accept. Only TLS 1.3 is spoken, whatever older one it names. */
  readonly minVersion?: string | null;
  /** The newest version to accept: `TLSv1.3` or nothing. */
  readonly maxVersion?: string | null;
  /** Node's older way: a method of OpenSSL, of which those without a version have a meaning here. */
  readonly secureProtocol?: string | null;
}

/**
 * Refuses a range without TLS 1.3. `defaults` are those of the module, which a program may set.
 *
 * @throws {TlsError} `api/config` if the range has no TLS 1.3; errors with Node's codes as Node throws them.
 */
export function checkVersions(options: VersionOptions, defaults: VersionOptions): void {
  const { secureProtocol, minVersion, maxVersion } = options;
  if (secureProtocol) {
    for (const version of [minVersion, maxVersion]) {
      if (version === undefined || version === null) continue;
      throw nodeError(
        "ERR_TLS_PROTOCOL_VERSION_CONFLICT",
        `TLS protocol version ${JSON.stringify(version)} conflicts with secureProtocol ` +
          JSON.stringify(secureProtocol),
        TypeError,
      );
    }
    return checkMethod(secureProtocol);
  }
  known(minVersion ?? defaults.minVersion ?? "TLSv1.2", "minimum");
  const newest = known(maxVersion ?? defaults.maxVersion ?? "TLSv1.3", "maximum");
  if (newest !== "TLSv1.3") {
    throw new TlsError("api/config", `maxVersion is ${newest}; only TLSv1.3 is spoken`);
  }
}

function known(version: string, which: string): string {
  if (VERSIONS.includes(version)) return version;
  throw nodeError(
    "ERR_TLS_INVALID_PROTOCOL_VERSION",
    `${JSON.stringify(version)} is not a valid ${which} TLS protocol version`,
    TypeError,
  );
}

/** Methods of OpenSSL by what they allow: those for any version allow TLS 1.3. */
const ANY_VERSION: ReadonlySet<string> = new Set([
  "TLS_method",
  "TLS_client_method",
  "TLS_server_method",
  "SSLv23_method",
  "SSLv23_client_method",
  "SSLv23_server_method",
]);
const DISABLED_METHOD = /^SSLv([23])_(client_|server_)?method$/;
const ONE_VERSION = /^TLSv1(_[12])?_(client_|server_)?method$/;

function checkMethod(method: string): void {
  if (ANY_VERSION.has(method)) return;
  const disabled = DISABLED_METHOD.exec(method);
  const message = disabled !== null
    ? `SSLv${disabled[1]} methods disabled`
    : ONE_VERSION.test(method)
    ? `${method} is for one older version; only TLSv1.3 is spoken`
    : `Unknown method: ${method}`;
  throw nodeError("ERR_TLS_INVALID_PROTOCOL_METHOD", message, TypeError);
}
