// The test data of BoringSSL's certificate verifier, from the checkout that BORINGSSL_DIR names.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { nativeProvider } from "@sealane/providers/native";
import { decodePem, TlsError } from "@sealane/wire";
import { parseCertificate } from "../certificate/certificate.ts";
import { parseDistinguishedName } from "../names/distinguished_name.ts";
import { KeyPurpose } from "../certificate/extensions.ts";
import { verifyOcspResponse } from "../status/ocsp.ts";
import { verifyPath } from "./path.ts";
import { type TrustAnchor, TrustStore } from "./trust.ts";

const root = Deno.env.get("BORINGSSL_DIR");
const folder = `${root}/pki/testdata`;

/** Where we differ on purpose, and why. */
const DIFFERENCES: Record<string, string> = {
  "intermediate-eku-server-gated-crypto/sha1-eku-any.test": "we refuse SHA-1",
  "issuer-and-subject-not-byte-for-byte-equal/anchor.test": "we refuse SHA-1",
  "issuer-and-subject-not-byte-for-byte-equal/target.test": "we refuse SHA-1",
  "root-lacks-basic-constraints/ta-with-constraints.test": "our anchors of version 3 are CAs",
  "target-msapplicationpolicies-and-eku/main.test": "we do not know Microsoft's policies",
  "many-names/ok-all-types.test": "its names are beyond those permitted",
};

const PURPOSES: Record<string, KeyPurpose | undefined> = {
  SERVER_AUTH: KeyPurpose.serverAuth,
  CLIENT_AUTH: KeyPurpose.clientAuth,
  ANY_EKU: undefined,
};
/** With or without the certificate of the anchor: we have no anchors that expire, nor distrusted ones. */
const TRUST: Record<string, boolean> = {
  TRUSTED_ANCHOR: false,
  TRUSTED_ANCHOR_WITH_CONSTRAINTS: true,
};

function* pathTests(): Generator<string> {
  const base = `${folder}/verify_certificate_chain_unittest`;
  for (const { name } of Deno.readDirSync(base)) {
    if (!Deno.statSync(`${base}/${name}`).isDirectory) continue;
    for (const file of Deno.readDirSync(`${base}/${name}`)) {
      if (file.name.endsWith(".test")) yield `${name}/${file.name}`;
    }
  }
}

interface PathTest {
  chain: Uint8Array[];
  now: number;
  purpose: KeyPurpose | undefined;
  constrained: boolean;
  valid: boolean;
}

/** `null` for a test of something that we do not have. */
function readPathTest(name: string): PathTest | null {
  const base = `${folder}/verify_certificate_chain_unittest/${name}`;
  const text = Deno.readTextFileSync(base);
  const field = (key: string) => new RegExp(`^${key}: (.*)$`, "m").exec(text)?.[1] ?? "";
  const [trust, purpose, time] = ["last_cert_trust", "key_purpose", "utc_time"].map(field);
  if (!Object.hasOwn(TRUST, trust) || !Object.hasOwn(PURPOSES, purpose)) return null;
  const digits = /^\d{12}Z$/.test(time) ? time : "211005120000Z";
  const part = (at: number) => Number(digits.slice(at, at + 2));
  const pem = Deno.readTextFileSync(base.replace(/[^/]*$/, field("chain")));
  return {
    chain: decodePem(pem).filter(({ label }) => label === "CERTIFICATE").map(({ bytes }) => bytes),
    now: Date.UTC(2000 + part(0), part(2) - 1, part(4), part(6), part(8), part(10)),
    purpose: PURPOSES[purpose],
    constrained: TRUST[trust],
    valid: !text.slice(text.indexOf("expected_errors:")).includes("ERROR"),
  };
}

function refusal({ chain, now, purpose, constrained }: PathTest): TlsError | null {
  const last = parseCertificate(chain[chain.length - 1]);
  const { subject, subjectPublicKeyInfo } = last;
  const anchor: TrustAnchor = {
    subject,
    subjectPublicKeyInfo,
    ...(constrained ? { certificate: last } : {}),
  };
  const inputs = { now, ...(purpose === undefined ? {} : { purpose }) };
  try {
    const trust = new TrustStore([anchor]);
    verifyPath(chain.slice(0, -1), { ...inputs, trust, provider: nativeProvider });
    return null;
  } catch (error) {
    assert(error instanceof TlsError, String(error));
    return error;
  }
}

