import { assert, assertEquals, assertThrows } from "@std/assert";
import { concat, der, DerReader, encodePem, fromHex, TlsError, toHex } from "@sealane/wire";
import { KEYS } from "./conformance/signature_vectors.ts";
import { encodeKeyAlgorithm } from "./key_info.ts";
import { derToPkcs8, importPrivateKey, pemToPkcs8 } from "./keys.ts";
import { nativeProvider } from "./native/mod.ts";
import { encodePkcs8 } from "./private_key.ts";
import { PROVIDERS, readTestData } from "./testdata/support.ts";

/** What the OCTET STRING of a PKCS#8 document holds. */
function innerKey(pkcs8: Uint8Array): Uint8Array {
  const reader = new DerReader(pkcs8, "test");
  return reader.sequence("info", (info) => {
    info.number("version");
    info.element("algorithm");
    return info.octetString("privateKey");
  });
}

/** The ECPrivateKey of a PKCS#8 document, with its curve in it, as `EC PRIVATE KEY` files have it. */
function sec1(pkcs8: Uint8Array, curveOid: string): Uint8Array {
  const reader = new DerReader(innerKey(pkcs8), "test");
  return reader.sequence("ECPrivateKey", (key) => {
    const version = key.element("version").raw;
    const scalar = key.element("privateKey").raw;
    const publicKey = key.element("publicKey").raw;
    return der.sequence(
      version,
      scalar,
      der.explicit(0, der.objectIdentifier(curveOid)),
      publicKey,
    );
  });
}

const p384 = fromHex(KEYS.p384.pkcs8);
const p384Sec1 = sec1(p384, "1.3.132.0.34");
const rsa = fromHex(KEYS.rsa.pkcs8);

for (const provider of PROVIDERS) {
  Deno.test(`private keys in PKCS#8, SEC1 and PKCS#1, PEM and DER, on ${provider.name}`, async () => {
    const forms: [string | Uint8Array, string][] = [
      [p384, KEYS.p384.spki],
      [encodePem("PRIVATE KEY", p384), KEYS.p384.spki],
      [p384Sec1, KEYS.p384.spki],
      [encodePem("EC PRIVATE KEY", p384Sec1), KEYS.p384.spki],
      [
        encodePem("EC PARAMETERS", der.objectIdentifier("1.3.132.0.34")) +
        encodePem("EC PRIVATE KEY", p384Sec1) + encodePem("CERTIFICATE", new Uint8Array(3)),
        KEYS.p384.spki,
      ],
      [innerKey(rsa), KEYS.rsa.spki],
      [encodePem("RSA PRIVATE KEY", innerKey(rsa)), KEYS.rsa.spki],
    ];
    for (const [key, spki] of forms) {
      const signer = await importPrivateKey(provider, key);
      assertEquals(toHex(signer.publicKey ?? fromHex("")), spki);
    }
  });

  Deno.test(`ML-DSA keys as seed, expanded key and both on ${provider.name}`, async () => {
    const { cases } = readTestData<{ cases: Record<string, string>[] }>("ml_dsa.json");
    const seed = fromHex(cases[0].seed);
    const { ml_dsa44 } = await import("@noble/post-quantum/ml-dsa.js");
    const expanded = ml_dsa44.keygen(seed).secretKey;
    const other = ml_dsa44.keygen(new Uint8Array(32)).secretKey;
    const algorithm = encodeKeyAlgorithm({ kind: "mldsa44" });
    const pkcs8 = (inner: Uint8Array) => encodePkcs8(algorithm, inner);
    const both = (key: Uint8Array) => der.sequence(der.octetString(seed), der.octetString(key));
    for (const inner of [der.implicit(0, seed), der.octetString(expanded), both(expanded)]) {
      const signer = await provider.importPrivateKey(pkcs8(inner));
      assertEquals(toHex(signer.publicKey ?? fromHex("")).endsWith(cases[0].publicKey), true);
    }
    for (
      const inner of [
        both(other),
        der.octetString(expanded.subarray(1)),
        der.implicit(0, seed.subarray(1)),
      ]
    ) {
      assertThrows(() => provider.importPrivateKey(pkcs8(inner)), TlsError);
    }
  });
}

Deno.test("PKCS#8 of version 2 with attributes and a public key", async () => {
  const seed = innerKey(fromHex(KEYS.ed25519.pkcs8));
  const document = der.sequence(
    der.integer(1),
    encodeKeyAlgorithm({ kind: "ed25519" }),
    der.octetString(seed),
    der.explicit(0),
    der.implicit(1, concat([Uint8Array.of(0), fromHex(KEYS.ed25519.spki).subarray(-32)])),
  );
  for (const provider of PROVIDERS) {
    const signer = await provider.importPrivateKey(document);
    assertEquals(toHex(signer.publicKey ?? fromHex("")), KEYS.ed25519.spki);
  }
});

Deno.test("row 272: a private key is told by its content, and what is no single one is api/config", async () => {
  const pem = encodePem("PRIVATE KEY", p384);
  const refused: (string | Uint8Array)[] = [
    "",
    pem.slice(0, 100),
    encodePem("CERTIFICATE", p384),
    pem + pem,
    new Uint8Array(0),
    der.sequence(der.integer(0), der.nullValue()),
    // A SEC1 key that does not say its curve.
    innerKey(p384),
    concat([p384Sec1, Uint8Array.of(1)]),
    // Its curve is another one than that of the algorithm.
    encodePkcs8(encodeKeyAlgorithm({ kind: "ec", curve: "P-256" }), p384Sec1),
  ];
  for (const [i, key] of refused.entries()) {
    const error = assertThrows(() => importPrivateKey(nativeProvider, key), TlsError);
    assert(error instanceof TlsError);
    assertEquals(error.code, "api/config", `form ${i}: ${error.message}`);
  }
  for (
    const label of ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"]
  ) {
    assertEquals(pemToPkcs8(encodePem(label, p384)), p384);
    const signer = await importPrivateKey(nativeProvider, encodePem(label, p384Sec1));
    assertEquals(toHex(signer.publicKey ?? fromHex("")), KEYS.p384.spki);
  }
  assertEquals(derToPkcs8(concat([p384, new Uint8Array(3)])), p384);
  assertEquals(derToPkcs8(p384), p384);
});
