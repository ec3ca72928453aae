import { assert } from "@std/assert";
import fc from "fast-check";
import { nativeProvider as provider } from "@sealane/providers/native";
import { der, fromHex, TlsError } from "@sealane/wire";
import { parseCertificate } from "../certificate/certificate.ts";
import { ExtensionId, KeyPurpose } from "../certificate/extensions.ts";
import { createTestAuthority, encodeExtension } from "./authority.ts";
import { TrustStore } from "../path/trust.ts";
import { verifyServerCertificate } from "../path/verify.ts";

const subtree = der.sequence(der.implicit(2, new TextEncoder().encode("example.com")));
const policy = der.objectIdentifier("2.16.840.1.101.3.2.1.48.1");
const root = await createTestAuthority(provider);
const middle = await root.intermediate({
  extensions: [
    encodeExtension(ExtensionId.nameConstraints, der.sequence(der.explicit(0, subtree))),
    encodeExtension(ExtensionId.certificatePolicies, der.sequence(der.sequence(policy))),
    encodeExtension(ExtensionId.policyMappings, der.sequence(der.sequence(policy, policy))),
    encodeExtension(ExtensionId.policyConstraints, der.sequence(der.implicit(0, fromHex("05")))),
  ],
});
const { chain } = await middle.issue({
  names: ["example.com", "www.example.com"],
  extKeyUsage: [KeyPurpose.serverAuth],
  extensions: [
    encodeExtension(ExtensionId.certificatePolicies, der.sequence(der.sequence(policy))),
    encodeExtension(ExtensionId.tlsFeature, der.sequence(der.integer(5))),
  ],
});
const trust = TrustStore.fromCertificates([root.certificate]);
const now = Date.now();

/** Bytes written over, cut out or put in, at some places. */
const mutations = fc.array(
  fc.record({
    at: fc.nat(),
    cut: fc.nat({ max: 4 }),
    put: fc.uint8Array({ maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 4 },
);

function mutate(bytes: Uint8Array, edits: { at: number; cut: number; put: Uint8Array }[]) {
  const result = [...bytes];
  for (const { at, cut, put } of edits) result.splice(at % result.length, cut, ...put);
  return Uint8Array.from(result);
}

function onlyTlsErrors(body: () => unknown): void {
  const began = performance.now();
  try {
    body();
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
  }
  assert(performance.now() - began < 1000, "it took longer than a second");
}

Deno.test("the chain that is mutated below is valid", () => {
  verifyServerCertificate({ chain, serverName: "example.com", now, trust, provider });
});

Deno.test("random bytes as a certificate throw nothing but TlsError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    onlyTlsErrors(() => parseCertificate(bytes));
    onlyTlsErrors(() => parseCertificate(der.sequence(der.sequence(bytes))));
  }));
});

Deno.test("mutated certificates throw nothing but TlsError", () => {
  fc.assert(
    fc.property(mutations, fc.nat({ max: 1 }), (edits, which) => {
      const mutated = mutate(chain[which], edits);
      const sent = which === 0 ? [mutated, chain[1]] : [chain[0], mutated];
      onlyTlsErrors(() => parseCertificate(mutated));
      onlyTlsErrors(() =>
        verifyServerCertificate({ chain: sent, serverName: "example.com", now, trust, provider })
      );
    }),
    { numRuns: 1000 },
  );
});

Deno.test("mutated extensions throw nothing but TlsError", () => {
  const { extensions: { list } } = parseCertificate(middle.certificate);
  const { extensions: { list: more } } = parseCertificate(chain[0]);
  const all = [...list, ...more];
  const { raw } = parseCertificate(chain[0]);
  fc.assert(
    fc.property(mutations, fc.nat(), (edits, which) => {
      const { id, value } = all[which % all.length];
      const extension = encodeExtension(id, mutate(value, edits));
      const certificate = der.sequence(
        ...splitAroundExtensions(raw, der.explicit(3, der.sequence(extension))),
      );
      onlyTlsErrors(() => parseCertificate(certificate));
    }),
    { numRuns: 1000 },
  );
});

/** The parts of a certificate with other extensions in it, so that mutations get past the lengths around them. */
function splitAroundExtensions(raw: Uint8Array, extensions: Uint8Array): Uint8Array[] {
  const { signatureAlgorithm, signature, serialNumber, issuer, subject, subjectPublicKeyInfo } =
    parseCertificate(raw);
  const tbs = der.sequence(
    der.explicit(0, der.integer(2)),
    der.integer(serialNumber),
    signatureAlgorithm.raw,
    issuer.raw,
    der.sequence(der.time(0), der.time(now)),
    subject.raw,
    subjectPublicKeyInfo.raw,
    extensions,
  );
  return [tbs, signatureAlgorithm.raw, der.bitString(signature)];
}
