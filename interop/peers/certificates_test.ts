/** Certificates on the wire with live peers: compression with GnuTLS and Chromium, raw public keys with GnuTLS. */
import { assert, assertEquals } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import {
  builtinCompression,
  type ClientConfig,
  createRawKeyCredential,
  type Observer,
  type ServerConfig,
} from "@sealane/handshake";
import { generateTestKey } from "@sealane/pki/testing";
import { missingProgram, missingPythonModules, runProgram } from "@sealane/programs";
import { nativeProvider as provider } from "@sealane/providers/native";
import { listen, startTls, type TlsConn } from "@sealane/tls/deno";
import {
  CertificateCompressionAlgorithm,
  CertificateType,
  encodePem,
  HandshakeType,
} from "@sealane/wire";
import { makeMaterial, type PeerEnd } from "./mod.ts";
import { connectWhenReady, listeningProgram, spawnEnd } from "./process.ts";

const material = await makeMaterial();
globalThis.addEventListener("unload", () => material[Symbol.dispose]());
const folder = material.caFile.slice(0, material.caFile.lastIndexOf("/"));
const identity = await material.identity("ecdsa-p256");
const noGnutls = await missingProgram("gnutls-cli", "gnutls-serv");
const noChromium = await missingProgram("chromium");

/** Distributions build GnuTLS with all algorithms, with some, or (Debian 12) with none, and it says so only when asked. */
async function gnutlsCompresses(name: string): Promise<boolean> {
  if (noGnutls !== null) return false;
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const args = ["--compress-cert", name, "--port", String(listener.addr.port), "127.0.0.1"];
  const running = runProgram("gnutls-cli", args);
  (await listener.accept()).close();
  const { stdout, stderr } = await running;
  return !`${stdout}${stderr}`.includes("Unknown compression method");
}

/** Remembers the messages with certificates: who sent them, and which algorithm compressed them. */
function watch(): { observer: Observer; seen: ["read" | "write", string][] } {
  const seen: ["read" | "write", string][] = [];
  const names = Object.entries(CertificateCompressionAlgorithm);
  return {
    seen,
    observer: {
      message(direction, _level, bytes) {
        if (bytes[0] === HandshakeType.certificate) seen.push([direction, "none"]);
        if (bytes[0] !== HandshakeType.compressed_certificate) return;
        const id = bytes[4] << 8 | bytes[5];
        seen.push([direction, names.find(([, value]) => value === id)?.[0] ?? String(id)]);
      },
    },
  };
}

async function echoes(conn: TlsConn): Promise<void> {
  const sent = new TextEncoder().encode("through the wire\n");
  await conn.write(sent);
  const got = new Uint8Array(sent.length);
  for (let at = 0; at < got.length;) at += await conn.read(got.subarray(at)) ?? got.length;
  assertEquals(got, sent);
}

const PRIORITY = "NORMAL:-VERS-ALL:+VERS-TLS1.3";

/** A Sealane client to gnutls-serv. */
async function toGnutls(
  config: Partial<ClientConfig>,
  args: readonly string[],
  check: (conn: TlsConn) => void | Promise<void>,
  priority = PRIORITY,
): Promise<void> {
  const server = listeningProgram("gnutls-serv", (port) => [
    ...["--echo", "--quiet", "--port", String(port), "--priority", priority],
    ...args,
  ]);
  let said = "";
  try {
    const socket = await connectWhenReady(server.port);
    const trust = { trust: material.trust };
    const conn = await startTls(socket, { provider, ...trust, hostname: "localhost", ...config });
    await echoes(conn);
    await check(conn);
    conn.close();
  } catch (error) {
    said = await server.stop();
    throw new Error(`${error}; the peer said: ${said}`, { cause: error });
  } finally {
    await server.stop();
  }
}

