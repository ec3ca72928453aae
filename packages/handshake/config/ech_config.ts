/**
 * ECHConfig and ECHConfigList (RFC 9849 section 4): how a server says with which key its clients encrypt their ClientHello.
 *
 * @module
 */
import type { CryptoProvider } from "@sealane/providers";
import { Hpke, type HpkeKem } from "@sealane/providers/hpke";
import { ExtensionType, Reader, TlsError, type TlsErrorCode, utf8, Writer } from "@sealane/wire";
import type { HpkeSymmetricCipherSuite } from "../extensions/encrypted_client_hello.ts";

/** The one version of ECHConfig that there is: the code point of the extension (RFC 9849 section 4). */
export const ECH_VERSION: number = ExtensionType.encrypted_client_hello;

/** An extension of an ECHConfig (RFC 9849 section 4.2). */
export interface EchConfigExtension {
  /** The code point; one with the high bit set is mandatory: who does not know it ignores the configuration. */
  readonly type: number;
  /** The content. */
  readonly data: Uint8Array;
}

/** What an ECHConfig says (ECHConfigContents). */
export interface EchConfigContents {
  /** `config_id`, 0 to 255. */
  readonly configId: number;
  /** `kem_id`. */
  readonly kem: HpkeKem;
  /** The HPKE public key, in the encoding of its KEM. */
  readonly publicKey: Uint8Array;
  /** What the server can open, most preferred first; at least one. */
  readonly cipherSuites: readonly HpkeSymmetricCipherSuite[];
  /** Bytes of the longest name behind this server, 0 to 255; 0: not known. Clients pad to it. */
  readonly maximumNameLength: number;
  /** The name that stands in the clear, and that the server authenticates with to replace a configuration. */
  readonly publicName: string;
  /** Its extensions; usually none. */
  readonly extensions: readonly EchConfigExtension[];
}

/** An ECHConfig of the known version. */
export interface EchConfig extends EchConfigContents {
  /** The whole structure as it was received, which HPKE takes as a part of its `info`. */
  readonly raw: Uint8Array;
}

/**
 * Decodes an ECHConfigList, with its length. Configurations of unknown versions are left out (RFC 9849 section 4).
 *
 * @throws {TlsError} with `code`, `api/config` unless given, if it is not one.
 */
export function decodeEchConfigList(
  list: Uint8Array,
  code: TlsErrorCode = "api/config",
): EchConfig[] {
  const reader = new Reader(list, "ECHConfigList", code);
  const content = reader.vector16("configs", { min: 4 });
  reader.end();
  return reader.list(content, "ECHConfig", (configs) => readEchConfig(configs, content, code))
    .filter((config) => config !== null);
}

/**
 * Decodes one ECHConfig.
 *
 * @throws {TlsError} `api/config` if it is not one of the known version.
 */
export function decodeEchConfig(bytes: Uint8Array): EchConfig {
  const reader = new Reader(bytes, "ECHConfig", "api/config");
  const config = readEchConfig(reader, bytes, "api/config");
  reader.end();
  return config ?? reader.fail("the version is unknown");
}

function readEchConfig(reader: Reader, all: Uint8Array, code: TlsErrorCode): EchConfig | null {
  const start = reader.offset;
  const version = reader.u16("version");
  const contents = reader.vector16("contents");
  if (version !== ECH_VERSION) return null;
  const raw = all.subarray(start, reader.offset);
  return { raw, ...decodeContents(contents, code) };
}

