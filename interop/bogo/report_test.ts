import { assertEquals, assertStringIncludes } from "@std/assert";
import { formatLine, formatTable, summarize } from "./report.ts";

const data = {
  revision: "test",
  tests: 10,
  features: {
    curves: { tls: ["Curve-A", "Curve-B"], quic: [] },
    extensions: { tls: ["Ext-TLS"], quic: ["Ext-QUIC"] },
  },
};
const results = {
  tests: {
    "Curve-A": { actual: "PASS" },
    "Curve-B": { actual: "FAIL", error: "no" },
    "Ext-QUIC": { actual: "SKIP" },
    "Somewhere": { actual: "PASS" },
  },
};

Deno.test("results are counted by feature and protocol, unknown tests too", () => {
  const summary = summarize(results, data, 10);
  assertEquals(summary.rows, [
    { feature: "curves", passed: 1, failed: 1, unimplemented: 0 },
    { feature: "extensions (QUIC)", passed: 0, failed: 0, unimplemented: 1 },
    { feature: "other", passed: 1, failed: 0, unimplemented: 0 },
  ]);
  assertEquals(summary.failures, ["Curve-B"]);
  assertStringIncludes(formatTable(summary), "extensions (QUIC)");
});

Deno.test("the last line names all four counts; what was not run is disabled", () => {
  const line = formatLine(summarize(results, data, 10));
  assertEquals(line, "bogo: 2 passed, 1 failed, 1 unimplemented, 6 disabled");
});
