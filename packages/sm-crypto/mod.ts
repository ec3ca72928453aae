/**
 * The same algorithms as `@sealane/providers/shangmi` over the npm package `sm-crypto`: slow, and not constant-time. It exists
 * as an independent second opinion in tests; do not serve with it.
 *
 * Of `sm-crypto` only the SM4 block cipher, SM3 and SM2 are used. It has no GCM and no CCM (asked for GCM, it encrypts in ECB
 * mode without a word), so those modes are built here.
 *
 * @module
 */
import type {
  Aead,
  AeadKey,
  CipherSuite,
  CryptoProvider,
  Hash,
  HashState,
  KeyExchangeGroup,
  SignatureAlgorithm,
  SignatureUse,
  Signer,
  SignOptions,
} from "@sealane/providers";
import {
  CipherSuiteId,
  cipherSuiteName,
  concat,
  der,
  DerReader,
  fromHex,
  NamedGroup,
  namedGroupName,
  SignatureScheme,
  signatureSchemeName,
  TlsError,
  toHex,
} from "@sealane/wire";
import smCrypto from "sm-crypto";
import smCryptoUtils from "sm-crypto/src/sm2/utils.js";
import { encodeSpki, readPoint, readPrivateKey, readSpki } from "./keys.ts";
import {
  type BlockCipher,
  ccmKey,
  checkLength,
  gcmKey,
  NONCE_LENGTH,
  TAG_LENGTH,
} from "./modes.ts";

/** A big integer of jsbn. */
interface BigInteger {
  toString(radix: number): string;
}
/** A point of sm-crypto's curve. */
interface SmPoint {
  multiply(k: BigInteger): SmPoint;
  getX(): { toBigInteger(): BigInteger };
}
interface SignatureOptions {
  der: boolean;
  hash: boolean;
  userId: string;
  publicKey?: string;
}
/** The parts of `sm-crypto` that are used; the package has no types of its own. */
interface SmCrypto {
  sm3(input: number[], options?: { mode: "hmac"; key: number[] }): string;
  sm4: {
    encrypt(
      input: number[],
      key: number[],
      options: { padding: "none"; output: "array" },
    ): number[];
  };
  sm2: {
    doSignature(message: number[], privateKey: string, options: SignatureOptions): string;
    doVerifySignature(
      message: number[],
      signature: string,
      publicKey: string,
      options: SignatureOptions,
    ): boolean;
    getPublicKeyFromPrivateKey(privateKey: string): string;
    getPoint(): { publicKey: string; k: BigInteger };
    verifyPublicKey(publicKey: string): boolean;
  };
}
// The package has no types: these interfaces say what of it is used.
const { sm2, sm3, sm4 } = smCrypto as unknown as SmCrypto;
const { getGlobalCurve } = smCryptoUtils as unknown as {
  getGlobalCurve(): { decodePointHex(point: string): SmPoint };
};

class BufferedSm3 implements HashState {
  #data: number[];

  constructor(data: number[] = []) {
    this.#data = data;
  }

  update(data: Uint8Array): this {
    this.#data = this.#data.concat(Array.from(data));
    return this;
  }

