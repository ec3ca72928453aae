import { assert, assertEquals, assertThrows } from "@std/assert";
import { type CryptoProvider, isPromise } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { concat, der, TlsError, type TlsErrorCode } from "@sealane/wire";
import { parseCertificate } from "../certificate/certificate.ts";
import { ExtensionId, KeyPurpose } from "../certificate/extensions.ts";
import { DEFAULT_PATH_LIMITS } from "../limits.ts";
import { verifyPath } from "./path.ts";
import {
  createTestAuthority,
  encodeExtension,
  generateTestKey,
  issueCertificate,
  type IssueOptions,
} from "../testing/authority.ts";
import { TrustStore } from "./trust.ts";
import {
  mustStaple,
  verifyClientCertificate,
  verifyServerCertificate,
  type VerifyServerOptions,
} from "./verify.ts";

const provider = nativeProvider;
const now = Date.now();
const root = await createTestAuthority(provider);
const intermediate = await root.intermediate({ subject: "Intermediate" });
const trust = TrustStore.fromCertificates([root.certificate]);

function verify(chain: readonly Uint8Array[], more: Partial<VerifyServerOptions> = {}) {
  const options = { chain, serverName: "example.com", now, trust, provider, ...more };
  const result = verifyServerCertificate(options);
  assert(!isPromise(result), "a synchronous provider must not suspend");
  return result;
}

function refuses(code: TlsErrorCode, part: string, body: () => unknown) {
  const error = assertThrows(body, TlsError, part);
  assertEquals(error.code, code, error.message);
}

const issue = (options: IssueOptions = {}) =>
  intermediate.issue({ names: ["example.com"], ...options });

Deno.test("a chain through an intermediate is valid, in any order and with strangers in it", async () => {
  const { chain: [leaf, middle] } = await issue();
  const stranger = await createTestAuthority(provider);
  const path = verify([leaf, stranger.certificate, root.certificate, middle]);
  assertEquals(path.certificates.map(({ raw }) => raw), [leaf, middle]);
  assertEquals(path.anchor.certificate?.raw, root.certificate);
});

Deno.test("an asynchronous provider gives a promise of the same path", async () => {
  const slow: CryptoProvider = {
    ...provider,
    signatures: provider.signatures.map((algorithm) => ({
      ...algorithm,
      verify: async (...args) => {
        await Promise.resolve();
        return await algorithm.verify(...args);
      },
    })),
  };
  const { chain } = await issue();
  const options = { chain, serverName: "example.com", now, trust, provider: slow };
  const result = verifyServerCertificate(options);
  assert(isPromise(result));
  assertEquals((await result).certificates.length, 2);
  const other = await createTestAuthority(provider, { subject: "Sealane test CA" });
  const wrong = TrustStore.fromCertificates([other.certificate]);
  try {
    await verifyServerCertificate({ ...options, trust: wrong });
    throw new Error("accepted");
  } catch (error) {
    assert(error instanceof TlsError && error.code === "peer/bad-certificate", String(error));
  }
});

Deno.test("a missing intermediate and an unknown root are unknown-ca", async () => {
  const { chain: [leaf] } = await issue();
  refuses("peer/unknown-ca", "no path leads", () => verify([leaf]));
  const { chain } = await (await createTestAuthority(provider, { subject: "Other" })).issue();
  refuses("peer/unknown-ca", "no path leads", () => verify(chain));
});

Deno.test("a root of the right name and the wrong key is refused by its signature", async () => {
  const impostor = await createTestAuthority(provider, { subject: "Sealane test CA" });
  const { chain } = await impostor.issue({ names: ["example.com"] });
  refuses("peer/bad-certificate", "signature does not verify", () => verify(chain));
});

Deno.test("validity includes both its first and its last second", async () => {
  const [notBefore, notAfter] = [Date.UTC(2030, 0, 1), Date.UTC(2030, 0, 2)];
  const authority = await createTestAuthority(provider, { notAfter: notBefore });
  const trust = TrustStore.fromCertificates([authority.certificate]);
  const { chain } = await authority.issue({ names: ["example.com"], notBefore, notAfter });
  verify(chain, { now: notBefore, trust });
  verify(chain, { now: notAfter + 999, trust });
  refuses("peer/certificate-expired", "is not valid before 2030-01-01", () => {
    verify(chain, { now: notBefore - 1, trust });
  });
  refuses("peer/certificate-expired", "expired 2030-01-02", () => {
    verify(chain, { now: notAfter + 1000, trust });
  });
});

