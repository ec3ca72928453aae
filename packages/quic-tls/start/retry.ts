/**
 * Retry packets and their integrity tag (RFC 9001 section 5.8, RFC 9000 section 17.2.5).
 *
 * @module
 */
import { chain, type CryptoProvider, type MaybePromise, requireBytes } from "@sealane/providers";
import { equalBytes } from "@sealane/wire";
import { RETRY_TAG_LENGTH, type RetryPacket, writeLongPrefix } from "../packets/header.ts";
import { initialSuite } from "../keys/initial.ts";
import type { QuicVersion } from "../packets/version.ts";

const EMPTY = new Uint8Array(0);

/**
 * The integrity tag, 16 bytes, of a Retry packet without it. `originalDestinationConnectionId` is the one of the
 * client's first Initial packet.
 */
export function retryIntegrityTag(
  provider: CryptoProvider,
  version: QuicVersion,
  originalDestinationConnectionId: Uint8Array,
  retry: Uint8Array,
): MaybePromise<Uint8Array> {
  const id = originalDestinationConnectionId;
  const pseudoPacket = new Uint8Array(1 + id.length + retry.length);
  pseudoPacket[0] = id.length;
  pseudoPacket.set(id, 1);
  pseudoPacket.set(retry, 1 + id.length);
  return chain(
    initialSuite(provider).aead.importKey(version.retryKey),
    (key) =>
      chain(
        key.seal(version.retryNonce, pseudoPacket, EMPTY),
        (tag) => requireBytes(tag, "the integrity tag of Retry", RETRY_TAG_LENGTH),
      ),
  );
}

/** Whether the integrity tag of a Retry packet is right. */
export function verifyRetry(
  provider: CryptoProvider,
  packet: RetryPacket,
  originalDestinationConnectionId: Uint8Array,
): MaybePromise<boolean> {
  const end = packet.bytes.length - RETRY_TAG_LENGTH;
  const retry = packet.bytes.subarray(0, end);
  return chain(
    retryIntegrityTag(provider, packet.version, originalDestinationConnectionId, retry),
    (tag) => equalBytes(tag, packet.bytes.subarray(end)),
  );
}

/** What a Retry packet says. */
export interface Retry {
  /** The version of the client's Initial packet. */
  readonly version: QuicVersion;
  /** The client's Source Connection ID. */
  readonly destinationConnectionId: Uint8Array;
  /** The connection ID that the client has to use next: not the one that it used. */
  readonly sourceConnectionId: Uint8Array;
  /** The Destination Connection ID of the client's Initial packet. */
  readonly originalDestinationConnectionId: Uint8Array;
  /** The token, of at least one byte: see `AddressTokens`. */
  readonly token: Uint8Array;
  /** The four unused bits of the first byte; left out: 0. */
  readonly unused?: number;
}

/** A Retry packet with its integrity tag. */
export function writeRetry(provider: CryptoProvider, retry: Retry): MaybePromise<Uint8Array> {
  const { version, destinationConnectionId, sourceConnectionId, token } = retry;
  const prefix = 7 + destinationConnectionId.length + sourceConnectionId.length;
  const packet = new Uint8Array(prefix + token.length + RETRY_TAG_LENGTH);
  const first = 0xc0 | version.packetTypes.retry << 4 | (retry.unused ?? 0) & 0x0f;
  writeLongPrefix(packet, 0, first, version.id, retry);
  packet.set(token, prefix);
  const end = prefix + token.length;
  return chain(
    retryIntegrityTag(
      provider,
      version,
      retry.originalDestinationConnectionId,
      packet.subarray(0, end),
    ),
    (tag) => {
      packet.set(tag, end);
      return packet;
    },
  );
}
