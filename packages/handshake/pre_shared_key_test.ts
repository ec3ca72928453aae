/** CONFORMANCE section 7.7, rows 171 to 178: what may stand in pre_shared_key and psk_key_exchange_modes. */
import { assert, assertEquals } from "@std/assert";
import {
  ExtensionType as E,
  HandshakeType,
  PskKeyExchangeMode,
  type TlsErrorCode,
} from "@sealane/wire";
import {
  decodeExtension,
  encodeExtension,
  type OfferedPsks,
  preSharedKeyInClientHello,
  pskKeyExchangeModesInClientHello,
  type RawExtension,
} from "./extensions/mod.ts";
import { type ClientHello, decodeClientHello, encodeClientHello } from "./messages/client_hello.ts";
import { HANDSHAKE_HEADER_LENGTH } from "./messages/message.ts";
import { decodeServerHello } from "./messages/server_hello.ts";
import { type ExternalPsk, Handshake } from "./mod.ts";
import { clientConfig, connected, serverConfig, sessionsOf, target } from "./session_testing.ts";
import { type Interference, type Outcome, shakeOut } from "./testing.ts";

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

/** A change of the content of pre_shared_key. */
function psks(change: (psks: OfferedPsks) => OfferedPsks): (hello: ClientHello) => ClientHello {
  return extensions((others, psk) => {
    const offered = decodeExtension([psk], preSharedKeyInClientHello);
    if (offered === undefined) throw new Error("there is no PSK");
    return [...others, encodeExtension(preSharedKeyInClientHello, change(offered))];
  });
}

const REFUSED: readonly [string, (hello: ClientHello) => ClientHello, TlsErrorCode, number][] = [
  [
    "pre_shared_key in front of another extension",
    extensions((all, psk) => [psk, ...all]),
    "peer/psk-not-last",
    47,
  ],
  [
    "pre_shared_key without psk_key_exchange_modes",
    extensions((all, psk) => [...all.filter(({ type }) => type !== E.psk_key_exchange_modes), psk]),
    "peer/missing-extension",
    109,
  ],
  [
    "more binders than identities",
    psks(({ identities, binders }) => ({ identities, binders: [...binders, binders[0]] })),
    "peer/psk-binder-count",
    47,
  ],
  [
    "fewer binders than identities",
    psks(({ identities, binders }) => ({ identities: [...identities, identities[0]], binders })),
    "peer/psk-binder-count",
    47,
  ],
  ["no binders", psks(({ identities }) => ({ identities, binders: [] })), "peer/decode-error", 50],
  [
    "a binder with another value",
    psks(({ identities, binders: [binder] }) => ({
      identities,
      binders: [binder.map((byte) => byte ^ 1)],
    })),
    "peer/bad-binder",
    51,
  ],
  [
    "a binder that is cut short",
    psks(({ identities, binders: [binder] }) => ({ identities, binders: [binder.slice(1)] })),
    "peer/bad-binder",
    51,
  ],
  [
    "a binder with a byte more",
    psks(({ identities, binders: [binder] }) => ({
      identities,
      binders: [new Uint8Array([...binder, 0])],
    })),
    "peer/bad-binder",
    51,
  ],
];

for (const nth of [1, 2]) {
  for (const [name, change, code, alert] of REFUSED) {
    Deno.test(`ClientHello ${nth}: a server refuses ${name}`, async () => {
      // The second one comes where the first has no share.
      const config = nth === 1 ? clientConfig : { ...clientConfig, keyShares: [] };
      const server = serverConfig();
      const [session] = sessionsOf(clientConfig, server);
      const outcome = await shakeOut(
        Handshake.client(config, { ...target, session }),
        Handshake.server(server),
        inClientHello(nth, change),
      );
      if (nth === 2 && name.includes("psk_key_exchange_modes")) {
        // What the first ClientHello had, the second one may not leave out.
        assertEquals(outcome.server?.code, "peer/client-hello-changed");
        return;
      }
      assertEquals(outcome.server?.code, code);
      assertEquals(outcome.server?.alert, alert);
    });
  }
}

const psk = (name: string): ExternalPsk => ({
  identity: new TextEncoder().encode(name),
  key: new Uint8Array(32).fill(7),
});

Deno.test("a second ClientHello has to have the PSK that the server chose", async () => {
  const cases = [
    [extensions((others) => others), "peer/missing-extension", 109],
    [
      psks(({ identities, binders }) => ({
        identities: identities.slice(1),
        binders: binders.slice(1),
      })),
      "peer/client-hello-changed",
      47,
    ],
  ] as const;
  for (const [change, code, alert] of cases) {
    const outcome = await shakeOut(
      Handshake.client({
        ...clientConfig,
        keyShares: [],
        externalPsks: [psk("one"), psk("two")],
      }, target),
      Handshake.server(serverConfig({ externalPsks: [psk("one"), psk("two")] })),
      inClientHello(2, change),
    );
    assertEquals(outcome.server?.code, code);
    assertEquals(outcome.server?.alert, alert);
  }
});

Deno.test("a PSK that the server does not know is passed over", () => {
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

Deno.test("without psk_dhe_ke among the modes a server does not resume, and modes that it does not know are none", async () => {
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
