/**
 * Inputs that cost as much as they can within the limits, for every function of `pki` that takes what a peer sends; and as a
 * program, what each costs: one line of JSON a function, in milliseconds of CPU, the least of some runs.
 *
 * @module
 */
import type { CryptoProvider } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { der, DerTag, TlsError, utf8 } from "@sealane/wire";
import { MAX_CERTIFICATE_BYTES, parseCertificate } from "../certificate/certificate.ts";
import { ExtensionId } from "../certificate/extensions.ts";
import { parseSubjectPublicKeyInfo, rsaModulusBits } from "../certificate/public_key.ts";
import { DEFAULT_PATH_LIMITS } from "../limits.ts";
import {
  formatDistinguishedName,
  MAX_NAME_BYTES,
  parseDistinguishedName,
} from "../names/distinguished_name.ts";
import { parseIpAddress } from "../names/ip_address.ts";
import { verifyPath } from "../path/path.ts";
import { referenceIdentity } from "../names/reference_identity.ts";
import { checkServerName, matchesServerName } from "../path/service_identity.ts";
import { TrustStore } from "../path/trust.ts";
import { MAX_OCSP_BYTES, parseOcspResponse } from "../status/ocsp_response.ts";
import { verifyOcspResponse } from "../status/ocsp.ts";
import { verifyTimestamps } from "../status/sct.ts";
import { readCertificateFile } from "../certificate/pem.ts";
import { orderChain } from "../certificate/chain_order.ts";
import { createTestAuthority, encodeExtension, issueCertificate } from "./authority.ts";

/** A function at work on one input. */
export interface WorstInput {
  /** The function and what makes the input expensive. */
  readonly name: string;
  /** Calls the function; what it throws does not matter. */
  readonly call: () => unknown;
}

/** Signatures are the provider's to bound: here they are all valid, and cost nothing. */
const provider: CryptoProvider = {
  ...nativeProvider,
  signatures: nativeProvider.signatures.map((each) => ({ ...each, verify: () => true })),
};

const root = await createTestAuthority(nativeProvider, { subject: "Root" });
const trust = TrustStore.fromCertificates([root.certificate]);
const now = Date.now();
/** What a certificate has besides the part that fills it. */
const SPARE = 700;
const FULL = MAX_CERTIFICATE_BYTES - SPARE;

/** As many units as fit into a number of bytes. */
function fill(unit: Uint8Array, bytes: number): Uint8Array {
  const filled = new Uint8Array(Math.floor(bytes / unit.length) * unit.length);
  for (let at = 0; at < filled.length; at += unit.length) filled.set(unit, at);
  return filled;
}

/** As many different units as fit. */
function fillWith(unit: (index: number) => Uint8Array, bytes: number): Uint8Array {
  const units: Uint8Array[] = [];
  for (let left = bytes - unit(0).length; left > 0; left -= units[units.length - 1].length) {
    units.push(unit(units.length));
  }
  return Uint8Array.from(units.flatMap((each) => [...each]));
}

const rootCertificate = parseCertificate(root.certificate);
const rootKey = rootCertificate.subjectPublicKeyInfo.raw;

/** A certificate of the root for a subject, with extensions. */
function certificate(
  extensions: readonly Uint8Array[],
  subject: string | Uint8Array = "Worst",
  issuer = rootCertificate.subject.raw,
): Uint8Array {
  const signer = { schemes: root.signer.schemes, sign: () => new Uint8Array(70) };
  const issued = issueCertificate({ publicKey: rootKey, subject, extensions }, {
    signer,
    name: issuer,
  });
  if (!(issued instanceof Uint8Array)) throw new Error("the signer is synchronous");
  return issued;
}
const withExtension = (id: string, content: Uint8Array) =>
  certificate([encodeExtension(id, der.sequence(content))]);

const distinguishedName = (tag: number, value: Uint8Array) =>
  der.sequence(
    der.setOf(der.sequence(der.objectIdentifier("2.5.4.3"), der.element(tag, value))),
  );
const attribute = der.sequence(
  der.element(DerTag.objectIdentifier, Uint8Array.of(0x2a)),
  der.text(""),
);
/** An object identifier of its own for each index. */
const oid = (index: number) =>
  der.element(
    DerTag.objectIdentifier,
    Uint8Array.of(0x2a, 0xc0 | (index >> 14), 0x80 | (index >> 7 & 127), index & 127),
  );
const longOid = der.element(
  DerTag.objectIdentifier,
  new Uint8Array(247).map((_, i) => i % 19 === 18 ? 1 : 0xff),
);