Deno.test("an expired intermediate is passed over for a valid one with the same key", async () => {
  const key = await generateTestKey();
  const old = await root.intermediate({ key, subject: "Crossed", notAfter: now - 10_000 });
  const fresh = await root.intermediate({ key, subject: "Crossed" });
  const { chain: [leaf] } = await fresh.issue({ names: ["example.com"] });
  assertEquals(verify([leaf, ...old.chain, ...fresh.chain]).certificates[1].raw, fresh.certificate);
  refuses("peer/certificate-expired", "expired", () => verify([leaf, ...old.chain]));
});

Deno.test("a cross-signed intermediate leads to whichever root is trusted", async () => {
  const key = await generateTestKey();
  const other = await createTestAuthority(provider, { subject: "Other root" });
  const a = await root.intermediate({ key, subject: "Crossed" });
  const b = await other.intermediate({ key, subject: "Crossed" });
  const { chain: [leaf] } = await a.issue({ names: ["example.com"] });
  const chain = [leaf, b.certificate, a.certificate];
  assertEquals(verify(chain).certificates[1].raw, a.certificate);
  const only = TrustStore.fromCertificates([other.certificate]);
  assertEquals(verify(chain, { trust: only }).certificates[1].raw, b.certificate);
});

Deno.test("intermediates known beforehand complete a chain", async () => {
  const { chain: [leaf, middle] } = await issue();
  assertEquals(
    verify([leaf], { intermediates: [parseCertificate(middle)] }).certificates.length,
    2,
  );
});

Deno.test("an end entity cannot issue certificates", async () => {
  const victim = await issue({ keyUsage: undefined });
  const forged = await issueCertificate(
    { publicKey: victim.publicKey, names: ["example.com"] },
    { name: parseCertificate(victim.chain[0]).subject.raw, signer: victim.signer },
  );
  refuses(
    "peer/bad-certificate",
    "not a CA's",
    () => verify([forged, ...victim.chain], { serverName: "example.com" }),
  );
});

Deno.test("a path length limits the CAs below, also that of the anchor", async () => {
  const flat = await createTestAuthority(provider, { subject: "Flat", ca: { pathLength: 0 } });
  const trust = TrustStore.fromCertificates([flat.certificate]);
  verify((await flat.issue({ names: ["example.com"] })).chain, { trust });
  const { chain } = await (await flat.intermediate()).issue({ names: ["example.com"] });
  refuses("peer/bad-certificate", "more CAs follow", () => verify(chain, { trust }));
});

Deno.test("purposes hold for the end entity and nest through CAs", async () => {
  const { serverAuth, clientAuth, anyExtendedKeyUsage } = KeyPurpose;
  verify((await issue({ extKeyUsage: [serverAuth] })).chain);
  verify((await issue({ extKeyUsage: [anyExtendedKeyUsage] })).chain);
  const { chain } = await issue({ extKeyUsage: [clientAuth] });
  refuses("peer/unsupported-certificate", "extKeyUsage", () => verify(chain));
  assert(!isPromise(verifyClientCertificate({ chain, now, trust, provider })));
  const clients = await root.intermediate({ subject: "Clients", extKeyUsage: [clientAuth] });
  const nested = await clients.issue({ names: ["example.com"], extKeyUsage: [serverAuth] });
  refuses("peer/unsupported-certificate", "extKeyUsage", () => verify(nested.chain));
});

Deno.test("a key that may not sign is a wrong key usage", async () => {
  const { chain } = await issue({ keyUsage: ["keyEncipherment"] });
  refuses("peer/key-usage", "digitalSignature", () => verify(chain));
});

Deno.test("an unknown critical extension is refused in the path, not by the parser", async () => {
  const unknown = encodeExtension("1.2.3.4", der.nullValue(), true);
  const { chain } = await issue({ extensions: [unknown] });
  parseCertificate(chain[0]);
  refuses("peer/unsupported-certificate", "critical extension 1.2.3.4", () => verify(chain));
});

Deno.test("a malformed certificate anywhere in the chain is a decode error", async () => {
  const { chain } = await issue();
  refuses("peer/decode-error", "certificate", () => verify([...chain, new Uint8Array(5)]));
  refuses("peer/decode-error", "certificate", () => verify([chain[0].subarray(1), chain[1]]));
});

Deno.test("a name is required unless the caller says null", async () => {
  const { chain } = await issue();
  refuses("peer/certificate-name", "is not for other.com but for example.com", () => {
    verify(chain, { serverName: "other.com" });
  });
  verify(chain, { serverName: null });
});

