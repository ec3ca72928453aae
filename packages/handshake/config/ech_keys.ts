/**
 * The keys of a server for Encrypted Client Hello: making them, publishing them, and the ring that a configuration holds.
 *
 * @module
 */
import { type CryptoProvider, randomFrom } from "@sealane/providers";
import { Hpke, HpkeAead, HpkeKdf, HpkeKem } from "@sealane/providers/hpke";
import { equalBytes, secretBytes, TlsError } from "@sealane/wire";
import type { HpkeSymmetricCipherSuite } from "../extensions/encrypted_client_hello.ts";
import {
  decodeEchConfig,
  type EchConfig,
  type EchConfigExtension,
  encodeEchConfig,
  encodeEchConfigList,
  requirePublicName,
} from "./ech_config.ts";

/** A configuration with its private key, as a server holds it. */
export interface EchKey {
  /** The ECHConfig, encoded: one, not a list. */
  readonly config: Uint8Array;
  /** The private key of HPKE, 32 bytes. */
  readonly privateKey: Uint8Array;
  /**
   * Whether clients with an old configuration are told this one to retry with; true unless given. False for a key that is
   * on its way out: it opens what it can, and nobody is pointed to it.
   */
  readonly retry?: boolean;
}

/** How to make an {@link EchKey}. */
export interface EchKeyOptions {
  /** The primitives. */
  readonly provider: CryptoProvider;
  /** The name that stands in the clear; the server needs a certificate for it. */
  readonly publicName: string;
  /** Bytes of the longest name behind the server, 0 to 255, to which clients pad; 64 unless given. */
  readonly maximumNameLength?: number;
  /** Keys that will be in use at the same time: the new one gets another `config_id` than they have. */
  readonly besides?: readonly EchKey[];
  /** The key encapsulation; X25519 unless given. */
  readonly kem?: HpkeKem;
  /** What clients may choose from, most preferred first; the AEADs with HKDF-SHA256 that the provider has unless given. */
  readonly cipherSuites?: readonly HpkeSymmetricCipherSuite[];
  /** Extensions of the configuration; none unless given. */
  readonly extensions?: readonly EchConfigExtension[];
}

const DEFAULT_SUITES: readonly HpkeSymmetricCipherSuite[] = [
  { kdf: HpkeKdf.HKDF_SHA256, aead: HpkeAead.AES_128_GCM },
  { kdf: HpkeKdf.HKDF_SHA256, aead: HpkeAead.ChaCha20Poly1305 },
  { kdf: HpkeKdf.HKDF_SHA256, aead: HpkeAead.AES_256_GCM },
];

/**
 * A new key with its configuration. Keep the private key as carefully as that of a certificate: whoever has it can read
 * the names that clients ask for.
 *
 * ```ts
 * import { echConfigList, generateEchKey } from "@sealane/handshake";
 * import { nobleProvider } from "@sealane/providers/noble";
 *
 * const key = generateEchKey({ provider: nobleProvider, publicName: "public.example" });
 * const published = echConfigList([key]); // what clients need, for instance in an HTTPS record
 * console.assert(published.length > 50);
 * ```
 *
 * @throws {TlsError} `api/config` if the name is no host name, or if the provider lacks the algorithms.
 */
export function generateEchKey(options: EchKeyOptions): EchKey {
  const { provider, publicName, besides = [], extensions = [], maximumNameLength = 64 } = options;
  requirePublicName(publicName);
  const kem = options.kem ?? HpkeKem.DHKEM_X25519_HKDF_SHA256;
  const cipherSuites = options.cipherSuites ??
    DEFAULT_SUITES.filter((suite) => Hpke.supports(provider, { kem, ...suite }));
  if (cipherSuites.length === 0) {
    throw new TlsError("api/config", `the provider ${provider.name} has no AEAD for ECH`);
  }
  const { publicKey, privateKey } = new Hpke(provider, { kem, ...cipherSuites[0] })
    .generateKeyPair();
  const configId = freeConfigId(provider, besides);
  const config = encodeEchConfig({
    configId,
    kem,
    publicKey,
    cipherSuites,
    maximumNameLength,
    publicName,
    extensions,
  });
  return { config, privateKey: secretBytes(privateKey) };
}

/** RFC 9849 §4.1: chosen at random until it does not match any known configuration. */
function freeConfigId(provider: CryptoProvider, besides: readonly EchKey[]): number {
  const taken = new Set(besides.map(({ config }) => decodeEchConfig(config).configId));
  if (taken.size >= 256) throw new TlsError("api/config", "there are 256 ECH keys already");
  for (;;) {
    const [id] = randomFrom(provider, 1);
    if (!taken.has(id)) return id;
  }
}

/** The ECHConfigList of keys, to be published: those with `retry: false` are left out. */
export function echConfigList(keys: readonly EchKey[]): Uint8Array {
  return encodeEchConfigList(keys.filter((key) => key.retry ?? true).map(({ config }) => config));
}

/** A key with its configuration decoded. */
export interface OpenedEchKey {
  /** The configuration. */
  readonly config: EchConfig;
  /** The private key. */
  readonly privateKey: Uint8Array;
}

/** All keys of a server. */
export interface EchKeyRing {
  /** In the order of the configuration. */
  readonly keys: readonly OpenedEchKey[];
  /** What a client with an unknown configuration is told to retry with. */
  readonly retryConfigs: Uint8Array;
}

/**
 * Checks the keys of a server; `null` without any.
 *
 * @throws {TlsError} `api/config` if a configuration does not decode, belongs to another key, or none may be retried with.
 */
export function checkEchKeys(
  provider: CryptoProvider,
  keys: readonly EchKey[] = [],
): EchKeyRing | null {
  if (keys.length === 0) return null;
  const opened = keys.map(({ config, privateKey }) => {
    const decoded = decodeEchConfig(config);
    const suite = decoded.cipherSuites.find((suite) =>
      Hpke.supports(provider, { kem: decoded.kem, ...suite })
    );
    if (suite === undefined) {
      throw new TlsError("api/config", `the provider ${provider.name} cannot use an ECH key`);
    }
    const hpke = new Hpke(provider, { kem: decoded.kem, ...suite });
    if (!equalBytes(hpke.publicKey(privateKey), decoded.publicKey)) {
      throw new TlsError("api/config", "the private key of an ECH key is not of its configuration");
    }
    return { config: decoded, privateKey };
  });
  // RFC 9849 §7.1: retry_configs has one or more configurations with up-to-date keys.
  if (!keys.some((key) => key.retry ?? true)) {
    throw new TlsError("api/config", "none of the ECH keys is there to retry with");
  }
  return { keys: opened, retryConfigs: echConfigList(keys) };
}
