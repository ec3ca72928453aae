import { assertEquals, assertThrows } from "@std/assert";
import { der, DerReader, SignatureScheme as S, TlsError } from "@sealane/wire";
import { parseSubjectPublicKeyInfo, readAlgorithmIdentifier } from "./public_key.ts";
import {
  certificateSignatureScheme,
  signatureAlgorithmIdentifier,
  signatureSchemesOfKey,
} from "./signature_algorithm.ts";

const parse = (raw: Uint8Array) => readAlgorithmIdentifier(new DerReader(raw, "test"), "algorithm");
const oid = der.objectIdentifier;
const keyOf = (...algorithm: Uint8Array[]) =>
  parseSubjectPublicKeyInfo(
    der.sequence(der.sequence(...algorithm), der.bitString(new Uint8Array(1))),
  );
const rsa = keyOf(oid("1.2.840.113549.1.1.1"), der.nullValue());
const pss = keyOf(oid("1.2.840.113549.1.1.10"));

Deno.test("every scheme that signs certificates goes to its algorithm and back", () => {
  const schemes = [
    S.rsa_pkcs1_sha256,
    S.rsa_pkcs1_sha384,
    S.rsa_pkcs1_sha512,
    S.ecdsa_secp256r1_sha256,
    S.ecdsa_secp384r1_sha384,
    S.ecdsa_secp521r1_sha512,
    S.rsa_pss_rsae_sha256,
    S.rsa_pss_rsae_sha384,
    S.rsa_pss_rsae_sha512,
    S.ed25519,
    S.ed448,
    S.mldsa44,
    S.mldsa65,
    S.mldsa87,
    S.sm2sig_sm3,
  ];
  for (const scheme of schemes) {
    const algorithm = parse(signatureAlgorithmIdentifier(scheme));
    assertEquals(certificateSignatureScheme(algorithm, rsa), scheme);
  }
  const algorithm = parse(signatureAlgorithmIdentifier(S.rsa_pss_pss_sha384));
  assertEquals(certificateSignatureScheme(algorithm, pss), S.rsa_pss_pss_sha384);
  assertThrows(() => signatureAlgorithmIdentifier(S.rsa_pkcs1_sha1), TlsError, "0x201");
});

Deno.test("RSA may leave its parameters out, the others must", () => {
  const make = (id: string, ...parameters: Uint8Array[]) =>
    parse(der.sequence(oid(id), ...parameters));
  const rsaId = "1.2.840.113549.1.1.11";
  assertEquals(certificateSignatureScheme(make(rsaId), rsa), S.rsa_pkcs1_sha256);
  for (
    const algorithm of [
      make(rsaId, der.integer(1)),
      make("1.2.840.10045.4.3.2", der.nullValue()),
      make("1.3.101.112", der.nullValue()),
      make("1.2.3"),
    ]
  ) {
    const error = assertThrows(() => certificateSignatureScheme(algorithm, rsa), TlsError);
    assertEquals(error.code, "peer/unsupported-certificate");
  }
});

Deno.test("MD5 and SHA-1 are refused as RFC 9846 says", () => {
  for (const id of ["1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.10045.4.1"]) {
    const algorithm = parse(der.sequence(oid(id), der.nullValue()));
    const error = assertThrows(
      () => certificateSignatureScheme(algorithm, rsa),
      TlsError,
      "broken",
    );
    assertEquals(error.code, "peer/bad-certificate");
  }
});

Deno.test("RSASSA-PSS is taken with the three sets of parameters of TLS only", () => {
  const hash = (id: string) => der.sequence(oid(id), der.nullValue());
  const [sha1, sha256, sha384] = [
    "1.3.14.3.2.26",
    "2.16.840.1.101.3.4.2.1",
    "2.16.840.1.101.3.4.2.2",
  ]
    .map(hash);
  const mgf1 = (inner: Uint8Array, id = "1.2.840.113549.1.1.8") => der.sequence(oid(id), inner);
  const make = (...fields: Uint8Array[]) =>
    parse(der.sequence(oid("1.2.840.113549.1.1.10"), der.sequence(...fields)));
  const [h, m] = [der.explicit(0, sha256), der.explicit(1, mgf1(sha256))];
  const salt = der.explicit(2, der.integer(32));
  const trailer = (n: number) => der.explicit(3, der.integer(n));
  assertEquals(certificateSignatureScheme(make(h, m, salt), rsa), S.rsa_pss_rsae_sha256);
  assertEquals(certificateSignatureScheme(make(h, m, salt, trailer(1)), pss), S.rsa_pss_pss_sha256);
  for (
    const algorithm of [
      parse(der.sequence(oid("1.2.840.113549.1.1.10"))),
      make(),
      make(der.explicit(0, sha1), der.explicit(1, mgf1(sha1)), der.explicit(2, der.integer(20))),
      make(h, der.explicit(1, mgf1(sha384)), salt),
      make(h, der.explicit(1, mgf1(sha256, "1.2.3")), salt),
      make(h, m, der.explicit(2, der.integer(20))),
      make(h, m, salt, trailer(2)),
      make(h, m, salt, trailer(1), der.nullValue()),
      make(h, m),
    ]
  ) {
    assertThrows(() => certificateSignatureScheme(algorithm, rsa), TlsError, "not supported");
  }
});

Deno.test("keys have the schemes that RFC 9846 gives them", () => {
  const ec = (curve: string) => keyOf(oid("1.2.840.10045.2.1"), oid(curve));
  assertEquals(signatureSchemesOfKey(rsa), [0x0804, 0x0805, 0x0806]);
  assertEquals(signatureSchemesOfKey(pss), [0x0809, 0x080a, 0x080b]);
  const limited = keyOf(
    ...[parse(signatureAlgorithmIdentifier(S.rsa_pss_pss_sha384))].flatMap(({ parameters }) =>
      parameters === undefined ? [] : [oid("1.2.840.113549.1.1.10"), parameters]
    ),
  );
  assertEquals(signatureSchemesOfKey(limited), [S.rsa_pss_pss_sha384]);
  assertEquals(signatureSchemesOfKey(ec("1.2.840.10045.3.1.7")), [S.ecdsa_secp256r1_sha256]);
  assertEquals(signatureSchemesOfKey(ec("1.3.132.0.35")), [S.ecdsa_secp521r1_sha512]);
  assertEquals(signatureSchemesOfKey(ec("1.2.156.10197.1.301")), [S.sm2sig_sm3]);
  assertEquals(signatureSchemesOfKey(ec("1.3.132.0.10")), []);
  assertEquals(signatureSchemesOfKey(keyOf(oid("1.3.101.112"))), [S.ed25519]);
  assertEquals(signatureSchemesOfKey(keyOf(oid("1.3.101.112"), der.nullValue())), []);
  assertEquals(signatureSchemesOfKey(keyOf(oid("2.16.840.1.101.3.4.3.18"))), [S.mldsa65]);
  // The identifiers of signature algorithms name no keys.
  assertEquals(signatureSchemesOfKey(keyOf(oid("1.2.840.10045.4.3.2"))), []);
  assertEquals(signatureSchemesOfKey(keyOf(oid("1.2.840.113549.1.1.11"))), []);
  assertEquals(signatureSchemesOfKey(keyOf(oid("1.2.156.10197.1.501"))), []);
});