/** gnutls-cli to a Sealane server. */
async function fromGnutls(
  config: Partial<ServerConfig>,
  args: readonly string[],
  check: (conn: TlsConn) => void | Promise<void>,
  priority = PRIORITY,
): Promise<void> {
  const credentials = [await identity.credential(provider)];
  const base = { provider, trust: material.trust, credentials };
  const listener = await listen({ ...base, ...config, hostname: "127.0.0.1", port: 0 });
  const accepting = listener.accept();
  const client: PeerEnd = spawnEnd("gnutls-cli", [
    ...["--port", String(listener.addr.port), "--priority", priority],
    ...["--sni-hostname", "localhost", "--verify-hostname", "localhost"],
    ...["--logfile", "/dev/stderr", ...args, "127.0.0.1"],
  ]);
  try {
    const conn = await accepting;
    await conn.handshake();
    await check(conn);
    await conn.write(new TextEncoder().encode("hello\n"));
    const { value } = await client.readable.getReader().read();
    assertEquals(new TextDecoder().decode(value), "hello\n");
    conn.close();
  } catch (error) {
    throw new Error(`${error}; the peer said: ${await client.stop()}`, { cause: error });
  } finally {
    await client.stop();
    listener.close();
  }
}

const x509 = ["--x509certfile", identity.certFile, "--x509keyfile", identity.keyFile];
const authority = ["--x509cafile", material.caFile];

for (const algorithm of builtinCompression()) {
  const name = algorithm.name.toUpperCase();
  const compress = ["--compress-cert", name];
  const ignore = !(await gnutlsCompresses(name));
  Deno.test({
    name:
      `client to gnutls: both certificates compressed with ${algorithm.name} (needs gnutls-cli with ${algorithm.name})`,
    ignore,
    async fn() {
      const { seen, observer } = watch();
      const credentials = [await identity.credential(provider)];
      const config = { certificateCompression: [algorithm], credentials, observer };
      const args = [...x509, ...authority, ...compress, "--require-client-cert"];
      await toGnutls(config, [...args, "--verify-client-cert"], () => {
        assertEquals(seen, [["read", algorithm.name], ["write", algorithm.name]]);
      });
    },
  });

  Deno.test({
    name:
      `server to gnutls: both certificates compressed with ${algorithm.name} (needs gnutls-cli with ${algorithm.name})`,
    ignore,
    async fn() {
      const { seen, observer } = watch();
      const config = { certificateCompression: [algorithm], observer } as const;
      const args = [...x509, ...authority, ...compress];
      await fromGnutls({ ...config, clientAuthentication: "required" }, args, () => {
        assertEquals(seen, [["write", algorithm.name], ["read", algorithm.name]]);
      });
    },
  });
}

// pip install --pre tlslite-ng brotli zstandard
const TLSLITE = new URL("tlslite_end.py", import.meta.url).pathname;
const noTlslite = await missingPythonModules("tlslite", "brotli", "zstandard");