  clone(): BufferedSm3 {
    return new BufferedSm3(this.#data.slice());
  }

  digest(): Uint8Array {
    return fromHex(sm3(this.#data));
  }
}

const hash: Hash = Object.freeze({
  name: "SM3",
  outputLength: 32,
  blockLength: 64,
  create: () => new BufferedSm3(),
  hmac(key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array {
    const options = { mode: "hmac", key: Array.from(key) } as const;
    return fromHex(sm3(Array.from(concat([...data])), options));
  },
});

/** SM4 under a key. */
function blockCipher(key: Uint8Array): BlockCipher {
  const options = { padding: "none", output: "array" } as const;
  const bytes = Array.from(key);
  return (blocks) => Uint8Array.from(sm4.encrypt(Array.from(blocks), bytes, options));
}

/** RFC 8998 gives no limits: those of AES with the same mode (RFC 9001 section 6.6 and appendix B.2). */
const GCM_LIMITS = { confidentialityLimit: 2 ** 23, integrityLimit: 2 ** 52 };
const CCM_LIMIT = Math.floor(2 ** 21.5);
const CCM_LIMITS = { confidentialityLimit: CCM_LIMIT, integrityLimit: CCM_LIMIT };

function suite(
  id: CipherSuiteId,
  limits: typeof GCM_LIMITS,
  makeKey: (cipher: BlockCipher) => AeadKey,
): CipherSuite {
  const aead: Aead = Object.freeze({
    keyLength: 16,
    nonceLength: NONCE_LENGTH,
    tagLength: TAG_LENGTH,
    ...limits,
    importKey(key: Uint8Array) {
      checkLength("the SM4 key", key, 16);
      return makeKey(blockCipher(key));
    },
  });
  return Object.freeze({ id, name: cipherSuiteName(id), hash, aead });
}

function agree(k: BigInteger, peerShare: Uint8Array): Uint8Array | null {
  const point = readPoint(peerShare);
  if (point === null || !sm2.verifyPublicKey(point)) return null;
  const x = getGlobalCurve().decodePointHex(point).multiply(k).getX().toBigInteger();
  return fromHex(x.toString(16).padStart(64, "0"));
}

const group: KeyExchangeGroup = Object.freeze({
  id: NamedGroup.curveSM2,
  name: namedGroupName(NamedGroup.curveSM2),
  shareLength: 65,
  generate() {
    const { k, publicKey } = sm2.getPoint();
    return { share: fromHex(publicKey), complete: (share: Uint8Array) => agree(k, share) };
  },
  respond(peerShare: Uint8Array) {
    const { k, publicKey } = sm2.getPoint();
    const secret = agree(k, peerShare);
    return secret && { share: fromHex(publicKey), secret };
  },
});

const identifier = (use: SignatureUse): string =>
  use === "certificate" ? "1234567812345678" : "TLSv1.3+GM+Cipher+Suite";

/** Whether a signature is two INTEGERs in strict DER; sm-crypto decides on the rest. */
function wellFormed(signature: Uint8Array): boolean {
  try {
    const reader = new DerReader(signature, "SM2 signature");
    reader.sequence("signature", (pair) => [pair.unsigned("r"), pair.unsigned("s")]);
    reader.end();
    return true;
  } catch {
    return false;
  }
}

const algorithm: SignatureAlgorithm = Object.freeze({
  scheme: SignatureScheme.sm2sig_sm3,
  name: signatureSchemeName(SignatureScheme.sm2sig_sm3),
  verify(spki: Uint8Array, data: Uint8Array, signature: Uint8Array, use: SignatureUse): boolean {
    try {
      const publicKey = readSpki(spki);
      const options = { der: true, hash: true, userId: identifier(use) };
      return wellFormed(signature) && sm2.verifyPublicKey(publicKey) &&
        sm2.doVerifySignature(Array.from(data), toHex(signature), publicKey, options);
    } catch (error) {
      if (error instanceof TlsError) return false;
      throw error;
    }
  },
});

function importKey(pkcs8: Uint8Array): Signer {
  const { scalar: privateKey, point } = readPrivateKey(pkcs8);
  const publicKey = sm2.getPublicKeyFromPrivateKey(privateKey);
  if (point !== null && point !== publicKey) {
    throw new TlsError("api/config", "the SM2 private key comes with the public key of another");
  }
  return Object.freeze({
    schemes: Object.freeze([SignatureScheme.sm2sig_sm3]),
    publicKey: encodeSpki(publicKey),
    sign(_scheme: SignatureScheme, data: Uint8Array, options: SignOptions = {}): Uint8Array {
      const { use = "certificate-verify" } = options;
      const signed = sm2.doSignature(Array.from(data), privateKey, {
        der: false,
        hash: true,
        publicKey,
        userId: identifier(use),
      });
      const numbers = fromHex(signed);
      return der.sequence(
        der.integer(numbers.subarray(0, 32)),
        der.integer(numbers.subarray(32)),
      );
    },
  });
}

function random(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  // One call of getRandomValues gives no more than 65,536 bytes.
  for (let at = 0; at < length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  return bytes;
}

/** The ShangMi algorithms over `sm-crypto`, for tests. */
export const smCryptoProvider: CryptoProvider = Object.freeze({
  name: "sm-crypto",
  cipherSuites: Object.freeze([
    suite(CipherSuiteId.TLS_SM4_GCM_SM3, GCM_LIMITS, gcmKey),
    suite(CipherSuiteId.TLS_SM4_CCM_SM3, CCM_LIMITS, ccmKey),
  ]),
  groups: Object.freeze([group]),
  signatures: Object.freeze([algorithm]),
  random,
  importPrivateKey: importKey,
});