Deno.test("a self-signed certificate among the anchors is trusted for itself and for nothing else", async () => {
  const self = await createTestAuthority(provider, {
    subject: "Self",
    ca: false,
    keyUsage: undefined,
    names: ["example.com"],
  });
  const trust = TrustStore.fromCertificates([self.certificate]);
  assertEquals(verify([self.certificate], { trust }).certificates.length, 1);
  refuses("peer/certificate-name", "other.com", () => {
    verify([self.certificate], { trust, serverName: "other.com" });
  });
  refuses("peer/certificate-expired", "expired", () => {
    verify([self.certificate], { trust, now: now + 1e12 });
  });
  const { chain } = await self.issue({ names: ["example.com"] });
  refuses("peer/bad-certificate", "not a CA's", () => verify(chain, { trust }));
});

Deno.test("every kind of key signs a chain that verifies", async () => {
  for (const algorithm of ["ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048"] as const) {
    const authority = await createTestAuthority(provider, { algorithm });
    const trust = TrustStore.fromCertificates([authority.certificate]);
    const { chain } = await authority.issue({ algorithm, names: ["example.com"] });
    assertEquals(verify(chain, { trust }).certificates.length, 1, algorithm);
  }
});

Deno.test("name constraints of a CA and of the anchor hold, wildcards included", async () => {
  const subtree = (name: string) => der.sequence(der.implicit(2, new TextEncoder().encode(name)));
  const constraints = (permitted: string[], excluded: string[]) =>
    encodeExtension(
      ExtensionId.nameConstraints,
      der.sequence(
        ...(permitted.length > 0 ? [der.explicit(0, ...permitted.map(subtree))] : []),
        ...(excluded.length > 0 ? [der.explicit(1, ...excluded.map(subtree))] : []),
      ),
      true,
    );
  const authority = await createTestAuthority(provider, {
    extensions: [constraints(["example.com"], [])],
  });
  const trust = TrustStore.fromCertificates([authority.certificate]);
  const below = await authority.intermediate({
    extensions: [constraints([], ["secret.example.com", ".deep.example.com"])],
  });
  const check = async (name: string) => {
    const { chain } = await below.issue({ names: [name] });
    return () => verify(chain, { trust, serverName: null });
  };
  for (const name of ["example.com", "A.Example.com", "xsecret.example.com", "*.a.example.com"]) {
    (await check(name))();
  }
  for (const name of ["example.org", "notexample.com", "example.com.org", "*.com"]) {
    refuses("peer/bad-certificate", "is not in a permitted subtree", await check(name));
  }
  for (const name of ["secret.example.com", "a.SECRET.example.com", "*.example.com"]) {
    refuses("peer/bad-certificate", "is in an excluded subtree", await check(name));
  }
});

Deno.test("name constraints on addresses hold by mask, and forms that are not understood refuse what they apply to", async () => {
  const constrain = async (...subtrees: Uint8Array[]) => {
    const value = der.sequence(der.explicit(0, ...subtrees.map((base) => der.sequence(base))));
    const authority = await createTestAuthority(provider, {
      extensions: [encodeExtension(ExtensionId.nameConstraints, value, true)],
    });
    const trust = TrustStore.fromCertificates([authority.certificate]);
    return async (options: IssueOptions) => {
      const { chain } = await authority.issue(options);
      return () => verify(chain, { trust, serverName: null });
    };
  };
  const v6 = new Uint8Array(32).fill(0xff, 16, 20);
  v6.set([0x20, 0x01, 0x0d, 0xb8]);
  const addresses = await constrain(
    der.implicit(7, Uint8Array.of(192, 0, 2, 0, 255, 255, 255, 128)),
    der.implicit(7, v6),
  );
  for (const name of ["192.0.2.0", "192.0.2.127", "2001:db8::1", "example.com"]) {
    (await addresses({ names: [name] }))();
  }
  for (const name of ["192.0.2.128", "192.0.3.0", "2001:db9::1", "::ffff:192.0.2.1"]) {
    const check = await addresses({ names: [name] });
    refuses("peer/bad-certificate", "iPAddress is not in a permitted subtree", check);
  }
  const registered = await constrain(der.implicit(8, Uint8Array.of(0x2a, 3)));
  (await registered({ names: ["example.com"] }))();
  const names = der.sequence(der.implicit(8, Uint8Array.of(0x2a, 3)));
  const extensions = [encodeExtension(ExtensionId.subjectAltName, names)];
  refuses("peer/unsupported-certificate", "registeredID", await registered({ extensions }));
  const base = der.implicit(2, new TextEncoder().encode("example.com"));
  const minimum = await constrain(concat([base, der.implicit(0, Uint8Array.of(1))]));
  refuses(
    "peer/unsupported-certificate",
    "minimum or maximum",
    await minimum({ names: ["example.com"] }),
  );
});

