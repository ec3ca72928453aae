import { assert, assertEquals, assertThrows } from "@std/assert";
import { once } from "node:events";
import * as net from "node:net";
import process from "node:process";
import { createTestAuthority, encodeExtension } from "@sealane/pki/testing";
import { nativeProvider } from "@sealane/providers/native";
import { der, encodePem, TlsError } from "@sealane/wire";
import {
  checkServerIdentity,
  connect,
  type ConnectOptions,
  createServer,
  type TlsServerOptions,
  type TLSSocket,
} from "../node.ts";
import { formatAltNames, splitAltNames } from "./alt_names.ts";
import { peerCertificate } from "./peer_certificate.ts";

const authority = await createTestAuthority(nativeProvider);
const ca = encodePem("CERTIFICATE", authority.certificate);

async function pem(...names: string[]): Promise<{ cert: string; key: string }> {
  const issued = await authority.issue({ names });
  return {
    cert: encodePem("CERTIFICATE", issued.chain[0]),
    key: encodePem("PRIVATE KEY", issued.privateKey),
  };
}

const [localhost, address] = await Promise.all([pem("localhost"), pem("127.0.0.1")]);

/** Connects to a server; the code of the error, or `ok`. */
async function outcome(
  options: Partial<ConnectOptions>,
  server: TlsServerOptions = localhost,
  look: (socket: TLSSocket) => void = () => {},
): Promise<string> {
  const listening = createServer(server, (socket) => socket.end());
  listening.listen(0, "127.0.0.1");
  await once(listening, "listening");
  const { port } = listening.address() as net.AddressInfo; // it listens on a port, so it has one
  try {
    const socket = connect({ host: "127.0.0.1", port, ca, ...options });
    return await new Promise((resolve) => {
      socket.once("error", (error) => resolve(String(Reflect.get(error, "code"))));
      socket.once("secureConnect", () => {
        look(socket);
        socket.destroy();
        resolve(socket.authorized ? "ok" : `unauthorized: ${socket.authorizationError}`);
      });
    });
  } finally {
    listening.close();
  }
}

Deno.test("the name to verify is servername, or the host where that is empty", async () => {
  const wrong = "ERR_TLS_CERT_ALTNAME_INVALID";
  assertEquals(await outcome({ servername: "localhost" }), "ok");
  assertEquals(await outcome({}, address), "ok");
  assertEquals(await outcome({ servername: "" }, address), "ok");
  // What https.Agent passes for every host that is an IP address.
  assertEquals(await outcome({ servername: "" }), wrong);
  assertEquals(await outcome({ servername: null }), wrong);
  assertEquals(await outcome({ servername: undefined }), wrong);
  assertEquals(await outcome({ servername: "other.test" }), wrong);
  assertEquals(
    await outcome({ servername: "", rejectUnauthorized: false }),
    `unauthorized: ${wrong}`,
  );
});

Deno.test("an address is verified against addresses, whatever the common name and DNS names say", async () => {
  const named = await issueAs("127.0.0.1", ["dns:127.0.0.1.test"]);
  assertEquals(await outcome({}, named), "ERR_TLS_CERT_ALTNAME_INVALID");
});

Deno.test("a given socket is verified by its host, and by localhost where nothing is known", async () => {
  const listening = createServer(localhost, (socket) => socket.end());
  listening.listen(0, "127.0.0.1");
  await once(listening, "listening");
  const { port } = listening.address() as net.AddressInfo; // the same
  const raw = net.connect(port, "127.0.0.1");
  await once(raw, "connect");
  const asked: string[] = [];
  const socket = connect({
    socket: raw,
    ca,
    checkServerIdentity: (name) => {
      asked.push(name);
      return undefined;
    },
  });
  await once(socket, "secureConnect");
  assert(asked[0] === "127.0.0.1" || asked[0] === "localhost", asked[0]);
  socket.destroy();
  listening.close();
});

Deno.test("checkServerIdentity is asked for the host where servername is empty", async () => {
  const asked: string[] = [];
  const check = (name: string) => {
    asked.push(name);
    return undefined;
  };
  assertEquals(await outcome({ servername: "", checkServerIdentity: check }), "ok");
  assertEquals(await outcome({ servername: "a.test", checkServerIdentity: check }), "ok");
  assertEquals(asked, ["127.0.0.1", "a.test"]);
});

/** A certificate with a common name and GeneralNames such as `uri:…` and `dns:…`. */
async function issueAs(commonName: string, names: string[]) {
  const tags: Record<string, number> = { email: 1, dns: 2, uri: 6 };
  const list = names.map((name) => {
    const at = name.indexOf(":");
    return der.implicit(tags[name.slice(0, at)], new TextEncoder().encode(name.slice(at + 1)));
  });
  const issued = await authority.issue({
    subject: commonName,
    extensions: [encodeExtension("2.5.29.17", der.sequence(...list))],
  });
  return {
    cert: encodePem("CERTIFICATE", issued.chain[0]),
    key: encodePem("PRIVATE KEY", issued.privateKey),
    raw: issued.chain[0],
  };
}

