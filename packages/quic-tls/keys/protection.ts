/**
 * Packet protection (RFC 9001 section 5): AEAD and header protection of one secret.
 *
 * @module
 */
import {
  type AeadKey,
  chain,
  type CipherSuite,
  type HeaderProtectionKey,
  hkdfExpandLabel,
  isBytes,
  isPromise,
  type MaybePromise,
  requireOpened,
  requireSealed,
} from "@sealane/providers";
import { CipherSuiteId, TlsError, wipe } from "@sealane/wire";
import type { DropReason } from "../packets/drop.ts";
import { QuicError, TransportErrorCode } from "../errors.ts";
import { decodePacketNumber } from "../packets/packet_number.ts";
import type { QuicVersion } from "../packets/version.ts";

const EMPTY = new Uint8Array(0);
const SAMPLE_LENGTH = 16;
/** RFC 9001 §5.4.1: the mask has 5 bytes at least. */
const MASK_LENGTH = 5;

/** A packet whose protection was removed. */
export interface OpenedPacket {
  /** The first byte of the header, unprotected. */
  readonly firstByte: number;
  /** The full packet number. */
  readonly packetNumber: number;
  /** The unprotected header, up to and with the packet number. */
  readonly header: Uint8Array;
  /** The frames, at least one byte. */
  readonly payload: Uint8Array;
}

/** A packet without its header protection, ready for the AEAD. */
export interface UnmaskedPacket {
  /** The first byte without its mask. */
  readonly firstByte: number;
  /** The packet number in full. */
  readonly packetNumber: number;
  /** The header, with the packet number. */
  readonly header: Uint8Array;
}

/**
 * Refuses suites that QUIC cannot use: those without a header-protection algorithm, and TLS_AES_128_CCM_8_SHA256 (RFC
 * 9001 section 5.3).
 *
 * @throws {TlsError} `api/config`.
 */
export function requireQuicSuite(suite: CipherSuite): void {
  if (suite.id === CipherSuiteId.TLS_AES_128_CCM_8_SHA256) {
    throw new TlsError("api/config", `${suite.name} is not for QUIC: its tag has 8 bytes`);
  }
  if (suite.headerProtection === undefined) {
    throw new TlsError("api/config", `${suite.name} has no QUIC header protection`);
  }
}

/** The header-protection key of a secret; it outlives key updates (RFC 9001 section 6.1). */
export function headerProtectionKey(
  version: QuicVersion,
  suite: CipherSuite,
  secret: Uint8Array,
): HeaderProtectionKey {
  requireQuicSuite(suite);
  const { headerProtection } = suite;
  if (headerProtection === undefined) throw new TlsError("api/config", `${suite.name} has no mask`);
  const label = version.labels.headerProtection;
  const key = hkdfExpandLabel(suite.hash, secret, label, EMPTY, headerProtection.keyLength);
  const imported = headerProtection.importKey(key);
  wipe(key);
  return imported;
}

/** Counts forged packets across all keys of an AEAD (RFC 9001 section 6.6). */
export class ForgeryCount {
  /** How many packets did not authenticate. */
  count = 0;
  /** How many may not. */
  readonly limit: number;

  /** `limit` is the AEAD's integrity limit. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Counts one. Throws `AEAD_LIMIT_REACHED` beyond the limit. */
  add(): void {
    // RFC 9001 §6.6: more failures than the integrity limit close the connection.
    if (++this.count > this.limit) {
      const reason = `${this.count} packets did not authenticate, the limit is ${this.limit}`;
      throw new QuicError(TransportErrorCode.AEAD_LIMIT_REACHED, reason);
    }
  }
}

/** The AEAD half of packet protection: key, IV and the count of packets sealed. */
export class PacketKey {
  /** How many packets this key has sealed. */
  sealed = 0;
  /** Bytes of the tag. */
  readonly tagLength: number;
  /** How many packets this key may seal. */
  readonly confidentialityLimit: number;
  readonly #aead: AeadKey;
  readonly #iv: Uint8Array;
  readonly #nonce: Uint8Array;

  private constructor(suite: CipherSuite, aead: AeadKey, iv: Uint8Array) {
    this.#aead = aead;
    this.#iv = iv;
    this.#nonce = iv.slice();
    this.tagLength = suite.aead.tagLength;
    this.confidentialityLimit = suite.aead.confidentialityLimit;
  }

  /** Key and IV from a secret (RFC 9001 section 5.1). */
  static create(
    version: QuicVersion,
    suite: CipherSuite,
    secret: Uint8Array,
  ): MaybePromise<PacketKey> {
    const { key: keyLabel, iv: ivLabel } = version.labels;
    const { keyLength, nonceLength } = suite.aead;
    const key = hkdfExpandLabel(suite.hash, secret, keyLabel, EMPTY, keyLength);
    const iv = hkdfExpandLabel(suite.hash, secret, ivLabel, EMPTY, nonceLength);
    return chain(suite.aead.importKey(key), (aead) => {
      wipe(key);
      return new PacketKey(suite, aead, iv);
    });
  }