const NAME = MAX_NAME_BYTES - 40;
const names: Readonly<Record<string, Uint8Array>> = {
  "marks that reorder": distinguishedName(12, utf8(`a${"\u0301\u0316".repeat(NAME / 5)}`)),
  "marks at the limit": distinguishedName(
    12,
    fill(utf8(`a${"\u0301\u0316".repeat(15)}`), NAME),
  ),
  "halfwidth marks": distinguishedName(12, fill(utf8("\uff9e\u0316"), NAME)),
  "characters that grow 18 times": distinguishedName(12, fill(utf8("\ufdfa"), NAME)),
  "BMPString": distinguishedName(DerTag.bmpString, fill(Uint8Array.of(0xfd, 0xfa), NAME)),
  "UniversalString": distinguishedName(
    DerTag.universalString,
    fill(Uint8Array.of(0, 0, 0xfd, 0xfa), NAME),
  ),
  "TeletexString": distinguishedName(DerTag.teletexString, fill(Uint8Array.of(0xe9), NAME)),
  "spaces": distinguishedName(12, utf8(`é${" ".repeat(NAME - 10)}x`)),
  "one RDN of many attributes": der.sequence(der.element(DerTag.set, fill(attribute, NAME))),
  "many RDNs": der.sequence(fill(der.setOf(attribute), NAME)),
  "long object identifiers": der.sequence(
    fill(der.setOf(der.sequence(longOid, der.text(""))), NAME),
  ),
  "no text": distinguishedName(DerTag.octetString, fill(Uint8Array.of(0xe9), NAME)),
};

/** Certificates in which one thing is repeated until they are full. */
const certificates: Readonly<Record<string, Uint8Array>> = {
  "empty dNSNames": withExtension(
    ExtensionId.subjectAltName,
    fill(der.implicit(2, utf8("")), FULL),
  ),
  "as many dNSNames as may be": withExtension(
    ExtensionId.subjectAltName,
    fill(der.implicit(2, utf8("*.a")), FULL / 2),
  ),
  "one long dNSName": withExtension(
    ExtensionId.subjectAltName,
    der.implicit(2, utf8("a.".repeat(FULL / 2))),
  ),
  "directoryNames": withExtension(
    ExtensionId.subjectAltName,
    fill(der.explicit(4, der.sequence(der.setOf(attribute))), FULL),
  ),
  "large directoryNames": withExtension(
    ExtensionId.subjectAltName,
    fill(der.explicit(4, names["characters that grow 18 times"]), FULL),
  ),
  "purposes": withExtension(ExtensionId.extKeyUsage, fill(oid(0), FULL)),
  "long purposes": withExtension(ExtensionId.extKeyUsage, fill(longOid, FULL)),
  "policies": withExtension(
    ExtensionId.certificatePolicies,
    fillWith((i) => der.sequence(oid(i)), FULL / 2),
  ),
  "mappings": withExtension(
    ExtensionId.policyMappings,
    fillWith((i) => der.sequence(oid(0), oid(i)), FULL / 2),
  ),
  "constraints": withExtension(
    ExtensionId.nameConstraints,
    der.explicit(0, fill(der.sequence(der.implicit(2, utf8(""))), FULL)),
  ),
  "features": withExtension(ExtensionId.tlsFeature, fill(der.integer(5), FULL)),
  "extensions": certificate([
    fillWith((i) => der.sequence(oid(i), der.octetString(new Uint8Array())), FULL),
  ]),
  "timestamps": certificate([
    encodeExtension(
      "1.3.6.1.4.1.11129.2.4.2",
      der.octetString(Uint8Array.of(0xff, 0xfd, ...fill(Uint8Array.of(0, 1, 0), 0xfffd))),
    ),
  ]),
};

const CA = encodeExtension(ExtensionId.basicConstraints, der.sequence(der.boolean(true)), true);

