/**
 * TLS stacks on a JVM that know the suites of RFC 8998: Tencent Kona and Bouncy Castle. Maven finds them (`java/pom.xml`), and
 * `java/ShangmiPeer.java` is what runs. `SEALANE_KONA_CLASSPATH` names a class path to take Kona from instead, for instance
 * where it was built from its sources.
 *
 * @module
 */
import { missingProgram, type ProgramName, runProgram } from "@sealane/programs";
import type { ListeningPeer, Peer, PeerEnd, PeerSettings } from "./peer.ts";
import { listeningProgram, spawnEnd } from "./process.ts";

type Stack = "kona" | "bc";

const SOURCES: Readonly<Record<Stack, readonly string[]>> = {
  kona: ["ShangmiPeer.java"],
  bc: ["ShangmiPeer.java", "Sm2KeyManager.java"],
};

const SUITES: Readonly<Record<Stack, string>> = {
  kona: "TLS_SM4_GCM_SM3",
  bc: "TLS_SM4_GCM_SM3,TLS_SM4_CCM_SM3",
};

/** Neither stack offers curveSM2 and sm2sig_sm3 by itself, or nothing but them. */
const PROPERTIES = [
  "-Djdk.tls.namedGroups=curveSM2",
  "-Dcom.tencent.kona.ssl.namedGroups=curveSM2",
  "-Djdk.tls.client.SignatureSchemes=sm2sig_sm3",
  "-Djdk.tls.server.SignatureSchemes=sm2sig_sm3",
];

const folder = new URL("java/", import.meta.url).pathname;

async function run(program: ProgramName, args: readonly string[]): Promise<void> {
  const { success, stdout, stderr } = await runProgram(program, args);
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${stdout}${stderr}`);
}

/** The jars of a stack, found by Maven, without the network where that is enough. */
async function jars(stack: Stack): Promise<string> {
  const given = stack === "kona" ? Deno.env.get("SEALANE_KONA_CLASSPATH") : undefined;
  if (given !== undefined) return given;
  const file = await Deno.makeTempFile();
  const goal = ["dependency:build-classpath", `-Dmdep.outputFile=${file}`];
  const common = ["-q", "-B", "-f", `${folder}pom.xml`, "-P", stack, ...goal];
  try {
    await run("mvn", ["-o", ...common]).catch(() => run("mvn", common));
    return (await Deno.readTextFile(file)).trim();
  } finally {
    await Deno.remove(file);
  }
}

/** A class path with the driver on it, or why there is none. */
async function prepare(stack: Stack): Promise<{ classPath: string } | { missing: string }> {
  const missing = await missingProgram("java", "javac", "mvn");
  if (missing !== null) return { missing };
  let found: string;
  try {
    found = await jars(stack);
  } catch {
    return { missing: `Maven does not find the artifacts of ${stack}` };
  }
  const classes = await Deno.makeTempDir({ prefix: "sealane_java_" });
  globalThis.addEventListener("unload", () => Deno.removeSync(classes, { recursive: true }));
  const sources = SOURCES[stack].map((name) => `${folder}${name}`);
  await run("javac", ["-d", classes, "-cp", found, ...sources]);
  return { classPath: `${found}:${classes}` };
}

function javaPeer(name: string, stack: Stack): Peer {
  let prepared: ReturnType<typeof prepare> | undefined;
  const ready = () => prepared ??= prepare(stack);

  async function args(role: "client" | "server", settings: PeerSettings) {
    const state = await ready();
    if ("missing" in state) throw new Error(state.missing);
    const { identity, caFile, clientAuthentication } = settings;
    const own = identity === null ? [] : [identity.certFile, identity.keyFile];
    const program = ["-cp", state.classPath, "ShangmiPeer", stack, role];
    const asks = `-Dpeer.clientAuthentication=${clientAuthentication}`;
    return (port: number) => [
      ...[...PROPERTIES, asks, ...program, String(port), SUITES[stack], caFile],
      ...own,
    ];
  }

  return {
    name,
    program: `java, mvn and ${stack}`,
    async missing(): Promise<string | null> {
      const state = await ready();
      return "missing" in state ? state.missing : null;
    },
    async listen(settings: PeerSettings): Promise<ListeningPeer> {
      return listeningProgram("java", await args("server", settings));
    },
    async connect(port: number, settings: PeerSettings): Promise<PeerEnd> {
      return spawnEnd("java", (await args("client", settings))(port));
    },
  };
}

/** Tencent Kona SM Suite: TLS_SM4_GCM_SM3. */
export const kona: Peer = javaPeer("Kona", "kona");
/** Bouncy Castle's JSSE: TLS_SM4_GCM_SM3 and TLS_SM4_CCM_SM3. */
export const bouncyCastle: Peer = javaPeer("BC", "bc");
