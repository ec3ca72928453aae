/**
 * QUIC packets of 1,200 bytes against the raw primitives: what packet protection costs beyond AEAD plus mask.
 *
 * @module
 */
import { type CipherGCMTypes, createCipheriv, createDecipheriv } from "node:crypto";
import type { CipherSuite } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import {
  KeyPhases,
  PACKET_TAG_LENGTH,
  QUIC_V1,
  shortHeaderLength,
  writeShortHeader,
} from "@sealane/quic-tls";
import { CipherSuiteId } from "@sealane/wire";
import { type BenchRow, compare } from "./row.ts";

const { TLS_AES_128_GCM_SHA256, TLS_CHACHA20_POLY1305_SHA256 } = CipherSuiteId;

const CASES = [
  { id: TLS_AES_128_GCM_SHA256, algorithm: "aes-128-gcm" },
  { id: TLS_CHACHA20_POLY1305_SHA256, algorithm: "chacha20-poly1305" },
];

const PACKET_LENGTH = 1200;
const CONNECTION_ID = new Uint8Array(8);
const PACKET_NUMBER_LENGTH = 2;
const HEADER_LENGTH = 1 + CONNECTION_ID.length + PACKET_NUMBER_LENGTH;
const PAYLOAD_LENGTH = PACKET_LENGTH - HEADER_LENGTH - PACKET_TAG_LENGTH;
const OPTIONS = { authTagLength: PACKET_TAG_LENGTH } as const;
const UNIT = { unit: "packets/s", perCall: 1 };

/** `node:crypto` alone: AEAD and mask, in the order in which their calls have to be made. */
class RawPrimitives {
  readonly #algorithm: CipherGCMTypes;
  readonly #key: Uint8Array;
  readonly #nonce = new Uint8Array(12);
  readonly #header = new Uint8Array(HEADER_LENGTH);
  readonly #payload = new Uint8Array(PAYLOAD_LENGTH).fill(1);
  readonly #sample = new Uint8Array(16);
  readonly #mask: () => Uint8Array;

  constructor(algorithm: string, key: Uint8Array) {
    this.#algorithm = algorithm as CipherGCMTypes; // the types give ChaCha20-Poly1305 an overload of its own
    this.#key = key;
    const block = createCipheriv("aes-128-ecb", key.subarray(0, 16), null);
    const zeros = new Uint8Array(5);
    this.#mask = algorithm === "chacha20-poly1305"
      ? () => createCipheriv("chacha20", key, this.#sample).update(zeros)
      : () => block.update(this.#sample);
  }

  protect(): { ciphertext: Uint8Array; tag: Uint8Array } {
    const cipher = createCipheriv(this.#algorithm, this.#key, this.#nonce, OPTIONS);
    cipher.setAAD(this.#header);
    const ciphertext = cipher.update(this.#payload);
    cipher.final();
    this.#mask();
    return { ciphertext, tag: cipher.getAuthTag() };
  }

  unprotect({ ciphertext, tag }: { ciphertext: Uint8Array; tag: Uint8Array }): Uint8Array {
    this.#mask();
    const decipher = createDecipheriv(this.#algorithm, this.#key, this.#nonce, OPTIONS);
    decipher.setAAD(this.#header);
    decipher.setAuthTag(tag);
    const plaintext = decipher.update(ciphertext);
    decipher.final();
    return plaintext;
  }
}

async function keysOf(suite: CipherSuite): Promise<KeyPhases> {
  const keys = new KeyPhases(QUIC_V1, suite, { now: () => 0, pto: () => 1 });
  await keys.installWrite(new Uint8Array(suite.hash.outputLength));
  await keys.installRead(new Uint8Array(suite.hash.outputLength));
  return keys;
}

/** Writes header and frames of the next packet, as a transport does, and protects it. */
function protecting(keys: KeyPhases): () => unknown {
  const payload = new Uint8Array(PAYLOAD_LENGTH).fill(1);
  let packetNumber = 0;
  return () => {
    const header = {
      destinationConnectionId: CONNECTION_ID,
      packetNumber: packetNumber++,
      packetNumberLength: PACKET_NUMBER_LENGTH,
    };
    const packet = new Uint8Array(shortHeaderLength(header) + payload.length + PACKET_TAG_LENGTH);
    packet.set(payload, writeShortHeader(packet, 0, header));
    return keys.protect(packet, HEADER_LENGTH, header.packetNumber);
  };
}

function unprotecting(keys: KeyPhases, packets: readonly Uint8Array[]): () => unknown {
  let index = 0;
  return () => {
    const opened = keys.unprotect(packets[index], 1 + CONNECTION_ID.length, index - 1);
    index = (index + 1) % packets.length;
    return opened;
  };
}

/** 1-RTT packets with the native provider, per suite. */
export async function rows(): Promise<BenchRow[]> {
  const table: BenchRow[] = [];
  for (const { id, algorithm } of CASES) {
    const suite = nativeProvider.cipherSuites.find((each) => each.id === id);
    if (suite === undefined) continue;
    const raw = new RawPrimitives(algorithm, new Uint8Array(suite.aead.keyLength));
    const rawPacket = raw.protect();
    const next = protecting(await keysOf(suite));
    const packets: Uint8Array[] = [];
    for (let i = 0; i < 256; i++) {
      const packet = await next();
      if (packet instanceof Uint8Array) packets.push(packet);
    }
    const title = `${algorithm} ${PACKET_LENGTH} bytes, native`;
    table.push(
      await compare(
        `packet protect, ${title}`,
        UNIT,
        protecting(await keysOf(suite)),
        () => raw.protect(),
      ),
      await compare(
        `packet unprotect, ${title}`,
        UNIT,
        unprotecting(await keysOf(suite), packets),
        () => raw.unprotect(rawPacket),
      ),
    );
  }
  return table;
}