Deno.test("no name of a certificate can pose as another one (CVE-2021-44531 and the two after it)", async () => {
  const tricks = [
    ["uri:http://evil.test/, DNS:bank.test"],
    ["uri:http://evil.test/,DNS:bank.test"],
    ['uri:http://evil.test/", DNS:bank.test, URI:"'],
    ["email:a@evil.test, DNS:bank.test"],
    ["dns:evil.test, DNS:bank.test"],
    ["uri:http://evil.test/\\, DNS:bank.test"],
    ["uri:http://evil.test/\0, DNS:bank.test"],
  ];
  for (const names of tricks) {
    const { raw, ...served } = await issueAs("evil.test", names);
    const shown = peerCertificate([raw], false);
    assert(shown !== null);
    const wrong = checkServerIdentity("bank.test", shown);
    assertEquals(wrong && Reflect.get(wrong, "code"), "ERR_TLS_CERT_ALTNAME_INVALID", names[0]);
    const result = await outcome({ servername: "bank.test" }, served);
    assertEquals(result, "ERR_TLS_CERT_ALTNAME_INVALID", names[0]);
  }
});

Deno.test("names that are written down are read as what they were", () => {
  const names = ["a.test", "b, DNS:c.test", 'd"e', "f\\g", "h\nDNS:i.test", "'", "*.j.test"];
  const text = formatAltNames(names.map((value) => ({ type: "dNSName", value })));
  assertEquals(splitAltNames(text), names.map((name) => `DNS:${name}`));
  assertThrows(() => splitAltNames('DNS:"a'), SyntaxError);
});

Deno.test("the attributes of a name are an object without a prototype", () => {
  const shown = peerCertificate([authority.certificate], false);
  assert(shown !== null);
  assertEquals(Object.getPrototypeOf(shown.subject), null);
  assertEquals(shown.subject.toString, undefined);
});

Deno.test("a chain that ends in junk can be looked at", () => {
  const junk = new Uint8Array([1, 2, 3]);
  const shown = peerCertificate([authority.certificate, junk], true);
  assert(shown?.issuerCertificate === shown, "a root is its own issuer");
  assertEquals(peerCertificate([junk], true), null);
});

Deno.test("options that are meant for TLS and have no meaning throw", () => {
  const meant: Record<string, unknown>[] = [
    { caCerts: [ca] },
    { alpnProtocols: ["h2"] },
    { serverName: "a.test" },
    { rejectUnauthorised: false },
    { rejectUnauthorize: false },
    { ALPNProtocol: ["h2"] },
    { certFile: "x" },
    { checkServerName: () => {}, verifyPeer: () => {} },
    { trustedCa: ca },
    { CRL: "x" },
  ];
  for (const options of meant) {
    for (const make of [() => connect({ port: 1, ...options }), () => createServer(options)]) {
      const error = assertThrows(make, TlsError, Object.keys(options).at(-1));
      assertEquals(error.code, "api/config");
    }
  }
  // What requests, databases and agents have in theirs is no mistake.
  createServer({ ...localhost, ...{ path: "/", headers: {}, method: "GET", keyPrefix: "x" } });
});

Deno.test("lookup, localAddress and signal are heeded", async () => {
  const asked: string[] = [];
  const refused = new Error("not this host");
  const socket = connect({
    host: "inside.test",
    port: 1,
    lookup: (name, _options, done) => {
      asked.push(name);
      done(refused, "", 0);
    },
  });
  const [error] = await once(socket, "error");
  assertEquals([error, asked], [refused, ["inside.test"]]);
  const unable = connect({ host: "127.0.0.1", port: 1, localAddress: "192.0.2.1" });
  const [why] = await once(unable, "error");
  assert(["EADDRNOTAVAIL", "EINVAL"].includes(why.code), `bound before it connects: ${why.code}`);
  const aborted = connect({ host: "127.0.0.1", port: 1, signal: AbortSignal.abort() });
  const [abort] = await once(aborted, "error");
  assertEquals(abort.name, "AbortError");
});

Deno.test("no end of a client ends a server without listeners", async () => {
  const server = createServer(localhost, () => {});
  const failures: string[] = [];
  const uncaught = (error: Error) => failures.push(error.message);
  process.on("uncaughtException", uncaught);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo; // the same
  for (const how of ["FIN", "RST", "garbage"]) {
    const accepted = once(server, "secureConnection");
    const raw = net.connect(port, "127.0.0.1");
    const socket = connect({ socket: raw, servername: "localhost", ca });
    socket.on("error", () => {});
    const [[theirs]] = await Promise.all([accepted, once(socket, "secureConnect")]);
    if (how === "FIN") raw.end();
    else if (how === "RST") raw.resetAndDestroy();
    else raw.write("garbage that is no record at all");
    await new Promise((resolve) => theirs.closed ? resolve(null) : theirs.once("close", resolve));
    raw.destroy();
  }
  process.off("uncaughtException", uncaught);
  assertEquals(failures, []);
  await new Promise((resolve) => server.close(resolve));
});
