/**
 * SM2 signatures with SM3 (GB/T 32918.2-2016), the scheme sm2sig_sm3 of RFC 8998 section 3.2.1.
 *
 * @module
 */
import {
  der,
  DerReader,
  SignatureScheme,
  signatureSchemeName,
  TlsError,
  utf8,
  wipe,
} from "@sealane/wire";
import type { SignatureAlgorithm, SignatureUse, Signer, SignOptions } from "../provider.ts";
import { inRange, SCALAR_LENGTH } from "../weierstrass/scalar.ts";
import { engine } from "./choose_engine.ts";
import { CURVE_SM2, N_BYTES, toBigInt, toBytes32 } from "./curve.ts";
import type { Sm2Arithmetic } from "./engine.ts";
import { encodeSm2Spki, readSm2PrivateKey, readSm2Spki, sameOrAbsent } from "./sm2_keys.ts";
import { sm3, sm3Digest } from "./sm3.ts";

const { n } = CURVE_SM2;

/**
 * The identifiers of RFC 8998 section 3.2.1: certificates are signed under GM/T 0009's, and "in all uses except" that one it
 * is the TLS one. So delegated credentials, of which RFC 8998 does not speak, have the TLS one.
 */
const IDENTIFIERS: Readonly<Record<SignatureUse, Uint8Array>> = {
  "certificate-verify": utf8("TLSv1.3+GM+Cipher+Suite"),
  "delegated-credential": utf8("TLSv1.3+GM+Cipher+Suite"),
  "certificate": utf8("1234567812345678"),
};

/** a || b || Gx || Gy, which Z_A begins with after the identifier. */
const PARAMETERS = [CURVE_SM2.a, CURVE_SM2.b, CURVE_SM2.Gx, CURVE_SM2.Gy].map(toBytes32);

/** Z_A of a public key (GB/T 32918.2 section 5.5). */
export function identityHash(identifier: Uint8Array, point: Uint8Array): Uint8Array {
  const bits = identifier.length * 8;
  return sm3Digest(Uint8Array.of(bits >> 8, bits), identifier, ...PARAMETERS, point);
}

/** A number of 1..n-1 in DER, as 32 bytes. */
function readNumber(reader: DerReader, field: string): Uint8Array {
  const bytes = reader.unsigned(field);
  if (bytes.length > SCALAR_LENGTH) reader.fail(`${field} is too large`);
  const number = new Uint8Array(SCALAR_LENGTH);
  number.set(bytes, SCALAR_LENGTH - bytes.length);
  // GB/T 32918.2 §7.1 B1 and B2
  if (!inRange(number, N_BYTES)) reader.fail(`${field} is out of range`);
  return number;
}

function readSignature(signature: Uint8Array): [r: Uint8Array, s: Uint8Array] {
  const reader = new DerReader(signature, "SM2 signature");
  const numbers = reader.sequence(
    "signature",
    (pair): [Uint8Array, Uint8Array] => [readNumber(pair, "r"), readNumber(pair, "s")],
  );
  reader.end();
  return numbers;
}

/** Whether `r` and `s` sign the hash `e` = SM3(Z_A || M) (GB/T 32918.2 section 7.1). */
export function verifyHash(
  point: Uint8Array,
  e: Uint8Array,
  r: Uint8Array,
  s: Uint8Array,
): boolean {
  const rNumber = toBigInt(r);
  const t = (rNumber + toBigInt(s)) % n;
  // B5: t is not zero.
  if (t === 0n) return false;
  const sum = engine().sm2.multiplyAdd(s, toBytes32(t), point);
  return sum !== null && (toBigInt(e) + toBigInt(sum.subarray(0, 32))) % n === rNumber;
}