Deno.test({
  name: root === undefined
    ? "BoringSSL's path tests (needs BORINGSSL_DIR)"
    : "BoringSSL's path tests end as there, but for the differences that are named",
  ignore: root === undefined,
  fn() {
    const [counts, differences] = [{ same: 0, notApplicable: 0 }, new Set<string>()];
    for (const name of pathTests()) {
      const test = readPathTest(name);
      if (test === null) counts.notApplicable++;
      else {
        const error = refusal(test);
        if ((error === null) === test.valid) counts.same++;
        else {
          if (!Object.hasOwn(DIFFERENCES, name)) console.log(name, error?.message ?? "accepted");
          differences.add(name);
        }
      }
    }
    console.log(`BoringSSL paths: ${JSON.stringify(counts)}, ${differences.size} differences`);
    assertEquals([...differences].sort(), Object.keys(DIFFERENCES).sort());
    assert(counts.same > 100);
  },
});

/** The names of ocsp_unittest.cc for which CheckOCSP finds an answer in time, whatever it says. */
const OCSP_ANSWERS = [
  "bad_signature",
  "good_response",
  "good_response_next_update",
  "good_response_sha256",
  "has_critical_ct_extension",
  "has_extension",
  "has_single_extension",
  "has_version",
  "multiple_response",
  "multiple_response_good_revoked",
  "ocsp_extra_certs",
  "ocsp_sign_bad_indirect",
  "ocsp_sign_direct",
  "ocsp_sign_indirect",
  "ocsp_sign_indirect_missing",
  "responder_id",
  "responder_name",
  "revoke_response",
  "revoke_response_reason",
  "unknown_response",
];

Deno.test({
  name: root === undefined
    ? "BoringSSL's OCSP tests (needs BORINGSSL_DIR)"
    : "BoringSSL's OCSP responses have an answer where they have one there; their SHA-1 signatures we refuse",
  ignore: root === undefined,
  fn() {
    const answers: string[] = [];
    let count = 0;
    for (const { name } of Deno.readDirSync(`${folder}/ocsp_unittest`)) {
      // A serial number that is not minimal: our parser refuses the certificate.
      if (!name.endsWith(".pem") || name === "good_response_invalid_serial.pem") continue;
      count++;
      const blocks = decodePem(Deno.readTextFileSync(`${folder}/ocsp_unittest/${name}`));
      const block = (wanted: string) =>
        blocks.find(({ label }) => label === wanted)?.bytes ?? new Uint8Array(0);
      try {
        verifyOcspResponse({
          response: block("OCSP RESPONSE"),
          certificate: parseCertificate(block("CERTIFICATE")),
          issuer: parseCertificate(block("CA CERTIFICATE")),
          now: 1488672000000,
          provider: nativeProvider,
          clockSkew: 0,
        });
        answers.push(name);
      } catch (error) {
        assert(error instanceof TlsError && error.code === "peer/ocsp-response", String(error));
        if (/sha1WithRSA|OCSPSigning|not signed by/.test(error.message)) answers.push(name);
      }
    }
    const files = OCSP_ANSWERS.map((name) => `${name}.pem`);
    assertEquals(answers.sort(), files.sort());
    assert(count > 30);
  },
});

Deno.test({
  name: root === undefined
    ? "BoringSSL's name tests (needs BORINGSSL_DIR)"
    : "BoringSSL's names are the same whatever string type, case and white space they are in",
  ignore: root === undefined,
  fn() {
    const keys = new Map<string, Set<string>>();
    for (const { name } of Deno.readDirSync(`${folder}/verify_name_match_unittest/names`)) {
      const [{ bytes }] = decodePem(
        Deno.readTextFileSync(`${folder}/verify_name_match_unittest/names/${name}`),
      );
      if (name.startsWith("invalid-")) {
        assertThrows(() => parseDistinguishedName(bytes), TlsError, "name");
        continue;
      }
      // What is left of the file's name says which names are the same.
      const group = name
        .replace(/(BMP|PRINTABLE|T61|UNIVERSAL)STRING|UTF8/, "*")
        .replace(/unmangled|case_swap|extra_whitespace/, "*")
        .replace(/unnormalized/, "normalized").replace(/sorting_\d/, "sorting");
      const key = parseDistinguishedName(bytes).key;
      keys.set(group, (keys.get(group) ?? new Set()).add(key));
    }
    for (const [group, same] of keys) assertEquals(same.size, 1, group);
    assertEquals(new Set([...keys.values()].flatMap((same) => [...same])).size, keys.size);
    assert(keys.size > 8);
  },
});