  /** The IV with the packet number XORed into its last eight bytes (RFC 9001 section 5.3); valid until the next call. */
  #nonceOf(packetNumber: number): Uint8Array {
    const nonce = this.#nonce;
    const iv = this.#iv;
    const last = iv.length - 1;
    const low = packetNumber >>> 0;
    const high = (packetNumber - low) / 0x1_0000_0000;
    nonce[last] = iv[last] ^ low;
    nonce[last - 1] = iv[last - 1] ^ low >>> 8;
    nonce[last - 2] = iv[last - 2] ^ low >>> 16;
    nonce[last - 3] = iv[last - 3] ^ low >>> 24;
    nonce[last - 4] = iv[last - 4] ^ high;
    nonce[last - 5] = iv[last - 5] ^ high >>> 8;
    nonce[last - 6] = iv[last - 6] ^ high >>> 16;
    return nonce;
  }

  /** Seals the bytes between the header and the room for the tag, in place. */
  seal(packet: Uint8Array, headerLength: number, packetNumber: number): MaybePromise<Uint8Array> {
    // RFC 9001 §6.6: a key that has reached its confidentiality limit is not used again.
    if (this.sealed >= this.confidentialityLimit) {
      const reason = `a key has protected ${this.sealed} packets, as many as it may`;
      throw new QuicError(TransportErrorCode.AEAD_LIMIT_REACHED, reason);
    }
    this.sealed++;
    const plaintext = packet.subarray(headerLength, packet.length - this.tagLength);
    const header = packet.subarray(0, headerLength);
    const place = packet.subarray(headerLength);
    const sealed = this.#aead.seal(this.#nonceOf(packetNumber), header, plaintext, place);
    if (!isPromise(sealed)) return requireSealed(sealed, place.length, place);
    return chain(sealed, (bytes) => requireSealed(bytes, place.length, place));
  }

  /** Opens a packet into new memory; `null` if it is forged. */
  open(unmasked: UnmaskedPacket, packet: Uint8Array): MaybePromise<Uint8Array | null> {
    const { header } = unmasked;
    const nonce = this.#nonceOf(unmasked.packetNumber);
    const length = packet.length - header.length - this.tagLength;
    const opened = this.#aead.open(nonce, header, packet.subarray(header.length));
    if (!isPromise(opened)) return requireOpened(opened, length);
    return chain(opened, (payload) => requireOpened(payload, length));
  }
}

/** The sample of the packet at hand: filling it takes less time than a view over the packet. */
const sample = new Uint8Array(SAMPLE_LENGTH);

/** RFC 9001 §5.4.2: the mask of the 16 bytes that begin 4 bytes behind the start of the packet number. */
function maskOf(key: HeaderProtectionKey, packet: Uint8Array, packetNumberOffset: number) {
  const offset = packetNumberOffset + 4;
  for (let i = 0; i < SAMPLE_LENGTH; i++) sample[i] = packet[offset + i];
  const mask = key.mask(sample);
  if (isBytes(mask) && mask.length >= MASK_LENGTH) return mask;
  throw new TlsError("local/internal", "the provider gave no header-protection mask");
}

/** Masks the first byte and the packet number of a packet whose payload is sealed (RFC 9001 section 5.4.1). */
export function protectHeader(
  key: HeaderProtectionKey,
  packet: Uint8Array,
  packetNumberOffset: number,
): void {
  const mask = maskOf(key, packet, packetNumberOffset);
  const length = (packet[0] & 3) + 1;
  packet[0] ^= mask[0] & (packet[0] & 0x80 ? 0x0f : 0x1f);
  for (let i = 0; i < length; i++) packet[packetNumberOffset + i] ^= mask[1 + i];
}

/**
 * Removes header protection from a copy of the header; `packet` stays as it is. `largest` is the largest packet number
 * received in the packet number space, or -1.
 */
export function unprotectHeader(
  key: HeaderProtectionKey,
  packet: Uint8Array,
  packetNumberOffset: number,
  largest: number,
): UnmaskedPacket | DropReason {
  // RFC 9001 §5.4.2: a packet that is too short to hold a sample is discarded.
  if (packet.length < packetNumberOffset + 4 + SAMPLE_LENGTH) return "too-short";
  const mask = maskOf(key, packet, packetNumberOffset);
  const firstByte = packet[0] ^ (mask[0] & (packet[0] & 0x80 ? 0x0f : 0x1f));
  const length = (firstByte & 3) + 1;
  const header = new Uint8Array(packetNumberOffset + length);
  header[0] = firstByte;
  for (let i = 1; i < packetNumberOffset; i++) header[i] = packet[i];
  let truncated = 0;
  for (let i = 0; i < length; i++) {
    const byte = packet[packetNumberOffset + i] ^ mask[1 + i];
    header[packetNumberOffset + i] = byte;
    truncated = truncated * 256 + byte;
  }
  const packetNumber = decodePacketNumber(largest, truncated, length);
  if (packetNumber < 0) return "packet-number";
  return { firstByte, packetNumber, header };
}

