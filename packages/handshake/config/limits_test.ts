import { assertEquals, assertThrows } from "@std/assert";
import { DEFAULT_PATH_LIMITS, TrustStore } from "@sealane/pki";
import { createTestAuthority, type TestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { TlsError } from "@sealane/wire";
import { type ClientConfig, createCredential, DEFAULT_LIMITS, Handshake } from "../mod.ts";
import { shakeOut } from "../testing/testing.ts";
import { type HandshakeLimitOptions, resolveHandshakeLimits } from "./limits.ts";

const root = await createTestAuthority(provider);
const trust = TrustStore.fromCertificates([root.certificate]);

async function connect(certificates: number, limits: HandshakeLimitOptions) {
  let authority: TestAuthority = root;
  for (let i = 1; i < certificates; i++) {
    authority = await authority.intermediate({ subject: `CA ${i}` });
  }
  const { chain, signer } = await authority.issue({ names: ["deep.test"] });
  const config: ClientConfig = { provider, trust, limits };
  const client = Handshake.client(config, { serverName: "deep.test" });
  const credentials = [createCredential({ certificates: chain, signer })];
  const { client: error } = await shakeOut(client, Handshake.server({ provider, credentials }));
  return error;
}

Deno.test("row 270: one set of limits: those of pki are those of the handshake", () => {
  const { certificatePath, ...limits } = resolveHandshakeLimits();
  assertEquals(certificatePath, DEFAULT_PATH_LIMITS);
  assertEquals(limits.certificateDepth, certificatePath.certificates);
  assertEquals(limits.certificateMessage, certificatePath.bytes);
  const fewer = resolveHandshakeLimits({ certificateDepth: 3, certificateMessage: 5_000 });
  assertEquals(fewer.certificatePath, { ...DEFAULT_PATH_LIMITS, certificates: 3, bytes: 5_000 });
});

Deno.test("row 270: SECURITY.md says the limits that hold", async () => {
  const text = await Deno.readTextFile(new URL("../../../SECURITY.md", import.meta.url));
  const flat = text.replace(/\s+/g, " ");
  const { certificateDepth, certificatePath: { depth, signatures } } = DEFAULT_LIMITS;
  const said = `${certificateDepth} certificates, ${depth} certificates in a path, ${signatures}`;
  assertEquals(flat.includes(said), true, said);
});

Deno.test("row 270: a path of 36 certificates is judged; how deep it may be is configured", async () => {
  assertEquals(await connect(36, {}), null);
  const refused = await connect(4, { certificatePath: { depth: 3 } });
  assertEquals(refused?.code, "peer/unknown-ca");
  assertEquals(refused?.message.includes("the limit depth of 3"), true, refused?.message);
  const many = await connect(4, { certificateDepth: 3 });
  assertEquals(many?.code, "peer/certificate-too-large");
  assertEquals(many?.message.includes("the limit certificateDepth of 3"), true, many?.message);
});

Deno.test("a limit that is undefined is the default, and one that is no number is refused", () => {
  assertEquals(
    resolveHandshakeLimits({ tickets: undefined, certificatePath: { depth: undefined } }),
    resolveHandshakeLimits(),
  );
  // The casts: a program without a type checker says such things.
  const wrong = [
    { tickets: -1 },
    { tickets: NaN },
    { tickets: "5" },
    { tickets: null },
    { ticket: 5 },
    { certificatePath: { depth: NaN } },
    { certificatePath: { depths: 5 } },
  ] as unknown as HandshakeLimitOptions[];
  for (const limits of wrong) {
    const make = () => Handshake.client({ provider, trust, limits }, {});
    const { code } = assertThrows(make, TlsError, "limit", JSON.stringify(limits));
    assertEquals(code, "api/config");
  }
});
