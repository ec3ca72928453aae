/**
 * Archives in the form that npm takes: `ustar` (POSIX.1-1988), gzipped, all in one folder `package`. The same files make the same
 * archive.
 *
 * @module
 */

const BLOCK = 512;
const encoder = new TextEncoder();

/** Bytes of a path in the header. */
const MAX_PATH = 100;

function header(path: string, size: number): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => block.set(encoder.encode(text), at);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  put(0, path);
  put(100, octal(0o644, 7));
  put(108, octal(0, 7)); // the user
  put(116, octal(0, 7)); // the group
  put(124, octal(size, 11));
  // npm's own archives have this time: that of 1985-10-26, so that tools without a time before 1980 can read them.
  put(136, octal(499_162_500, 11));
  put(148, " ".repeat(8)); // the sum counts its own place as spaces
  put(156, "0"); // a file
  put(257, "ustar\0" + "00");
  let sum = 0;
  for (const byte of block) sum += byte;
  put(148, `${octal(sum, 6)}\0 `);
  return block;
}

/** An archive of `files`, by their paths in the package. */
export async function tarball(files: ReadonlyMap<string, string>): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const [path, text] of [...files].sort(([a], [b]) => a < b ? -1 : 1)) {
    const name = `package/${path}`;
    if (encoder.encode(name).length > MAX_PATH) throw new Error(`${name} is too long for ustar`);
    const content = encoder.encode(text);
    parts.push(Uint8Array.from(header(name, content.length)), content);
    parts.push(new Uint8Array((BLOCK - content.length % BLOCK) % BLOCK));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  const gzip = new Blob(parts).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(gzip).arrayBuffer());
}