Deno.test("RSA keys have 2048 bits unless the caller takes fewer", async () => {
  const pair = await crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength: 1024,
      publicExponent: Uint8Array.of(1, 0, 1),
    },
    true,
    ["sign", "verify"],
  );
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.exportKey("pkcs8", pair.privateKey),
    crypto.subtle.exportKey("spki", pair.publicKey),
  ]);
  const key = { privateKey: new Uint8Array(privateKey), publicKey: new Uint8Array(publicKey) };
  const { chain } = await issue({ key });
  refuses("peer/bad-certificate", "RSA key of 1024 bits", () => verify(chain));
  verify(chain, { minimumRsaBits: 1024 });
});

Deno.test("an unknown qualifier makes critical policies an unknown critical extension", async () => {
  const qualifier = der.sequence(der.objectIdentifier("1.2.3"), der.nullValue());
  const policy = der.sequence(der.objectIdentifier("1.2.3.4"), der.sequence(qualifier));
  const policies = (critical: boolean) => [
    encodeExtension(ExtensionId.certificatePolicies, der.sequence(policy), critical),
  ];
  verify((await issue({ extensions: policies(false) })).chain);
  const { chain } = await issue({ extensions: policies(true) });
  refuses("peer/unsupported-certificate", "critical extension 2.5.29.32", () => verify(chain));
});

Deno.test("must-staple is read from the TLS feature extension", async () => {
  const feature = encodeExtension(ExtensionId.tlsFeature, der.sequence(der.integer(5)));
  const { chain } = await issue({ extensions: [feature] });
  assert(mustStaple(parseCertificate(chain[0])));
  assert(!mustStaple(parseCertificate(chain[1])));
});

Deno.test("too many certificates or bytes are refused before they are parsed", () => {
  const garbage = new Uint8Array(1);
  const many = new Array<Uint8Array>(DEFAULT_PATH_LIMITS.certificates + 1).fill(garbage);
  refuses("peer/bad-certificate", "65 certificates", () => verify(many));
  const large = new Uint8Array(DEFAULT_PATH_LIMITS.bytes + 1);
  refuses("peer/bad-certificate", "131073 bytes", () => verify([large]));
  refuses("peer/bad-certificate", "no certificate", () => verify([]));
});

Deno.test("a web of CAs that sign each other costs no more than the limits say", async () => {
  let verified = 0;
  const counting: CryptoProvider = {
    ...provider,
    signatures: provider.signatures.map((algorithm) => ({
      ...algorithm,
      verify: (...args) => {
        verified++;
        return algorithm.verify(...args);
      },
    })),
  };
  // Every CA has the name of the trusted root and is signed by every other: each way ends at the root, which signed none.
  const keys = await Promise.all(Array.from({ length: 5 }, () => generateTestKey()));
  const signers = await Promise.all(keys.map((key) => provider.importPrivateKey(key.privateKey)));
  const web: Uint8Array[] = [];
  for (const [i, { publicKey }] of keys.entries()) {
    for (const [j, signer] of signers.entries()) {
      if (i === j) continue;
      web.push(
        await issueCertificate({ subject: "Sealane test CA", ca: true, publicKey }, { signer }),
      );
    }
  }
  const leaf = await issueCertificate(
    { names: ["example.com"], publicKey: keys[0].publicKey },
    { name: parseCertificate(web[0]).subject.raw, signer: signers[0] },
  );
  const began = performance.now();
  refuses("peer/bad-certificate", "signature does not verify", () => {
    verify([leaf, ...web], { provider: counting });
  });
  assert(performance.now() - began < 2000);
  // No key is used before the root vouched for it: at most one signature per certificate is looked at.
  assert(verified > 1 && verified <= web.length + 1, `${verified} signatures`);
});

Deno.test("verifyPath finds a path for no purpose and any name", async () => {
  const { chain } = await issue({ names: [] });
  const result = verifyPath(chain, { now, trust, provider });
  assert(!isPromise(result));
  assertEquals(result.certificates.length, 2);
});
