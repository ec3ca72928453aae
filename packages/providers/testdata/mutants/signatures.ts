/**
 * Wrong verification and wrong signers.
 *
 * @module
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { concat, der, DerReader, fromHex, SignatureScheme as S, toHex } from "@sealane/wire";
import { EC_CURVES, parsePublicKey } from "../../key_info.ts";
import { nobleHashFunctions } from "../../noble/hash.ts";
import { parsePrivateKey, plainPkcs8, requireOwnPublicKey } from "../../private_key.ts";
import { nobleProvider } from "../../noble/mod.ts";
import { isPromise } from "../../maybe_promise.ts";
import type { MaybePromise, SignatureAlgorithm, Signer } from "../../provider.ts";
import { encodePss } from "../../conformance/crafted_signatures.ts";
import { KEYS } from "../../conformance/signature_vectors.ts";
import { type Mutant, withSignature, withSigner } from "./mutant.ts";

type Verify = SignatureAlgorithm["verify"];

const P256 = "ecdsa_secp256r1_sha256";
const P521 = "ecdsa_secp521r1_sha512";
const PSS = "rsa_pss_rsae_sha256";
const PKCS1 = "rsa_pkcs1_sha256";

/** A number of big-endian bytes. */
function number(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}

function big(length: number, value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(2 * length, "0"));
}

/** A DER signature with r and s reduced by the order. */
function reduced(signature: Uint8Array, order: bigint, which: readonly ("r" | "s")[]): Uint8Array {
  try {
    const reader = new DerReader(signature, "signature");
    return reader.sequence("signature", (pair) => {
      const parts = (["r", "s"] as const).map((field) => {
        const value = number(pair.unsigned(field));
        return der.integer(big(67, which.includes(field) ? value % order : value));
      });
      return der.sequence(...parts);
    });
  } catch {
    return signature;
  }
}

/** The answer at once, of noble. */
function now<T>(value: MaybePromise<T>): T {
  if (isPromise(value)) throw new Error("noble answers at once");
  return value;
}

/** Ed25519 with the rules of ZIP-215. */
const zip215: Verify = (spki, data, signature) => {
  const key = parsePublicKey(spki);
  if (key?.kind !== "ed25519" || signature.length !== 64) return false;
  return ed25519.verify(signature, data, key.key, { zip215: true });
};

/** RSA signatures with s taken by the modulus. */
function rsaReduced({ verify }: SignatureAlgorithm): Verify {
  return (spki, data, signature, use) => {
    const modulus = parsePublicKey(spki)?.modulus;
    const fits = modulus !== undefined && signature.length === modulus.length;
    const reduced = fits ? big(modulus.length, number(signature) % number(modulus)) : signature;
    return verify(spki, data, reduced, use);
  };
}

/** RSAVP1 (RFC 8017 section 5.2.2): what was encoded. */
function recover(spki: Uint8Array, signature: Uint8Array): Uint8Array | null {
  const key = parsePublicKey(spki);
  if (key?.modulus === undefined || signature.length !== key.modulus.length) return null;
  const n = number(key.modulus);
  let power = number(signature);
  for (let i = 0; i < 16; i++) power = power * power % n;
  return big(signature.length, power * number(signature) % n);
}

/** PKCS#1 v1.5 that looks for the digest and not at what is around it. */
function parsing(
  { verify }: SignatureAlgorithm,
  looksRight: (encoded: Uint8Array) => boolean,
): Verify {
  return (spki, data, signature, use) => {
    if (now(verify(spki, data, signature, use))) return true;
    const encoded = recover(spki, signature);
    if (encoded === null || use !== "certificate" || parsePublicKey(spki)?.kind !== "rsa") {
      return false;
    }
    const digest = toHex(nobleHashFunctions["SHA-256"](data));
    return looksRight(encoded) && toHex(encoded).includes(digest);
  };
}

