/**
 * The option `enableTrace`: the handshake messages of a connection, a line each.
 *
 * @module
 */
import process from "node:process";
import type { Level } from "@sealane/handshake";
import { HandshakeType } from "@sealane/wire";

/** Told of each handshake message, header and body. */
export type Trace = (direction: "read" | "write", level: Level, message: Uint8Array) => void;

/** Writes direction, level, name and length to standard error; nothing of what is in the message. */
export const writeTrace: Trace = (direction, level, message) => {
  const name = Object.entries(HandshakeType).find(([, type]) => type === message[0])?.[0];
  const what = name ?? `type ${message[0]}`;
  process.stderr.write(`TLS ${direction} ${level} ${what}, ${message.length} bytes\n`);
};
