/**
 * pre_shared_key (RFC 9846 section 4.3.11): which PSKs the client knows, and the proof that it does.
 *
 * @module
 */
import { encode, ExtensionType, TlsError, type Writer } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

/** The name of a PSK as the client offers it. */
export interface PskIdentity {
  /** A ticket, or the name of an external PSK; 1 to 65,535 bytes. */
  readonly identity: Uint8Array;
  /** Age of the ticket in milliseconds plus its `ticket_age_add`, modulo 2^32; 0 for external PSKs. */
  readonly obfuscatedTicketAge: number;
}

/** The PSKs of a ClientHello. */
export interface OfferedPsks {
  /** At least one, the client's order. */
  readonly identities: readonly PskIdentity[];
  /**
   * An HMAC for each identity, in their order. Neither their number nor their lengths are checked here: that there is
   * one of the right length for each identity is the flow's to say, with alerts of its own.
   */
  readonly binders: readonly Uint8Array[];
}

const type = ExtensionType.pre_shared_key;

function writeBinders(writer: Writer, binders: readonly Uint8Array[]): void {
  writer.vector16((list) => binders.forEach((binder) => list.vector8(binder)));
}

/** In ClientHello, where it is the last extension. */
export const preSharedKeyInClientHello: ExtensionCodec<OfferedPsks> = {
  type,
  encode(writer, { identities, binders }) {
    writer.vector16((list) => {
      for (const { identity, obfuscatedTicketAge } of identities) {
        list.vector16(identity).u32(obfuscatedTicketAge);
      }
    });
    writeBinders(writer, binders);
  },
  decode: (reader) => ({
    identities: reader.list(reader.vector16("identities", { min: 7 }), "identities", (list) => ({
      identity: list.vector16("identity", { min: 1 }),
      obfuscatedTicketAge: list.u32("obfuscated_ticket_age"),
    })),
    // RFC 9846 §4.3.11 wants binders of 32 bytes and more; a short one is a wrong one, decrypt_error, as in BoringSSL.
    binders: reader.list(
      reader.vector16("binders", { min: 1 }),
      "binders",
      (list) => list.vector8("binder"),
    ),
  }),
};

/** In ServerHello: the index of the chosen identity. */
export const preSharedKeyInServerHello: ExtensionCodec<number> = {
  type,
  encode: (writer, selectedIdentity) => void writer.u16(selectedIdentity),
  decode: (reader) => reader.u16("selected_identity"),
};

/** Bytes that the binders take at the end of a ClientHello, their length field included. */
export function bindersLength(binders: readonly Uint8Array[]): number {
  return binders.reduce((length, binder) => length + 1 + binder.length, 2);
}

/**
 * Truncate(ClientHello) of RFC 9846 section 4.3.11.2: the message up to its binders, as the binders authenticate it. A view
 * over `clientHello`, which has its header and whose last extension is pre_shared_key with these binders.
 */
export function truncateBinders(
  clientHello: Uint8Array,
  binders: readonly Uint8Array[],
): Uint8Array {
  return clientHello.subarray(0, clientHello.length - bindersLength(binders));
}

/**
 * Puts binders into an encoded ClientHello, in the place of others of the same number and lengths: the hello is encoded
 * with binders of zeros first, since they depend on all that stands before them.
 *
 * @throws {TlsError} `local/internal` if the space is not exactly theirs.
 */
export function replaceBinders(clientHello: Uint8Array, binders: readonly Uint8Array[]): void {
  const list = encode((writer) => writeBinders(writer, binders));
  const start = clientHello.length - list.length;
  if (
    start < 0 || clientHello[start] !== list[0] || clientHello[start + 1] !== list[1]
  ) {
    throw new TlsError("local/internal", "ClientHello has not been encoded with these binders");
  }
  clientHello.set(list, start);
}
