/**
 * The framing of the suite's stand-in for QUIC packets: each record says in the clear at which level it is, and carries
 * the traffic secret of its direction and level as the proof that both sides derived the same one.
 *
 * @module
 */
import type { Level } from "@sealane/handshake";
import { concat, equalBytes, Writer } from "@sealane/wire";

/** The levels in the order of their numbers. */
const LEVELS: readonly Level[] = ["initial", "early", "handshake", "application"];

/** The keys of one direction at one level: a suite and a traffic secret. */
export interface LevelKeys {
  /** IANA code point of the suite; 0 at level initial. */
  readonly suite: number;
  /** The traffic secret; empty at level initial. */
  readonly secret: Uint8Array;
}

/** Keys by level; `initial` always has the empty ones. */
export type KeysByLevel = Map<Level, LevelKeys>;

/** The keys that a direction begins with. */
export function initialKeys(): KeysByLevel {
  return new Map([["initial", { suite: 0, secret: new Uint8Array() }]]);
}

/** What one record holds. */
export interface QuicRecord {
  /** TLS content type: alert, handshake or application data. */
  readonly type: number;
  /** The level. */
  readonly level: Level;
  /** The content. */
  readonly payload: Uint8Array;
}

/** Where records are read from. */
export interface QuicByteSource {
  /** Exactly `length` bytes, or `null` if the stream ends before. */
  readExactly(length: number): Promise<Uint8Array | null>;
}

/** A record that does not fit the keys that are installed. */
export class QuicFrameError extends Error {
  override readonly name = "QuicFrameError";
}

/** The bytes of a record under the keys of its level. */
export function encodeQuicRecord(
  { type, level, payload }: QuicRecord,
  keys: KeysByLevel,
): Uint8Array {
  const levelKeys = keys.get(level);
  if (levelKeys === undefined) throw new QuicFrameError(`no write keys at level ${level}`);
  const { suite, secret } = levelKeys;
  const header = new Writer();
  header.u8(type).u8(LEVELS.indexOf(level)).u16(suite).u32(secret.length + payload.length);
  return concat([header.finish(), secret, payload]);
}

/**
 * The next record, or `null` at the end of the stream.
 *
 * Early data without keys is skipped: the server declined it.
 *
 * @throws {QuicFrameError} if the record is not under the keys of its level.
 */
export async function readQuicRecord(
  socket: QuicByteSource,
  keys: KeysByLevel,
): Promise<QuicRecord | null> {
  while (true) {
    const header = await socket.readExactly(8);
    if (header === null) return null;
    const view = new DataView(header.buffer);
    const level = LEVELS[header[1]];
    const body = await socket.readExactly(view.getUint32(4));
    if (body === null) return null;
    if (level === undefined) throw new QuicFrameError(`unknown level ${header[1]}`);
    const levelKeys = keys.get(level);
    if (levelKeys === undefined) {
      if (level === "early") continue;
      throw new QuicFrameError(`got a record at level ${level}, which has no keys yet`);
    }
    const { suite, secret } = levelKeys;
    if (view.getUint16(2) !== suite) {
      throw new QuicFrameError(`wrong cipher suite at level ${level}`);
    }
    if (!equalBytes(body.subarray(0, secret.length), secret)) {
      throw new QuicFrameError(`wrong secret at level ${level}`);
    }
    return { type: header[0], level, payload: body.subarray(secret.length) };
  }
}
