import { assertEquals } from "@std/assert";
import { readReport } from "./junit.ts";
import { isRequiredPeer, skipReason } from "./skips.ts";

Deno.test("report of deno test is read: passed, failed, skipped, with their names unescaped", () => {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="1" errors="0" time="0.1">
    <testsuite name="./a_test.ts" tests="4" disabled="1" errors="0" failures="1">
        <testcase name="a &lt; b &amp; &quot;c&quot; &#39;d&#39; &#x3e;" classname="./a_test.ts" time="0.000" line="1" col="6">
        </testcase>
        <testcase name="empty" classname="./a_test.ts"/>
        <testcase name="bad" classname="./a_test.ts" time="0.1">
            <failure message="Uncaught Error">Error</failure>
        </testcase>
        <testcase name="later (needs openssl)" classname="./a_test.ts" time="0">
            <skipped/>
        </testcase>
    </testsuite>
</testsuites>`;
  assertEquals(readReport(xml), [
    { name: `a < b & "c" 'd' >`, file: "./a_test.ts", outcome: "passed" },
    { name: "empty", file: "./a_test.ts", outcome: "passed" },
    { name: "bad", file: "./a_test.ts", outcome: "failed" },
    { name: "later (needs openssl)", file: "./a_test.ts", outcome: "skipped" },
  ]);
});

Deno.test("reason of a skip stands in the name of the test", () => {
  assertEquals(skipReason("PKITS (needs SEALANE_VECTORS)"), "needs SEALANE_VECTORS");
  assertEquals(skipReason("row (12)"), null);
});

Deno.test("peers that the continuous integration installs are required, vectors are not", () => {
  const names = [
    "a (needs openssl)",
    "a (needs gnutls-cli)",
    "a (needs SEALANE_VECTORS)",
    "openssl",
  ];
  assertEquals(names.map(isRequiredPeer), [true, true, false, false]);
});
