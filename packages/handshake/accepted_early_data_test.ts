/** CONFORMANCE section 7.8, rows 199 to 201: what a client says to a server that takes early data as it must not. */
import { assertEquals } from "@std/assert";
import { nativeProvider as provider } from "@sealane/providers/native";
import { CipherSuiteId, ExtensionType as E, HandshakeType } from "@sealane/wire";
import {
  alpnInEncryptedExtensions,
  earlyDataInEncryptedExtensions,
  encodeExtension,
  type RawExtension,
} from "./extensions/mod.ts";
import {
  decodeEncryptedExtensions,
  encodeEncryptedExtensions,
} from "./messages/encrypted_extensions.ts";
import { HANDSHAKE_HEADER_LENGTH } from "./messages/message.ts";
import { decodeServerHello, encodeServerHello } from "./messages/server_hello.ts";
import { type ClientConfig, createReplayGuard, Handshake, type ServerConfig } from "./mod.ts";
import { clientConfig, serverConfig, sessionsOf, target } from "./session_testing.ts";
import { type Interference, shakeOut } from "./testing.ts";

const { TLS_AES_128_GCM_SHA256, TLS_CHACHA20_POLY1305_SHA256 } = CipherSuiteId;
const client: ClientConfig = {
  ...clientConfig,
  earlyData: true,
  cipherSuites: [TLS_AES_128_GCM_SHA256, TLS_CHACHA20_POLY1305_SHA256],
  alpn: ["a", "b"],
};
const server: ServerConfig = {
  ...serverConfig(),
  alpn: ["a"],
  earlyData: { replayGuard: createReplayGuard() },
};
const accepted = encodeExtension(earlyDataInEncryptedExtensions, true);

function inEncryptedExtensions(
  change: (list: readonly RawExtension[]) => RawExtension[],
): Interference {
  return (message, from) => {
    if (from !== "server" || message[0] !== HandshakeType.encrypted_extensions) return message;
    const { extensions } = decodeEncryptedExtensions(message.subarray(HANDSHAKE_HEADER_LENGTH));
    return encodeEncryptedExtensions({ extensions: change(extensions) });
  };
}

/** What becomes of a client that offers early data. */
async function clientOf(
  config: ServerConfig,
  interfere: Interference,
  more: Partial<ClientConfig> = {},
  psks: "first" | "second" = "first",
): Promise<[string | undefined, number | null | undefined]> {
  const [session] = sessionsOf(client, server);
  const ticket = psks === "first" ? session.ticket : Uint8Array.of(1);
  const outcome = await shakeOut(
    Handshake.client({ ...client, ...more }, { ...target, session: { ...session, ticket } }),
    Handshake.server(config),
    interfere,
  );
  return [outcome.client?.code, outcome.client?.alert];
}

const accepting = inEncryptedExtensions((list) => [...list, accepted]);

Deno.test("early data is not taken without its PSK, nor after a HelloRetryRequest, nor where none was offered", async () => {
  const stranger = { ...serverConfig(), alpn: ["a"] };
  const unsolicited: [string, number] = ["peer/unsolicited-extension", 110];
  assertEquals(await clientOf(stranger, accepting), unsolicited);
  assertEquals(await clientOf(server, accepting, { keyShares: [] }), unsolicited);
  assertEquals(await clientOf(server, accepting, { earlyData: false }), unsolicited);
});

Deno.test("early data is not taken with another PSK than the first", async () => {
  const external = { identity: Uint8Array.of(7), key: new Uint8Array(32) };
  const config: ServerConfig = { ...server, earlyData: undefined, externalPsks: [external] };
  assertEquals(
    await clientOf(config, accepting, { externalPsks: [external] }, "second"),
    ["peer/early-data", 47],
  );
});

Deno.test("early data is not taken with another suite or another protocol", async () => {
  const suite = { ...server, cipherSuites: [TLS_CHACHA20_POLY1305_SHA256] };
  assertEquals(await clientOf(suite, accepting), ["peer/early-data", 47]);
  const alpn = inEncryptedExtensions(() => [
    encodeExtension(alpnInEncryptedExtensions, Uint8Array.of(0x62)),
    accepted,
  ]);
  const declining = { ...server, earlyData: undefined };
  assertEquals(await clientOf(declining, alpn), ["peer/early-data", 47]);
  const none = inEncryptedExtensions(() => [accepted]);
  assertEquals(await clientOf(declining, none), ["peer/early-data", 47]);
});

Deno.test("a server that answers early data with TLS 1.2 is refused", async () => {
  const old: Interference = (message, from) => {
    if (from !== "server" || message[0] !== HandshakeType.server_hello) return message;
    const hello = decodeServerHello(message.subarray(HANDSHAKE_HEADER_LENGTH));
    const extensions = hello.extensions.filter(({ type }) => type !== E.supported_versions);
    return encodeServerHello({ ...hello, extensions });
  };
  const [code, alert] = await clientOf(server, old);
  assertEquals([code, alert], ["peer/version", 70]);
});

Deno.test("the provider of these tests has both suites", () => {
  const ids = provider.cipherSuites.map(({ id }) => id);
  assertEquals([...client.cipherSuites ?? []].every((id) => ids.includes(id)), true);
});
