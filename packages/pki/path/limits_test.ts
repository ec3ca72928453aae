import { assert, assertEquals, assertThrows } from "@std/assert";
import { isPromise } from "@sealane/providers";
import { nativeProvider as provider } from "@sealane/providers/native";
import { TlsError, type TlsErrorCode } from "@sealane/wire";
import { DEFAULT_PATH_LIMITS, type PathLimits } from "../limits.ts";
import { createTestAuthority, generateTestKey, type TestAuthority } from "../testing/authority.ts";
import { verifyPath } from "./path.ts";
import { TrustStore } from "./trust.ts";

const root = await createTestAuthority(provider);
const trust = TrustStore.fromCertificates([root.certificate]);
const now = Date.now();

/** A chain of so many certificates. */
async function chainOf(length: number): Promise<readonly Uint8Array[]> {
  let authority: TestAuthority = root;
  for (let i = 1; i < length; i++) {
    authority = await authority.intermediate({ subject: `CA ${i}` });
  }
  return (await authority.issue({ names: ["deep.test"] })).chain;
}

function refuses(
  chain: readonly Uint8Array[],
  limits: Partial<PathLimits>,
  code: TlsErrorCode,
  part: string,
) {
  const verify = () => verifyPath(chain, { trust, provider, now, limits });
  assertEquals(assertThrows(verify, TlsError, part).code, code);
}

Deno.test("row 270: a path as deep as the limit is judged, a deeper one refused with the limit's name", async () => {
  for (const depth of [36, DEFAULT_PATH_LIMITS.depth]) {
    const chain = await chainOf(depth);
    const path = verifyPath(chain, { trust, provider, now });
    assert(!isPromise(path));
    assertEquals(path.certificates.length, depth);
    const why = `the limit depth of ${depth - 1}`;
    refuses(chain, { depth: depth - 1 }, "peer/unknown-ca", why);
  }
});

Deno.test("row 270: each limit is named by the message of whom it ends", async () => {
  const chain = await chainOf(3);
  const [leaf] = chain;
  const cases: [Partial<PathLimits>, TlsErrorCode, string][] = [
    [
      { certificates: 2 },
      "peer/bad-certificate",
      "3 certificates, more than the limit certificates of 2",
    ],
    [{ bytes: leaf.length }, "peer/bad-certificate", `more than the limit bytes of ${leaf.length}`],
    [{ elements: 30 }, "peer/decode-error", "more elements than the limit allows"],
    [{ depth: 2 }, "peer/unknown-ca", "the limit depth of 2"],
    [{ paths: 0 }, "peer/unknown-ca", "the limit paths of 0"],
    [{ steps: 1 }, "peer/unknown-ca", "the limit steps of 1"],
    [{ signatures: 2 }, "peer/bad-certificate", "the limit signatures of 2"],
    [{ work: 1_000 }, "peer/bad-certificate", "the limit work of 1000"],
  ];
  for (const [limits, code, part] of cases) refuses(chain, limits, code, part);
  assertEquals(cases.map(([limits]) => Object.keys(limits)[0]), Object.keys(DEFAULT_PATH_LIMITS));
});

Deno.test("row 270: a limit that is undefined is the default, not none", async () => {
  const garbage = new Array<Uint8Array>(DEFAULT_PATH_LIMITS.certificates + 1).fill(
    new Uint8Array(1),
  );
  refuses(garbage, { certificates: undefined }, "peer/bad-certificate", "the limit certificates");
  const chain = await chainOf(DEFAULT_PATH_LIMITS.depth + 1);
  const limits = { certificates: 100, signatures: 100, depth: undefined };
  refuses(chain, limits, "peer/unknown-ca", `the limit depth of ${DEFAULT_PATH_LIMITS.depth}`);
  refuses(chain, { depth: NaN }, "api/config", "the limit depth is NaN");
});

Deno.test("a search that a limit ended keeps the reason of the path that it found", async () => {
  const key = await generateTestKey();
  const impostor = await createTestAuthority(provider, { subject: "Sealane test CA" });
  const wrong = await impostor.intermediate({ subject: "Crossed", key });
  const { chain: [leaf] } = await wrong.issue({ names: ["deep.test"] });
  const also = await impostor.intermediate({ subject: "Crossed" });
  const chain = [leaf, wrong.certificate, also.certificate];
  refuses(chain, { steps: 1 }, "peer/bad-certificate", "signature does not verify, and the search");
});
