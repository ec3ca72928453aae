/**
 * Two lists of code points side by side, for errors that say what both ends have.
 *
 * @module
 */

/** Most names of a list: the rest is counted. */
const MOST = 24;

function names(list: readonly number[], nameOf: (id: number) => string): string {
  if (list.length === 0) return "nothing";
  const more = list.length > MOST ? ` and ${list.length - MOST} more` : "";
  return list.slice(0, MOST).map(nameOf).join(", ") + more;
}

/** What the peer offers and what we have, by name; long lists are cut. */
export function compared(
  theirs: readonly number[],
  ours: readonly number[],
  nameOf: (id: number) => string,
): string {
  return `it offers ${names(theirs, nameOf)}; we have ${names(ours, nameOf)}`;
}
