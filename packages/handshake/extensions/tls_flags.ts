/**
 * tls_flags (draft-ietf-tls-tlsflags): extensions that say nothing but yes, one bit each.
 *
 * @module
 */
import { ExtensionType, type Reader, TlsError, type Writer } from "@sealane/wire";
import type { ExtensionCodec } from "./extension.ts";

/** Flags by name. */
export const TlsFlag = {
  /** In NewSessionTicket: the session may be resumed under any name that the certificate holds. */
  resumption_across_names: 8,
} as const;
/** A flag. Any number from 0 to 2039; see the object of the same name. */
export type TlsFlag = number;

function write(writer: Writer, flags: ReadonlySet<TlsFlag>): void {
  const octets = new Uint8Array((Math.max(...flags) >> 3) + 1);
  for (const flag of flags) octets[flag >> 3] |= 1 << (flag & 7);
  writer.vector8(octets);
}

function read(reader: Reader): Set<TlsFlag> {
  const octets = reader.vector8("flags", { min: 1 });
  // Section 2 of the draft: no trailing zero octets.
  if (octets[octets.length - 1] === 0) {
    throw new TlsError("peer/tls-flags", "tls_flags is longer than its flags need");
  }
  const flags = new Set<TlsFlag>();
  octets.forEach((octet, index) => {
    for (let bit = 0; bit < 8; bit++) if (octet >> bit & 1) flags.add(8 * index + bit);
  });
  return flags;
}

/** In ClientHello: the flags that the client sets; at least one, since an extension without flags is not sent. */
export const tlsFlagsInClientHello: ExtensionCodec<ReadonlySet<TlsFlag>> = {
  type: ExtensionType.tls_flags,
  encode: write,
  decode: read,
};

/** In EncryptedExtensions: the flags with which the server answers; none that the client did not set. */
export const tlsFlagsInEncryptedExtensions: ExtensionCodec<ReadonlySet<TlsFlag>> =
  tlsFlagsInClientHello;

/** In NewSessionTicket: the flags of the ticket; unknown ones mean nothing. */
export const tlsFlagsInNewSessionTicket: ExtensionCodec<ReadonlySet<TlsFlag>> =
  tlsFlagsInClientHello;