/** PSS that does not look at a part of the encoded message: the one that `repair` makes good. */
function forgiving(
  { verify }: SignatureAlgorithm,
  differsBy: readonly ((encoded: Uint8Array) => void)[],
): Verify {
  const salt = nobleHashFunctions["SHA-256"](new TextEncoder().encode("a salt"));
  return (spki, data, signature, use) => {
    if (now(verify(spki, data, signature, use))) return true;
    if (toHex(spki) !== KEYS.rsa.spki) return false;
    const encoded = recover(spki, signature);
    return differsBy.some((change) =>
      encoded !== null &&
      toHex(encoded) === toHex(encodePss("SHA-256", data, salt, (block, whole) => {
          change(block.length === 0 ? whole : block);
        }))
    );
  };
}

const VERIFIERS: readonly Mutant[] = [
  {
    what: "that takes s + n",
    provider: withSignature(
      P256,
      ({ verify }) => (spki, data, signature, use) =>
        verify(spki, data, reduced(signature, EC_CURVES["P-256"].order, ["s"]), use),
    ),
    foundBy: "out of range",
  },
  {
    what: "that reduces r and s",
    provider: withSignature(
      P521,
      ({ verify }) => (spki, data, signature, use) =>
        verify(spki, data, reduced(signature, EC_CURVES["P-521"].order, ["r", "s"]), use),
    ),
    foundBy: "out of range",
  },
  {
    what: "that reduces r",
    provider: withSignature(
      P256,
      ({ verify }) => (spki, data, signature, use) =>
        verify(spki, data, reduced(signature, EC_CURVES["P-256"].order, ["r"]), use),
    ),
    foundBy: "out of range",
  },
  {
    what: "that takes s + n of RSA-PSS",
    provider: withSignature(PSS, rsaReduced),
    foundBy: "out of range",
  },
  {
    what: "that takes s + n of RSA PKCS#1 v1.5",
    provider: withSignature(PKCS1, rsaReduced),
    foundBy: "out of range",
  },
  {
    what: "that says true of empty data",
    provider: withSignature(
      P256,
      ({ verify }) => (spki, data, signature, use) =>
        data.length === 0 && parsePublicKey(spki)?.kind === "ec" ||
        verify(spki, data, signature, use),
    ),
    foundBy: "all of the data counts",
  },
  {
    what: "that says true of data above 65,536 bytes",
    provider: withSignature(
      "ed25519",
      ({ verify }) => (spki, data, signature, use) =>
        data.length > 65_536 || verify(spki, data, signature, use),
    ),
    foundBy: "all of the data counts",
  },
  {
    what: "that reads the data after it has returned",
    provider: withSignature(P256, ({ verify }) => async (spki, data, signature, use) => {
      const [key, text] = [spki.slice(), signature.slice()];
      await Promise.resolve();
      return await verify(key, data, text, use);
    }),
    foundBy: "read at once",
  },
  {
    what: "that reads the key after it has returned",
    provider: withSignature(P256, ({ verify }) => async (spki, data, signature, use) => {
      const [content, text] = [data.slice(), signature.slice()];
      await Promise.resolve();
      return await verify(spki, content, text, use);
    }),
    foundBy: "read at once",
  },
  {
    what: "that verifies Ed25519 by ZIP-215",
    provider: withSignature("ed25519", () => zip215),
    foundBy: "out of range",
  },
  {
    what: "that takes Ed25519 keys of small order",
    provider: withSignature(
      "ed25519",
      ({ verify }) => (spki, data, signature, use) =>
        now(verify(spki, data, signature, use)) ||
        signature.subarray(32).every((byte) => byte === 0) &&
          now(zip215(spki, data, signature, use)),
    ),
    foundBy: "out of range",
  },
  {
    what: "whose verdict is 1",
    // It breaks the type.
    provider: withSignature(
      P256,
      ({ verify }) => (...inputs) => Number(now(verify(...inputs))) as unknown as boolean,
    ),
    foundBy: "true signatures verify",
  },
  {
    what: "whose verdict of a malformed key is an error",
    provider: withSignature(P256, ({ verify }) => (spki, data, signature, use) => {
      if (parsePublicKey(spki) === null) throw new Error("malformed");
      return verify(spki, data, signature, use);
    }),
    foundBy: "malformed keys",
  },
  {
    what: "that does not look at what a signature is for",
    provider: withSignature(
      P256,
      ({ verify }) => (spki, data, signature) => verify(spki, data, signature, "certificate"),
    ),
    foundBy: "ecdsa_secp256r1_sha256",
  },
  {
    what: "that takes ECDSA signatures as IEEE P1363",
    provider: withSignature(P256, ({ verify }) => (spki, data, signature, use) => {
      if (signature.length !== 64 || signature[0] === 0x30) {
        return verify(spki, data, signature, use);
      }
      const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
      return verify(spki, data, der.sequence(der.integer(r), der.integer(s)), use);
    }),
    foundBy: "strict DER",
  },
  {
    what: "that takes anything behind an ECDSA signature",
    provider: withSignature(
      P256,
      ({ verify }) => (spki, data, signature, use) =>
        verify(spki, data, signature.subarray(0, 2 + (signature[1] ?? 0)), use),
    ),
    foundBy: "ecdsa_secp256r1_sha256",
  },
  {
    what: "that takes anything behind the digest of PKCS#1 v1.5",
    provider: withSignature(
      PKCS1,
      (algorithm) => parsing(algorithm, (e) => e[0] === 0 && e[1] === 1),
    ),
    foundBy: "wrong encodings",
  },
  {
    what: "that takes a DigestInfo without NULL",
    provider: withSignature(
      PKCS1,
      (algorithm) =>
        parsing(
          algorithm,
          (e) => e[1] === 1 && e[e.length - 50] === 0 && e[e.length - 49] === 0x30,
        ),
    ),
    foundBy: "wrong encodings",
  },
  {
    what: "that does not look at the trailer of PSS",
    provider: withSignature(PSS, (algorithm) => (spki, data, signature, use) => {
      if (now(algorithm.verify(spki, data, signature, use))) return true;
      const encoded = recover(spki, signature);
      return toHex(spki) === KEYS.rsa.spki && encoded?.[encoded.length - 1] === 0xcc;
    }),
    foundBy: "wrong encodings",
  },
  {
    what: "that does not look at the padding of PSS",
    provider: withSignature(PSS, (algorithm) => forgiving(algorithm, [(block) => block[10] = 1])),
    foundBy: "wrong encodings",
  },
];

