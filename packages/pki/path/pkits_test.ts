import { isPromise } from "@sealane/providers";
import { assert, assertEquals } from "@std/assert";
import { nativeProvider } from "@sealane/providers/native";
import { TlsError } from "@sealane/wire";
import { verifyPath } from "./path.ts";
import type { PolicyInputs } from "./policy.ts";
import { TrustStore } from "./trust.ts";

interface PkitsTest {
  number: string;
  title: string;
  certs: string[];
  shouldValidate: boolean;
  info: Record<string, string>;
}

const folder = Deno.env.get("SEALANE_VECTORS") ??
  new URL("../../../../shared/vectors", import.meta.url).pathname;

function load(): { tests: PkitsTest[]; certificates: Record<string, string> } | null {
  try {
    return JSON.parse(Deno.readTextFileSync(`${folder}/pkits.json`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
const pkits = load();

const bytes = (name: string) =>
  Uint8Array.from(atob(pkits?.certificates[name] ?? ""), (c) => c.charCodeAt(0));

/** Sections that are about CRLs, and tests elsewhere that are invalid for what a CRL says or lacks. */
const CRL_SECTIONS = ["4.4", "4.14", "4.15"];
const CRL_TESTS = ["4.5.2", "4.5.5", "4.5.7", "4.7.4", "4.7.5"];
const DSA_TESTS = ["4.1.4", "4.1.5", "4.1.6"];

type Kind = "applies" | "valid whatever the CRLs say" | "needs CRLs" | "needs DSA";

function kindOf({ number, shouldValidate }: PkitsTest): Kind {
  if (DSA_TESTS.includes(number)) return "needs DSA";
  if (CRL_TESTS.includes(number)) return "needs CRLs";
  if (!CRL_SECTIONS.includes(number.split(".", 2).join("."))) return "applies";
  return shouldValidate ? "valid whatever the CRLs say" : "needs CRLs";
}

/** The error that an invalid path of a section has to give: a path that fails for another reason shows nothing. */
const CODES: Record<string, string[]> = {
  "4.1": ["peer/bad-certificate", "peer/decode-error"],
  "4.2": ["peer/certificate-expired"],
  "4.3": ["peer/unknown-ca"],
  "4.16": ["peer/unsupported-certificate"],
};

/** What an invalid path is refused for, in words. */
const REASONS: Record<string, RegExp> = {
  "4.1": /signature/,
  "4.2": /expired|not valid before/,
  "4.3": /no path leads/,
  "4.5": /signature does not verify|not a CA's|no path/,
  "4.6": /not a CA's|more CAs follow/,
  "4.7": /keyUsage/,
  "4.8": /polic/,
  "4.9": /polic/,
  "4.10": /polic|maps anyPolicy/,
  "4.11": /polic/,
  "4.12": /polic/,
  "4.13": /permitted|excluded/,
  "4.16": /critical extension/,
};

const oid = (name: string) =>
  name === "anyPolicy"
    ? "2.5.29.32.0"
    : `2.16.840.1.101.3.2.1.48.${/NIST-test-policy-(\d+)/.exec(name)?.[1]}`;
const oids = (list: string) => list.split(",").filter((name) => name !== "").map(oid);

function verify({ certs, info }: PkitsTest): readonly string[] | TlsError {
  const policies: PolicyInputs = {
    ...("SetInitialPolicySet" in info ? { acceptable: oids(info.SetInitialPolicySet) } : {}),
    requireExplicit: info.SetInitialExplicitPolicy === "true",
    inhibitMapping: info.SetInitialPolicyMappingInhibit === "true",
    inhibitAny: info.SetInitialInhibitAnyPolicy === "true",
  };
  const [anchor, ...path] = certs.map(bytes);
  const trust = TrustStore.fromCertificates([anchor]);
  const now = Date.UTC(2015, 0, 1);
  try {
    const verified = verifyPath(path.reverse(), { now, trust, provider: nativeProvider, policies });
    assert(!isPromise(verified), "a synchronous provider must not suspend");
    return verified.policies;
  } catch (error) {
    assert(error instanceof TlsError, String(error));
    return error;
  }
}

const counts: Record<Kind, number> = {
  "applies": 0,
  "valid whatever the CRLs say": 0,
  "needs CRLs": 0,
  "needs DSA": 0,
};
for (const test of pkits?.tests ?? []) {
  const kind = kindOf(test);
  counts[kind]++;
  if (kind.startsWith("needs")) continue;
  const { number, title, shouldValidate, info } = test;
  Deno.test(`PKITS ${number} ${title} is ${shouldValidate ? "valid" : "refused"}`, () => {
    const result = verify(test);
    if (shouldValidate) {
      assert(!(result instanceof TlsError), String(result));
      if ("SetUserConstrainedPolicySet" in info) {
        assertEquals([...result].sort(), oids(info.SetUserConstrainedPolicySet).sort());
      }
      return;
    }
    assert(result instanceof TlsError, "the path is invalid but was accepted");
    const section = number.split(".", 2).join(".");
    assert((CODES[section] ?? ["peer/bad-certificate"]).includes(result.code), result.code);
    assert(REASONS[section].test(result.message), result.message);
  });
}

Deno.test({
  name: pkits === null ? "PKITS (needs SEALANE_VECTORS)" : "PKITS: 247 tests, of which 173 apply",
  ignore: pkits === null,
  fn() {
    console.log(`PKITS: ${JSON.stringify(counts)}`);
    assertEquals(Object.values(counts).reduce((a, b) => a + b), 247);
    assertEquals(counts, {
      "applies": 173,
      "valid whatever the CRLs say": 25,
      "needs CRLs": 46,
      "needs DSA": 3,
    });
  },
});