/** Chains that use up what a verification may cost in one way. */
function chains(): Record<string, Uint8Array[]> {
  const { bytes, certificates: count } = DEFAULT_PATH_LIMITS;
  const names = (text: string, share: number) =>
    encodeExtension(
      ExtensionId.subjectAltName,
      der.sequence(fill(der.implicit(2, utf8(text)), bytes * share - 2 * SPARE)),
    );
  const constraints = (text: string, share: number, kind: 0 | 1) =>
    encodeExtension(
      ExtensionId.nameConstraints,
      der.sequence(
        der.explicit(
          kind,
          fill(der.sequence(der.implicit(2, utf8(text))), bytes * share - 2 * SPARE),
        ),
      ),
    );
  const common = (text: string) =>
    der.sequence(der.setOf(der.sequence(der.objectIdentifier("2.5.4.3"), der.text(text))));
  const small = Math.floor(bytes / count) - 600;
  const large = distinguishedName(12, fill(utf8("\ufdfa"), small / 2));
  return {
    "names under excluded subtrees": [
      certificate([names("a.b.c.d.e.f", 1 / 2)], "Leaf", common("CA")),
      certificate([CA, constraints("z.test", 1 / 2, 1)], "CA"),
    ],
    "names under permitted subtrees": [
      certificate([names("a.b.c.test", 1 / 2)], "Leaf", common("CA")),
      certificate([CA, constraints("test", 1 / 2, 0)], "CA"),
    ],
    "names of many labels": [
      certificate([names("a.".repeat(126) + "b", 2 / 3)], "Leaf", common("CA")),
      certificate([CA, constraints("z.test", 1 / 3, 1)], "CA"),
    ],
    "many certificates of one name": [
      certificate([], "Leaf", common("CA")),
      ...Array.from(
        { length: count - 1 },
        (_, i) => issueWithKey(fill(Uint8Array.of(i), small), common("CA")),
      ),
    ],
    "names that cost to normalise": Array.from(
      { length: count },
      () => certificate([CA], large, large),
    ),
    "one large certificate of many paths": [
      certificate(
        [encodeExtension(ExtensionId.extKeyUsage, der.sequence(fill(oid(0), bytes / 2)))],
        "Leaf",
        common("CA"),
      ),
      ...Array.from({ length: 60 }, (_, i) => issueWithKey(Uint8Array.of(4, i), common("CA"))),
    ],
    "policies that are mapped": Array.from({ length: 12 }, (_, i) =>
      certificate(
        [
          CA,
          encodeExtension(
            ExtensionId.certificatePolicies,
            der.sequence(fillWith((j) => der.sequence(oid(j)), bytes / 30)),
          ),
          encodeExtension(
            ExtensionId.policyMappings,
            der.sequence(fillWith((j) => der.sequence(oid(j % 100), oid(j)), bytes / 30)),
          ),
        ],
        `CA ${i}`,
        i === 11 ? undefined : common(`CA ${i + 1}`),
      )),
    ...Object.fromEntries(Object.entries(certificates).map(([what, each]) => [what, [each]])),
  };
}

function issueWithKey(key: Uint8Array, issuer: Uint8Array): Uint8Array {
  const publicKey = der.sequence(der.sequence(der.objectIdentifier("1.2.3")), der.bitString(key));
  const signer = { schemes: root.signer.schemes, sign: () => new Uint8Array(70) };
  const issued = issueCertificate(
    { publicKey, subject: issuer, extensions: [CA] },
    { signer, name: issuer },
  );
  if (!(issued instanceof Uint8Array)) throw new Error("the signer is synchronous");
  return issued;
}

function ocspResponses(): Record<string, Uint8Array> {
  const time = der.text("20250101000000Z", DerTag.generalizedTime);
  const single = (serial: Uint8Array) =>
    der.sequence(
      der.sequence(
        der.sequence(der.objectIdentifier("2.16.840.1.101.3.4.2.3"), der.nullValue()),
        der.octetString(new Uint8Array(1)),
        der.octetString(new Uint8Array(1)),
        der.element(DerTag.integer, serial),
      ),
      der.implicit(0, new Uint8Array()),
      time,
    );
  const response = (answers: Uint8Array, certs: Uint8Array[] = []) => {
    const tbs = der.sequence(
      der.explicit(2, der.octetString(new Uint8Array(20))),
      time,
      der.sequence(answers),
    );
    const basic = der.sequence(
      tbs,
      der.sequence(der.objectIdentifier("1.2.840.10045.4.3.2")),
      der.bitString(new Uint8Array(70)),
      ...(certs.length === 0 ? [] : [der.explicit(0, der.sequence(...certs))]),
    );
    return der.sequence(
      der.element(DerTag.enumerated, Uint8Array.of(0)),
      der.explicit(
        0,
        der.sequence(der.objectIdentifier("1.3.6.1.5.5.7.48.1.1"), der.octetString(basic)),
      ),
    );
  };
  const FULL_OCSP = MAX_OCSP_BYTES - SPARE;
  return {
    "answers": response(fill(single(Uint8Array.of(1)), FULL_OCSP)),
    "answers about this certificate": response(
      fill(single(rootCertificate.serialNumber), FULL_OCSP),
    ),
    "a full certificate": response(single(Uint8Array.of(1)), [
      withExtension(ExtensionId.subjectAltName, fill(der.implicit(2, utf8("")), 15_000)),
      withExtension(ExtensionId.extKeyUsage, fill(oid(0), 40_000)),
    ]),
  };
}