/** One line of what a program prints. */
async function line(end: PeerEnd): Promise<string> {
  const reader = end.readable.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the peer ended: ${await end.stop()}`);
    text += new TextDecoder().decode(value);
  }
  reader.releaseLock();
  return text.trim();
}

for (const algorithm of builtinCompression()) {
  for (const role of ["client", "server"] as const) {
    Deno.test({
      name:
        `${role} to tlslite-ng: both certificates compressed with ${algorithm.name} (needs tlslite-ng, brotli and zstandard for python3)`,
      ignore: noTlslite !== null,
      async fn() {
        const { seen, observer } = watch();
        const credentials = [await identity.credential(provider)];
        const trust = { trust: material.trust };
        const common = { provider, ...trust, credentials, observer };
        const config = { ...common, certificateCompression: [algorithm] };
        const files = [identity.certFile, identity.keyFile];
        const start = (side: string, port: number) =>
          spawnEnd("python3", [TLSLITE, side, String(port), algorithm.name, ...files]);
        if (role === "client") {
          const peer = start("server", 0);
          const port = Number(await line(peer));
          const socket = await Deno.connect({ hostname: "127.0.0.1", port });
          const conn = await startTls(socket, { ...config, hostname: "localhost" });
          await conn.write(new TextEncoder().encode("hello\n"));
          const got = new Uint8Array(6);
          assertEquals(await conn.read(got), 6);
          conn.close();
          await peer.stop();
        } else {
          const options = { ...config, clientAuthentication: "required" } as const;
          const listener = await listen({ ...options, hostname: "127.0.0.1", port: 0 });
          const accepting = listener.accept();
          const peer = start("client", listener.addr.port);
          const conn = await accepting;
          const got = new Uint8Array(6);
          assertEquals(await conn.read(got), 6);
          await conn.write(got);
          assertEquals(await line(peer), "hello");
          conn.close();
          await peer.stop();
          listener.close();
        }
        const [ours, theirs] = [["write", algorithm.name], ["read", algorithm.name]];
        assertEquals(seen, role === "client" ? [theirs, ours] : [ours, theirs]);
      },
    });
  }
}

/** A raw key for us, and one in files for the peer. */
async function rawKeys() {
  const [ours, theirs] = [await generateTestKey(), await generateTestKey()];
  const [keyFile, publicFile] = [`${folder}/raw.key`, `${folder}/raw.pub`];
  await Deno.writeTextFile(keyFile, encodePem("PRIVATE KEY", theirs.privateKey));
  await Deno.writeTextFile(publicFile, encodePem("PUBLIC KEY", theirs.publicKey));
  const signer = await provider.importPrivateKey(ours.privateKey);
  return {
    credential: createRawKeyCredential({ signer, publicKey: ours.publicKey }),
    theirKey: theirs.publicKey,
    args: ["--rawpkkeyfile", keyFile, "--rawpkfile", publicFile],
  };
}

const RAW = `${PRIORITY}:-CTYPE-ALL:+CTYPE-SRV-RAWPK:+CTYPE-CLI-RAWPK`;

for (const role of ["client", "server"] as const) {
  Deno.test({
    name: `${role} to gnutls: raw public keys on both sides (needs gnutls-cli)`,
    ignore: noGnutls !== null,
    async fn() {
      const { credential, theirKey, args } = await rawKeys();
      const config = {
        credentials: [credential],
        peerCertificateTypes: [CertificateType.RawPublicKey],
        trustedPublicKeys: [sha256(theirKey)],
      };
      const check = ({ info }: TlsConn) => assertEquals(info?.peer?.publicKey, theirKey);
      if (role === "client") {
        await toGnutls(config, [...args, "--require-client-cert"], check, RAW);
      } else {
        const server = { ...config, clientAuthentication: "required" } as const;
        await fromGnutls(server, [...args, "--insecure"], check, RAW);
      }
    },
  });
}

Deno.test({
  name: "server to chromium: the certificate compressed with brotli (needs chromium)",
  ignore: noChromium !== null,
  async fn() {
    const { seen, observer } = watch();
    const listener = await listen({
      provider,
      credentials: [await identity.credential(provider)],
      certificateCompression: builtinCompression(),
      alpn: ["http/1.1"],
      observer,
      hostname: "127.0.0.1",
      port: 0,
    });
    const serving = serve(listener);
    const profile = await Deno.makeTempDir({ prefix: "sealane_chromium_" });
    try {
      const { stdout, stderr } = await runProgram("chromium", [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
        ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
        ...["--ignore-certificate-errors", `--user-data-dir=${profile}`, "--dump-dom"],
        `https://localhost:${listener.addr.port}/`,
      ]);
      assert(stdout.includes("through Sealane"), stdout + stderr);
      assert(seen.length > 0 && seen.every(([, name]) => name === "brotli"), String(seen));
    } finally {
      listener.close();
      await serving;
      await Deno.remove(profile, { recursive: true });
    }
  },
});

/** Answers every request with a small page. */
async function serve(listener: AsyncIterable<TlsConn>): Promise<void> {
  const body = "<!doctype html><title>Sealane</title><p>through Sealane</p>";
  const response = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n" +
    `content-length: ${body.length}\r\n\r\n${body}`;
  for await (const conn of listener) {
    try {
      await conn.handshake();
      await conn.read(new Uint8Array(16_384));
      await conn.write(new TextEncoder().encode(response));
    } catch {
      // A browser opens connections that it does not use.
    } finally {
      conn.close();
      await conn.closed.catch(() => {});
    }
  }
}
