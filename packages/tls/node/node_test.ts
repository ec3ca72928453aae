import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type * as nodeTls from "node:tls";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider } from "@sealane/providers/native";
import { encodePem, TlsError } from "@sealane/wire";
import {
  connect,
  type ConnectOptions,
  createSecureContext,
  createServer,
  type TLSSocket,
} from "../node.ts";
import type { Server } from "../node.ts";

const authority = await createTestAuthority(nativeProvider);
const ca = encodePem("CERTIFICATE", authority.certificate);

async function pem(name: string): Promise<{ cert: string; key: string }> {
  const issued = await authority.issue({ names: [name] });
  const cert = encodePem("CERTIFICATE", issued.chain[0]);
  return { cert, key: encodePem("PRIVATE KEY", issued.privateKey) };
}

const localhost = await pem("localhost");

/** Runs a test against a server, which is closed at the end. */
async function withServer(
  server: Server | http.Server,
  use: (port: number) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use((server.address() as AddressInfo).port); // it listens on a port, so it has one
  } catch (error) {
    for (const socket of sockets) socket.destroy(); // or the server would wait for them
    throw error;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

function client(port: number, more: Partial<ConnectOptions> = {}): TLSSocket {
  return connect({ host: "127.0.0.1", port, servername: "localhost", ca, ...more });
}

async function text(socket: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The code of Node's, and that of the `TlsError` behind it. */
function codes(error: Error): (string | undefined)[] {
  const { cause } = error;
  return [nodeCode(error), cause instanceof TlsError ? cause.code : undefined];
}

function nodeCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : undefined;
}

async function gone(socket: TLSSocket): Promise<void> {
  if (!socket.destroyed || !socket.closed) await once(socket, "close");
}

Deno.test("a client and a server tell what was agreed", async () => {
  const server = createServer({ ...localhost, ALPNProtocols: ["h2", "http/1.1"] });
  const accepted = once(server, "secureConnection");
  await withServer(server, async (port) => {
    const socket = client(port, { ALPNProtocols: ["http/1.1"], ciphers: "TLS_AES_256_GCM_SHA384" });
    await once(socket, "secureConnect");
    const [other] = await accepted as [TLSSocket];
    for (const end of [socket, other]) {
      assertEquals(end.getProtocol(), "TLSv1.3");
      assertEquals(end.getCipher()?.name, "TLS_AES_256_GCM_SHA384");
      assertEquals(end.alpnProtocol, "http/1.1");
      assertEquals(end.servername, "localhost");
    }
    assert(socket.authorized);
    assertEquals(socket.authorizationError, null);
    const certificate = socket.getPeerCertificate();
    assertEquals({ ...certificate.subject }, { CN: "localhost" });
    assertEquals({ ...certificate.issuer }, { CN: "Sealane test CA" });
    assertEquals(certificate.subjectaltname, "DNS:localhost");
    assertEquals(other.getPeerCertificate(), {});
    assertEquals(
      socket.exportKeyingMaterial(20, "EXPORTER-test"),
      other.exportKeyingMaterial(20, "EXPORTER-test"),
    );
    socket.end("question");
    assertEquals(await text(other), "question");
    assertEquals(await text(socket), "");
    await Promise.all([gone(socket), gone(other)]);
  });
});

Deno.test("the certificate's details are those that the runtime shows", async () => {
  const { X509Certificate } = await import("node:crypto");
  const server = createServer(localhost, (socket) => socket.end());
  await withServer(server, async (port) => {
    const socket = client(port);
    await once(socket, "secureConnect");
    const certificate = socket.getPeerCertificate(true);
    const reference = new X509Certificate(localhost.cert);
    // Deno leaves out a leading zero that Node prints.
    const digits = (serial?: string) => serial?.replace(/^0+/, "");
    assertEquals(digits(certificate.serialNumber), digits(reference.serialNumber));
    assertEquals(certificate.fingerprint256, reference.fingerprint256);
    assertEquals(certificate.valid_to, reference.validTo);
    const root = certificate.issuerCertificate;
    assert(root !== undefined, "the issuer is known");
    assert(root.raw.equals(authority.certificate), "the issuer is known from ca");
    assert(root.issuerCertificate === root, "a root is its own issuer");
    socket.resume();
    await gone(socket);
  });
});

Deno.test("a server that nobody vouches for is refused, and looked at with rejectUnauthorized off", async () => {
  const server = createServer(localhost, (socket) => socket.end("data"));
  server.on("tlsClientError", () => {});
  const stranger = await createTestAuthority(nativeProvider, { subject: "Stranger" });
  const strangers = encodePem("CERTIFICATE", stranger.certificate);
  await withServer(server, async (port) => {
    const refused = client(port, { ca: strangers });
    const error = await assertRejects(() => once(refused, "secureConnect"), Error);
    assertEquals(codes(error), ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "peer/unknown-ca"]);
    assert(!refused.authorized);
    await gone(refused);

    const seen = client(port, { ca: strangers, rejectUnauthorized: false });
    assertEquals(await text(seen), "data");
    assert(!seen.authorized);
    assertEquals(seen.authorizationError, "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    await gone(seen);

    const other = client(port, { servername: "example.com" });
    const name = await assertRejects(() => once(other, "secureConnect"), Error);
    assertEquals(codes(name), ["ERR_TLS_CERT_ALTNAME_INVALID", undefined]);
    await gone(other);
  });
});

Deno.test("checkServerIdentity stands in for the rules about names", async () => {
  const server = createServer(localhost, (socket) => socket.end());
  server.on("tlsClientError", () => {});
  await withServer(server, async (port) => {
    const asked: string[] = [];
    const socket = client(port, {
      servername: "example.com",
      checkServerIdentity: (name, certificate) => {
        asked.push(`${name} ${certificate.subject.CN}`);
        return undefined;
      },
    });
    await once(socket, "secureConnect");
    assertEquals(asked, ["example.com localhost"]);
    socket.resume();
    await gone(socket);
    const refused = client(port, { checkServerIdentity: () => new Error("not this one") });
    await assertRejects(() => once(refused, "secureConnect"), Error, "not this one");
    await gone(refused);
  });
});

Deno.test("a server asks for a certificate, and says who the client is", async () => {
  const server = createServer({ ...localhost, ca, requestCert: true }, (socket) => {
    const { subject } = socket.getPeerCertificate();
    socket.end(`${socket.authorized} ${subject?.CN}`);
  });
  const failed = once(server, "tlsClientError");
  await withServer(server, async (port) => {
    const socket = client(port, await pem("somebody"));
    assertEquals(await text(socket), "true somebody");
    await gone(socket);
    const anonymous = client(port);
    const refusal = await assertRejects(() => text(anonymous), Error);
    assertEquals(codes(refusal), ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "peer/alert"]);
    await gone(anonymous);
    const [failure] = await failed as [Error];
    assertEquals(codes(failure), [
      "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
      "peer/certificate-required",
    ]);
  });
});

