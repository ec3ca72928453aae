/** What both sides do with bad PSKs and bad tickets (RFC 9846 sections 4.3.9, 4.3.11 and 4.7.1). */
import { AlertDescription as A, ExtensionType as E, HandshakeType as H, utf8 } from "@sealane/wire";
import {
  decodeExtension,
  encodeExtension,
  type OfferedPsks,
  preSharedKeyInClientHello,
} from "../extensions/mod.ts";
import type { ClientHello } from "../messages/client_hello.ts";
import { encodeMessage } from "../messages/message.ts";
import type { ExternalPsk } from "../mod.ts";
import {
  asItIs,
  change,
  client,
  clientHello,
  DE,
  extensions,
  type Interference,
  IP,
  ME,
  put,
  refusal,
  resuming,
  type Row,
  server,
  unchanged,
  without,
} from "./row.ts";

type Edit = (hello: ClientHello) => ClientHello;

/** Changes the content of pre_shared_key. */
function psks(edit: (psks: OfferedPsks) => OfferedPsks): Edit {
  return extensions((list) => {
    const offered = decodeExtension(list, preSharedKeyInClientHello);
    if (offered === undefined) throw new Error("there is no PSK");
    const changed = encodeExtension(preSharedKeyInClientHello, edit(offered));
    return [...list.slice(0, -1), changed];
  });
}

const first: (edit: (binder: Uint8Array) => Uint8Array) => Edit = (edit) =>
  psks(({ identities, binders: [binder, ...others] }) => ({
    identities,
    binders: [edit(binder), ...others],
  }));

/** What may not stand in either ClientHello. */
const BAD_OFFERS: readonly (readonly [number, string, Edit, Row["code"], A])[] = [
  [
    171,
    "pre_shared_key in front of other extensions",
    extensions((list) => [...list.slice(-1), ...list.slice(0, -1)]),
    "peer/psk-not-last",
    IP,
  ],
  [
    173,
    "more binders than identities",
    psks(({ identities, binders }) => ({ identities, binders: [...binders, binders[0]] })),
    "peer/psk-binder-count",
    IP,
  ],
  [
    173,
    "fewer binders than identities",
    psks(({ identities, binders }) => ({ identities: [...identities, identities[0]], binders })),
    "peer/psk-binder-count",
    IP,
  ],
  [
    174,
    "no binders",
    psks(({ identities }) => ({ identities, binders: [] })),
    "peer/decode-error",
    DE,
  ],
  [
    175,
    "a binder with another value",
    first((binder) => binder.map((byte) => byte ^ 1)),
    "peer/bad-binder",
    A.decrypt_error,
  ],
  [
    175,
    "a binder that is cut short",
    // RFC 9846 §4.3.11: a binder has 32 bytes at least, but its length says first that it is wrong.
    first((binder) => binder.slice(1)),
    "peer/bad-binder",
    A.decrypt_error,
  ],
  [
    175,
    "a binder with a byte more",
    first((binder) => Uint8Array.of(...binder, 0)),
    "peer/bad-binder",
    A.decrypt_error,
  ],
];

const noModes: Edit = extensions(without(E.psk_key_exchange_modes));
const retry = { ...client, keyShares: [] };
const psk = (name: string): ExternalPsk => ({
  identity: utf8(name),
  key: new Uint8Array(32).fill(7),
});
const two = [psk("one"), psk("two")];
const external = {
  client: { ...client, externalPsks: two },
  server: { ...server, externalPsks: two },
};

/** A NewSessionTicket in place of the server's. */
function newSessionTicket(
  ticket: readonly number[],
  ...list: readonly (readonly [number, readonly number[]])[]
): Interference {
  return change(
    "server",
    H.new_session_ticket,
    () =>
      encodeMessage(H.new_session_ticket, (writer) => {
        writer.u32(100).u32(0).vector8(new Uint8Array()).vector16(Uint8Array.from(ticket));
        writer.vector16((block) => {
          for (const [type, data] of list) block.u16(type).vector16(Uint8Array.from(data));
        });
      }),
  );
}

