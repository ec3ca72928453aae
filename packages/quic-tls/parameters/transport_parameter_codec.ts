/**
 * Transport parameters on the wire (RFC 9000 section 18). One table says how each is written, what it may be, and who may
 * send it.
 *
 * @module
 */
import { TlsError } from "@sealane/wire";
import { TransportErrorCode } from "../errors.ts";
import { MAX_CONNECTION_ID_LENGTH } from "../packets/header.ts";
import type { Role } from "../packets/role.ts";
import {
  type PreferredAddress,
  TransportParameterId,
  type TransportParameters,
} from "./transport_parameters.ts";
import { encodeVarint, readVarintExact, VarintReader } from "../packets/varint.ts";

type Name = Exclude<keyof TransportParameters, "unknown">;
/** Keys of the parameters whose values are of one type. */
type NameOf<T> = {
  [K in Name]-?: Exclude<TransportParameters[K], undefined> extends T ? K : never;
}[Name];

interface Common {
  readonly id: number;
  readonly serverOnly?: boolean;
}
type Row =
  | Common & {
    readonly kind: "number";
    readonly name: NameOf<number>;
    readonly min?: number;
    readonly max?: number;
  }
  | Common & {
    readonly kind: "bytes";
    readonly name: NameOf<Uint8Array>;
    readonly min: number;
    readonly max: number;
  }
  | Common & { readonly kind: "flag"; readonly name: NameOf<boolean> }
  | Common & { readonly kind: "preferredAddress"; readonly name: "preferredAddress" }
  | Common & { readonly kind: "versions"; readonly name: "versionInformation" };

const ID = TransportParameterId;
const CONNECTION_ID = { kind: "bytes", min: 0, max: MAX_CONNECTION_ID_LENGTH } as const;
/** RFC 9000 §4.6: more streams than that could not be numbered. */
const MAX_STREAMS = 2 ** 60;

/** Every parameter, in the order in which they are written (RFC 9000 section 18.2). */
const TABLE: readonly Row[] = [
  {
    id: ID.original_destination_connection_id,
    name: "originalDestinationConnectionId",
    serverOnly: true,
    ...CONNECTION_ID,
  },
  { id: ID.max_idle_timeout, kind: "number", name: "maxIdleTimeout" },
  {
    id: ID.stateless_reset_token,
    kind: "bytes",
    name: "statelessResetToken",
    min: 16,
    max: 16,
    serverOnly: true,
  },
  { id: ID.max_udp_payload_size, kind: "number", name: "maxUdpPayloadSize", min: 1200 },
  { id: ID.initial_max_data, kind: "number", name: "initialMaxData" },
  {
    id: ID.initial_max_stream_data_bidi_local,
    kind: "number",
    name: "initialMaxStreamDataBidiLocal",
  },
  {
    id: ID.initial_max_stream_data_bidi_remote,
    kind: "number",
    name: "initialMaxStreamDataBidiRemote",
  },
  { id: ID.initial_max_stream_data_uni, kind: "number", name: "initialMaxStreamDataUni" },
  {
    id: ID.initial_max_streams_bidi,
    kind: "number",
    name: "initialMaxStreamsBidi",
    max: MAX_STREAMS,
  },
  {
    id: ID.initial_max_streams_uni,
    kind: "number",
    name: "initialMaxStreamsUni",
    max: MAX_STREAMS,
  },
  { id: ID.ack_delay_exponent, kind: "number", name: "ackDelayExponent", max: 20 },
  { id: ID.max_ack_delay, kind: "number", name: "maxAckDelay", max: 2 ** 14 - 1 },
  { id: ID.disable_active_migration, kind: "flag", name: "disableActiveMigration" },
  {
    id: ID.preferred_address,
    kind: "preferredAddress",
    name: "preferredAddress",
    serverOnly: true,
  },
  { id: ID.active_connection_id_limit, kind: "number", name: "activeConnectionIdLimit", min: 2 },
  { id: ID.initial_source_connection_id, name: "initialSourceConnectionId", ...CONNECTION_ID },
  {
    id: ID.retry_source_connection_id,
    name: "retrySourceConnectionId",
    serverOnly: true,
    ...CONNECTION_ID,
  },
  { id: ID.version_information, kind: "versions", name: "versionInformation" },
  { id: ID.max_datagram_frame_size, kind: "number", name: "maxDatagramFrameSize" },
  { id: ID.grease_quic_bit, kind: "flag", name: "greaseQuicBit" },
];
const ROW_OF_ID: ReadonlyMap<bigint, Row> = new Map(TABLE.map((row) => [BigInt(row.id), row]));