Deno.test("SNICallback chooses the certificate", async () => {
  const special = createSecureContext(await pem("special.test"));
  const server = createServer({
    ...localhost,
    SNICallback: (name, done) => done(null, name === "special.test" ? special : undefined),
  }, (socket) => socket.end());
  await withServer(server, async (port) => {
    for (const servername of ["special.test", "localhost"]) {
      const socket = client(port, { servername });
      await once(socket, "secureConnect");
      assertEquals(socket.getPeerCertificate().subject?.CN, servername);
      socket.resume();
      await gone(socket);
    }
  });
});

Deno.test("a session is resumed, and the server is still authorized", async () => {
  const server = createServer(localhost, (socket) => socket.end(`${socket.isSessionReused()}`));
  await withServer(server, async (port) => {
    const first = client(port);
    const saved = once(first, "session");
    assertEquals(await text(first), "false");
    const [session] = await saved as [Uint8Array];
    const second = client(port, { session });
    assertEquals(await text(second), "true");
    assert(second.isSessionReused() && second.authorized);
    assertEquals(second.getPeerCertificate().subject?.CN, "localhost");
    // As on the other faces, a ticket is for one use.
    const third = client(port, { session });
    assertEquals(await text(third), "false");
    assert(third.authorized);
    await Promise.all([gone(first), gone(second), gone(third)]);
  });
});

Deno.test("keylog lines come out at both ends", async () => {
  const server = createServer(localhost, (socket) => socket.end());
  const [ours, theirs]: string[][] = [[], []];
  server.on("keylog", (line) => theirs.push(line.toString()));
  await withServer(server, async (port) => {
    const socket = client(port);
    socket.on("keylog", (line) => ours.push(line.toString()));
    socket.resume();
    await gone(socket);
    assertEquals(ours.sort(), theirs.sort());
    assertEquals(ours.length, 5);
  });
});

