/**
 * The form of the conformance tables: the peer is our own, and somebody changes what it sends on the way.
 *
 * @module
 */
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import {
  AlertDescription as A,
  concat,
  type ExtensionType as E,
  fromHex,
  HandshakeType as H,
  NamedGroup as G,
  type TlsErrorCode,
} from "@sealane/wire";
import type { RawExtension } from "../extensions/extension.ts";
import {
  type ClientHello,
  decodeClientHello,
  encodeClientHello,
} from "../messages/client_hello.ts";
import {
  decodeEncryptedExtensions,
  encodeEncryptedExtensions,
} from "../messages/encrypted_extensions.ts";
import {
  decodeServerHello,
  encodeServerHello,
  type ServerHello,
} from "../messages/server_hello.ts";
import {
  type ClientConfig,
  type ClientTarget,
  createCredential,
  type Level,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
  type Session,
} from "../mod.ts";

/** Who issues the certificates. */
export const authority = await createTestAuthority(provider);
const { chain, signer } = await authority.issue({ names: ["localhost"] });
/** What both authenticate with. */
export const credential = createCredential({ certificates: chain, signer });
/** What the client wants unless a row says otherwise. */
export const target: ClientTarget = { serverName: "localhost" };
/** The client unless a row says otherwise. */
export const client: ClientConfig = {
  provider,
  groups: [G.x25519, G.secp256r1, G.secp384r1],
  alpn: ["h2"],
  credentials: [credential],
  dangerouslyDisableCertificateVerification: true,
};
/** The server unless a row says otherwise. */
export const server: ServerConfig = {
  provider,
  groups: [G.x25519, G.secp256r1],
  alpn: ["h2"],
  credentials: [credential],
  dangerouslyDisableCertificateVerification: true,
};
export const requiring: ServerConfig = { ...server, clientAuthentication: "required" };
/** A client and a server that resume, with early data where a row has it. */
export const early: ClientConfig = { ...client, earlyData: true };
export const resuming: ServerConfig = {
  ...server,
  tickets: sealedTickets({ provider, keys: new RotatingTicketKeys(provider) }),
  ticketCount: 1,
};
export const takingEarly: ServerConfig = {
  ...resuming,
  // A replay is another row's.
  earlyData: { replayGuard: { tolerance: 60_000, claim: () => true } },
};
/** A server that has no group in common with the client's first share. */
export const retrying: ServerConfig = { ...server, groups: [G.secp256r1] };

/**
 * Changes a message on its way; `null` drops it. `nth` counts those of its sender and type, from 0. It keeps no state of its
 * own, so that a row can be run more than once.
 */
export type Interference = (
  message: Uint8Array,
  from: "client" | "server",
  nth: number,
) => Uint8Array | null;

/** A rule, and how it is broken. */
export interface Row {
  /** The row of the checklist, by which a test is found. */
  readonly row: number;
  /** What the peer does. */
  readonly name: string;
  /** What happens on the way. */
  readonly on: Interference;
  /** Who notices. */
  readonly by: "client" | "server";
  /** The code of the error. */
  readonly code: TlsErrorCode;
  /** The alert that goes out. */
  readonly alert: A;
  /** The client; {@link client} unless given. */
  readonly client?: ClientConfig;
  /** The server; {@link server} unless given. */
  readonly server?: ServerConfig;
  /** The server of the connection before; {@link Row.server} unless given. */
  readonly before?: ServerConfig;
  /** Where a session of an earlier connection is resumed: what the client makes of it. */
  readonly resume?: (session: Session) => Session;
  /** What the client wants; {@link target} unless given. */
  readonly target?: ClientTarget;
  /** The carrier that the rule is of; both unless given. */
  readonly only?: "records" | "packets";
  /**
   * The level of the alert over records, where it does not follow from the message before it: that of a client whose early data
   * is open.
   */
  readonly level?: Level;
}

