/**
 * Tests of what an endpoint does with bad input: the peer is our own, and somebody changes what it sends on the way.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import {
  AlertDescription as A,
  alertName,
  concat,
  type ExtensionType as E,
  fromHex,
  HandshakeType as H,
  NamedGroup as G,
  type TlsErrorCode,
} from "@sealane/wire";
import type { RawExtension } from "./extensions/extension.ts";
import { type ClientHello, decodeClientHello, encodeClientHello } from "./messages/client_hello.ts";
import {
  decodeEncryptedExtensions,
  encodeEncryptedExtensions,
} from "./messages/encrypted_extensions.ts";
import { decodeServerHello, encodeServerHello, type ServerHello } from "./messages/server_hello.ts";
import {
  type ClientConfig,
  createCredential,
  Handshake,
  type HandshakeOptions,
  type ServerConfig,
} from "./mod.ts";
import { type Interference, shakeOut } from "./testing.ts";

const authority = await createTestAuthority(provider);
const { chain, signer } = await authority.issue({ names: ["localhost"] });
export const credential = createCredential({ certificates: chain, signer });
export const target = { serverName: "localhost" };
export const client: ClientConfig = {
  provider,
  groups: [G.x25519, G.secp256r1, G.secp384r1],
  alpn: ["h2"],
  credentials: [credential],
  dangerouslyDisableCertificateVerification: true,
};
export const server: ServerConfig = {
  provider,
  groups: [G.x25519, G.secp256r1],
  alpn: ["h2"],
  credentials: [credential],
  dangerouslyDisableCertificateVerification: true,
};
export const requiring: ServerConfig = { ...server, clientAuthentication: "required" };
/** A server that has no group in common with the client's first share. */
export const retrying: ServerConfig = { ...server, groups: [G.secp256r1] };

export interface Row {
  /** What the peer does. */
  readonly name: string;
  /** What happens on the way. */
  readonly on: Interference;
  /** Who notices. */
  readonly by: "client" | "server";
  readonly code: TlsErrorCode;
  readonly alert: A;
  readonly client?: ClientConfig;
  readonly server?: ServerConfig;
  readonly options?: HandshakeOptions;
}

/** Changes the nth message (from 0) of a type and sender. */
export function change(
  from: "client" | "server",
  type: H,
  edit: (message: Uint8Array) => Uint8Array | null,
  nth = 0,
): Interference {
  let seen = 0;
  return (message, sender) =>
    sender === from && message[0] === type && seen++ === nth ? edit(message) : message;
}

export const append = (bytes: Uint8Array) => (message: Uint8Array) => concat([message, bytes]);

/** One byte more in the body. */
export function lengthen(message: Uint8Array): Uint8Array {
  const longer = concat([message, new Uint8Array(1)]);
  const length = message.length - 4 + 1;
  longer.set([length >> 16, length >> 8 & 0xff, length & 0xff], 1);
  return longer;
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
export const UE = A.unsupported_extension;
export const ME = A.missing_extension;

export const inServer = { by: "server" } as const;
export const inClient = { by: "client" } as const;

/** Runs each row as a test of its own. */
export function testRows(rows: readonly Row[]): void {
  for (const row of rows) {
    Deno.test(`${row.name}: the ${row.by} sends ${alertName(row.alert)}`, async () => {
      const sides = {
        client: Handshake.client(row.client ?? client, target, row.options),
        server: Handshake.server(row.server ?? server, row.options),
      };
      const outcome = await shakeOut(sides.client, sides.server, row.on);
      const error = outcome[row.by];
      assertEquals(error?.code, row.code, error?.message);
      assertEquals(error?.alert, row.alert);
      // The connection is of no use afterwards: it throws the same error, and says nothing more.
      const side = sides[row.by];
      let again: unknown = null;
      try {
        side.receive(side.readLevel, new Uint8Array(1));
      } catch (thrown) {
        again = thrown;
      }
      assert(again === error);
      const left = Array.from(side.events(), (event) => event.type);
      assert(left.indexOf("alert") === left.length - 1, `after the alert: ${left}`);
      assertEquals(Array.from(side.events()), []);
    });
  }
}
