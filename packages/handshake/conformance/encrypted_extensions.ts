/** What a client does with bad EncryptedExtensions, with the alert for each. */
import {
  AlertDescription as A,
  ExtensionType as E,
  fromHex,
  HandshakeType as H,
} from "@sealane/wire";
import type { ExternalPsk } from "../mod.ts";
import {
  asItIs,
  change,
  DE,
  early,
  encrypted,
  extensions,
  inClient,
  IP,
  plus,
  refusal,
  resuming,
  type Row,
  serverHello,
  set,
  takingEarly,
  UE,
  without,
} from "./row.ts";

/** An external PSK. */
const PSK: ExternalPsk = { identity: fromHex("01"), key: new Uint8Array(32) };

/** The rows of EncryptedExtensions. */
export const ENCRYPTED_EXTENSIONS: readonly Row[] = [
  {
    row: 132,
    name: "EncryptedExtensions has an unknown extension",
    on: encrypted(plus(0x1234)),
    code: "peer/unsolicited-extension",
    alert: UE,
    ...inClient,
  },
  {
    row: 133,
    name: "EncryptedExtensions has key_share",
    on: encrypted(plus(E.key_share, "001d")),
    code: "peer/extension-not-allowed",
    alert: IP,
    ...inClient,
  },
  {
    row: 134,
    name: "EncryptedExtensions has no extension block",
    on: change("server", H.encrypted_extensions, () => fromHex("08000000")),
    code: "peer/decode-error",
    alert: DE,
    ...inClient,
  },
  {
    row: 135,
    name: "EncryptedExtensions has an extension twice",
    on: encrypted((list) => [...list, list[0]]),
    code: "peer/duplicate-hello-extension",
    alert: DE,
    ...inClient,
  },
  ...[E.extended_main_secret, E.renegotiation_info, E.ec_point_formats, E.session_ticket].map((
    type,
  ): Row => ({
    row: 136,
    name: `EncryptedExtensions has the TLS 1.2 extension ${type}`,
    on: encrypted(plus(type)),
    code: "peer/unsolicited-extension",
    alert: UE,
    ...inClient,
  })),
  {
    row: 138,
    name: "the server chooses an application protocol that was not offered",
    on: encrypted(set(E.application_layer_protocol_negotiation, "0003026833")),
    code: "peer/application-protocol",
    alert: IP,
    ...inClient,
  },
  {
    row: 138,
    name: "the server chooses an empty application protocol",
    on: encrypted(set(E.application_layer_protocol_negotiation, "000100")),
    code: "peer/decode-error",
    alert: DE,
    ...inClient,
  },
  {
    row: 139,
    name: "the server answers server_name with content",
    on: encrypted(set(E.server_name, "00")),
    code: "peer/decode-error",
    alert: DE,
    ...inClient,
  },
  {
    row: 199,
    name: "the server accepts early data that nobody sent",
    on: encrypted(plus(E.early_data)),
    code: "peer/unsolicited-extension",
    alert: UE,
    ...inClient,
  },
  {
    row: 215,
    name: "a server over packets chooses no application protocol",
    on: encrypted(without(E.application_layer_protocol_negotiation)),
    only: "packets",
    code: "peer/no-application-protocol",
    alert: A.no_application_protocol,
    ...inClient,
  },
  ...([
    ["record_size_limit", E.record_size_limit, "0040"],
    ["early_data", E.early_data, ""],
    ["max_fragment_length", E.max_fragment_length, "01"],
    ["client_certificate_type", E.client_certificate_type, "02"],
  ] as const).map(([name, type, hex]) =>
    refusal(
      132,
      "client",
      `EncryptedExtensions has ${name}, which was not offered`,
      encrypted(plus(type, hex)),
      "peer/unsolicited-extension",
      UE,
    )
  ),
  ...([
    ["supported_versions", E.supported_versions, "0304"],
    ["pre_shared_key", E.pre_shared_key, "0000"],
    ["cookie", E.cookie, "000101"],
  ] as const).map(([name, type, hex]) =>
    refusal(
      133,
      "client",
      `EncryptedExtensions has ${name}, which is not allowed there`,
      encrypted(plus(type, hex)),
      "peer/extension-not-allowed",
      IP,
    )
  ),
  refusal(
    139,
    "client",
    "the server acknowledges a name that was not sent",
    encrypted(plus(E.server_name)),
    "peer/unsolicited-extension",
    UE,
    { target: {} },
  ),
  refusal(
    199,
    "client",
    "early data is accepted without its PSK",
    encrypted(plus(E.early_data)),
    "peer/unsolicited-extension",
    UE,
    {
      // A ticket that the server cannot open.
      resume: (session) => ({ ...session, ticket: Uint8Array.of(1) }),
      client: early,
      server: takingEarly,
    },
  ),
  refusal(
    199,
    "client",
    "early data is accepted after a HelloRetryRequest",
    encrypted(plus(E.early_data)),
    "peer/unsolicited-extension",
    UE,
    { resume: asItIs, client: { ...early, keyShares: [] }, server: takingEarly },
  ),
  refusal(
    200,
    "client",
    "early data is accepted with another suite",
    encrypted(plus(E.early_data)),
    "peer/early-data",
    IP,
    {
      resume: asItIs,
      client: { ...early, cipherSuites: [0x1301, 0x1303] },
      level: "early",
      before: { ...takingEarly, cipherSuites: [0x1301] },
      server: { ...resuming, cipherSuites: [0x1303] },
    },
  ),
  refusal(
    200,
    "client",
    "early data is accepted with another PSK than the first",
    encrypted(plus(E.early_data)),
    "peer/early-data",
    IP,
    {
      resume: (session) => ({ ...session, ticket: Uint8Array.of(9) }),
      before: takingEarly,
      client: { ...early, externalPsks: [PSK] },
      server: { ...resuming, externalPsks: [PSK] },
    },
  ),
  ...([
    ["another protocol", set(E.application_layer_protocol_negotiation, "0003026833")],
    ["no protocol", without(E.application_layer_protocol_negotiation)],
  ] as const).map(([what, edit]) =>
    refusal(
      200,
      "client",
      `early data is accepted with ${what}`,
      encrypted(edit),
      "peer/early-data",
      IP,
      {
        resume: asItIs,
        client: { ...early, alpn: ["h2", "h3"] },
        server: takingEarly,
        level: "early",
        // Over packets there is always one, and an alert of its own for none.
        only: what === "no protocol" ? "records" : undefined,
      },
    )
  ),
  refusal(
    201,
    "client",
    "a server of TLS 1.2 answers early data",
    serverHello(extensions(without(E.supported_versions))),
    "peer/version",
    A.protocol_version,
    { resume: asItIs, client: early, server: takingEarly, level: "early" },
  ),
];
