/**
 * The rooms inside packages, which are their folders: no files that import each other in a circle, and no import from a lower room to a higher one.
 * Imports of types count: a reader follows them as well.
 *
 * @module
 */
import { type Finding, type Import, importsOf, type SourceFile } from "./files.ts";
import { ROOMS } from "./room_order.ts";

/** The file that holds the order, for findings about it. */
const ORDER = "tools/check/room_order.ts";

/** Where people read the order. */
const SHOWN = "docs/architecture.md";

/** An import of one file of the repository by another. */
interface Edge {
  readonly from: string;
  readonly to: string;
  readonly each: Import;
}

/** What breaks the rule. `rooms` has the order of every package by its name. */
export function checkRooms(
  files: readonly SourceFile[],
  rooms: typeof ROOMS = ROOMS,
): Finding[] {
  const sources = files.filter(({ path }) => /\.m?[jt]s$/.test(path));
  const paths = new Set(sources.map(({ path }) => path));
  const edges = sources.flatMap((file) => edgesOf(file, paths));
  const shown = files.find(({ path }) => path === SHOWN);
  const findings = [
    ...checkCircles(edges),
    ...checkOrder(paths, rooms),
    ...(shown === undefined ? [] : checkShown(shown, rooms)),
  ];
  for (const edge of edges) {
    const message = climb(edge, rooms);
    if (message !== null) findings.push({ path: edge.from, line: edge.each.line, message });
  }
  return findings;
}

/** The imports by path. By name only other packages are imported, and these have floors. */
function edgesOf(file: SourceFile, paths: ReadonlySet<string>): Edge[] {
  return importsOf(file).filter(({ specifier }) => specifier.startsWith(".")).map((each) => ({
    from: file.path,
    to: new URL(each.specifier, `file:///${file.path}`).pathname.slice(1),
    each,
  })).filter(({ to }) => paths.has(to));
}

/** The room of a file: its folder, or the file itself if it has a place of its own; with its rank, 0 at the top. */
function roomOf(path: string, order: readonly (readonly string[])[]): [string, number] {
  const inside = path.split("/").slice(2).join("/");
  const folder = inside.slice(0, Math.max(inside.lastIndexOf("/"), 0)) || ".";
  const found = order.findIndex((row) => row.includes(inside));
  if (found >= 0) return [inside, found];
  // A folder in a room belongs to it, unless it has a place of its own.
  for (let room = folder;; room = room.slice(0, room.lastIndexOf("/"))) {
    const rank = order.findIndex((row) => row.includes(room));
    if (rank >= 0 || !room.includes("/")) return [room, rank];
  }
}

/** Tests stand beside their subject and may use everything. */
function isTest(path: string): boolean {
  return path.endsWith("_test.ts") || path.includes("/testdata/");
}

function climb({ from, to, each }: Edge, rooms: typeof ROOMS): string | null {
  const [top, name] = from.split("/");
  if (top !== "packages" || isTest(from) || rooms[name] === undefined) return null;
  const [room, rank] = roomOf(from, rooms[name]);
  const [other, otherRank] = roomOf(to, rooms[name]);
  if (room === other || rank < otherRank || rank < 0 || otherRank < 0) return null;
  const where = rank === otherRank ? "beside" : "above";
  return `imports ${namesOf(each)} from ${to}: the room ${other} is ${where} ${room} (${ORDER})`;
}

function namesOf({ names }: Import): string {
  return names.length === 0 ? "all" : names.join(", ");
}

/** Every room has its place, and every place is a room. */
function checkOrder(paths: ReadonlySet<string>, rooms: typeof ROOMS): Finding[] {
  const findings: Finding[] = [];
  const used = new Set<string>();
  for (const path of paths) {
    const [top, name] = path.split("/");
    if (top !== "packages" || isTest(path)) continue;
    const order = rooms[name] ?? [];
    const [room, rank] = roomOf(path, order);
    used.add(`${name}/${room}`);
    if (rank < 0) {
      findings.push({
        path,
        line: 1,
        message: `is in the room ${room}, which has no place in ${ORDER}`,
      });
    }
  }
  for (const [name, order] of Object.entries(rooms)) {
    for (const room of order.flat()) {
      if (used.has(`${name}/${room}`)) continue;
      const message = `has ${room} for ${name}, where no such room is`;
      findings.push({ path: ORDER, line: 1, message });
    }
  }
  return findings;
}

/** The order of a package as the documentation shows it, from the top down. */
export function orderAsText(order: readonly (readonly string[])[]): string {
  const name = (room: string): string => room === "." ? "the files in the folder" : `\`${room}\``;
  return order.map((row) => row.map(name).join(", ")).join(" → ");
}

/** The documentation has the same order. */
function checkShown({ path, text }: SourceFile, rooms: typeof ROOMS): Finding[] {
  const cells = new Set(text.split("\n").map((line) => line.replace(/\s+/g, " ")));
  return Object.entries(rooms).map(([name, order]) => `| \`${name}\` | ${orderAsText(order)} |`)
    .filter((row) => !cells.has(row))
    .map((row) => ({ path, line: 1, message: `lacks the row ${row} of ${ORDER}` }));
}

/** One finding for each circle: the shortest way around it, with the names that are imported at every step. */
function checkCircles(edges: readonly Edge[]): Finding[] {
  const next = new Map<string, Edge[]>();
  for (const edge of edges) {
    if (edge.from !== edge.to) next.set(edge.from, [...next.get(edge.from) ?? [], edge]);
  }
  const findings: Finding[] = [];
  const told = new Set<string>();
  for (const start of [...next.keys()].sort()) {
    const circle = shortestCircle(start, next);
    if (circle === null || circle.some(({ from }) => told.has(from))) continue;
    for (const { from } of circle) told.add(from);
    const steps = circle.map(({ to, each }) => `imports ${namesOf(each)} from ${to}`);
    const message = `is part of a circle: it ${steps.join(", which ")}`;
    findings.push({ path: start, line: circle[0].each.line, message });
  }
  return findings;
}

/** The shortest way from a file back to itself, or `null`. */
function shortestCircle(start: string, next: ReadonlyMap<string, Edge[]>): Edge[] | null {
  const came = new Map<string, Edge>();
  const queue = [start];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const edge of next.get(path) ?? []) {
      if (came.has(edge.to)) continue;
      came.set(edge.to, edge);
      if (edge.to === start) return wayBack(start, came);
      queue.push(edge.to);
    }
  }
  return null;
}

function wayBack(start: string, came: ReadonlyMap<string, Edge>): Edge[] {
  const way: Edge[] = [];
  let path = start;
  do {
    const edge = came.get(path);
    if (edge === undefined) break;
    way.unshift(edge);
    path = edge.from;
  } while (path !== start);
  return way;
}
