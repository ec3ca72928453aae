/** Data of NSS, BoringSSL, picotls and Go, read from the folder that SEALANE_VECTORS names. */
import { assertEquals } from "@std/assert";
import { nativeProvider } from "@sealane/providers/native";
import { nobleProvider } from "@sealane/providers/noble";
import { fromHex, HandshakeType, TlsError, toHex } from "@sealane/wire";
import { Handshake } from "../handshake.ts";
import { decodeClientHello, encodeClientHello } from "../messages/client_hello.ts";
import { Transcript } from "../engine/transcript.ts";
import {
  chooseEchConfig,
  decodeEchConfig,
  decodeEchConfigList,
  isValidPublicName,
} from "../config/ech_config.ts";
import { confirmHelloRetryRequest, confirmServerHello } from "./confirmation.ts";
import { decodeInner } from "./inner.ts";
import { decodeServerHello, encodeServerHello } from "../messages/server_hello.ts";

interface ConfigList {
  readonly name: string;
  readonly ech_config_list: string;
  readonly parsed: readonly {
    readonly version: string;
    readonly config_id?: number;
    readonly kem_id?: number;
    readonly public_key?: string;
    readonly cipher_suites?: readonly (readonly [number, number])[];
    readonly maximum_name_length?: number;
    readonly public_name?: string;
  }[];
  readonly expected_usable_configs?: number;
}

interface Vectors {
  readonly config_lists: readonly ConfigList[];
  readonly malformed_inner: {
    readonly ech_config_list: string;
    readonly private_key: string;
    readonly cases: readonly {
      readonly name: string;
      readonly client_hello_outer: string;
      readonly server_alert: string;
    }[];
  };
  readonly accepted_derived: readonly Record<string, string>[];
  readonly public_name_validation: {
    readonly reject_ip: readonly string[];
    readonly reject_not_ldh: readonly string[];
    readonly accept: readonly string[];
  };
}

function readVectors(): Vectors | null {
  const named = Deno.env.get("SEALANE_VECTORS");
  const folder = named
    ? new URL(`file://${named.replace(/\/*$/, "")}/`)
    : new URL("../../../../shared/vectors/", import.meta.url);
  try {
    // The file has the shape that the type says.
    return JSON.parse(Deno.readTextFileSync(new URL("ech.json", folder))) as Vectors;
  } catch {
    return null;
  }
}

const vectors = readVectors();

function vectorTest(name: string, run: (vectors: Vectors) => void | Promise<void>): void {
  Deno.test({
    name: vectors === null ? `${name} (needs SEALANE_VECTORS)` : name,
    ignore: vectors === null,
    fn: () => vectors === null ? undefined : run(vectors),
  });
}

vectorTest(
  "the ECHConfigLists of others are read as their owners read them",
  ({ config_lists }) => {
    for (const list of config_lists) {
      const configs = decodeEchConfigList(fromHex(list.ech_config_list));
      const known = list.parsed.filter(({ version }) => version === "fe0d");
      assertEquals(
        configs.map((config) => ({
          config_id: config.configId,
          kem_id: config.kem,
          public_key: toHex(config.publicKey),
          cipher_suites: config.cipherSuites.map(({ kdf, aead }) => [kdf, aead]),
          maximum_name_length: config.maximumNameLength,
          public_name: config.publicName,
        })),
        known.map((config) => ({
          config_id: config.config_id,
          kem_id: config.kem_id,
          public_key: config.public_key,
          cipher_suites: config.cipher_suites?.map((suite) => [...suite]),
          maximum_name_length: config.maximum_name_length,
          public_name: config.public_name,
        })),
        list.name,
      );
      const usable = chooseEchConfig(nobleProvider, configs) !== null;
      assertEquals(usable, list.expected_usable_configs !== 0, list.name);
    }
  },
);

/** NSS names a version alert where RFC 9849 §7.1 says illegal_parameter. */
const OTHER_ALERT: Readonly<Record<string, string>> = {
  EchVersion12InnerSupportedVersions: "illegal_parameter",
};
const CODES: Readonly<Record<string, string>> = {
  illegal_parameter: "peer/ech",
  decode_error: "peer/decode-error",
};

vectorTest("inner hellos that NSS refuses are refused", async ({ malformed_inner }) => {
  const [config] = decodeEchConfigList(fromHex(malformed_inner.ech_config_list));
  const privateKey = fromHex(malformed_inner.private_key);
  for (const { name, client_hello_outer, server_alert } of malformed_inner.cases) {
    const server = Handshake.server({
      provider: nativeProvider,
      echKeys: [{ config: config.raw, privateKey }],
    });
    server.start();
    let code = "none";
    try {
      await server.receive("initial", fromHex(client_hello_outer));
    } catch (error) {
      code = error instanceof TlsError ? error.code : String(error);
    }
    assertEquals(code, CODES[OTHER_ALERT[name] ?? server_alert], name);
  }
});

vectorTest("an inner hello and its confirmations have the bytes of the vectors", (vectors) => {
  const sha256 = nativeProvider.cipherSuites.find(({ hash }) => hash.name === "SHA-256")?.hash;
  if (sha256 === undefined) throw new Error("no SHA-256");
  for (const test of vectors.accepted_derived) {
    const bytes = (name: string) => fromHex(test[name]);
    const outer = decodeClientHello(bytes("client_hello_outer").subarray(4));
    const inner = decodeInner(bytes("encoded_client_hello_inner"), outer);
    assertEquals(toHex(encodeClientHello(inner)), test.client_hello_inner);

    const transcript = new Transcript();
    transcript.start(sha256);
    transcript.add(bytes("client_hello_inner"));
    const retried = transcript.clone();
    const hello = bytes("server_hello_zeroed");
    confirmServerHello(transcript, sha256, inner.random, hello);
    assertEquals(toHex(hello), test.server_hello);

    // The same message before its confirmation was added.
    const retry = decodeServerHello(bytes("hello_retry_request_zeroed").subarray(4));
    const plain = encodeServerHello({ ...retry, extensions: retry.extensions.slice(0, -1) });
    assertEquals(plain[0], HandshakeType.server_hello);
    retried.replaceByMessageHash();
    const confirmed = confirmHelloRetryRequest(retried, sha256, inner.random, plain);
    assertEquals(toHex(confirmed), test.hello_retry_request);
  }
});

vectorTest("the public names that NSS refuses are refused", ({ public_name_validation }) => {
  const { reject_ip, reject_not_ldh, accept } = public_name_validation;
  for (const name of [...reject_ip, ...reject_not_ldh]) {
    assertEquals(isValidPublicName(name), false, name);
  }
  // RFC 9849 §6.1.7 is stricter: underscores are no LDH, and no last label is a number, of whatever size.
  const stricter = (name: string) =>
    name.includes("_") || /(?:^|\.)(?:\d+|0[xX][0-9a-fA-F]*)$/.test(name);
  for (const name of accept) assertEquals(isValidPublicName(name), !stricter(name), name);
});

vectorTest("a configuration of the vectors is encoded as it was", ({ config_lists }) => {
  const [config] = decodeEchConfigList(fromHex(config_lists[0].ech_config_list));
  assertEquals(decodeEchConfig(config.raw), config);
});
