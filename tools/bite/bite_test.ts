import { assert, assertEquals, assertThrows } from "@std/assert";
import { nativeProvider } from "@sealane/providers/native";
import { bitten } from "./bitten.ts";
import { ENTRY_POINTS, RESULTS, UTILITIES } from "./entry_points.ts";

const root = new URL("../../", import.meta.url);

class Example {
  static make(): Example {
    return new Example();
  }
  static readonly limit = 5;
  go(): number {
    return Example.limit;
  }
}

Deno.test("functions, classes and their static functions throw in the place of an entry point", () => {
  const message = "x is replaced by a throw";
  assertThrows(() => bitten(() => 1, "x")(), Error, message);
  const Bitten = bitten(Example, "x");
  assertThrows(() => new Bitten(), Error, message);
  assertThrows(() => Bitten.make(), Error, message);
  assertEquals(Bitten.limit, 5);
  assert(new Example() instanceof Bitten);
  const One = bitten(Example, "x", "make");
  assertThrows(() => One.make(), Error, message);
  assertEquals(new One().go(), 5);
});

Deno.test("a provider keeps its data, and every function of it throws", () => {
  const provider = bitten(nativeProvider, "x");
  assertEquals(provider.name, nativeProvider.name);
  assertEquals(
    provider.cipherSuites.map(({ id }) => id),
    nativeProvider.cipherSuites.map(({ id }) => id),
  );
  assertThrows(() => provider.random(1));
  assertThrows(() => provider.groups[0].generate());
  assertThrows(() => ({ ...provider }).cipherSuites[0].hash.create());
});

for (const file of new Set(ENTRY_POINTS.map(({ file }) => file))) {
  Deno.test(`the entry points of ${file} exist`, async () => {
    const module: Record<string, unknown> = await import(new URL(file, root).href);
    for (const { name, member } of ENTRY_POINTS.filter((entry) => entry.file === file)) {
      const found = module[name];
      assert(found !== undefined, name);
      if (member !== undefined) {
        assert(typeof Reflect.get(Object(found), member) === "function", member);
      }
    }
  });
}

for (const file of ["packages/tls/deno.ts", "packages/tls/node.ts"]) {
  Deno.test(`every function that ${file} exports is an entry point or a result`, async () => {
    const module: Record<string, unknown> = await import(new URL(file, root).href);
    for (const [name, value] of Object.entries(module)) {
      if (typeof value !== "function" || RESULTS.includes(name) || UTILITIES.includes(name)) {
        continue;
      }
      const listed = ENTRY_POINTS.some((entry) => entry.file === file && entry.name === name);
      assert(listed, `${name} is missing in tools/bite/entry_points.ts`);
    }
  });
}
