/**
 * CONNECTION_CLOSE frames made of errors, and errors made of them (RFC 9000 section 19.19).
 *
 * @module
 */
import type { Level } from "@sealane/handshake";
import type { TlsError } from "@sealane/wire";
import { closeCodeOf, errorOfCloseCode, type QuicError, TransportErrorCode } from "../errors.ts";
import type { ConnectionCloseFrame } from "./frames.ts";

/** A reason is for people: more than this many characters do not reach the wire. */
const MAX_REASON = 200;

/** The frame that tells the peer of an error: see {@link closeCodeOf}. */
export function closeFrame(error: unknown): ConnectionCloseFrame {
  const reason = (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON);
  const code = closeCodeOf(error);
  return { type: "connectionClose", code, application: false, frameType: 0, reason };
}

/** The frame by which the application ends the connection, with a code of its own. */
export function applicationCloseFrame(code: number, reason = ""): ConnectionCloseFrame {
  const short = reason.slice(0, MAX_REASON);
  return { type: "connectionClose", code, application: true, frameType: 0, reason: short };
}

/** The frame as packets of `level` carry it. */
export function closeFrameAt(level: Level, frame: ConnectionCloseFrame): ConnectionCloseFrame {
  if (!frame.application || level === "application" || level === "early") return frame;
  // RFC 9000 §10.2.3: packets of the handshake do not say what the application said.
  const code = TransportErrorCode.APPLICATION_ERROR;
  return { ...frame, code, application: false, reason: "" };
}

/** The error of a frame that came: `null` if it says that nothing was wrong, or has a code of the application's. */
export function errorOfClose(frame: ConnectionCloseFrame): TlsError | QuicError | null {
  if (frame.application || frame.code === TransportErrorCode.NO_ERROR) return null;
  return errorOfCloseCode(frame.code, frame.reason);
}
