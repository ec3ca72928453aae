/**
 * Programs that this repository did not write: whether a machine has one, and the only way in which tests, demo, examples,
 * benchmarks and tools start one. That one is missing is normal; what needs it then says so and is skipped.
 *
 * @module
 */

/** The name of a program that may be missing. */
export type ProgramName =
  | "bun"
  | "caddy"
  | "chromium"
  | "curl"
  | "git"
  | "gnutls-cli"
  | "gnutls-serv"
  | "go"
  | "java"
  | "javac"
  | "mvn"
  | "node"
  | "npm"
  | "npx"
  | "openssl"
  | "python3"
  | "redis-server"
  | "sh";

/** How a program is recognized: what it is asked, and what it answers when it is the one that its name says. */
interface Recognition {
  readonly args: readonly string[];
  readonly says: RegExp;
  /** The program to ask instead of the one of this name. */
  readonly path?: string;
}

const VERSION = ["--version"];

/** Without a Node on PATH, Deno runs itself as `node`, and Bun can do the same: neither is Node. */
const NODE = ["-p", "[process.version, process.versions.deno, process.versions.bun].join()"];

const PROGRAMS: Readonly<Record<ProgramName, Recognition>> = {
  "bun": { args: VERSION, says: /^\d+\.\d+/ },
  "caddy": { args: ["version"], says: /^v?2\./ },
  "chromium": { args: VERSION, says: /^Chromium \d/ },
  "curl": { args: VERSION, says: /^curl \d/ },
  "git": { args: VERSION, says: /^git version \d/ },
  "gnutls-cli": { args: VERSION, says: /^gnutls-cli \d/ },
  "gnutls-serv": { args: VERSION, says: /^gnutls-serv \d/ },
  "go": { args: ["version"], says: /^go version / },
  "java": { args: VERSION, says: /^(openjdk|java) \d/ },
  "javac": { args: VERSION, says: /^javac \d/ },
  "mvn": { args: VERSION, says: /Apache Maven \d/ },
  "node": { args: NODE, says: /^v\d+\.\d+\.\d+,,\s*$/ },
  "npm": { args: VERSION, says: /^\d+\.\d+/ },
  "npx": { args: VERSION, says: /^\d+\.\d+/ },
  "openssl": { args: ["version"], says: /^OpenSSL \d/ },
  /** `SEALANE_PYTHON` names another one: of several on a machine, only one may have the modules. */
  "python3": { args: VERSION, says: /^Python 3\./, path: Deno.env.get("SEALANE_PYTHON") },
  "redis-server": { args: VERSION, says: /^(Redis|Valkey) server v=/ },
  "sh": { args: ["-c", "echo shell"], says: /^shell$/m },
};

/** Every program that anything here can use. */
export const PROGRAM_NAMES: readonly ProgramName[] = Object.keys(PROGRAMS) as ProgramName[]; // its own keys

/** A program by its name, or by the path of one that was built or found here. */
export type Program = ProgramName | { readonly path: string };

/** How a program ended, and what it said. */
export interface Outcome {
  /** Whether its exit code is 0. */
  readonly success: boolean;
  /** Its exit code. */
  readonly code: number;
  /** What it wrote to standard output, as text. */
  readonly stdout: string;
  /** What it wrote to standard error, as text. */
  readonly stderr: string;
}

/** What a program is run with. */
export type RunOptions = Pick<Deno.CommandOptions, "cwd" | "env" | "clearEnv" | "signal">;

/** How long a program may take to say its version, milliseconds: some are slow on a loaded machine. */
const PATIENCE = 60_000;

function pathOf(program: Program): string {
  if (typeof program !== "string") return program.path;
  return PROGRAMS[program].path ?? program;
}

/**
 * Starts a program.
 *
 * @throws {Deno.errors.NotFound} if it is missing: ask {@link missingProgram} before.
 */
export function startProgram(
  program: Program,
  args: readonly string[],
  options: Omit<Deno.CommandOptions, "args"> = {},
): Deno.ChildProcess {
  return new Deno.Command(pathOf(program), { ...options, args: [...args] }).spawn();
}

/**
 * Runs a program to its end, with nothing to read. An exit code other than 0 is no error.
 *
 * @throws {Deno.errors.NotFound} if it is missing: ask {@link missingProgram} before.
 */
export async function runProgram(
  program: Program,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  // `Deno.Command` throws at once where a program is missing; in an asynchronous function that is a rejection too.
  const command = new Deno.Command(pathOf(program), { ...options, args: [...args], stdin: "null" });
  const { success, code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { success, code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** What a program says of its version, or why it cannot be used. */
type Identity = { readonly version: string } | { readonly missing: string };

async function identify(program: ProgramName): Promise<Identity> {
  const { args, says } = PROGRAMS[program];
  const signal = AbortSignal.timeout(PATIENCE);
  let outcome: Outcome;
  try {
    outcome = await runProgram(program, args, { signal });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { missing: `${program} is not installed` };
    return {
      missing: `${program} cannot be run: ${error instanceof Error ? error.message : error}`,
    };
  }
  if (signal.aborted) return { missing: `${program} does not say its version` };
  const version = `${outcome.stdout}${outcome.stderr}`.trim();
  if (outcome.success && says.test(outcome.stdout)) return { version };
  const [line] = version.split("\n");
  return { missing: `${program} is not the program of that name: it says ${JSON.stringify(line)}` };
}

const known = new Map<ProgramName, Promise<Identity>>();

function identityOf(program: ProgramName): Promise<Identity> {
  let identity = known.get(program);
  if (identity === undefined) {
    identity = identify(program);
    known.set(program, identity);
  }
  return identity;
}

/** Why the first of these programs that cannot be used cannot, or `null` if all can. Each is asked once. */
export async function missingProgram(...programs: readonly ProgramName[]): Promise<string | null> {
  for (const program of programs) {
    const identity = await identityOf(program);
    if ("missing" in identity) return identity.missing;
  }
  return null;
}

/** What a program says of its version, or `null` if it cannot be used. */
export async function programVersion(program: ProgramName): Promise<string | null> {
  const identity = await identityOf(program);
  return "version" in identity ? identity.version : null;
}

/** Why Python cannot import these modules, or `null` if it can. */
export async function missingPythonModules(...modules: readonly string[]): Promise<string | null> {
  const missing = await missingProgram("python3");
  if (missing !== null) return missing;
  const { success } = await runProgram("python3", ["-c", `import ${modules.join(", ")}`]);
  return success ? null : `${modules.join(", ")} cannot be imported by python3`;
}
