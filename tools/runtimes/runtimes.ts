/**
 * The runtimes of the table, and where each is from.
 *
 * @module
 */
import { OLDEST } from "../npm/oldest.ts";

/** A runtime that runs JavaScript modules from a file. */
export interface Runtime {
  /** Its name on the command line. */
  readonly name: string;
  /** Its name in the table. */
  readonly title: string;
  /** The npm package that brings it; none for the Deno that runs this. */
  readonly npm?: string;
  /** The path of its executable in `node_modules`. */
  readonly executable?: string;
  /** What stands before the module on its command line. */
  readonly args: readonly string[];
}

const node = (name: string, title: string, version: string): Runtime => ({
  name,
  title,
  npm: `node@${version}`,
  executable: "node/bin/node",
  args: [],
});
const bun = (name: string, title: string, version: string): Runtime => ({
  name,
  title,
  npm: `bun@${version}`,
  executable: "bun/bin/bun.exe",
  args: [],
});

/** All of them, in the order of the table. */
export const RUNTIMES: readonly Runtime[] = [
  node("node20-oldest", "Node 20, the oldest", OLDEST.node),
  node("node20", "Node 20", "20"),
  node("node22", "Node 22", "22"),
  node("node24", "Node 24", "24"),
  node("node-newest", "Node, the newest", "latest"),
  bun("bun-oldest", "Bun, the oldest", OLDEST.bun),
  bun("bun", "Bun, the newest", "latest"),
];
