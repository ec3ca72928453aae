/**
 * Records against the raw primitive: what protection costs beyond `node:crypto`.
 *
 * @module
 */
import { type CipherGCMTypes, createCipheriv, createDecipheriv } from "node:crypto";
import type { CipherSuite } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { RecordReader, RecordWriter, TrafficKey } from "@sealane/record";
import { CipherSuiteId, ContentType } from "@sealane/wire";
import { type BenchRow, compare } from "./row.ts";

const { TLS_AES_128_GCM_SHA256, TLS_CHACHA20_POLY1305_SHA256 } = CipherSuiteId;

const CASES = [
  { id: TLS_AES_128_GCM_SHA256, algorithm: "aes-128-gcm" },
  { id: TLS_CHACHA20_POLY1305_SHA256, algorithm: "chacha20-poly1305" },
];
const SIZES = [16384, 1024];

/** How many records are opened before the reader begins again with a new key. */
const RECORDS = 512;

const TAG_LENGTH = 16;
const OPTIONS = { authTagLength: TAG_LENGTH } as const;
const MEGABYTE = 1e6;

/** `node:crypto` alone, in the order in which its calls have to be made. */
class RawPrimitive {
  readonly #algorithm: CipherGCMTypes;
  readonly #key: Uint8Array;
  readonly #nonce = new Uint8Array(12);
  readonly #header = new Uint8Array(5);

  constructor(algorithm: string, key: Uint8Array) {
    this.#algorithm = algorithm as CipherGCMTypes; // the types give ChaCha20-Poly1305 an overload of its own
    this.#key = key;
  }

  seal(plaintext: Uint8Array): { ciphertext: Uint8Array; tag: Uint8Array } {
    const cipher = createCipheriv(this.#algorithm, this.#key, this.#nonce, OPTIONS);
    cipher.setAAD(this.#header);
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    return { ciphertext, tag: cipher.getAuthTag() };
  }

  open({ ciphertext, tag }: { ciphertext: Uint8Array; tag: Uint8Array }): Uint8Array {
    const decipher = createDecipheriv(this.#algorithm, this.#key, this.#nonce, OPTIONS);
    decipher.setAAD(this.#header);
    decipher.setAuthTag(tag);
    const plaintext = decipher.update(ciphertext);
    decipher.final();
    return plaintext;
  }
}

/** Calls `work` with 0, 1, ... `RECORDS` - 1, 0, ... */
function cycling(work: (index: number) => unknown): () => unknown {
  let index = 0;
  return () => {
    const result = work(index);
    index = (index + 1) % RECORDS;
    return result;
  };
}

function writerWith(suite: CipherSuite, secret: Uint8Array): RecordWriter {
  const writer = new RecordWriter();
  writer.setKey(new TrafficKey(suite, secret));
  return writer;
}

function seal(suite: CipherSuite, content: Uint8Array): () => unknown {
  const writer = writerWith(suite, new Uint8Array(suite.hash.outputLength));
  return () => {
    writer.write(ContentType.application_data, content);
    return writer.take();
  };
}

async function open(suite: CipherSuite, content: Uint8Array): Promise<() => unknown> {
  const secret = new Uint8Array(suite.hash.outputLength);
  const writer = writerWith(suite, secret);
  const records: Uint8Array[] = [];
  for (let i = 0; i < RECORDS; i++) {
    writer.write(ContentType.application_data, content);
    records.push(await writer.take());
  }
  let reader = new RecordReader();
  return cycling((index) => {
    if (index === 0) {
      reader = new RecordReader();
      reader.setKey(new TrafficKey(suite, secret));
    }
    reader.push(records[index]);
    return reader.next();
  });
}

/** Record protection with the native provider, per suite and size, against `node:crypto` with the same inputs. */
export async function rows(): Promise<BenchRow[]> {
  const table: BenchRow[] = [];
  for (const { id, algorithm } of CASES) {
    const suite = nativeProvider.cipherSuites.find((each) => each.id === id);
    if (suite === undefined) continue;
    for (const size of SIZES) {
      const content = new Uint8Array(size).fill(1);
      const raw = new RawPrimitive(algorithm, new Uint8Array(suite.aead.keyLength));
      const sealed = Array.from({ length: RECORDS }, () => raw.seal(content));
      const title = `${algorithm} ${size} bytes, native`;
      const unit = { unit: "MB/s", perCall: size / MEGABYTE };
      const rawOpen = cycling((index) => raw.open(sealed[index]));
      table.push(
        await compare(`record seal, ${title}`, unit, seal(suite, content), () => raw.seal(content)),
        await compare(`record open, ${title}`, unit, await open(suite, content), rawOpen),
      );
    }
  }
  return table;
}
