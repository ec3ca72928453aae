/**
 * Importing external PSKs (RFC 9258): from one key of another protocol a PSK for each KDF of TLS, so that no key is ever used
 * with two hash functions.
 *
 * @module
 */
import { type Hash, hashOf, hkdfExpandLabel, hkdfExtract } from "@sealane/providers";
import { ProtocolVersion, Reader, TlsError, wipe, Writer } from "@sealane/wire";
import type { ExternalPsk } from "./external_psk.ts";

/** KDFs of TLS (RFC 9258 section 10). */
export const TlsKdf = { HKDF_SHA256: 1, HKDF_SHA384: 2 } as const;
/** A KDF of TLS. Any 16-bit number; see the object of the same name. */
export type TlsKdf = number;

/** A KDF with the hash of the suites that use it, and the length of its output in bytes. */
const KDFS: readonly { readonly kdf: TlsKdf; readonly hash: string; readonly length: number }[] = [
  { kdf: TlsKdf.HKDF_SHA256, hash: "SHA-256", length: 32 },
  { kdf: TlsKdf.HKDF_SHA384, hash: "SHA-384", length: 48 },
];

/** A key that was agreed outside TLS: the EPSK of RFC 9258. */
export interface PskSource {
  /** Its name; 1 to 65,535 bytes. It is sent in the clear. */
  readonly identity: Uint8Array;
  /** The key. It should have at least 16 random bytes: nothing slows down guessing a password (RFC 9257 section 6). */
  readonly key: Uint8Array;
  /** The hash that the key is meant for; SHA-256 where none is (RFC 9258 section 5.1). */
  readonly hash: Hash;
  /**
   * Where the key comes from and who may use it, for instance both roles, against reflection; empty unless given. It is sent
   * in the clear.
   */
  readonly context?: Uint8Array;
}

/** An ImportedIdentity (RFC 9258 section 5.1): the identity of an imported PSK, decoded. */
export interface ImportedIdentity {
  /** {@link PskSource.identity}. */
  readonly externalIdentity: Uint8Array;
  /** {@link PskSource.context}. */
  readonly context: Uint8Array;
  /** 0x0304 for TLS 1.3 and QUIC. */
  readonly targetProtocol: ProtocolVersion;
  /** The KDF that the imported PSK is for. */
  readonly targetKdf: TlsKdf;
}

/** Most bytes of an identity with which pre_shared_key still has room for its binder. */
const MAX_IDENTITY_LENGTH = 65_400;

/**
 * The bytes of an ImportedIdentity.
 *
 * @throws {TlsError} `api/argument` if the external identity is empty or the whole does not fit into pre_shared_key.
 */
export function encodeImportedIdentity(identity: ImportedIdentity): Uint8Array {
  const { externalIdentity, context, targetProtocol, targetKdf } = identity;
  const length = externalIdentity.length + context.length + 8;
  // RFC 9258 §5.1: an identity that exceeds the extension is rejected here.
  if (externalIdentity.length === 0 || length > MAX_IDENTITY_LENGTH) {
    throw new TlsError(
      "api/argument",
      `an imported identity has ${externalIdentity.length} bytes of name and ${length} in all`,
    );
  }
  return new Writer(length).vector16(externalIdentity).vector16(context).u16(targetProtocol)
    .u16(targetKdf).finish();
}

/** The ImportedIdentity that a client sent, or `null` if it is none: then it may be the name of a PSK that is not imported. */
export function decodeImportedIdentity(bytes: Uint8Array): ImportedIdentity | null {
  const reader = new Reader(bytes, "ImportedIdentity");
  try {
    const identity = {
      externalIdentity: reader.vector16("external_identity", { min: 1 }),
      context: reader.vector16("context"),
      targetProtocol: reader.u16("target_protocol"),
      targetKdf: reader.u16("target_kdf"),
    };
    reader.end();
    return identity;
  } catch {
    return null;
  }
}

/**
 * Imports a PSK for the suites with the hash `targetHash`, for TLS 1.3 and QUIC: the IPSK of RFC 9258, for `externalPsks` or
 * `findPsk` of a configuration.
 *
 * ```ts
 * import { importPsk } from "@sealane/handshake";
 * import { nativeProvider } from "@sealane/providers/native";
 *
 * const [{ hash }] = nativeProvider.cipherSuites;
 * const identity = new TextEncoder().encode("sensor 7");
 * const psk = importPsk({ identity, key: nativeProvider.random(32), hash }, "SHA-256");
 * console.assert(psk.key.length === 32);
 * ```
 *
 * @throws {TlsError} `api/argument` if there is no KDF for `targetHash` or the identity is out of range.
 */
export function importPsk(source: PskSource, targetHash: string): ExternalPsk {
  const kdf = KDFS.find(({ hash }) => hash === targetHash);
  if (kdf === undefined) {
    throw new TlsError("api/argument", `RFC 9258 has no KDF for the hash ${targetHash}`);
  }
  const { hash } = source;
  const identity = encodeImportedIdentity({
    externalIdentity: source.identity,
    context: source.context ?? new Uint8Array(),
    targetProtocol: ProtocolVersion.tls13,
    targetKdf: kdf.kdf,
  });
  // RFC 9258 §5.1: the hash of the EPSK, not that of the target.
  const epskx = hkdfExtract(hash, new Uint8Array(), source.key);
  const identityHash = hashOf(hash, identity);
  const key = hkdfExpandLabel(hash, epskx, "derived psk", identityHash, kdf.length);
  wipe(epskx);
  return { identity, key, hash: targetHash, imported: true };
}

/** Imports a PSK once for each of these hashes that has a KDF: what a client offers for its cipher suites. */
export function importPsks(source: PskSource, targetHashes: Iterable<string>): ExternalPsk[] {
  const hashes = [...new Set(targetHashes)].filter((name) => KDFS.some((kdf) => kdf.hash === name));
  return hashes.map((hash) => importPsk(source, hash));
}

/**
 * The imported PSK that a client's identity names, or `null` if it is not one of `source`: another name or context, another
 * protocol, or an unknown KDF.
 */
export function matchImportedPsk(source: PskSource, identity: Uint8Array): ExternalPsk | null {
  const decoded = decodeImportedIdentity(identity);
  const kdf = KDFS.find(({ kdf }) => kdf === decoded?.targetKdf);
  if (decoded === null || kdf === undefined) return null;
  const ours = encodeImportedIdentity({
    externalIdentity: source.identity,
    context: source.context ?? new Uint8Array(),
    targetProtocol: ProtocolVersion.tls13,
    targetKdf: kdf.kdf,
  });
  const same = ours.length === identity.length && ours.every((byte, i) => byte === identity[i]);
  return same ? importPsk(source, kdf.hash) : null;
}