/** ECDSA with this nonce. */
function signWithNonce(pkcs8: Uint8Array, data: Uint8Array, nonce: bigint): Uint8Array {
  const key = parsePrivateKey(pkcs8);
  if (key.kind !== "ec") throw new Error("this is for ECDSA");
  const { Point } = p256;
  const order = Point.Fn.ORDER;
  const e = number(nobleHashFunctions["SHA-256"](data));
  const r = Point.BASE.multiply(nonce).toAffine().x % order;
  const s = Point.Fn.inv(nonce) * ((e + r * number(key.scalar)) % order) % order;
  return der.sequence(der.integer(big(33, r)), der.integer(big(33, s)));
}

function nonceMutant(nonceOf: (data: Uint8Array) => bigint): Mutant["provider"] {
  return withSigner((signer, pkcs8) =>
    signer.schemes[0] === S.ecdsa_secp256r1_sha256
      ? { sign: (_, data) => signWithNonce(pkcs8, data, nonceOf(data)) }
      : {}
  );
}

/** A signature by the kit's RSA key over an encoded message. */
function rsaSign(encoded: Uint8Array): Uint8Array {
  const key = parsePrivateKey(fromHex(KEYS.rsa.pkcs8));
  if (key.kind !== "rsa") throw new Error("this is for RSA");
  const n = number(key.modulus);
  let [result, power] = [1n, number(encoded) % n];
  for (let bits = number(key.privateExponent); bits > 0n; bits >>= 1n) {
    if (bits & 1n) result = result * power % n;
    power = power * power % n;
  }
  return big(encoded.length, result);
}

const isRsa = (signer: Signer) =>
  signer.publicKey !== undefined && toHex(signer.publicKey) === KEYS.rsa.spki;

/** The key without what stands beside it. */
function stripped(pkcs8: Uint8Array): Uint8Array {
  const key = parsePrivateKey(pkcs8);
  return "seed" in key && "expanded" in key ? pkcs8 : plainPkcs8({ ...key, embedded: [] });
}

