/** What a server passes over in pre_shared_key and psk_key_exchange_modes; what it refuses is in `conformance/`. */
import { assert, assertEquals } from "@std/assert";
import { ExtensionType as E, HandshakeType, PskKeyExchangeMode } from "@sealane/wire";
import {
  encodeExtension,
  pskKeyExchangeModesInClientHello,
  type RawExtension,
} from "../extensions/mod.ts";
import {
  type ClientHello,
  decodeClientHello,
  encodeClientHello,
} from "../messages/client_hello.ts";
import { HANDSHAKE_HEADER_LENGTH } from "../messages/message.ts";
import { decodeServerHello } from "../messages/server_hello.ts";
import { type ExternalPsk, Handshake } from "../mod.ts";
import {
  clientConfig,
  connected,
  serverConfig,
  sessionsOf,
  target,
} from "../testing/session_testing.ts";
import { type Interference, type Outcome, shakeOut } from "../testing/testing.ts";

/** Changes the `nth` ClientHello on its way. */
function inClientHello(nth: number, change: (hello: ClientHello) => ClientHello): Interference {
  let seen = 0;
  return (message, from) => {
    if (from !== "client" || message[0] !== HandshakeType.client_hello || ++seen !== nth) {
      return message;
    }
    return encodeClientHello(change(decodeClientHello(message.subarray(HANDSHAKE_HEADER_LENGTH))));
  };
}

/** A change of the extensions, of which pre_shared_key is the last. */
function extensions(
  change: (others: RawExtension[], psk: RawExtension) => RawExtension[],
): (hello: ClientHello) => ClientHello {
  return (hello) => ({
    ...hello,
    extensions: change(
      hello.extensions.slice(0, -1),
      hello.extensions[hello.extensions.length - 1],
    ),
  });
}

const psk = (name: string): ExternalPsk => ({
  identity: new TextEncoder().encode(name),
  key: new Uint8Array(32).fill(7),
});

Deno.test("row 177: a PSK that the server does not know is passed over", () => {
  const server = serverConfig({ externalPsks: [psk("known")] });
  const client = { ...clientConfig, externalPsks: [psk("unknown"), psk("known")] };
  assertEquals(connected(client, server).client.externalPsk, true);
  assertEquals(connected({ ...client, keyShares: [] }, server).client.externalPsk, true);
  const others = serverConfig({ externalPsks: [psk("other")] });
  assertEquals(connected(client, others).client.externalPsk, false);
});

Deno.test("as many PSKs are looked up as the limits say", () => {
  const externalPsks = Array.from({ length: 9 }, (_, i) => psk(`psk ${i}`));
  let asked = 0;
  const server = serverConfig({
    findPsk: () => {
      asked++;
      return null;
    },
  });
  connected({ ...clientConfig, externalPsks }, server);
  assertEquals(asked, 8);
  connected({ ...clientConfig, externalPsks }, { ...server, limits: { pskLookups: 2 } });
  assertEquals(asked, 10);
});

/** What the server answers to a ClientHello whose modes are changed, which breaks its binder too. */
async function withModes(modes: readonly number[]): Promise<Outcome> {
  const server = serverConfig();
  const [session] = sessionsOf(clientConfig, server);
  return await shakeOut(
    Handshake.client(clientConfig, { ...target, session }),
    Handshake.server(server),
    inClientHello(
      1,
      extensions((others, psk) => [
        ...others.map((extension) =>
          extension.type === E.psk_key_exchange_modes
            ? encodeExtension(pskKeyExchangeModesInClientHello, modes)
            : extension
        ),
        psk,
      ]),
    ),
  );
}

Deno.test("row 178: without psk_dhe_ke among the modes a server does not resume, and modes that it does not know are none", async () => {
  for (const modes of [[PskKeyExchangeMode.psk_ke], [0x1a]]) {
    const { messages } = await withModes(modes);
    const [, hello] = messages.find(([from]) => from === "server") ?? [];
    assert(hello !== undefined && hello[0] === HandshakeType.server_hello);
    const { extensions } = decodeServerHello(hello.subarray(HANDSHAKE_HEADER_LENGTH));
    assertEquals(extensions.some(({ type }) => type === E.pre_shared_key), false);
  }
  // With psk_dhe_ke among them it does, and finds the binder wrong.
  assertEquals(
    (await withModes([0x1a, PskKeyExchangeMode.psk_dhe_ke])).server?.code,
    "peer/bad-binder",
  );
});
