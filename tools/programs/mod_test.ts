import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { environment, type HidingFolder, pathWithOnly } from "./hiding.ts";
import { missingProgram, PROGRAM_NAMES, type ProgramName, runProgram } from "./mod.ts";

const MODULE = new URL("mod.ts", import.meta.url).href;

/** What a process that finds programs in `folder` alone says of each. */
async function ask(
  { path }: HidingFolder,
  programs: readonly ProgramName[],
): Promise<Record<string, string | null>> {
  const script = `
    const { missingProgram } = await import(${JSON.stringify(MODULE)});
    const answers = {};
    for (const name of ${JSON.stringify(programs)}) answers[name] = await missingProgram(name);
    console.log(JSON.stringify(answers));
  `;
  const { success, stdout, stderr } = await runProgram(
    { path: Deno.execPath() },
    ["eval", "--no-check", script],
    { env: environment(path), clearEnv: true },
  );
  assert(success, stderr);
  return JSON.parse(stdout);
}

Deno.test("without any program all are missing, and Deno that runs itself as node is not Node", async () => {
  await using nothing = await pathWithOnly();
  for (const [name, missing] of Object.entries(await ask(nothing, PROGRAM_NAMES))) {
    if (name === "node" && missing?.includes("not the program")) continue;
    assertEquals(missing, `${name} is not installed`);
  }
});

Deno.test("Deno and Bun that run as node are not Node", async () => {
  for (const [version, says] of [["v26.3.0", "2.9.6,"], ["v24.3.0", ",1.2.0"]]) {
    await using folder = await pathWithOnly();
    const script = `#!/bin/sh\necho ${version},${says}\n`;
    await Deno.writeTextFile(`${folder.path}/node`, script, { mode: 0o755 });
    const { node } = await ask(folder, ["node"]);
    assertStringIncludes(node ?? "", `node is not the program of that name: it says "${version}`);
  }
});

Deno.test("Deno alone on PATH is not Node", async () => {
  await using folder = await pathWithOnly();
  await Deno.symlink(Deno.execPath(), `${folder.path}/deno`);
  const { node } = await ask(folder, ["node"]);
  assert(node?.startsWith("node is not "), `${node}`);
});

for (const name of PROGRAM_NAMES) {
  Deno.test(`${name} that is hidden is missing`, async () => {
    await using folder = await pathWithOnly(...PROGRAM_NAMES.filter((other) => other !== name));
    const missing = (await ask(folder, [name]))[name];
    assert(missing?.startsWith(`${name} is not `), `${missing}`);
  });
}

Deno.test("other programs under the names are not the real ones", async () => {
  await using folder = await pathWithOnly();
  for (const name of PROGRAM_NAMES) {
    const file = `${folder.path}/${name}`;
    await Deno.writeTextFile(file, "#!/bin/sh\necho something else\n", { mode: 0o755 });
  }
  for (const [name, missing] of Object.entries(await ask(folder, PROGRAM_NAMES))) {
    const said = 'is not the program of that name: it says "something else"';
    assertEquals(missing, `${name} ${said}`);
  }
});

Deno.test("a program that fails is not the real one", async () => {
  await using folder = await pathWithOnly();
  const file = `${folder.path}/openssl`;
  await Deno.writeTextFile(file, "#!/bin/sh\necho OpenSSL 3.5.0\nexit 1\n", { mode: 0o755 });
  const { openssl } = await ask(folder, ["openssl"]);
  assertStringIncludes(openssl ?? "", "is not the program of that name");
});

Deno.test("a program that is missing rejects, and does not throw at once", async () => {
  const running = runProgram({ path: "/nowhere/nothing" }, []);
  await assertRejects(() => running, Deno.errors.NotFound);
  assertEquals(await missingProgram(), null);
});
