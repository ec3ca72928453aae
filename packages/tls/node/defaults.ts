/**
 * The defaults that a program may set on the module, as `tls.DEFAULT_MAX_VERSION = "TLSv1.3"` does in Node.
 *
 * @module
 */
import type { VersionOptions } from "./versions.ts";

/** The properties of the module object that contexts look at. */
export interface ModuleDefaults {
  /** The cipher suites of contexts that name none. */
  DEFAULT_CIPHERS: string;
  /** The groups of contexts that name none. */
  DEFAULT_ECDH_CURVE: string;
  /** The oldest version. */
  DEFAULT_MIN_VERSION: string;
  /** The newest version. */
  DEFAULT_MAX_VERSION: string;
}

/** What contexts take where their options say nothing. */
export const DEFAULTS = {
  /** The module object: `node.ts` puts itself here. */
  module: {
    DEFAULT_CIPHERS: "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
    DEFAULT_ECDH_CURVE: "auto",
    DEFAULT_MIN_VERSION: "TLSv1.3",
    DEFAULT_MAX_VERSION: "TLSv1.3",
  } satisfies ModuleDefaults as ModuleDefaults,
  /** The range of versions. */
  versions(): VersionOptions {
    return {
      minVersion: this.module.DEFAULT_MIN_VERSION,
      maxVersion: this.module.DEFAULT_MAX_VERSION,
    };
  },
  /** The groups; `undefined` for those of the handshake. */
  curves(): string | undefined {
    return this.module.DEFAULT_ECDH_CURVE || undefined;
  },
};