/** A row in one line. */
export function refusal(
  row: number,
  by: "client" | "server",
  name: string,
  on: Interference,
  code: TlsErrorCode,
  alert: A,
  more: Partial<Row> = {},
): Row {
  return { row, by, name, on, code, alert, ...more };
}

/** Nothing is changed: what is wrong is wrong by itself. */
export const unchanged: Interference = (message) => message;
/** The session as it is. */
export const asItIs = (session: Session): Session => session;

/** Changes the nth message (from 0) of a type and sender. */
export function change(
  from: "client" | "server",
  type: number,
  edit: (message: Uint8Array) => Uint8Array | null,
  nth = 0,
): Interference {
  return (message, sender, index) =>
    sender === from && message[0] === type && index === nth ? edit(message) : message;
}

export const append = (bytes: Uint8Array) => (message: Uint8Array) => concat([message, bytes]);

/** One byte more in the body. */
export function lengthen(message: Uint8Array): Uint8Array {
  const longer = concat([message, new Uint8Array(1)]);
  const length = message.length - 4 + 1;
  longer.set([length >> 16, length >> 8 & 0xff, length & 0xff], 1);
  return longer;
}

/** One byte fewer in the body. */
export function shorten(message: Uint8Array): Uint8Array {
  const shorter = message.slice(0, -1);
  const length = shorter.length - 4;
  shorter.set([length >> 16, length >> 8 & 0xff, length & 0xff], 1);
  return shorter;
}

/** Another last bit. */
export function flipLast(message: Uint8Array): Uint8Array {
  const other = message.slice();
  other[other.length - 1] ^= 1;
  return other;
}

export function retype(message: Uint8Array): Uint8Array {
  const other = message.slice();
  other[0] = 42;
  return other;
}

export function clientHello(edit: (hello: ClientHello) => ClientHello, nth = 0): Interference {
  return change(
    "client",
    H.client_hello,
    (message) => encodeClientHello(edit(decodeClientHello(message.subarray(4)))),
    nth,
  );
}

export function serverHello(edit: (hello: ServerHello) => ServerHello, nth = 0): Interference {
  return change(
    "server",
    H.server_hello,
    (message) => encodeServerHello(edit(decodeServerHello(message.subarray(4)))),
    nth,
  );
}

export type Extensions = readonly RawExtension[];

/** Changes the extensions of a hello. */
export function extensions<T extends { readonly extensions: Extensions }>(
  edit: (list: Extensions) => Extensions,
): (hello: T) => T {
  return (hello) => ({ ...hello, extensions: edit(hello.extensions) });
}

export const without = (type: E) => (list: Extensions) => list.filter((each) => each.type !== type);
export const plus =
  (type: E, hex = "") => (list: Extensions) => [...list, { type, data: fromHex(hex) }];
export const put = (type: E, data: (old: Uint8Array) => Uint8Array) => (list: Extensions) =>
  list.map((each) => each.type === type ? { type, data: data(each.data) } : each);
export const set = (type: E, hex: string) => put(type, () => fromHex(hex));
export const longer = (type: E) => put(type, append(new Uint8Array(1)));

export function encrypted(edit: (list: Extensions) => Extensions): Interference {
  return change("server", H.encrypted_extensions, (message) => {
    const { extensions } = decodeEncryptedExtensions(message.subarray(4));
    return encodeEncryptedExtensions({ extensions: edit(extensions) });
  });
}

/** A key_share entry list of one, in hexadecimal. */
export function share(group: number, bytes: string): string {
  const hex = (value: number) => value.toString(16).padStart(4, "0");
  const length = bytes.length / 2;
  return hex(length + 4) + hex(group) + hex(length) + bytes;
}

/** A ServerHello key_share. */
export function serverShare(group: number, bytes: string): string {
  return share(group, bytes).slice(4);
}

export const UM = A.unexpected_message;
export const DE = A.decode_error;
export const IP = A.illegal_parameter;
export const BC = A.bad_certificate;
export const UE = A.unsupported_extension;
export const ME = A.missing_extension;

export const inServer = { by: "server" } as const;
export const inClient = { by: "client" } as const;
