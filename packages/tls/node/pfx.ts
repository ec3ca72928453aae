/**
 * PKCS#12 files as options of Node name them.
 *
 * @module
 */
import type { Pem, PemKey } from "./credentials.ts";
import { TlsError } from "@sealane/wire";

/** A PKCS#12 file, or one with the passphrase that it is encrypted under. */
export type PfxSource = ArrayBufferView | string | {
  /** The file. */
  readonly buf: ArrayBufferView | string;
  /** Its passphrase; that of the context unless given. */
  readonly passphrase?: string;
};

/** What a PKCS#12 file holds. */
export interface OpenedPfx {
  /** Certificate chains, PEM. */
  readonly certs: readonly Pem[];
  /** Private keys, PEM. */
  readonly keys: readonly (Pem | PemKey)[];
  /** Certificates that no key belongs to, PEM. */
  readonly ca: readonly Pem[];
}

/**
 * Opens a file.
 *
 * @throws {TlsError} `api/config`.
 */
export function openPfx(_source: PfxSource, _passphrase: string | null | undefined): OpenedPfx {
  throw new TlsError("api/config", "pfx is not taken yet: give cert and key");
}