function decodeContents(bytes: Uint8Array, code: TlsErrorCode): EchConfigContents {
  const reader = new Reader(bytes, "ECHConfigContents", code);
  const contents = {
    configId: reader.u8("config_id"),
    kem: reader.u16("kem_id"),
    publicKey: reader.vector16("public_key", { min: 1 }),
    cipherSuites: reader.list(
      reader.vector16("cipher_suites", { min: 4 }),
      "cipher_suites",
      (list) => ({ kdf: list.u16("kdf_id"), aead: list.u16("aead_id") }),
    ),
    maximumNameLength: reader.u8("maximum_name_length"),
    publicName: String.fromCharCode(...reader.vector8("public_name", { min: 1 })),
    extensions: reader.list(
      reader.vector16("extensions"),
      "extensions",
      (list) => ({ type: list.u16("type"), data: list.vector16("data") }),
    ),
  };
  reader.end();
  // RFC 9849 §4.2: there MUST NOT be more than one extension of the same type.
  const types = new Set(contents.extensions.map(({ type }) => type));
  if (types.size < contents.extensions.length) reader.fail("an extension stands there twice");
  return contents;
}

/** Encodes an ECHConfig. */
export function encodeEchConfig(contents: EchConfigContents): Uint8Array {
  return new Writer().u16(ECH_VERSION).vector16((writer) => {
    writer.u8(contents.configId).u16(contents.kem).vector16(contents.publicKey);
    writer.vector16((list) => {
      for (const { kdf, aead } of contents.cipherSuites) list.u16(kdf).u16(aead);
    });
    writer.u8(contents.maximumNameLength).vector8(utf8(contents.publicName));
    writer.vector16((list) => {
      for (const { type, data } of contents.extensions) list.u16(type).vector16(data);
    });
  }).finish();
}

/** Encodes an ECHConfigList of ECHConfigs that are encoded already, most preferred first. */
export function encodeEchConfigList(configs: readonly Uint8Array[]): Uint8Array {
  return new Writer().vector16((list) => configs.forEach((config) => list.bytes(config))).finish();
}

/**
 * Whether a name may be a `public_name` (RFC 9849 section 6.1.7): labels of letters, digits and hyphens between dots, and
 * nothing that a URL parser would take for an IPv4 address.
 */
export function isValidPublicName(name: string): boolean {
  const labels = name.split(".");
  if (!labels.every((label) => /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/.test(label))) return false;
  return !/^(?:[0-9]+|0[xX][0-9A-Fa-f]*)$/.test(labels[labels.length - 1]);
}

/** A configuration with the suite to use it with. */
export interface ChosenEchConfig {
  /** The configuration. */
  readonly config: EchConfig;
  /** The suite. */
  readonly suite: HpkeSymmetricCipherSuite;
}

/** The first configuration that a client can use, with the first suite of it that the provider has; `null` for none. */
export function chooseEchConfig(
  provider: CryptoProvider,
  configs: readonly EchConfig[],
): ChosenEchConfig | null {
  for (const config of configs) {
    // RFC 9849 §4.2: an unsupported mandatory extension; there is none that we support.
    if (config.extensions.some(({ type }) => (type & 0x8000) !== 0)) continue;
    // RFC 9849 §6.1.7: clients SHOULD ignore a configuration whose public_name is not valid.
    if (!isValidPublicName(config.publicName)) continue;
    const suite = config.cipherSuites.find((suite) => fits(provider, config, suite));
    if (suite !== undefined) return { config, suite };
  }
  return null;
}

function fits(
  provider: CryptoProvider,
  { kem, publicKey }: EchConfig,
  { kdf, aead }: HpkeSymmetricCipherSuite,
): boolean {
  const suite = { kem, kdf, aead };
  return Hpke.supports(provider, suite) && new Hpke(provider, suite).encLength === publicKey.length;
}

/** What HPKE binds an exchange to (RFC 9849 section 6.1). */
export function hpkeInfo({ raw }: EchConfig): Uint8Array {
  return new Writer().bytes(utf8("tls ech\0")).bytes(raw).finish();
}

/** Refuses what may not be `public_name` in a configuration of ours. */
export function requirePublicName(name: string): void {
  if (isValidPublicName(name) && name.length <= 255) return;
  throw new TlsError("api/config", `the public name ${JSON.stringify(name)} is not a host name`);
}
