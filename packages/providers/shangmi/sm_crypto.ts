/**
 * The same algorithms as `@sealane/providers/shangmi` over the npm package `sm-crypto`: slow, and not constant-time. It exists
 * as an independent second opinion in tests; do not serve with it.
 *
 * Of `sm-crypto` only the SM4 block cipher, SM3 and SM2 are used. It has no GCM and no CCM (asked for GCM, it encrypts in ECB
 * mode without a word), so those modes are built here, GHASH from noble-ciphers.
 *
 * @module
 */
import { ghash } from "@noble/ciphers/_polyval.js";
import {
  CipherSuiteId,
  cipherSuiteName,
  concat,
  der,
  DerReader,
  equalBytes,
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
import { randomBytes } from "../noble/random.ts";
import { ccmKey } from "../ccm.ts";
import { AEADS, checkLength, NONCE_LENGTH, placeFor } from "../cipher_suites.ts";
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
} from "../provider.ts";
import { decodePoint, encodePoint } from "./curve.ts";
import { encodeSm2Spki, readSm2PrivateKey, readSm2Spki } from "./sm2_keys.ts";

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

/** SM4 on whole blocks, each for itself. */
function ecb(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const options = { padding: "none", output: "array" } as const;
  return Uint8Array.from(sm4.encrypt(Array.from(blocks), Array.from(key), options));
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ b[i]);
}

function ctr(key: Uint8Array, counter: Uint8Array, data: Uint8Array): Uint8Array {
  if (data.length === 0) return data;
  const blocks = new Uint8Array(Math.ceil(data.length / 16) * 16);
  const view = new DataView(blocks.buffer);
  const first = new DataView(counter.buffer, counter.byteOffset).getUint32(12);
  for (let at = 0; at < blocks.length; at += 16) {
    blocks.set(counter, at);
    view.setUint32(at + 12, first + at / 16);
  }
  return xor(data, ecb(key, blocks));
}

function gcmKey(key: Uint8Array): AeadKey {
  const h = ecb(key, new Uint8Array(16));
  const counter = (nonce: Uint8Array, index: number) =>
    concat([nonce, Uint8Array.of(0, 0, 0, index)]);
  const padded = (data: Uint8Array) => concat([data, new Uint8Array((16 - data.length % 16) % 16)]);
  function tag(nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    const lengths = new DataView(new ArrayBuffer(16));
    lengths.setBigUint64(0, BigInt(aad.length) * 8n);
    lengths.setBigUint64(8, BigInt(ciphertext.length) * 8n);
    const sum = ghash(
      concat([padded(aad), padded(ciphertext), new Uint8Array(lengths.buffer)]),
      h,
    );
    return ctr(key, counter(nonce, 1), sum);
  }
  return {
    seal(nonce, aad, plaintext, out) {
      checkLength("the nonce", nonce, NONCE_LENGTH);
      const ciphertext = ctr(key, counter(nonce, 2), plaintext);
      const place = placeFor(plaintext.length + 16, out);
      place.set(concat([ciphertext, tag(nonce, aad, ciphertext)]));
      return place;
    },
    open(nonce, aad, sealed, out) {
      checkLength("the nonce", nonce, NONCE_LENGTH);
      const length = sealed.length - 16;
      if (length < 0) return null;
      const ciphertext = sealed.subarray(0, length);
      if (!equalBytes(tag(nonce, aad, ciphertext), sealed.subarray(length))) return null;
      const place = placeFor(length, out);
      place.set(ctr(key, counter(nonce, 2), ciphertext));
      return place;
    },
  };
}

function sm4CcmKey(key: Uint8Array): AeadKey {
  return ccmKey({
    cbc(blocks) {
      let state = new Uint8Array(16);
      for (let at = 0; at < blocks.length; at += 16) {
        state = Uint8Array.from(ecb(key, xor(state, blocks.subarray(at, at + 16))));
      }
      return state;
    },
    ctr: (counter, data) => ctr(key, counter, data),
  }, 16);
}

function suite(
  id: CipherSuiteId,
  like: "AES-128-GCM" | "AES-128-CCM",
  makeKey: (key: Uint8Array) => AeadKey,
): CipherSuite {
  const aead: Aead = Object.freeze({
    ...AEADS[like],
    nonceLength: NONCE_LENGTH,
    importKey(key: Uint8Array) {
      checkLength("the SM4 key", key, 16);
      return makeKey(key.slice());
    },
  });
  return Object.freeze({ id, name: cipherSuiteName(id), hash, aead });
}

function agree(k: BigInteger, peerShare: Uint8Array): Uint8Array | null {
  const point = decodePoint(peerShare) && toHex(peerShare);
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
      const publicKey = toHex(encodePoint(readSm2Spki(spki)));
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
  const privateKey = toHex(readSm2PrivateKey(pkcs8).scalar);
  const publicKey = sm2.getPublicKeyFromPrivateKey(privateKey);
  return Object.freeze({
    schemes: Object.freeze([SignatureScheme.sm2sig_sm3]),
    publicKey: encodeSm2Spki(fromHex(publicKey).subarray(1)),
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

/** The ShangMi algorithms over `sm-crypto`, for tests. */
export const smCryptoProvider: CryptoProvider = Object.freeze({
  name: "sm-crypto",
  cipherSuites: Object.freeze([
    suite(CipherSuiteId.TLS_SM4_GCM_SM3, "AES-128-GCM", gcmKey),
    suite(CipherSuiteId.TLS_SM4_CCM_SM3, "AES-128-CCM", sm4CcmKey),
  ]),
  groups: Object.freeze([group]),
  signatures: Object.freeze([algorithm]),
  random: randomBytes,
  importPrivateKey: importKey,
});
