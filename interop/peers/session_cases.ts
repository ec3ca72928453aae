/**
 * The live peers that resume, in both roles.
 *
 * @module
 */
import { missingProgram } from "@sealane/programs";
import { utf8 } from "@sealane/wire";
import type { Material } from "./material.ts";
import {
  EARLY,
  outputOf,
  serving,
  type SessionPeerCase,
  visitTwice,
  withProgram,
} from "./session_visits.ts";

const PRIORITY = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
const earlyMessage = utf8(EARLY);

/** A file for a peer, beside its certificates. */
async function fileIn({ caFile }: Material, name: string, text: string): Promise<string> {
  const path = `${caFile.slice(0, caFile.lastIndexOf("/"))}/${name}`;
  await Deno.writeTextFile(path, text);
  return path;
}

function mustSay(said: string, ...wanted: string[]): void {
  for (const text of wanted) if (!said.includes(text)) throw new Error(`no "${text}" in: ${said}`);
}

const NODE_CLIENT = `
const tls = require("node:tls"), fs = require("node:fs");
const [port, ca] = process.argv.slice(1);
const visit = (session) => new Promise((resolve, reject) => {
  let saved;
  const options = { host: "127.0.0.1", servername: "localhost", ca: fs.readFileSync(ca) };
  const socket = tls.connect({ port, session, ...options });
  socket.on("session", (session) => saved = session).on("error", reject).resume();
  socket.on("end", () => resolve([saved, socket.isSessionReused()]));
});
visit().then(([session]) => visit(session)).then(([, reused]) => console.log("reused", reused));
`;

const NODE_SERVER = `
const tls = require("node:tls"), fs = require("node:fs");
const [port, cert, key] = process.argv.slice(1);
tls.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, (socket) => {
  socket.on("error", () => {}).end("reused " + socket.isSessionReused());
}).listen(Number(port), "127.0.0.1");
`;

/** Why a case cannot be run here, or `null`. */
export async function missingCase({ program }: SessionPeerCase): Promise<string | null> {
  if (program === null) return null;
  return await missingProgram(program);
}

/** Every peer that resumes. */
export const SESSION_CASES: readonly SessionPeerCase[] = [
  {
    peer: "openssl",
    program: "openssl",
    role: "server",
    early: true,
    async run(material, provider) {
      const sessions = await fileIn(material, "session.pem", "");
      const early = await fileIn(material, "early.txt", EARLY);
      return await serving(material, { provider }, async (port) => {
        const args = ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "localhost"];
        args.push("-tls1_3", "-CAfile", material.caFile, "-ign_eof");
        await outputOf("openssl", ...args, "-sess_out", sessions);
        const resume = ["-sess_in", sessions, "-early_data", early];
        const said = await outputOf("openssl", ...args, ...resume);
        mustSay(said, "Reused, TLSv1.3", "Early data was accepted");
      });
    },
  },
  {
    peer: "openssl",
    program: "openssl",
    role: "client",
    early: true,
    async run(material, provider) {
      const { certFile, keyFile } = await material.identity("ecdsa-p256");
      let visits: Awaited<ReturnType<typeof visitTwice>> = [];
      const said = await withProgram(
        "openssl",
        (port) => [
          ...["s_server", "-accept", `127.0.0.1:${port}`, "-tls1_3", "-early_data"],
          ...["-cert", certFile, "-key", keyFile],
        ],
        async (port, say) => {
          visits = await visitTwice(material, port, () => say("hi\n"), { provider, earlyMessage });
        },
      );
      mustSay(said, "Early data received", EARLY);
      return visits;
    },
  },
  {
    peer: "gnutls",
    program: "gnutls-cli",
    role: "server",
    early: true,
    async run(material, provider) {
      const early = await fileIn(material, "early.txt", EARLY);
      return await serving(material, { provider }, async (port) => {
        const said = await outputOf(
          "gnutls-cli",
          ...["--port", String(port), "--x509cafile", material.caFile, "--priority", PRIORITY],
          ...["--sni-hostname", "localhost", "--verify-hostname", "localhost"],
          ...["--resume", "--waitresumption", `--earlydata=${early}`, "127.0.0.1"],
        );
        mustSay(said, "resumed session");
      });
    },
  },
  {
    peer: "gnutls",
    program: "gnutls-serv",
    role: "client",
    early: true,
    async run(material, provider) {
      const { certFile, keyFile } = await material.identity("ecdsa-p256");
      let visits: Awaited<ReturnType<typeof visitTwice>> = [];
      await withProgram(
        "gnutls-serv",
        (port) => [
          ...["--echo", "--port", String(port), "--earlydata", "--maxearlydata=1000"],
          ...["--x509certfile", certFile, "--x509keyfile", keyFile, "--disable-client-cert"],
          ...["--priority", PRIORITY],
        ],
        async (port) => {
          const nudge = { provider, earlyMessage };
          visits = await visitTwice(material, port, (conn) => conn.write(utf8("hi\n")), nudge);
        },
      );
      return visits;
    },
  },
  {
    peer: "node",
    program: "node",
    role: "server",
    early: false,
    run: (material, provider) =>
      serving(material, { provider }, async (port) => {
        const args = ["-e", NODE_CLIENT, String(port), material.caFile];
        mustSay(await outputOf("node", ...args), "reused true");
      }),
  },
  {
    peer: "node",
    program: "node",
    role: "client",
    early: false,
    async run(material, provider) {
      const { certFile, keyFile } = await material.identity("ecdsa-p256");
      let visits: Awaited<ReturnType<typeof visitTwice>> = [];
      await withProgram(
        "node",
        (port) => ["-e", NODE_SERVER, String(port), certFile, keyFile],
        async (port) => {
          visits = await visitTwice(material, port, async () => {}, { provider });
        },
      );
      return visits;
    },
  },
  {
    peer: "deno",
    program: null,
    role: "client",
    early: false,
    async run(material, provider) {
      const { cert, key } = await material.identity("ecdsa-p256");
      const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
      const serve = async () => {
        for (let i = 0; i < 2; i++) {
          const conn = await listener.accept();
          await conn.write(utf8("hello"));
          await conn.read(new Uint8Array(1)).catch(() => {});
          conn.close();
        }
      };
      const [visits] = await Promise.all([
        visitTwice(material, listener.addr.port, async () => {}, { provider }),
        serve(),
      ]);
      listener.close();
      return visits;
    },
  },
];
