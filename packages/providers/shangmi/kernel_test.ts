import { assert } from "@std/assert";
import { loadKernel } from "./kernel.ts";

Deno.test("the kernel runs here, and is made once", () => {
  const kernel = loadKernel();
  assert(kernel !== null && kernel === loadKernel());
});

Deno.test("the fallback serves where WebAssembly is unavailable", async () => {
  const script = `
    const { WebAssembly: _ } = globalThis;
    globalThis.WebAssembly = undefined;
    const { engine } = await import(${
    JSON.stringify(new URL("choose_engine.ts", import.meta.url).href)
  });
    const { shangmiProvider } = await import(${
    JSON.stringify(new URL("mod.ts", import.meta.url).href)
  });
    const [group] = shangmiProvider.groups;
    const pair = group.generate();
    const answer = group.respond(pair.share);
    const ok = pair.complete(answer.share).every((byte, i) => byte === answer.secret[i]);
    console.log(engine().name, ok);
  `;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", script],
    cwd: new URL("../../..", import.meta.url).pathname,
  }).output();
  const text = new TextDecoder().decode(stdout).trim();
  assert(text === "typescript true", new TextDecoder().decode(stderr));
});
