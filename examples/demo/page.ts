/**
 * A page that shows one handshake: every message with its bytes, its level and its time, as the observer saw them.
 *
 * @module
 */
import type { Level, Observer } from "@sealane/handshake";
import { nativeProvider } from "@sealane/providers/native";
import { handshakeTypeName, NamedGroup, toHex } from "@sealane/wire";
import { denoTls, type Material, openConnection } from "../../interop/peers/mod.ts";
import { extensionsOf } from "./extensions.ts";

interface SeenMessage {
  readonly direction: "read" | "write";
  readonly level: Level;
  readonly bytes: Uint8Array;
  readonly at: number;
}

interface SeenStage {
  readonly stage: string;
  readonly at: number;
}

/** Makes a handshake of a client with the runtime's TLS server, writes its page to `path`, and gives that back. */
export async function writeHandshakePage(material: Material, path: string): Promise<string> {
  const seen: (SeenMessage | SeenStage)[] = [];
  const start = performance.now();
  const observer: Observer = {
    message(direction, level, bytes): void {
      seen.push({ direction, level, bytes: bytes.slice(), at: performance.now() - start });
    },
    stage(stage): void {
      seen.push({ stage, at: performance.now() - start });
    },
  };
  const connection = await openConnection(material, {
    peer: denoTls,
    role: "client",
    provider: nativeProvider,
    group: NamedGroup.secp384r1,
    retry: true,
    more: { observer },
  });
  const { suite } = connection.info;
  await connection.close();
  const title = `A TLS 1.3 handshake: ${suite.name}, with a HelloRetryRequest`;
  await Deno.writeTextFile(path, page(title, seen));
  return path;
}

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
.sides { display: flex; justify-content: space-between; font-weight: 600; }
.message { width: 78%; margin: .4rem 0; border: 1px solid #bbb; border-radius: 6px; padding: .3rem .8rem; }
.read { margin-left: auto; }
.initial { background: #fff4e0; } .handshake { background: #e3f0ff; } .application { background: #e5f7e5; }
.stage { text-align: center; color: #777; font-size: .85rem; }
.note { color: #555; font-size: .85rem; float: right; }
pre { overflow-x: auto; font-size: .8rem; } table { font-size: .85rem; }
td { padding-right: 1.5rem; vertical-align: top; }`;

function page(title: string, seen: readonly (SeenMessage | SeenStage)[]): string {
  const rows = seen.map((entry) => "stage" in entry ? stageRow(entry) : messageRow(entry));
  return `<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style>
<h1>${title}</h1>
<p>Orange is sent in the clear, blue under handshake keys, green under application keys. Open a message to see its bytes.</p>
<p class="sides"><span>Sealane, the client</span><span>Deno TLS, the server</span></p>
${rows.join("\n")}
</html>
`;
}

function stageRow({ stage, at }: SeenStage): string {
  return `<p class="stage">${stage}, ${at.toFixed(1)} ms</p>`;
}

function messageRow({ direction, level, bytes, at }: SeenMessage): string {
  const name = handshakeTypeName(bytes[0]);
  const arrow = direction === "write" ? `${name} →` : `← ${name}`;
  const extensions = extensionsOf(bytes).map(({ name, data }) =>
    `<tr><td>${name}</td><td><code>${toHex(data.subarray(0, 40))}${
      data.length > 40 ? "…" : ""
    }</code></td></tr>`
  );
  const table = extensions.length === 0 ? "" : `<table>${extensions.join("")}</table>`;
  return `<details class="message ${direction} ${level}"><summary>${arrow}
<span class="note">${level}, ${bytes.length} bytes, ${at.toFixed(1)} ms</span></summary>
${table}<pre>${hexDump(bytes)}</pre></details>`;
}

/** Sixteen bytes to a line, with their offset. */
function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const pairs = toHex(bytes.subarray(at, at + 16)).match(/../g) ?? [];
    lines.push(`${at.toString(16).padStart(4, "0")}  ${pairs.join(" ")}`);
  }
  return lines.join("\n");
}
