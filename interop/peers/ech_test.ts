/** Encrypted Client Hello with Go's crypto/tls, in both roles, where Go 1.24 or newer is installed. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createCredential, echConfigList, generateEchKey } from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { programVersion, runProgram, startProgram } from "@sealane/programs";
import { defaultProvider } from "@sealane/providers";
import { connect, listen } from "@sealane/tls/deno";
import { encodePem, NamedGroup, TlsError, toHex } from "@sealane/wire";

const version = /go1\.(\d+)/.exec(await programVersion("go") ?? "");
const ignore = Number(version?.[1] ?? 0) < 24;
const name = (what: string) => ignore ? `${what} (needs Go 1.24)` : what;
const provider = defaultProvider();
const key = generateEchKey({ provider, publicName: "public.example" });
const staleKey = generateEchKey({ provider, publicName: "public.example", besides: [key] });
const [configList, staleList] = [echConfigList([key]), echConfigList([staleKey])];
const GROUPS = { "at once": "x25519+p384", "after a HelloRetryRequest": "p384" };

/** A certificate for both names, and the Go program. */
async function material() {
  const folder = await Deno.makeTempDir({ prefix: "sealane-ech-" });
  const authority = await createTestAuthority(provider);
  const { chain, signer, privateKey } = await authority.issue({
    names: ["secret.example", "public.example"],
  });
  const file = async (file: string, content: string) => {
    await Deno.writeTextFile(`${folder}/${file}`, content);
    return `${folder}/${file}`;
  };
  const program = `${folder}/peer`;
  const source = new URL("go_ech/main.go", import.meta.url).pathname;
  const env = { GO111MODULE: "off" };
  const { success, stderr } = await runProgram("go", ["build", "-o", program, source], { env });
  assert(success, stderr);
  return {
    program: { path: program },
    ca: await file("ca.pem", encodePem("CERTIFICATE", authority.certificate)),
    chain: await file("chain.pem", chain.map((der) => encodePem("CERTIFICATE", der)).join("")),
    privateKey: await file("key.pem", encodePem("PRIVATE KEY", privateKey)),
    trust: TrustStore.fromCertificates([authority.certificate]),
    credentials: [createCredential({ certificates: chain, signer })],
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test({
  name: name("a client of Go is let in with ECH, and told the new configuration"),
  ignore,
  async fn(t) {
    await using files = await material();
    for (const [when, groups] of Object.entries(GROUPS)) {
      const listener = await listen({
        hostname: "127.0.0.1",
        port: 0,
        credentials: files.credentials,
        echKeys: [key],
        groups: groups === "p384" ? [NamedGroup.secp384r1] : undefined,
      });
      const dial = async (list: Uint8Array) => {
        const address = `127.0.0.1:${listener.addr.port}`;
        const args = ["client", address, files.ca, toHex(list), "x25519+p384"];
        const { stdout } = await runProgram(files.program, args);
        return stdout.trim();
      };
      await t.step(when, async () => {
        const [said, conn] = await Promise.all([dial(configList), greet(listener)]);
        assertEquals(said, "accepted true hello");
        assertEquals(conn?.serverName, "secret.example");
        assertEquals(conn?.helloRetryRequest, groups === "p384");
        const [refused, outer] = await Promise.all([dial(staleList), greet(listener)]);
        assertEquals(refused, `rejected ${toHex(configList)}`);
        assertEquals(outer?.serverName, "public.example");
      });
      listener.close();
    }
  },
});

/** Serves one connection. */
async function greet(listener: Awaited<ReturnType<typeof listen>>) {
  const conn = await listener.accept();
  await conn.write(new TextEncoder().encode("hello"));
  const { info } = conn;
  await Promise.resolve(conn.close()).catch(() => {});
  return info;
}

Deno.test({
  name: name("a server of Go takes our ECH, and tells us the new configuration"),
  ignore,
  async fn(t) {
    await using files = await material();
    for (const [when, groups] of Object.entries(GROUPS)) {
      const keys = [toHex(key.config), toHex(key.privateKey)];
      const args = ["server", files.chain, files.privateKey, ...keys, groups];
      const child = startProgram(files.program, args, { stdout: "piped" });
      const reader = child.stdout.getReader();
      const address = new TextDecoder().decode((await reader.read()).value).trim();
      const visit = async (list: Uint8Array) => {
        const conn = await connect({
          hostname: "127.0.0.1",
          port: Number(address.split(":")[1]),
          serverName: "secret.example",
          trust: files.trust,
          ech: { configList: list },
        });
        assertEquals(await new Response(conn.readable).text(), "hello");
        conn.close();
        return conn.info;
      };
      await t.step(when, async () => {
        const info = await visit(configList);
        assert(info?.echAccepted);
        assertEquals(info.helloRetryRequest, groups === "p384");
        const error = await assertRejects(() => visit(staleList), TlsError);
        assertEquals(error.code, "peer/ech-required");
        assertEquals(error.echRetryConfigs, configList);
      });
      child.kill();
      await reader.cancel();
      await child.status;
    }
  },
});
