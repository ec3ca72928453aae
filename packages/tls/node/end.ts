/**
 * What the configuration of a handshake needs of the socket that it is for.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { keyLogLine, type Observer } from "@sealane/handshake";
import { isPromise, type MaybePromise } from "@sealane/providers";
import { HandshakeType, TlsError } from "@sealane/wire";
import type { TlsState } from "./tls_facts.ts";

/** Type and length of a handshake message. */
const HEADER_LENGTH = 4;

/** A socket, as the configuration of its handshake sees it. */
export interface End {
  /** What it remembers of the handshake, its context above all. */
  readonly state: TlsState;
  /** Whether a peer that cannot be verified is refused. */
  readonly rejectUnauthorized: boolean;
  /** The verdict on the peer: what is wrong, or `null`. */
  judged(error: Error | null): void;
  /** The name that a client has asked for; empty for none. */
  asked(name: string): void;
  /** Somebody listens to key logs. */
  wantsKeyLog(): boolean;
  /** A line of a key log. */
  keyLog(line: Buffer): void;
  /** An error that a callback of the program has made: what ends the connection is told as this. */
  callbackFailed(error: Error): void;
}

/** Watches a handshake for what a socket tells of it. */
export function observerOf({ state, ...end }: End): Observer {
  return {
    message(direction, level, bytes) {
      state.trace?.(direction, level, bytes);
      if (bytes[0] === HandshakeType.finished) {
        state.finished[direction] = Buffer.from(bytes.subarray(HEADER_LENGTH));
      }
    },
    secret(label, clientRandom, secret) {
      if (!end.wantsKeyLog()) return;
      end.keyLog(Buffer.from(`${keyLogLine(label, clientRandom, secret)}\n`));
    },
  };
}

/** Verifies and, where the program wants to look at the result itself, lets a bad one pass. */
export function judge(end: End, verify: () => MaybePromise<void>): MaybePromise<void> {
  const refused = (error: unknown): void => {
    const shown = error instanceof TlsError && error.cause instanceof Error ? error.cause : error;
    end.judged(shown instanceof Error ? shown : new Error(String(shown)));
    if (end.rejectUnauthorized) throw error;
  };
  try {
    const verifying = verify();
    if (isPromise(verifying)) return verifying.then(() => end.judged(null), refused);
  } catch (error) {
    return refused(error);
  }
  end.judged(null);
}

/** Runs a callback of the program: what it throws ends the handshake, and is told as it was thrown. */
export function calling<T>(end: End, callback: () => T): T {
  try {
    return callback();
  } catch (error) {
    throw callbackError(end, error);
  }
}

/** The error of a handshake that a callback of the program has ended. */
export function callbackError(end: End, error: unknown): TlsError {
  const shown = error instanceof Error ? error : new Error(String(error));
  end.callbackFailed(shown);
  return new TlsError("local/callback", shown.message, { cause: shown });
}