/** Most parameters of one peer, known and unknown, that are read. */
export const MAX_TRANSPORT_PARAMETERS = 256;

/** A reserved parameter, 31 N + 27 (RFC 9000 section 18.1), made of random bytes: up to 15 of content. */
export function greaseParameter(random: (length: number) => Uint8Array): [bigint, Uint8Array] {
  const [a, b, c, length] = random(4);
  return [BigInt(31 * (a << 16 | b << 8 | c) + 27), random(length & 0x0f)];
}

/**
 * The encoding of parameters, in the order of their numbers with unknown ones last.
 *
 * @throws {TlsError} `api/config` for a value out of its range and for a client that sends a server's parameter.
 */
export function encodeTransportParameters(
  parameters: TransportParameters,
  role: Role,
): Uint8Array {
  const parts: Uint8Array[] = [];
  const add = (id: number | bigint, value: Uint8Array) =>
    parts.push(encodeVarint(id), encodeVarint(value.length), value);
  for (const row of TABLE) {
    const value = contentOf(row, parameters);
    if (value === null) continue;
    const problem = row.serverOnly && role === "client"
      ? "is a server's"
      : problemOf(row, parameters);
    if (problem !== null) {
      throw new TlsError("api/config", `transport parameter ${row.name} ${problem}`);
    }
    add(row.id, value);
  }
  for (const [id, value] of parameters.unknown ?? []) {
    if (ROW_OF_ID.has(id)) {
      throw new TlsError("api/config", `transport parameter ${id} is not unknown`);
    }
    add(id, value);
  }
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function contentOf(row: Row, parameters: TransportParameters): Uint8Array | null {
  switch (row.kind) {
    case "number": {
      const value = parameters[row.name];
      if (value === undefined) return null;
      if (!Number.isSafeInteger(value) || value < 0) {
        throw new TlsError("api/config", `transport parameter ${row.name} is ${value}`);
      }
      return encodeVarint(value);
    }
    case "bytes":
      return parameters[row.name] ?? null;
    case "flag":
      return parameters[row.name] ? new Uint8Array(0) : null;
    case "preferredAddress":
      return parameters.preferredAddress ? encodePreferred(parameters.preferredAddress) : null;
    case "versions": {
      if (parameters.versionInformation === undefined) return null;
      const { chosenVersion, availableVersions } = parameters.versionInformation;
      const bytes = new Uint8Array(4 + 4 * availableVersions.length);
      const view = new DataView(bytes.buffer);
      [chosenVersion, ...availableVersions].forEach((version, i) => view.setUint32(4 * i, version));
      return bytes;
    }
  }
}

function encodePreferred(address: PreferredAddress): Uint8Array {
  const { ipv4Address, ipv4Port, ipv6Address, ipv6Port, connectionId, statelessResetToken } =
    address;
  const bytes = new Uint8Array(25 + connectionId.length + statelessResetToken.length);
  const view = new DataView(bytes.buffer);
  bytes.set(ipv4Address.subarray(0, 4));
  view.setUint16(4, ipv4Port);
  bytes.set(ipv6Address.subarray(0, 16), 6);
  view.setUint16(22, ipv6Port);
  bytes[24] = connectionId.length;
  bytes.set(connectionId, 25);
  bytes.set(statelessResetToken, 25 + connectionId.length);
  return bytes;
}

/** What is wrong with a value, or `null`: the rules of RFC 9000 section 18.2, for both directions. */
function problemOf(row: Row, parameters: TransportParameters): string | null {
  switch (row.kind) {
    case "number": {
      const value = parameters[row.name] ?? 0;
      if (value < (row.min ?? 0)) return `is ${value}, less than ${row.min}`;
      return value > (row.max ?? Infinity) ? `is ${value}, more than ${row.max}` : null;
    }
    case "bytes": {
      const length = parameters[row.name]?.length ?? 0;
      return length < row.min || length > row.max ? `has ${length} bytes` : null;
    }
    case "flag":
      return null;
    case "preferredAddress": {
      const address = parameters.preferredAddress;
      if (address === undefined) return null;
      // RFC 9000 §18.2: a server that wants zero-length connection IDs has no preferred address.
      const length = address.connectionId.length;
      if (length === 0 || length > MAX_CONNECTION_ID_LENGTH) {
        return `has a ${length}-byte connection ID`;
      }
      const reset = address.statelessResetToken.length;
      return reset === 16 ? null : `has a ${reset}-byte stateless reset token`;
    }
    case "versions": {
      const info = parameters.versionInformation;
      // RFC 9368 §4: a version of 0 is a parsing failure.
      const zero = info?.chosenVersion === 0 || info?.availableVersions.includes(0);
      return zero ? "names the version 0" : null;
    }
  }
}

/** A record that is being filled. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Reads the parameters that a peer in the role `sender` sent, with every rule that they have to keep by themselves. The
 * connection IDs still have to be compared: {@link checkConnectionIds}.
 *
 * @throws {QuicError} `TRANSPORT_PARAMETER_ERROR`.
 */
export function decodeTransportParameters(bytes: Uint8Array, sender: Role): TransportParameters {
  const error = TransportErrorCode.TRANSPORT_PARAMETER_ERROR;
  const reader = new VarintReader(bytes, "transport parameters", error);
  const parameters: Mutable<TransportParameters> = {};
  const unknown = new Map<bigint, Uint8Array>();
  const seen = new Set<bigint>();
  while (reader.remaining > 0) {
    const id = reader.varintExact("identifier");
    const value = reader.bytes(reader.varint("length"), "value");
    // RFC 9000 §7.4: a parameter stands once.
    if (seen.has(id)) reader.fail(`0x${id.toString(16)} stands twice`);
    if (seen.add(id).size > MAX_TRANSPORT_PARAMETERS) reader.fail("there are too many");
    const row = ROW_OF_ID.get(id);
    if (row === undefined) {
      // RFC 9000 §7.4.2: unknown parameters are ignored.
      unknown.set(id, value.slice());
      continue;
    }
    // RFC 9000 §18.2: a client must not include any of the four that are a server's.
    if (row.serverOnly && sender === "client") reader.fail(`a client sent ${row.name}`);
    readInto(parameters, row, value);
    const problem = problemOf(row, parameters);
    if (problem !== null) reader.fail(`${row.name} ${problem}`);
  }
  const info = parameters.versionInformation;
  // RFC 9368 §4: a client's Available Versions include the Chosen Version.
  if (sender === "client" && info && !info.availableVersions.includes(info.chosenVersion)) {
    reader.fail("versionInformation lacks the chosen version among those available");
  }
  parameters.unknown = unknown;
  return parameters;
}

function readInto(parameters: Mutable<TransportParameters>, row: Row, value: Uint8Array): void {
  const error = TransportErrorCode.TRANSPORT_PARAMETER_ERROR;
  const reader = new VarintReader(value, `transport parameter ${row.name}`, error);
  switch (row.kind) {
    case "number":
      parameters[row.name] = reader.varint("value");
      // The value was saturated at 2^53 - 1, which hides a larger one from a limit of 2^60.
      if (row.max !== undefined && readVarintExact(value, 0) > BigInt(row.max)) {
        reader.fail(`value is more than ${row.max}`);
      }
      break;
    case "bytes":
      parameters[row.name] = reader.bytes(value.length, "value").slice();
      break;
    case "flag":
      parameters[row.name] = true;
      break;
    case "preferredAddress":
      parameters.preferredAddress = {
        ipv4Address: reader.bytes(4, "IPv4 address").slice(),
        ipv4Port: reader.number(2, "IPv4 port"),
        ipv6Address: reader.bytes(16, "IPv6 address").slice(),
        ipv6Port: reader.number(2, "IPv6 port"),
        connectionId: reader.bytes(reader.number(1, "connection ID length"), "connection ID")
          .slice(),
        statelessResetToken: reader.bytes(16, "stateless reset token").slice(),
      };
      break;
    case "versions": {
      const chosenVersion = reader.number(4, "chosen version");
      const availableVersions: number[] = [];
      while (reader.remaining > 0) availableVersions.push(reader.number(4, "available version"));
      parameters.versionInformation = { chosenVersion, availableVersions };
      break;
    }
  }
  if (reader.remaining > 0) reader.fail(`${reader.remaining} bytes follow the value`);
}