/** Every input, with the function that it is for. */
export function worstInputs(): WorstInput[] {
  const inputs: WorstInput[] = [];
  const add = (name: string, call: () => unknown) => inputs.push({ name, call });
  for (const [what, name] of Object.entries(names)) {
    add(`parseDistinguishedName, its key and text: ${what}`, () => {
      const parsed = parseDistinguishedName(name);
      return [parsed.key, formatDistinguishedName(parsed)];
    });
  }
  for (const [what, raw] of Object.entries(certificates)) {
    add(`parseCertificate: ${what}`, () => parseCertificate(raw));
    add(
      `readCertificateFile and orderChain: ${what}`,
      () => orderChain(readCertificateFile(raw).certificates),
    );
    const parsed = attempt(() => parseCertificate(raw));
    if (parsed === undefined) continue;
    add(`matchesServerName: ${what}`, () => matchesServerName(parsed, "www.example.com"));
    add(`checkServerName: ${what}`, () => checkServerName(parsed, "www.example.com"));
    const logs = [{ publicKey: rootKey }];
    const sct = Uint8Array.of(0, ...new Uint8Array(46));
    add(`verifyTimestamps: ${what}`, () =>
      verifyTimestamps({
        certificate: parsed,
        issuer: rootCertificate,
        timestamps: new Array(1000).fill(sct),
        logs,
        now,
        provider,
      }));
  }
  const serverNames = {
    "letters beyond ASCII": "é".repeat(1 << 20),
    "as long as may be": "é".repeat(1_024),
    "one letter beyond ASCII": `${"a".repeat(1_000)}é${"a".repeat(20)}!`,
    "labels": "a.".repeat(1 << 19),
    "colons": ":".repeat(1 << 20),
    "digits": "1.".repeat(1 << 19),
    "brackets": "[".repeat(1 << 20),
  };
  for (const [what, name] of Object.entries(serverNames)) {
    add(`referenceIdentity: ${what}`, () => referenceIdentity(name));
    add(`matchesServerName: ${what}`, () => matchesServerName(rootCertificate, name));
    add(`parseIpAddress: ${what}`, () => parseIpAddress(name));
  }
  for (const [what, chain] of Object.entries(chains())) {
    add(
      `verifyPath: ${what}`,
      () => verifyPath(chain, { trust, provider, now, purpose: "1.3.6.1.5.5.7.3.1" }),
    );
  }
  for (const [what, response] of Object.entries(ocspResponses())) {
    add(`parseOcspResponse: ${what}`, () => parseOcspResponse(response));
    const options = {
      certificate: rootCertificate,
      issuer: rootCertificate,
      now,
      provider,
      response,
    };
    add(`verifyOcspResponse: ${what}`, () => verifyOcspResponse(options));
  }
  const rsa = (modulus: number) =>
    der.sequence(
      der.sequence(der.objectIdentifier("1.2.840.113549.1.1.1"), der.nullValue()),
      der.bitString(der.sequence(der.integer(new Uint8Array(modulus).fill(0x7f)), der.integer(3))),
    );
  add(
    "rsaModulusBits: a large modulus",
    () => rsaModulusBits(parseSubjectPublicKeyInfo(rsa(FULL))),
  );
  const pem = "-----BEGIN CERTIFICATE-----\n";
  add("readCertificateFile: blocks without end", () => readCertificateFile(pem.repeat(10_000)));
  return inputs;
}

function attempt<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (error instanceof TlsError) return undefined;
    throw error;
  }
}

interface Usage {
  readonly user: number;
  readonly system: number;
}

// The cast: Deno, Node and Bun, which run this as a program, have this global.
const { process } = globalThis as unknown as {
  readonly process: { cpuUsage(before?: Usage): Usage };
};

/** Milliseconds of CPU that a call costs, the least of some: what others do at the same time does not count. */
function cost(call: () => unknown): number {
  let least = Infinity;
  for (let run = 0; run < 8; run++) {
    const before = process.cpuUsage();
    attempt(call);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
    // What is far below the bound, or hopelessly above it, needs no better measurement.
    if (least < 8 || least > 400) break;
  }
  return least;
}

if (import.meta.main) {
  for (const { name, call } of worstInputs()) {
    console.log(JSON.stringify({ name, milliseconds: cost(call) }));
  }
}
