/** Client certificates that are asked for after the handshake, with live peers in both roles (RFC 9846 section 4.7.2). */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { PeerIdentity } from "@sealane/handshake";
import { missingProgram, type ProgramName } from "@sealane/programs";
import { nativeProvider as provider } from "@sealane/providers/native";
import { listen, startTls, type StartTlsOptions, type TlsConn } from "@sealane/tls/deno";
import { AlertDescription, HandshakeType, TlsError, utf8 } from "@sealane/wire";
import { makeMaterial } from "./mod.ts";
import { clientArguments } from "./openssl.ts";
import type { PeerEnd } from "./peer.ts";
import { connectWhenReady, spawnEnd } from "./process.ts";
import { withProgram } from "./session_visits.ts";

const material = await makeMaterial();
globalThis.addEventListener("unload", () => material[Symbol.dispose]());
const server = await material.identity("ecdsa-p256");
const identity = await material.identity("rsa-2048");
const credential = await identity.credential(provider);
const PRIORITY = "NORMAL:-VERS-ALL:+VERS-TLS1.3";

/** A test that needs a program. */
async function liveTest(
  name: string,
  program: ProgramName,
  fn: () => Promise<void>,
): Promise<void> {
  const missing = await missingProgram(program);
  Deno.test({ name: `${name} (needs ${program})`, ignore: missing !== null, fn });
}

/** A program as the client of our server. */
async function withClient(
  program: ProgramName,
  args: (port: number) => readonly string[],
  use: (conn: TlsConn, peer: PeerEnd) => Promise<void>,
): Promise<void> {
  const { trust } = material;
  const credentials = [await server.credential(provider)];
  const listener = await listen({ hostname: "127.0.0.1", port: 0, provider, trust, credentials });
  const peer = spawnEnd(program, args(listener.addr.port));
  const conn = await listener.accept();
  try {
    await conn.handshake();
    await use(conn, peer);
  } finally {
    listener.close();
    await peer.stop();
    conn.close();
    await conn.closed.catch(() => {}); // the peer was killed
  }
}

function certificate(peer: PeerIdentity | null): Uint8Array | null {
  return peer?.certificates[0] ?? null;
}

/** Asks `rounds` times, so many at once, with data in between; what came of it. */
async function ask(
  conn: TlsConn,
  peer: PeerEnd,
  rounds: readonly number[],
): Promise<(Uint8Array | null)[]> {
  const answers: (Uint8Array | null)[] = [];
  const writer = peer.writable.getWriter();
  for (const count of rounds) {
    const asked = Array.from({ length: count }, () => conn.requestClientAuthentication());
    answers.push(...(await Promise.all(asked)).map(certificate));
    await writer.write(utf8("data\n"));
    assertEquals(await conn.stream.next(), utf8("data\n"));
  }
  writer.releaseLock();
  return answers;
}

const [own] = credential.certificates;
const settings = { ...material, clientAuthentication: false, alpn: [] };
const opensslClient = (shown: typeof identity | null, ...more: string[]) => (port: number) => [
  ...clientArguments(port, { ...settings, identity: shown }),
  ...["-quiet", ...more],
];
const gnutlsClient = (...more: string[]) => (port: number) => [
  ...["--port", String(port), "--priority", PRIORITY, "--x509cafile", material.caFile],
  ...["--sni-hostname", "localhost", "--verify-hostname", "localhost"],
  ...["--logfile", "/dev/stderr", "--post-handshake-auth", ...more, "127.0.0.1"],
];

await liveTest(
  "openssl s_client shows its certificate when our server asks, twice at once too",
  "openssl",
  () =>
    withClient("openssl", opensslClient(identity, "-enable_pha"), async (conn, peer) => {
      assertEquals(await ask(conn, peer, [1, 2, 1]), [own, own, own, own]);
      assertEquals(certificate(conn.info?.peer ?? null), own);
    }),
);

await liveTest(
  "openssl s_client declines without a certificate",
  "openssl",
  () =>
    withClient("openssl", opensslClient(null, "-enable_pha"), async (conn, peer) => {
      assertEquals(await ask(conn, peer, [1, 1]), [null, null]);
      const error = await assertRejects(
        () => conn.requestClientAuthentication({ required: true }),
        TlsError,
      );
      assertEquals(error.code, "peer/certificate-required");
    }),
);

await liveTest(
  "openssl s_client that has not offered it is not asked",
  "openssl",
  () =>
    withClient("openssl", opensslClient(identity), async (conn) => {
      const error = await assertRejects(() => conn.requestClientAuthentication(), TlsError);
      assertEquals(error.code, "api/state");
    }),
);

