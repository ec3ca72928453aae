/** x509-limbo (C2SP): certificate chains with what other verifiers have disagreed about. */
import { assert, assertEquals } from "@std/assert";
import { isPromise } from "@sealane/providers";
import { nativeProvider as provider } from "@sealane/providers/native";
import { TlsError } from "@sealane/wire";
import { certificatesFromPem } from "../certificate/pem.ts";
import { TrustStore } from "./trust.ts";
import { matchesServerName } from "./service_identity.ts";
import { verifyClientCertificate, verifyServerCertificate } from "./verify.ts";

interface LimboCase {
  readonly id: string;
  readonly validation_kind: "SERVER" | "CLIENT";
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly validation_time: string | null;
  readonly expected_result: "SUCCESS" | "FAILURE";
  readonly expected_peer_name: { readonly kind: string; readonly value: string } | null;
  readonly expected_peer_names: readonly { readonly kind: string; readonly value: string }[];
  readonly max_chain_depth: number | null;
  readonly crls: readonly string[];
}

const folder = Deno.env.get("SEALANE_VECTORS") ??
  new URL("../../../../shared/vectors", import.meta.url).pathname;

function load(): LimboCase[] | null {
  try {
    return JSON.parse(Deno.readTextFileSync(`${folder}/limbo/limbo.json`)).testcases;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
const cases = load();

function verify(test: LimboCase): TlsError | null {
  const [der] = [(pem: string) => certificatesFromPem(pem)[0]];
  const { expected_peer_name: name, max_chain_depth: depth } = test;
  try {
    const options = {
      chain: [test.peer_certificate, ...test.untrusted_intermediates].map(der),
      trust: TrustStore.fromCertificates(test.trusted_certs.map(der)),
      now: test.validation_time === null ? Date.now() : Date.parse(test.validation_time),
      provider,
      // Theirs counts the intermediates, ours the end entity's certificate too.
      limits: { depth: depth === null ? undefined : depth + 1 },
    };
    const verified = test.validation_kind === "SERVER"
      ? verifyServerCertificate({
        ...options,
        serverName: name === null || name.kind === "RFC822" ? null : name.value,
      })
      : verifyClientCertificate(options);
    assert(!isPromise(verified), "a synchronous provider must not suspend");
    for (const { kind, value } of test.expected_peer_names) {
      if (kind === "RFC822") continue;
      assert(matchesServerName(verified.certificates[0], value), `${value} is not matched`);
    }
    return null;
  } catch (error) {
    assert(error instanceof TlsError, String(error));
    return error;
  }
}
/** What we accept though limbo wants it refused, by prefix, with the reason. */
const ACCEPTED: Readonly<Record<string, string>> = {
  "crl::": "revocation lists are not looked at without `crls`",
  "pathological::nc-dos-2":
    "valid, as limbo says itself: refused by those whose work is quadratic; here subtrees are looked up",
  "rfc5280::aki::leaf-missing-aki":
    "RFC 5280 section 4.2.1.1 binds CAs; identifiers are hints for the search",
  "rfc5280::aki::intermediate-missing-aki": "as above",
  "rfc5280::aki::cross-signed-root-missing-aki": "as above",
  "rfc5280::ski::root-missing-ski": "RFC 5280 section 4.2.1.2 binds CAs; old roots have none",
  "rfc5280::ski::intermediate-missing-ski": "as above",
  "rfc5280::nc::permitted-dns-match-noncritical":
    "the constraints are enforced: that they are not critical weakens them for others only",
  "rfc5280::nc::invalid-dnsname-leading-period":
    "CAs in use write it; it covers what is below the name, as in OpenSSL and Go",
  "rfc5280::pc::ica-noncritical-pc": "the constraints are enforced, critical or not",
  "rfc5280::san::noncritical-with-empty-subject": "the names are read, critical or not",
  "rfc5280::san::underscore-dns": "names with underscores are in use, and compared to the letter",
  "rfc5280::serial::too-long":
    "old CAs in use; a serial number is compared to the byte, and bounded by the message",
  "rfc5280::serial::zero": "as above",
  "rfc5280::validity::expired-root":
    "RFC 5937: the dates of a trust anchor are the business of who trusts it",
  "rfc5280::root-non-critical-basic-constraints": "the constraints are enforced, critical or not",
  "webpki::aki::root-with-aki-":
    "CA/B 7.1.2.1.3 binds CAs; an anchor is trusted for its name and key",
  "webpki::cn::":
    "the common name never counts (RFC 9525 section 2): what it says is nothing to anybody",
  "webpki::eku::ee-anyeku":
    "CA/B 7.1.2.7.10 is about the public web; RFC 5280 section 4.2.1.12 allows it",
  "webpki::eku::ee-critical-eku": "the purposes are enforced, critical or not",
  "webpki::eku::ee-without-eku":
    "RFC 5280 section 4.2.1.12: without the extension any purpose is allowed",
  "webpki::eku::root-has-eku": "the purposes of an anchor are enforced",
  "webpki::san::public-suffix-multi-label-wildcard-san": "as below",
  "webpki::san::public-suffix-private-namespace-wildcard-san":
    "there is no list of public suffixes here, as in most TLS stacks",
  "webpki::san::san-critical-with-nonempty-subject": "the names are read, critical or not",
  "webpki::forbidden-rsa-": "moduli of 2,052 bits are stronger than those of 2,048",
};

/** What we refuse though limbo wants it accepted. */
const REFUSED: Readonly<Record<string, string>> = {
  "pathlen::validation-ignores-pathlen-in-leaf":
    "RFC 9846 section 4.5.1.2: the key of a TLS peer has digitalSignature, and this CA's has not",
  "rfc5280::ca-as-leaf": "as above",
  "pathlen::max-chain-depth-1-self-issued":
    "the limit is one of work: it counts certificates, not what RFC 5280 counts for pathLenConstraint",
};

const reasonIn = (table: Readonly<Record<string, string>>, id: string) =>
  Object.keys(table).find((prefix) => id.startsWith(prefix));

for (const test of cases ?? []) {
  const { id, expected_result: expected } = test;
  Deno.test(`limbo ${id}: ${expected}`, () => {
    const error = verify(test);
    const table = expected === "SUCCESS" ? REFUSED : ACCEPTED;
    const reason = reasonIn(table, id);
    const isSuccess = reason === undefined ? expected === "SUCCESS" : expected === "FAILURE";
    assertEquals(error === null, isSuccess, error?.message ?? `accepted, though ${reason}`);
  });
}

Deno.test({
  name: cases === null
    ? "limbo (needs SEALANE_VECTORS)"
    : "limbo: 208 cases, and a reason for each deviation",
  ignore: cases === null,
  fn() {
    assertEquals(cases?.length, 208);
    const deviations = (
      result: LimboCase["expected_result"],
      table: Readonly<Record<string, string>>,
    ) => {
      const ids = (cases ?? []).filter(({ expected_result }) => expected_result === result)
        .flatMap(({ id }) => reasonIn(table, id) ?? []);
      // A reason that no case needs is one too many.
      assertEquals([...new Set(ids)].sort(), Object.keys(table).sort());
      return ids.length;
    };
    console.log(
      `limbo: ${deviations("FAILURE", ACCEPTED)} accepted and ${
        deviations("SUCCESS", REFUSED)
      } refused against the table`,
    );
  },
});
