/**
 * Bundles as an application makes them, by the esbuild that Deno brings.
 *
 * @module
 */

/** How a bundle is made. */
export interface BundleOptions {
  /** Whether names are shortened and white space is left out. */
  readonly minify?: boolean;
  /** Modules that stay imports. */
  readonly external?: readonly string[];
}

/**
 * One module for browsers and Workers with all that the module at `entry` imports.
 *
 * @throws {Error} with what the bundler says if it fails.
 */
export async function bundle(entry: URL, options: BundleOptions = {}): Promise<string> {
  const { minify = false, external = [] } = options;
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--platform=browser", "--format=esm"],
      ...(minify ? ["--minify"] : []),
      ...external.map((module) => `--external=${module}`),
      entry.pathname,
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
  });
  const { success, stdout, stderr } = await command.output();
  const [script, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(said);
  return script;
}