await liveTest("gnutls-cli shows its certificate when our server asks", "gnutls-cli", () => {
  const { certFile, keyFile } = identity;
  const args = gnutlsClient("--x509certfile", certFile, "--x509keyfile", keyFile);
  return withClient("gnutls-cli", args, async (conn, peer) => {
    assertEquals(await ask(conn, peer, [1, 1]), [own, own]);
  });
});

await liveTest(
  "gnutls-cli declines without a certificate",
  "gnutls-cli",
  () =>
    withClient("gnutls-cli", gnutlsClient(), async (conn, peer) => {
      assertEquals(await ask(conn, peer, [1]), [null]);
    }),
);

/** Our client, which can be asked, and the types of the messages that it has sent after its handshake. */
async function connectAble(
  port: number,
  more: Partial<StartTlsOptions> = {},
): Promise<{ conn: TlsConn; sent: HandshakeType[] }> {
  const sent: HandshakeType[] = [];
  const conn = await startTls(await connectWhenReady(port), {
    ...{ provider, trust: material.trust, hostname: "localhost" },
    ...{ postHandshakeAuthentication: true, credentials: [credential] },
    observer: {
      message(direction, level, [type]): void {
        // Finished of the handshake goes out at the level before.
        if (direction === "write" && level === "application") sent.push(type);
      },
    },
    ...more,
  });
  return { conn, sent };
}

/** Reads until the peer has said `wanted`. */
async function hear(conn: TlsConn, wanted: string): Promise<void> {
  let said = "";
  while (!said.includes(wanted)) {
    const chunk = await conn.stream.next();
    if (chunk === null) throw new Error(`no ${JSON.stringify(wanted)} in ${JSON.stringify(said)}`);
    said += new TextDecoder().decode(chunk);
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 200));

const { certificate: Certificate, certificate_verify, finished } = HandshakeType;
const SHOWN = [Certificate, certificate_verify, finished];

for (
  const [what, credentials, answer] of [
    ["shows its certificate to", [credential], SHOWN],
    ["declines towards", [], [Certificate, finished]],
  ] as const
) {
  await liveTest(`our client ${what} openssl s_server when it asks`, "openssl", async () => {
    const said = await withProgram(
      "openssl",
      (port) => [
        ...["s_server", "-accept", `127.0.0.1:${port}`, "-tls1_3", "-CAfile", material.caFile],
        ...["-cert", server.certFile, "-key", server.keyFile, "-verify_return_error"],
      ],
      async (port, say) => {
        const { conn, sent } = await connectAble(port, { credentials });
        for (let i = 1; i <= 2; i++) {
          const heard = hear(conn, `round ${i}\n`);
          await say("c\n"); // its command for a request
          await pause(); // one command to each of its reads
          await say(`round ${i}\n`);
          await heard;
          await conn.write(utf8(`answer ${i}\n`));
          await pause();
        }
        assertEquals(sent, [...answer, ...answer]);
        await say("closing\n");
        await hear(conn, "closing");
        await pause(); // until it has printed all
        conn.close();
        await conn.closed;
      },
    );
    assert(said.includes("answer 2"), said);
    assertEquals(said.includes("verify return:1"), credentials.length > 0, said);
  });
}

/** Has gnutls-serv ask our client, and insist on a certificate, as it always does. */
async function askedByGnutls(
  more: Partial<StartTlsOptions>,
  use: (conn: TlsConn, sent: HandshakeType[]) => Promise<void>,
): Promise<void> {
  await withProgram(
    "gnutls-serv",
    (port) => [
      ...["--echo", "--port", String(port), "--priority", PRIORITY, "--disable-client-cert"],
      ...["--x509certfile", server.certFile, "--x509keyfile", server.keyFile],
      ...["--x509cafile", material.caFile],
    ],
    async (port) => {
      const { conn, sent } = await connectAble(port, more);
      await conn.write(utf8("**REAUTH**\n")); // its command for a request
      await use(conn, sent);
    },
  );
}

await liveTest(
  "our client shows its certificate to gnutls-serv when it asks",
  "gnutls-serv",
  () =>
    askedByGnutls({}, async (conn, sent) => {
      await hear(conn, "Successfully executed command");
      await conn.write(utf8("**REAUTH**\n"));
      await hear(conn, "Successfully executed command");
      await conn.write(utf8("the rest\n"));
      await hear(conn, "the rest");
      assertEquals(sent, [...SHOWN, ...SHOWN]);
      conn.close();
      await conn.closed;
    }),
);

await liveTest(
  "gnutls-serv refuses a client of ours that declines",
  "gnutls-serv",
  () =>
    askedByGnutls({ credentials: [] }, async (conn, sent) => {
      const error = await assertRejects(() => hear(conn, "never"), TlsError);
      assertEquals(error.receivedAlert, AlertDescription.certificate_required);
      assertEquals(sent, [Certificate, finished]);
    }),
);
