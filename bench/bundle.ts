/**
 * How much a page loads for a client: minified and gzipped. Unlike in the other rows less is better.
 *
 * @module
 */
import { bundle } from "../tools/bundle.ts";
import type { BenchRow } from "./row.ts";

/** What a client with WebCrypto should take at most, bytes gzipped. */
export const BAR = 60_000;

/** Bytes of the smallest client with WebCrypto. */
export async function clientSize(): Promise<{ minified: number; gzipped: number }> {
  const script = await bundle(new URL("clients/webcrypto.ts", import.meta.url), { minify: true });
  const blob = new Blob([script]);
  const gzip = blob.stream().pipeThrough(new CompressionStream("gzip"));
  const { byteLength } = await new Response(gzip).arrayBuffer();
  return { minified: blob.size, gzipped: byteLength };
}

/** The size beside the bar. */
export async function rows(): Promise<BenchRow[]> {
  const { gzipped } = await clientSize();
  const name = "client with WebCrypto, gzipped, to the bar";
  return [{ name, value: gzipped / 1000, unit: "kB", baseline: BAR / 1000, ratio: gzipped / BAR }];
}
