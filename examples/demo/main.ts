/**
 * `deno task demo`: live TLS 1.3 connections between Sealane and stacks that nobody here wrote, in both roles, a line for
 * each. With an address (`deno task demo https://example.com/`) it fetches that instead.
 *
 * @module
 */
import { readArguments, refuse, type Usage } from "../../tools/arguments.ts";

const USAGE: Usage = {
  task: "demo",
  about:
    "Live connections between Sealane and the TLS and QUIC stacks that are on this machine, a line for each.",
  words: { name: "ADDRESS", about: "an https address: fetches that instead", most: 1 },
};
const { words: [address] } = readArguments(USAGE);
if (address !== undefined && !(URL.canParse(address) && new URL(address).protocol === "https:")) {
  refuse(USAGE, `${address} is not an https address`);
}
// Imported only now, since the modules look which programs there are.
const ok = address === undefined
  ? await (await import("./connections.ts")).haveConnections()
  : await (await import("./fetch.ts")).fetchPage(new URL(address));
Deno.exit(ok ? 0 : 1);