/** Verification of sm2sig_sm3. */
export const sm2sigSm3: SignatureAlgorithm = Object.freeze({
  scheme: SignatureScheme.sm2sig_sm3,
  name: signatureSchemeName(SignatureScheme.sm2sig_sm3),
  verify(spki: Uint8Array, data: Uint8Array, signature: Uint8Array, use: SignatureUse): boolean {
    try {
      const point = readSm2Spki(spki);
      const [r, s] = readSignature(signature);
      return verifyHash(point, sm3Digest(identityHash(IDENTIFIERS[use], point), data), r, s);
    } catch (error) {
      if (error instanceof TlsError && error.code === "peer/decode-error") return false;
      throw error;
    }
  },
});

/**
 * The secret number k of a signature: deterministic as in RFC 6979 section 3.2 with HMAC-SM3, with 32 random bytes mixed in
 * (section 3.6). It is unpredictable if either the random source or the hash of key and message is, and no two messages get
 * the same k even where the random source repeats itself.
 */
function* nonces(d: Uint8Array, e: Uint8Array): Generator<Uint8Array, never> {
  const random = crypto.getRandomValues(new Uint8Array(32));
  let v: Uint8Array = new Uint8Array(32).fill(1);
  let key: Uint8Array = new Uint8Array(32);
  for (const separator of [0, 1]) {
    key = sm3.hmac(key, v, Uint8Array.of(separator), d, e, random);
    v = sm3.hmac(key, v);
  }
  for (;;) {
    v = sm3.hmac(key, v);
    // Two bits in 2^32 candidates are above n.
    if (inRange(v, N_BYTES)) yield v.slice();
    key = sm3.hmac(key, v, Uint8Array.of(0));
    v = sm3.hmac(key, v);
  }
}

/** r and s for the hash `e` with the numbers k that `candidates` gives (GB/T 32918.2 section 6.1). */
export function signHash(
  prepared: Uint8Array,
  e: Uint8Array,
  candidates: Iterator<Uint8Array, never>,
  sm2: Sm2Arithmetic = engine().sm2,
): [r: Uint8Array, s: Uint8Array] {
  for (;;) {
    const k = candidates.next().value;
    // A5: r = e + x_1 mod n, which is no secret.
    const r = (toBigInt(e) + toBigInt(sm2.multiplyBase(k).subarray(0, 32))) % n;
    if (r === 0n) continue;
    const rBytes = toBytes32(r);
    const s = sm2.sign(prepared, k, rBytes);
    wipe(k);
    if (s !== null) return [rBytes, s];
  }
}

/**
 * A signer for an SM2 private key in PKCS#8.
 *
 * @throws {TlsError} `api/config` if the key is malformed, is no SM2 key, or does not fit the public key beside it.
 */
export function importSm2PrivateKey(pkcs8: Uint8Array): Signer {
  const { scalar, point: claimed } = readSm2PrivateKey(pkcs8);
  const { sm2 } = engine();
  const d = scalar.slice();
  const point = sm2.multiplyBase(d);
  if (!sameOrAbsent(claimed, point)) {
    throw new TlsError("api/config", "the SM2 private key does not fit the public key beside it");
  }
  const prepared = sm2.prepareKey(d);
  const identities = new Map<SignatureUse, Uint8Array>();
  return Object.freeze({
    schemes: Object.freeze([SignatureScheme.sm2sig_sm3]),
    publicKey: encodeSm2Spki(point),
    sign(scheme: SignatureScheme, data: Uint8Array, options: SignOptions = {}): Uint8Array {
      if (scheme !== SignatureScheme.sm2sig_sm3) {
        throw new TlsError(
          "api/argument",
          `an SM2 key cannot sign with ${signatureSchemeName(scheme)}`,
        );
      }
      const { use = "certificate-verify" } = options;
      const identity = identities.get(use) ?? identityHash(IDENTIFIERS[use], point);
      identities.set(use, identity);
      const e = sm3Digest(identity, data);
      const [r, s] = signHash(prepared, e, nonces(d, e));
      return der.sequence(der.integer(r), der.integer(s));
    },
  });
}