/**
 * What a packet that authenticated has to satisfy.
 *
 * @throws {QuicError} `PROTOCOL_VIOLATION` for reserved bits that are not 0 and for a packet without frames.
 */
export function checkOpened(unmasked: UnmaskedPacket, payload: Uint8Array): OpenedPacket {
  const { firstByte, packetNumber, header } = unmasked;
  // RFC 9000 §17.2 and §17.3.1: checked after both protections are removed, or it would be an oracle.
  if (firstByte & (firstByte & 0x80 ? 0x0c : 0x18)) {
    const reason = `the reserved bits of packet ${packetNumber} are not 0`;
    throw new QuicError(TransportErrorCode.PROTOCOL_VIOLATION, reason);
  }
  // RFC 9000 §12.4: a packet has at least one frame.
  if (payload.length === 0) {
    const reason = `packet ${packetNumber} has no frames`;
    throw new QuicError(TransportErrorCode.PROTOCOL_VIOLATION, reason);
  }
  return { firstByte, packetNumber, header, payload };
}

/**
 * Protects or unprotects the packets of one secret: Initial, 0-RTT or Handshake packets of one direction. 1-RTT packets
 * have `KeyPhases`.
 *
 * With a synchronous provider no method returns a promise.
 */
export class PacketProtector {
  /** Bytes that a packet grows by. */
  readonly tagLength: number;
  readonly #key: PacketKey;
  readonly #headerKey: HeaderProtectionKey;
  readonly #forgeries: ForgeryCount;

  private constructor(key: PacketKey, headerKey: HeaderProtectionKey, forgeries: ForgeryCount) {
    this.tagLength = key.tagLength;
    this.#key = key;
    this.#headerKey = headerKey;
    this.#forgeries = forgeries;
  }

  /**
   * The protector of a secret. Protectors that share an AEAD share its `forgeries`, since the integrity limit counts
   * across keys; left out, this one counts alone.
   *
   * @throws {TlsError} `api/config` if QUIC cannot use the suite.
   */
  static create(
    version: QuicVersion,
    suite: CipherSuite,
    secret: Uint8Array,
    forgeries: ForgeryCount = new ForgeryCount(suite.aead.integrityLimit),
  ): MaybePromise<PacketProtector> {
    const headerKey = headerProtectionKey(version, suite, secret);
    return chain(
      PacketKey.create(version, suite, secret),
      (key) => new PacketProtector(key, headerKey, forgeries),
    );
  }

  /** How many packets have been protected. */
  get sealed(): number {
    return this.#key.sealed;
  }

  /**
   * Protects a packet in place and returns it. `packet` is the unprotected header of `headerLength` bytes, the frames,
   * and `tagLength` bytes of room; the header ends with the packet number. Frames and packet number together have at
   * least 4 bytes (RFC 9001 section 5.4.2): pad shorter ones.
   *
   * @throws {QuicError} `AEAD_LIMIT_REACHED` when the key is used up.
   */
  protect(
    packet: Uint8Array,
    headerLength: number,
    packetNumber: number,
  ): MaybePromise<Uint8Array> {
    const packetNumberOffset = headerLength - (packet[0] & 3) - 1;
    const sealed = this.#key.seal(packet, headerLength, packetNumber);
    if (isPromise(sealed)) {
      return sealed.then(() => {
        protectHeader(this.#headerKey, packet, packetNumberOffset);
        return packet;
      });
    }
    protectHeader(this.#headerKey, packet, packetNumberOffset);
    return packet;
  }

  /** Like {@link PacketProtector.protect}, in a new buffer. */
  seal(header: Uint8Array, packetNumber: number, payload: Uint8Array): MaybePromise<Uint8Array> {
    const packet = new Uint8Array(header.length + payload.length + this.tagLength);
    packet.set(header);
    packet.set(payload, header.length);
    return this.protect(packet, header.length, packetNumber);
  }

  /**
   * Removes the protection of a packet, which stays as it is; the result is in a new buffer. `largest` is the largest
   * packet number received in this packet number space, or -1. A packet that does not open is a {@link DropReason}.
   *
   * @throws {QuicError} `PROTOCOL_VIOLATION` (see {@link checkOpened}), `AEAD_LIMIT_REACHED`.
   */
  unprotect(
    packet: Uint8Array,
    packetNumberOffset: number,
    largest: number,
  ): MaybePromise<OpenedPacket | DropReason> {
    const key = this.#headerKey;
    const unmasked = unprotectHeader(key, packet, packetNumberOffset, largest);
    if (typeof unmasked === "string") return unmasked;
    const payload = this.#key.open(unmasked, packet);
    if (isPromise(payload)) return payload.then((opened) => this.#judge(unmasked, opened));
    return this.#judge(unmasked, payload);
  }

  #judge(unmasked: UnmaskedPacket, payload: Uint8Array | null): OpenedPacket | DropReason {
    if (payload !== null) return checkOpened(unmasked, payload);
    this.#forgeries.add();
    return "authentication";
  }
}
