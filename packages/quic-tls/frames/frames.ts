/**
 * QUIC frames as values (RFC 9000 section 19, RFC 9221): what an opened packet holds. `frame_decoder.ts` reads them,
 * `frame_encoder.ts` writes them.
 *
 * @module
 */
import type { RangeSet } from "./ranges.ts";

/** The types of frames, named as in RFC 9000 table 3. STREAM takes the eight types from 0x08 on. */
export const FrameType = {
  PADDING: 0x00,
  PING: 0x01,
  ACK: 0x02,
  ACK_ECN: 0x03,
  RESET_STREAM: 0x04,
  STOP_SENDING: 0x05,
  CRYPTO: 0x06,
  NEW_TOKEN: 0x07,
  STREAM: 0x08,
  MAX_DATA: 0x10,
  MAX_STREAM_DATA: 0x11,
  MAX_STREAMS_BIDI: 0x12,
  MAX_STREAMS_UNI: 0x13,
  DATA_BLOCKED: 0x14,
  STREAM_DATA_BLOCKED: 0x15,
  STREAMS_BLOCKED_BIDI: 0x16,
  STREAMS_BLOCKED_UNI: 0x17,
  NEW_CONNECTION_ID: 0x18,
  RETIRE_CONNECTION_ID: 0x19,
  PATH_CHALLENGE: 0x1a,
  PATH_RESPONSE: 0x1b,
  CONNECTION_CLOSE: 0x1c,
  APPLICATION_CLOSE: 0x1d,
  HANDSHAKE_DONE: 0x1e,
  DATAGRAM: 0x30,
  DATAGRAM_WITH_LENGTH: 0x31,
} as const;
/** The number of a frame type. */
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** Bits in the types of STREAM frames (RFC 9000 section 19.8). */
export const StreamBit = { FIN: 0x01, LENGTH: 0x02, OFFSET: 0x04 } as const;

/** Whether a stream carries data in both directions, or in one. */
export type StreamKind = "bidi" | "uni";

/** How many packets arrived with each mark of explicit congestion notification (RFC 9000 section 19.3.2). */
export interface EcnCounts {
  /** Packets marked ECT(0). */
  readonly ect0: number;
  /** Packets marked ECT(1). */
  readonly ect1: number;
  /** Packets marked CE: there was congestion. */
  readonly ce: number;
}

/** An ACK frame (RFC 9000 section 19.3). */
export interface AckFrame {
  /** Which frame this is. */
  readonly type: "ack";
  /** Packet numbers in half-open ranges, the newest range first; one range at least. */
  readonly ranges: readonly (readonly [start: number, end: number])[];
  /** How long the acknowledgement waited, in units of 2 to the power of `ack_delay_exponent` microseconds. */
  readonly delay: number;
  /** Where the type is ACK_ECN. */
  readonly ecn?: EcnCounts;
}

/** A CONNECTION_CLOSE frame (RFC 9000 section 19.19). */
export interface ConnectionCloseFrame {
  /** Which frame this is. */
  readonly type: "connectionClose";
  /** A transport error code, or one of the application's. */
  readonly code: number;
  /** Whether the code is the application's: frame type 0x1d. */
  readonly application: boolean;
  /** The type of the frame that was wrong; 0 where it is unknown, and in closes of the application. */
  readonly frameType: number;
  /** UTF-8 for people. */
  readonly reason: string;
}

/** A frame. Numbers are as {@link readVarint} reads them; byte strings that arrived are views over the packet. */
export type Frame =
  | { readonly type: "padding"; /** How many in a row. */ readonly length: number }
  | { readonly type: "ping" }
  | AckFrame
  | {
    readonly type: "resetStream";
    readonly streamId: number;
    readonly code: number;
    readonly finalSize: number;
  }
  | { readonly type: "stopSending"; readonly streamId: number; readonly code: number }
  | { readonly type: "crypto"; readonly offset: number; readonly data: Uint8Array }
  | { readonly type: "newToken"; readonly token: Uint8Array }
  | {
    readonly type: "stream";
    readonly streamId: number;
    readonly offset: number;
    readonly data: Uint8Array;
    /** Whether the stream ends with `data`. */
    readonly fin: boolean;
  }
  | { readonly type: "maxData"; readonly maximum: number }
  | { readonly type: "maxStreamData"; readonly streamId: number; readonly maximum: number }
  | { readonly type: "maxStreams"; readonly kind: StreamKind; readonly maximum: number }
  | { readonly type: "dataBlocked"; readonly maximum: number }
  | { readonly type: "streamDataBlocked"; readonly streamId: number; readonly maximum: number }
  | { readonly type: "streamsBlocked"; readonly kind: StreamKind; readonly maximum: number }
  | {
    readonly type: "newConnectionId";
    readonly sequenceNumber: number;
    readonly retirePriorTo: number;
    /** 1 to 20 bytes. */
    readonly connectionId: Uint8Array;
    /** 16 bytes. */
    readonly statelessResetToken: Uint8Array;
  }
  | { readonly type: "retireConnectionId"; readonly sequenceNumber: number }
  | {
    readonly type: "pathChallenge" | "pathResponse"; /** 8 bytes. */
    readonly data: Uint8Array;
  }
  | ConnectionCloseFrame
  | { readonly type: "handshakeDone" }
  | { readonly type: "datagram"; readonly data: Uint8Array };

/** Whether a packet with this frame asks for an acknowledgement (RFC 9002 section 2). */
export function isAckEliciting({ type }: Frame): boolean {
  return type !== "ack" && type !== "padding" && type !== "connectionClose";
}

/**
 * The ACK frame for packet numbers that arrived; at least one has. `delay` is encoded as {@link AckFrame} says. Of more
 * ranges than `maxRanges`, the newest count.
 */
export function ackFrame(received: RangeSet, delay = 0, maxRanges = 32): AckFrame {
  const ranges: [number, number][] = [];
  for (let i = received.size - 1; i >= 0 && ranges.length < maxRanges; i--) {
    ranges.push([received.start(i), received.end(i)]);
  }
  return { type: "ack", ranges, delay };
}
