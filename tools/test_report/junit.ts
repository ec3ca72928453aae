/**
 * Reads the JUnit report of `deno test`.
 *
 * @module
 */

/** What came of a test. */
export interface TestCase {
  /** The name of the test. */
  readonly name: string;
  /** The module that it is in. */
  readonly file: string;
  /** What came of it. */
  readonly outcome: "passed" | "failed" | "skipped";
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

function unescape(text: string): string {
  return text.replace(/&(#x?[0-9a-fA-F]+|\w+);/g, (whole, entity: string) => {
    if (!entity.startsWith("#")) return ENTITIES[entity] ?? whole;
    const hexadecimal = entity[1] === "x";
    return String.fromCodePoint(parseInt(entity.slice(hexadecimal ? 2 : 1), hexadecimal ? 16 : 10));
  });
}

function attribute(tag: string, name: string): string {
  return unescape(new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? "");
}

/** The test cases of a report, in its order. */
export function readReport(xml: string): TestCase[] {
  const cases: TestCase[] = [];
  for (const [, tag, body] of xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const failed = /<(failure|error)\b/.test(body ?? "");
    const skipped = /<skipped\b/.test(body ?? "");
    cases.push({
      name: attribute(tag, "name"),
      file: attribute(tag, "classname"),
      outcome: failed ? "failed" : skipped ? "skipped" : "passed",
    });
  }
  return cases;
}
