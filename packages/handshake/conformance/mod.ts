/**
 * What an endpoint refuses and with which alert, as data: each row has a message of the peer that is changed on its way.
 * Whoever carries a `Handshake` runs the rows through the carrier.
 *
 * @module
 */
import { CERTIFICATES } from "./certificate.ts";
import { CERTIFICATE_TYPES } from "./certificate_types.ts";
import { CLIENT_HELLOS } from "./client_hello.ts";
import { ENCRYPTED_EXTENSIONS } from "./encrypted_extensions.ts";
import { FRAMING } from "./framing.ts";
import { PRE_SHARED_KEYS } from "./pre_shared_key.ts";
import type { Row } from "./row.ts";
import { SIGNATURES } from "./signature.ts";
import { SERVER_HELLOS } from "./server_hello.ts";

export { client, type Interference, type Row, server, target } from "./row.ts";

/** All rows. */
export const ROWS: readonly Row[] = [
  ...FRAMING,
  ...CLIENT_HELLOS,
  ...SERVER_HELLOS,
  ...ENCRYPTED_EXTENSIONS,
  ...CERTIFICATES,
  ...SIGNATURES,
  ...PRE_SHARED_KEYS,
  ...CERTIFICATE_TYPES,
];