/** The rows. */
export const PRE_SHARED_KEYS: readonly Row[] = [
  ...BAD_OFFERS.flatMap(([row, name, edit, code, alert]) => [
    ...[1, 2].map((nth) =>
      refusal(
        row,
        "server",
        `ClientHello ${nth} has ${name}`,
        clientHello(edit, nth - 1),
        code,
        alert,
        // The second one comes where the first has no share.
        { resume: asItIs, client: nth === 1 ? client : retry, server: resuming },
      )
    ),
    refusal(
      233,
      "server",
      `ClientHello with external PSKs has ${name}`,
      clientHello(edit),
      code,
      alert,
      external,
    ),
  ]),
  refusal(
    172,
    "server",
    "ClientHello has pre_shared_key without psk_key_exchange_modes",
    clientHello(noModes),
    "peer/missing-extension",
    ME,
    { resume: asItIs, server: resuming },
  ),
  refusal(
    172,
    "server",
    "ClientHello 2 has pre_shared_key without psk_key_exchange_modes, which ClientHello 1 had",
    clientHello(noModes, 1),
    "peer/client-hello-changed",
    IP,
    { resume: asItIs, client: retry, server: resuming },
  ),
  refusal(
    233,
    "server",
    "ClientHello has external PSKs without psk_key_exchange_modes",
    clientHello(noModes),
    "peer/missing-extension",
    ME,
    external,
  ),
  refusal(
    176,
    "server",
    "ClientHello 2 drops all PSKs after one was chosen",
    clientHello(extensions(without(E.pre_shared_key)), 1),
    "peer/missing-extension",
    ME,
    { client: { ...external.client, keyShares: [] }, server: external.server },
  ),
  refusal(
    176,
    "server",
    "ClientHello 2 drops the PSK that was chosen",
    clientHello(
      psks(({ identities, binders }) => ({
        identities: identities.slice(1),
        binders: binders.slice(1),
      })),
      1,
    ),
    "peer/client-hello-changed",
    IP,
    { client: { ...external.client, keyShares: [] }, server: external.server },
  ),
  refusal(
    180,
    "client",
    "NewSessionTicket has an empty ticket",
    newSessionTicket([]),
    "peer/decode-error",
    DE,
    { server: resuming },
  ),
  refusal(
    180,
    "client",
    "NewSessionTicket has an early_data that is cut short",
    newSessionTicket([1], [E.early_data, [0, 0, 1]]),
    "peer/decode-error",
    DE,
    { server: resuming },
  ),
  refusal(
    181,
    "client",
    "NewSessionTicket has an extension twice",
    newSessionTicket([1], [0x1234, []], [0x1234, []]),
    "peer/duplicate-extension",
    IP,
    { server: resuming },
  ),
  refusal(
    182,
    "client",
    "NewSessionTicket has an empty tls_flags",
    newSessionTicket([1], [E.tls_flags, [0]]),
    "peer/decode-error",
    DE,
    { server: resuming },
  ),
  refusal(
    182,
    "client",
    "NewSessionTicket has a tls_flags that is not minimal",
    newSessionTicket([1], [E.tls_flags, [2, 1, 0]]),
    "peer/tls-flags",
    IP,
    { server: resuming },
  ),
  ...[0xfffffffe, 1, 0x7fffffff].map((size) =>
    refusal(
      217,
      "client",
      `NewSessionTicket has a max_early_data_size of ${size}`,
      newSessionTicket([1], [E.early_data, [24, 16, 8, 0].map((shift) => size >> shift & 0xff)]),
      "peer/ticket",
      IP,
      { server: resuming, only: "packets" },
    )
  ),
  refusal(
    232,
    "client",
    "the server takes none of the PSKs, of which one is required",
    unchanged,
    "peer/psk-required",
    ME,
    { client: { ...client, externalPsks: [psk("other")], requirePsk: true } },
  ),
  refusal(
    233,
    "server",
    "no PSK is common, and the server has no certificate",
    unchanged,
    "peer/unknown-psk-identity",
    A.handshake_failure,
    {
      client: { ...client, externalPsks: [psk("other")] },
      server: { ...external.server, credentials: undefined },
    },
  ),
  refusal(
    233,
    "server",
    "psk_dhe_ke is not offered, and the server has no certificate",
    clientHello(extensions(put(E.psk_key_exchange_modes, () => Uint8Array.of(1, 0)))),
    "peer/unknown-psk-identity",
    A.handshake_failure,
    { ...external, server: { ...external.server, credentials: undefined } },
  ),
  refusal(
    233,
    "server",
    "the PSK has another key",
    unchanged,
    "peer/bad-binder",
    A.decrypt_error,
    {
      client: { ...client, externalPsks: [{ ...psk("one"), key: new Uint8Array(32) }] },
      server: external.server,
    },
  ),
];
