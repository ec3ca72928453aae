/**
 * PEM files of ECH keys and configurations (RFC 9934).
 *
 * @module
 */
import { type CryptoProvider, type PrivateKeyOptions, privateKeyToPkcs8 } from "@sealane/providers";
import { Hpke, HpkeKem } from "@sealane/providers/hpke";
import { der, DerReader, encodePem, equalBytes, readPemFile, TlsError } from "@sealane/wire";
import { decodeEchConfig, decodeEchConfigList, type EchConfig } from "./ech_config.ts";
import { echConfigList, type EchKey } from "./ech_keys.ts";

/** What a PEM file of ECH holds. */
export interface EchPem {
  /** The ECHConfigList, for clients. */
  readonly configList: Uint8Array;
  /** For servers: the configurations whose private key is in the file; none without one. */
  readonly keys: readonly EchKey[];
}

/** The keys of the KEMs: RFC 8410 for X25519 and X448, RFC 5915 for the others. */
const CURVES: readonly { readonly kem: HpkeKem; readonly id: string; readonly ec: boolean }[] = [
  { kem: HpkeKem.DHKEM_X25519_HKDF_SHA256, id: "1.3.101.110", ec: false },
  { kem: HpkeKem.DHKEM_P256_HKDF_SHA256, id: "1.2.840.10045.3.1.7", ec: true },
];
const EC_PUBLIC_KEY = "1.2.840.10045.2.1";

/**
 * Reads a PEM file of ECH (RFC 9934 section 3): an `ECHCONFIG` block and, in a server's file, one private key before it.
 *
 * ```ts
 * import { encodeEchPem, generateEchKey, readEchPem } from "@sealane/handshake";
 * import { nobleProvider as provider } from "@sealane/providers/noble";
 *
 * const key = generateEchKey({ provider, publicName: "public.example" });
 * const { keys, configList } = readEchPem(provider, encodeEchPem(key));
 * console.assert(keys.length === 1 && configList.length > 50);
 * ```
 *
 * @throws {TlsError} `api/config` if there is no ECHConfigList or a malformed one, if the private key is malformed, encrypted
 * where the passphrase is missing or wrong, or belongs to none of the configurations.
 */
export function readEchPem(
  provider: CryptoProvider,
  file: string | Uint8Array,
  options: PrivateKeyOptions = {},
): EchPem {
  const { blocks, warnings } = readPemFile(file);
  const list = blocks.find(({ label }) => label === "ECHCONFIG");
  if (list === undefined) {
    throw new TlsError("api/config", warnings[0] ?? "the PEM text has no ECHCONFIG block");
  }
  const configList = list.bytes;
  const configs = decodeEchConfigList(configList);
  if (!blocks.some(({ label }) => label.endsWith("PRIVATE KEY"))) return { configList, keys: [] };
  const { kem, privateKey } = readPrivateKey(privateKeyToPkcs8(file, options));
  const keys = configs.filter((config) => belongs(provider, config, kem, privateKey))
    .map(({ raw }) => ({ config: raw.slice(), privateKey }));
  if (keys.length === 0) {
    throw new TlsError("api/config", "the private key belongs to none of the ECH configurations");
  }
  return { configList, keys };
}

function belongs(
  provider: CryptoProvider,
  config: EchConfig,
  kem: HpkeKem,
  privateKey: Uint8Array,
): boolean {
  if (config.kem !== kem) return false;
  const suite = config.cipherSuites.find((each) => Hpke.supports(provider, { kem, ...each }));
  if (suite === undefined) {
    throw new TlsError("api/config", `the provider ${provider.name} cannot use an ECH key`);
  }
  return equalBytes(new Hpke(provider, { kem, ...suite }).publicKey(privateKey), config.publicKey);
}

function readPrivateKey(pkcs8: Uint8Array): { kem: HpkeKem; privateKey: Uint8Array } {
  const outer = new DerReader(pkcs8, "the private key", "api/config");
  return outer.sequence("PrivateKeyInfo", (info) => {
    info.number("version", 1);
    const id = info.sequence("algorithm", (algorithm) => {
      const kind = algorithm.objectIdentifier("algorithm");
      return kind === EC_PUBLIC_KEY ? algorithm.objectIdentifier("namedCurve") : kind;
    });
    const curve = CURVES.find((each) => each.id === id);
    if (curve === undefined) return info.fail(`a key of the type ${id} is of no use for ECH`);
    const content = info.octetString("privateKey");
    while (info.remaining > 0) info.element("field");
    const inner = info.nested(content, "privateKey");
    const privateKey = curve.ec
      ? inner.sequence("ECPrivateKey", (key) => {
        key.number("version");
        const scalar = key.octetString("privateKey");
        while (key.remaining > 0) key.element("field");
        return scalar;
      })
      : inner.octetString("CurvePrivateKey");
    return { kem: curve.kem, privateKey: privateKey.slice() };
  });
}

/**
 * The PEM file of a key (RFC 9934 section 3): its private key in PKCS#8, and its configuration as a list of one, or the list
 * that is given. Keep it as carefully as the private key of a certificate.
 *
 * @throws {TlsError} `api/config` for a KEM whose keys have no form in PKCS#8.
 */
export function encodeEchPem(key: EchKey, configList: Uint8Array = listOf(key)): string {
  const { kem } = decodeEchConfig(key.config);
  const curve = CURVES.find((each) => each.kem === kem);
  if (curve === undefined) {
    throw new TlsError(
      "api/config",
      `a key of the KEM 0x${kem.toString(16)} has no form in PKCS#8`,
    );
  }
  const id = der.objectIdentifier(curve.id);
  const algorithm = curve.ec
    ? der.sequence(der.objectIdentifier(EC_PUBLIC_KEY), id)
    : der.sequence(id);
  const secret = der.octetString(key.privateKey);
  const inner = curve.ec ? der.sequence(der.integer(1), secret) : secret;
  const pkcs8 = der.sequence(der.integer(0), algorithm, der.octetString(inner));
  return encodePem("PRIVATE KEY", pkcs8) + encodePem("ECHCONFIG", configList);
}

function listOf(key: EchKey): Uint8Array {
  return echConfigList([{ ...key, retry: true }]);
}