Deno.test("a wrong configuration is found when it is made", async () => {
  const other = await pem("localhost");
  const cases: [expected: string, make: () => unknown][] = [
    ["ERR_OSSL_X509_KEY_VALUES_MISMATCH", () => createServer({ ...localhost, key: other.key })],
    ["ERR_OSSL_UNSUPPORTED", () => createServer({ ...localhost, key: "rubbish" })],
    ["ERR_OSSL_PEM_NO_START_LINE", () => createServer({ ...localhost, cert: "rubbish" })],
    ["api/config", () => createServer({ ...localhost, maxVersion: "TLSv1.2" })],
    ["api/config", () => connect({ port: 1, ca, ecdhCurve: "sect283k1" })],
    ["ERR_MISSING_ARGS", () => connect({ ca })],
    ["ERR_SSL_NO_CIPHER_MATCH", () => connect({ port: 1, ciphers: "TLS_NONSENSE" })],
    ["ERR_TLS_INVALID_PROTOCOL_VERSION", () => connect({ port: 1, minVersion: "TLSv9" })],
  ];
  for (const [expected, make] of cases) {
    let found: unknown;
    try {
      make();
    } catch (error) {
      found = error;
    }
    assertEquals(nodeCode(found), expected, String(found));
  }
});

Deno.test("node:https asks over our sockets", async () => {
  const server = createServer(localhost, (socket) => {
    socket.once("data", () => {
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello");
    });
  });
  await withServer(server, async (port) => {
    const body = await new Promise<string>((resolve, reject) => {
      const request = https.request({
        host: "localhost",
        port,
        path: "/",
        // The types ask for a socket of the runtime; what is used of it, ours has.
        createConnection: () => client(port) as unknown as nodeTls.TLSSocket,
      }, (response) => text(response).then(resolve, reject));
      request.on("error", reject);
      request.end();
    });
    assertEquals(body, "hello");
  });
});

Deno.test("node:http serves over our server", async () => {
  const pages = http.createServer((request, response) =>
    response.end(`you asked for ${request.url}`)
  );
  const server = createServer(localhost, (socket) => pages.emit("connection", socket));
  await withServer(server, async (port) => {
    const socket = client(port);
    socket.write("GET /page HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    const answer = await text(socket);
    assert(answer.startsWith("HTTP/1.1 200 OK"), answer);
    assert(answer.includes("you asked for /page"), answer);
    await gone(socket);
  });
});

Deno.test("a server asks a client who it is when it wants to know", async () => {
  const me = await pem("me");
  const server = createServer({ ...localhost, ca });
  const accepted = once(server, "secureConnection");
  await withServer(server, async (port) => {
    const socket = client(port, { ...me, sealane: { postHandshakeAuthentication: true } });
    const [other] = await accepted as [TLSSocket];
    assertEquals([other.authorized, other.getPeerCertificate()], [false, {}]);
    for (let i = 0; i < 2; i++) {
      const error = await new Promise((resolve) => {
        assert(other.renegotiate({ requestCert: true }, resolve));
      });
      assertEquals(error, null);
      assertEquals([other.authorized, other.getPeerCertificate().subject?.CN], [true, "me"]);
    }
    other.end("welcome");
    assertEquals(await text(socket), "welcome");
    await Promise.all([gone(socket), gone(other)]);
  });
});

Deno.test("renegotiate says why it cannot ask, and whom it does not trust", async () => {
  const stranger = await (await createTestAuthority(nativeProvider)).issue({
    names: ["stranger"],
  });
  const theirs = {
    cert: encodePem("CERTIFICATE", stranger.chain[0]),
    key: encodePem("PRIVATE KEY", stranger.privateKey),
  };
  const server = createServer({ ...localhost, ca });
  await withServer(server, async (port) => {
    const unable = once(server, "secureConnection");
    const first = client(port);
    const [plain] = await unable as [TLSSocket];
    const why = await new Promise<Error | null>((resolve) => {
      assert(!plain.renegotiate({}, resolve));
    });
    assert(why instanceof TlsError && why.code === "api/state");
    assert(!first.renegotiate());
    plain.end();
    first.resume();
    await Promise.all([gone(first), gone(plain.resume())]);

    const able = once(server, "secureConnection");
    const second = client(port, { ...theirs, sealane: { postHandshakeAuthentication: true } });
    second.on("error", () => {}).resume();
    const [other] = await able as [TLSSocket];
    const ask = (rejectUnauthorized: boolean) =>
      new Promise<Error | null>((resolve) => other.renegotiate({ rejectUnauthorized }, resolve));
    assertEquals(await ask(false), null);
    assertEquals(other.authorized, false);
    assertEquals(other.authorizationError, "CERT_SIGNATURE_FAILURE");
    assertEquals(other.getPeerCertificate().subject?.CN, "stranger");
    other.on("error", () => {}).resume();
    const refused = await ask(true);
    assert(refused instanceof Error);
    assertEquals(codes(refused), ["CERT_SIGNATURE_FAILURE", "peer/bad-certificate"]);
    await Promise.allSettled([gone(second), gone(other)]); // each with its error
  });
});