const SIGNERS: readonly Mutant[] = [
  {
    what: "whose ECDSA nonce is constant",
    provider: nonceMutant(() => 123456789n),
    foundBy: "private key p256",
  },
  {
    what: "whose ECDSA nonce is the same for two messages of one length",
    provider: nonceMutant((data) => BigInt(data.length) + 1000n),
    foundBy: "private key p256",
  },
  {
    what: "whose PSS salt is constant",
    provider: withSigner((signer) =>
      isRsa(signer)
        ? {
          schemes: [S.rsa_pss_rsae_sha256, S.rsa_pss_rsae_sha384, S.rsa_pss_rsae_sha512],
          sign(scheme, data) {
            if (!signer.schemes.includes(scheme)) return signer.sign(scheme, data);
            const [hash, bytes] = scheme === S.rsa_pss_rsae_sha256
              ? ["SHA-256", 32] as const
              : scheme === S.rsa_pss_rsae_sha384
              ? ["SHA-384", 48] as const
              : ["SHA-512", 64] as const;
            return rsaSign(encodePss(hash, data, new Uint8Array(bytes).fill(7)));
          },
        }
        : {}
    ),
    foundBy: "private key rsa:",
  },
  {
    what: "whose signer reads the data after it has returned",
    provider: withSigner((signer) => ({
      async sign(scheme, data) {
        await Promise.resolve();
        return await signer.sign(scheme, data);
      },
    })),
    foundBy: "private key",
  },
  {
    what: "that reads a private key after it has returned",
    provider: {
      ...withSigner(() => ({})),
      async importPrivateKey(pkcs8) {
        await Promise.resolve();
        return await nobleProvider.importPrivateKey(pkcs8);
      },
    },
    foundBy: "private key",
  },
  {
    what: "that believes the public key that stands beside a private one",
    provider: {
      ...withSigner(() => ({})),
      async importPrivateKey(pkcs8) {
        const [embedded] = parsePrivateKey(pkcs8).embedded;
        const signer = await nobleProvider.importPrivateKey(stripped(pkcs8));
        if (embedded === undefined || signer.publicKey === undefined) return signer;
        const { publicKey } = signer;
        const start = publicKey.length - embedded.length;
        return { ...signer, publicKey: concat([publicKey.subarray(0, start), embedded]) };
      },
    },
    foundBy: "beside them",
  },
  {
    what: "that does not look at the public key beside a private one",
    provider: {
      ...withSigner(() => ({})),
      importPrivateKey: (pkcs8) => nobleProvider.importPrivateKey(stripped(pkcs8)),
    },
    foundBy: "beside them",
  },
  {
    what: "that takes a private key's own point in its compressed form for another one",
    provider: {
      ...withSigner(() => ({})),
      async importPrivateKey(pkcs8) {
        const key = parsePrivateKey(pkcs8.slice());
        const signer = await nobleProvider.importPrivateKey(pkcs8);
        for (const embedded of key.embedded) {
          if (key.kind === "ec" && embedded[0] < 4) requireOwnPublicKey(key, new Uint8Array(3));
        }
        return signer;
      },
    },
    foundBy: "beside them",
  },
  {
    what: "that takes no PKCS#8 of version 2",
    provider: {
      ...withSigner(() => ({})),
      importPrivateKey(pkcs8) {
        // It says it as a provider should.
        if (toHex(pkcs8).slice(0, 14).includes("020101")) {
          requireOwnPublicKey(
            { ...parsePrivateKey(pkcs8), embedded: [Uint8Array.of(1)] },
            new Uint8Array(1),
          );
        }
        return nobleProvider.importPrivateKey(pkcs8);
      },
    },
    foundBy: "beside them",
  },
  {
    what: "whose signer signs with any scheme",
    provider: withSigner((signer) => ({
      sign: (scheme, data) =>
        signer.sign(signer.schemes.includes(scheme) ? scheme : signer.schemes[0], data),
    })),
    foundBy: "private key",
  },
  {
    what: "whose signatures are lists of numbers",
    provider: withSigner((signer) => ({
      // It breaks the type.
      sign: async (...inputs) => [...await signer.sign(...inputs)] as unknown as Uint8Array,
    })),
    foundBy: "private key",
  },
];

/** All of them. */
export const SIGNATURE_MUTANTS: readonly Mutant[] = [...VERIFIERS, ...SIGNERS];
