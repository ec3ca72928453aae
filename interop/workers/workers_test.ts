/** Sealane in workerd and in Chromium: a handshake and data with a TLS server that is not ours, with each provider. */
import { assertEquals } from "@std/assert";
import { missingProgram, startProgram } from "@sealane/programs";
import { Miniflare } from "miniflare";
import { bundle } from "../../tools/bundle.ts";
import { makeMaterial, type Material } from "../peers/material.ts";
import { type Answer, PROVIDERS } from "./visit.ts";

/** How long a browser may take on a loaded machine, milliseconds. */
const PATIENCE = 90_000;

const EXTERNAL = ["cloudflare:sockets"];

/** A module of this folder for browsers and Workers. */
const program = (entry: string) => bundle(new URL(entry, import.meta.url), { external: EXTERNAL });

/** A server of Deno's own TLS that echoes; `body` gets its port. */
async function withServer(
  material: Material,
  body: (port: number) => Promise<void>,
): Promise<void> {
  const { cert, key } = await material.identity("ecdsa-p256");
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const serving = (async () => {
    for await (const conn of listener) {
      conn.readable.pipeTo(conn.writable).catch(() => {}); // the client says what went wrong
    }
  })();
  await body(listener.addr.port);
  listener.close();
  await serving;
}

function check(answer: Answer, what: string): void {
  assertEquals([answer.error, answer.same], [undefined, true], what);
}

const WORKERS = [
  { name: "workerd", flags: [] },
  { name: "workerd with nodejs_compat", flags: ["nodejs_compat"] },
];
for (const { name, flags } of WORKERS) {
  Deno.test(`${name}: handshake and data with each provider`, async () => {
    using material = await makeMaterial();
    const worker = new Miniflare({
      cf: false, // what it would fetch about the place where a Worker runs
      modules: true,
      script: await program("worker.ts"),
      compatibilityDate: "2026-04-01",
      compatibilityFlags: [...flags],
    });
    try {
      await withServer(material, async (port) => {
        for (const provider of Object.keys(PROVIDERS)) {
          const query = `port=${port}&provider=${provider}`;
          const response = await worker.dispatchFetch(`http://localhost/?${query}`, {
            method: "POST",
            body: material.ca,
          });
          // What the Worker sends is its own.
          const answer = await response.json() as Answer;
          check(answer, provider);
          const native = provider === "default" && flags.length > 0;
          assertEquals(answer.provider?.includes("native") ?? false, native, answer.provider);
        }
      });
    } finally {
      await worker.dispose();
    }
  });
}

/** A bridge: what comes over the WebSocket goes to the port over TCP, and back. */
async function bridge(socket: WebSocket, port: number): Promise<void> {
  socket.binaryType = "arraybuffer";
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const writer = conn.writable.getWriter();
  socket.onmessage = ({ data }) => void writer.write(new Uint8Array(data)).catch(() => {});
  socket.onclose = () => void writer.close().catch(() => {});
  for await (const chunk of conn.readable) {
    if (socket.readyState === WebSocket.OPEN) socket.send(chunk.slice());
  }
  if (socket.readyState === WebSocket.OPEN) socket.close();
}

/** Serves the page, its program, and the bridge; the promise is what the page posts. */
function servePage(script: string, ca: string, port: number) {
  let answered: (answers: Record<string, Answer>) => void;
  const answers = new Promise<Record<string, Answer>>((resolve) => answered = resolve);
  const html = `<!doctype html><script type="module" src="/page.js"></script>`;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      switch (new URL(request.url).pathname) {
        case "/":
          return new Response(html, { headers: { "content-type": "text/html" } });
        case "/page.js":
          return new Response(script, { headers: { "content-type": "text/javascript" } });
        case "/ca":
          return new Response(ca);
        case "/bridge": {
          const { socket, response } = Deno.upgradeWebSocket(request);
          socket.onopen = () => void bridge(socket, port).catch(() => socket.close());
          return response;
        }
        case "/answers":
          answered(await request.json());
          return new Response();
        default:
          return new Response(null, { status: 404 });
      }
    },
  );
  return { server, answers };
}

const NO_CHROMIUM = await missingProgram("chromium") !== null;

Deno.test({
  name: "Chromium: handshake and data with each provider" +
    (NO_CHROMIUM ? " (needs chromium)" : ""),
  ignore: NO_CHROMIUM,
  // A browser lets go of its sockets when it likes.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    using material = await makeMaterial();
    const script = await program("page.ts");
    const profile = await Deno.makeTempDir({ prefix: "sealane_chromium_" });
    await withServer(material, async (port) => {
      const { server, answers } = servePage(script, material.ca, port);
      const browser = startProgram("chromium", [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"],
        ...["--disable-background-networking", `--user-data-dir=${profile}`],
        `http://127.0.0.1:${server.addr.port}/`,
      ], { stdout: "null", stderr: "null" });
      const timer = setTimeout(() => browser.kill(), PATIENCE);
      try {
        const ended = browser.status.then(() => {
          throw new Error("Chromium ended without an answer");
        });
        const all = await Promise.race([answers, ended]);
        assertEquals(Object.keys(all), Object.keys(PROVIDERS));
        for (const [provider, answer] of Object.entries(all)) check(answer, provider);
        assertEquals(all.default.provider, "webcrypto");
      } finally {
        clearTimeout(timer);
        browser.kill("SIGKILL");
        await browser.status;
        await server.shutdown();
      }
    });
    await Deno.remove(profile, { recursive: true }).catch(() => {}); // it may still be writing there
  },
});
