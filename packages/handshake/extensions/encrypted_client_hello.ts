/**
 * encrypted_client_hello and ech_outer_extensions (RFC 9849 section 5): their encoding. What is done with them is in `ech/`.
 *
 * @module
 */
import { ExtensionType } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

const type = ExtensionType.encrypted_client_hello;

/** HpkeSymmetricCipherSuite: code points of the HPKE registries (RFC 9180 section 7). */
export interface HpkeSymmetricCipherSuite {
  /** `kdf_id`. */
  readonly kdf: number;
  /** `aead_id`. */
  readonly aead: number;
}

/** The extension in a ClientHelloOuter. */
export interface EchOuter {
  /** Which of the two it is. */
  readonly type: "outer";
  /** The suite that sealed `payload`. */
  readonly cipherSuite: HpkeSymmetricCipherSuite;
  /** `config_id` of the configuration, 0 to 255. */
  readonly configId: number;
  /** The encapsulated key; empty in a second ClientHello. */
  readonly enc: Uint8Array;
  /** The sealed EncodedClientHelloInner; never empty. */
  readonly payload: Uint8Array;
}

/** The extension in a ClientHelloInner, which has no content. */
export interface EchInner {
  /** Which of the two it is. */
  readonly type: "inner";
}

const OUTER = 0;
const INNER = 1;

/** In ClientHello: ECHClientHello. */
export const encryptedClientHelloInClientHello: ExtensionCodec<EchOuter | EchInner> = {
  type,
  encode(writer, value) {
    if (value.type === "inner") {
      writer.u8(INNER);
      return;
    }
    writer.u8(OUTER).u16(value.cipherSuite.kdf).u16(value.cipherSuite.aead).u8(value.configId);
    writer.vector16(value.enc).vector16(value.payload);
  },
  decode(reader) {
    const variant = reader.u8("type");
    if (variant === INNER) return { type: "inner" };
    if (variant !== OUTER) reader.fail(`type ${variant} is neither outer nor inner`);
    return {
      type: "outer",
      cipherSuite: { kdf: reader.u16("kdf_id"), aead: reader.u16("aead_id") },
      configId: reader.u8("config_id"),
      enc: reader.vector16("enc"),
      payload: reader.vector16("payload", { min: 1 }),
    };
  },
};

/** In EncryptedExtensions: `retry_configs`, an ECHConfigList with its length, not decoded here. */
export const encryptedClientHelloInEncryptedExtensions: ExtensionCodec<Uint8Array> = {
  type,
  encode: (writer, retryConfigs) => void writer.bytes(retryConfigs),
  decode: (reader) => reader.rest(),
};

/** In HelloRetryRequest: the 8 bytes of `confirmation`. */
export const encryptedClientHelloInHelloRetryRequest: ExtensionCodec<Uint8Array> = {
  type,
  encode: (writer, confirmation) => void writer.bytes(confirmation),
  decode: (reader) => reader.bytes(8, "confirmation"),
};

/** In an EncodedClientHelloInner: the types of the extensions that are to be copied from the outer hello, in its order. */
export const echOuterExtensionsInClientHelloInner: ExtensionCodec<readonly ExtensionType[]> = {
  type: ExtensionType.ech_outer_extensions,
  encode(writer, types) {
    writer.vector8((list) => types.forEach((extension) => list.u16(extension)));
  },
  decode: (reader) =>
    reader.list(
      reader.vector8("outer_extensions", { min: 2 }),
      "outer_extensions",
      (list) => list.u16("extension_type"),
    ),
};
