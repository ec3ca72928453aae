import { assertEquals, assertThrows } from "@std/assert";
import { createCredential } from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { encodePem, fromHex } from "@sealane/wire";
import { get } from "../h3_get.ts";
import { hello, serve } from "../h3_server.ts";
import { decodeFields, encodeFields, type Field } from "./qpack.ts";

Deno.test("h3_get fetches from h3_server", async () => {
  const authority = await createTestAuthority(provider);
  const issued = await authority.issue({ names: ["localhost"] });
  const credential = createCredential({ certificates: issued.chain, signer: issued.signer });
  const listener = serve(0, [credential], hello);
  const trust = TrustStore.fromPem(encodePem("CERTIFICATE", authority.certificate));
  const { fields, body } = await get(
    new URL(`https://localhost:${listener.address.port}/a?b`),
    trust,
  );
  assertEquals(fields[0], [":status", "200"]);
  assertEquals(new TextDecoder().decode(body), "hello from /a?b\n");
  await listener.close();
});

Deno.test("field sections survive the wire", () => {
  const fields: Field[] = [
    [":method", "GET"],
    [":path", "/some/where"],
    ["x-own", "é".repeat(200)],
    ["cookie", ""],
  ];
  assertEquals(decodeFields(encodeFields(fields)), fields);
});

Deno.test("Huffman strings of RFC 7541 appendix C.4 are read", () => {
  // :authority with the value www.example.com, then a literal name and value.
  const block = fromHex("0000508cf1e3c2e5f23a6ba0ab90f4ff");
  assertEquals(decodeFields(block), [[":authority", "www.example.com"]]);
  assertThrows(() => decodeFields(fromHex("00005084ffffffff")), Error);
  assertThrows(() => decodeFields(fromHex("000080")), Error, "dynamic");
});

const PEER = new URL("../../interop/quic/aioquic_h3.py", import.meta.url).pathname;
const ignore = !hasAioquic();

/** Whether Python has aioquic. */
function hasAioquic(): boolean {
  try {
    return new Deno.Command("python3", { args: ["-c", "import aioquic"] }).outputSync().success;
  } catch {
    return false;
  }
}

Deno.test({ name: "HTTP/3 with aioquic, both roles (needs aioquic)", ignore }, async () => {
  const authority = await createTestAuthority(provider);
  const issued = await authority.issue({ names: ["localhost"] });
  const folder = await Deno.makeTempDir();
  const file = async (name: string, label: string, ...ders: Uint8Array[]): Promise<string> => {
    await Deno.writeTextFile(
      `${folder}/${name}`,
      ders.map((der) => encodePem(label, der)).join(""),
    );
    return `${folder}/${name}`;
  };
  const ca = await file("ca.pem", "CERTIFICATE", authority.certificate);
  const cert = await file("cert.pem", "CERTIFICATE", ...issued.chain);
  const key = await file("key.pem", "PRIVATE KEY", issued.privateKey);

  const credential = createCredential({ certificates: issued.chain, signer: issued.signer });
  const listener = serve(0, [credential], hello);
  const args = [PEER, "get", `${listener.address.port}`, ca];
  const { stdout, stderr } = await new Deno.Command("python3", { args }).output();
  const said = new TextDecoder().decode(stdout);
  assertEquals(said.trim(), "200 hello from /from/aioquic", new TextDecoder().decode(stderr));
  await listener.close();

  const peer = new Deno.Command("python3", {
    args: [PEER, "serve", cert, key],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = peer.stdout.getReader();
  const port = Number(new TextDecoder().decode((await reader.read()).value));
  const trust = TrustStore.fromPem(await Deno.readTextFile(ca));
  const { fields, body } = await get(new URL(`https://localhost:${port}/from/us`), trust);
  assertEquals(fields, [[":status", "200"], ["x-server", "aioquic says hello"]]);
  assertEquals(new TextDecoder().decode(body), "aioquic has /from/us");
  await peer.stdin.close();
  await reader.cancel();
  await peer.status;
  await Deno.remove(folder, { recursive: true });
});
