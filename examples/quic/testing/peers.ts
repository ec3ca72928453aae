/**
 * Live peers for tests: programs that run beside us, and whether they are here.
 *
 * @module
 */
import { parseCertificate } from "@sealane/pki";
import {
  missingProgram,
  missingPythonModules,
  type Program,
  runProgram,
  startProgram,
} from "@sealane/programs";
import { encodePem } from "@sealane/wire";
import { authority, issued, readAll } from "./echo.ts";

const ROOT = new URL("../../../interop/quic/", import.meta.url).pathname;
const folder = Deno.makeTempDirSync();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

function file(name: string, label: string, ...ders: readonly Uint8Array[]): string {
  Deno.writeTextFileSync(`${folder}/${name}`, ders.map((der) => encodePem(label, der)).join(""));
  return `${folder}/${name}`;
}

/** Certificates and keys in PEM files: for localhost, and for a client. */
export const FILES = {
  ca: file("ca.pem", "CERTIFICATE", authority.certificate),
  cert: file("cert.pem", "CERTIFICATE", ...issued.chain),
  key: file("key.pem", "PRIVATE KEY", issued.privateKey),
};

/** A program and its first arguments, or `null` where it is not installed. */
export type Peer = readonly [program: Program, ...args: string[]] | null;

/** aioquic, where Python has it. */
export const AIOQUIC: Peer = await missingPythonModules("aioquic") === null
  ? ["python3", `${ROOT}aioquic_peer.py`]
  : null;

/** aioquic's HTTP/3. */
export const AIOQUIC_H3: Peer = AIOQUIC && ["python3", `${ROOT}aioquic_h3.py`];

/** quic-go, where Go is installed and its module can be had. It is built here, into a temporary folder. */
export async function buildQuicGo(): Promise<Peer> {
  if (await missingProgram("go") !== null) return null;
  const path = `${folder}/quic-go`;
  const { success } = await runProgram("go", ["build", "-C", `${ROOT}go`, "-o", path, "."]);
  return success ? [{ path }] : null;
}

/** Chromium, a browser. */
export const CHROMIUM: Peer = await missingProgram("chromium") === null ? ["chromium"] : null;

/** The page that Chromium makes of an address on localhost over HTTP/3, where nothing listens for TCP. */
export async function browse(port: number, path: string): Promise<string> {
  const { raw } = parseCertificate(issued.chain[0]).subjectPublicKeyInfo;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", raw.slice()));
  return await runPeer(
    CHROMIUM,
    ...["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"],
    ...["--disable-background-networking", "--disable-component-update", "--dump-dom"],
    ...["--enable-quic", `--origin-to-force-quic-on=localhost:${port}`],
    "--host-resolver-rules=MAP localhost 127.0.0.1",
    // Over QUIC, Chromium wants to be told which key it may trust.
    `--ignore-certificate-errors-spki-list=${digest.toBase64()}`,
    `--user-data-dir=${folder}/chromium`,
    `https://localhost:${port}${path}`,
  );
}

/** Caddy, a web server with HTTP/3. */
export const CADDY: Peer = await missingProgram("caddy") === null ? ["caddy"] : null;

/** A port of which neither TCP nor UDP is in use. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** Runs `body` with the port of a Caddy that answers `caddy has PATH`. */
export async function withCaddy(body: (port: number) => Promise<void>): Promise<void> {
  const [port, unused] = [freePort(), freePort()];
  const config = `{
  admin off
  auto_https off
  http_port ${unused}
}
https://localhost:${port} {
  tls ${FILES.cert} ${FILES.key}
  respond "caddy has {path}"
}
`;
  Deno.writeTextFileSync(`${folder}/Caddyfile`, config);
  const child = startProgram("caddy", [
    "run",
    "--config",
    `${folder}/Caddyfile`,
    "--adapter",
    "caddyfile",
  ], {
    // Nothing of it stays on the machine.
    env: { XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder },
    stdout: "null",
    stderr: "piped",
  });
  const log = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let told = ""; !told.includes("serving initial configuration");) {
      const { value, done } = await log.read();
      if (done) throw new Error(`caddy does not start: ${told}`);
      told += value;
    }
    await body(port);
  } finally {
    child.kill("SIGTERM");
    while (!(await log.read()).done);
    await child.status;
  }
}

/** Runs a peer to its end; answers what it printed. */
export async function runPeer(peer: Peer, ...more: string[]): Promise<string> {
  if (peer === null) throw new Error("the peer is not installed");
  const [program, ...args] = peer;
  const { stdout, stderr } = await runProgram(program, [...args, ...more]);
  return (stdout + stderr).trim();
}

/** Starts a peer that prints its port and serves until its standard input ends; calls `body` with the port. */
export async function withPeer(
  peer: Peer,
  args: readonly string[],
  body: (port: number) => Promise<void>,
): Promise<void> {
  if (peer === null) throw new Error("the peer is not installed");
  const [program, ...first] = peer;
  const child = startProgram(program, [...first, ...args], {
    stdin: "piped",
    stdout: "piped",
  });
  const reader = child.stdout.getReader();
  try {
    await body(Number(new TextDecoder().decode((await reader.read()).value)));
  } finally {
    await child.stdin.close();
    await reader.cancel();
    await child.status;
  }
}

/** Runs `body` with the port of an echo server that is quinn. */
export async function withQuinn<T>(body: (port: number) => Promise<T>): Promise<T> {
  const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
  const [cert, key] = [FILES.cert, FILES.key].map((name) => Deno.readTextFileSync(name));
  const listener = endpoint.listen({ cert, key, alpnProtocols: ["echo"] });
  const served = (async () => {
    const incoming = await listener.incoming();
    const connection = await incoming.accept();
    for await (const stream of connection.incomingBidirectionalStreams) {
      stream.readable.pipeTo(stream.writable).catch(() => {});
    }
  })().catch(() => {});
  try {
    return await body(endpoint.addr.port);
  } finally {
    listener.stop();
    endpoint.close();
    await served;
  }
}

/** Has quinn send bytes to an echo server and answers what came back. */
export async function askQuinn(
  port: number,
  bytes: Uint8Array,
  serverName = "localhost",
): Promise<Uint8Array> {
  const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
  try {
    const connection = await Deno.connectQuic({
      hostname: "127.0.0.1",
      port,
      serverName,
      caCerts: [Deno.readTextFileSync(FILES.ca)],
      alpnProtocols: ["echo"],
      endpoint,
    });
    const stream = await connection.createBidirectionalStream();
    const writer = stream.writable.getWriter();
    const sent = writer.write(bytes).then(() => writer.close());
    const answer = await readAll(stream.readable);
    await sent;
    connection.close({ closeCode: 0, reason: "" });
    return answer;
  } finally {
    endpoint.close();
  }
}
