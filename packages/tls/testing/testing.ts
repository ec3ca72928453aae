/**
 * What the tests of this package share.
 *
 * @module
 */
import { type ClientConfig, createCredential, type ServerConfig } from "@sealane/handshake";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import type { TlsStreamOptions } from "../stream/stream_options.ts";
import { TlsStream } from "../stream/stream.ts";
import type { ByteTransport } from "../stream/transport.ts";

/** One end of a pipe in memory, with a hold on what goes through. */
export interface TestTransport extends ByteTransport {
  /** How many bytes the other end has taken. */
  readonly taken: number;
  /** How often `read` was called. */
  readonly reads: number;
  /** Whether `close` was called. */
  readonly closed: boolean;
  /** While true, a write waits until the other end reads. On at first. */
  blocking: boolean;
  /** Makes the other end see the end of the stream, or an error, now. */
  cut(error?: Error): void;
}

interface Lane {
  chunks: { bytes: Uint8Array; done: () => void }[];
  ended: Error | "end" | null;
  wake: (() => void) | null;
}

class End implements TestTransport {
  taken = 0;
  reads = 0;
  closed = false;
  blocking = true;
  readonly #out: Lane;
  readonly #in: Lane;
  #other: End | null = null;

  constructor(out: Lane, incoming: Lane) {
    this.#out = out;
    this.#in = incoming;
  }

  join(other: End): void {
    this.#other = other;
  }

  async read(): Promise<Uint8Array | null> {
    this.reads++;
    for (;;) {
      const chunk = this.#in.chunks.shift();
      if (chunk !== undefined) {
        chunk.done();
        if (this.#other !== null) this.#other.taken += chunk.bytes.length;
        return chunk.bytes;
      }
      if (this.#in.ended === "end" || this.closed) return null;
      if (this.#in.ended !== null) throw this.#in.ended;
      await new Promise<void>((resolve) => this.#in.wake = resolve);
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.closed || this.#out.ended !== null) return Promise.reject(new Error("broken pipe"));
    const written = new Promise<void>((done) => this.#out.chunks.push({ bytes, done }));
    this.#out.wake?.();
    return this.blocking ? written : Promise.resolve();
  }

  closeWrite(): Promise<void> {
    this.#out.ended ??= "end";
    this.#out.wake?.();
    return Promise.resolve();
  }

  close(): void {
    this.closed = true;
    this.#out.ended ??= "end";
    this.#out.wake?.();
    this.#in.wake?.();
    for (const { done } of this.#out.chunks) done();
  }

  cut(error?: Error): void {
    this.#out.ended = error ?? "end";
    this.#out.wake?.();
  }
}

/** Two transports that are each other's other end. */
export function pipe(): [TestTransport, TestTransport] {
  const lane = (): Lane => ({ chunks: [], ended: null, wake: null });
  const [up, down] = [lane(), lane()];
  const [a, b] = [new End(up, down), new End(down, up)];
  a.join(b);
  b.join(a);
  return [a, b];
}

const authority = await createTestAuthority(provider);
const issued = await authority.issue({ names: ["localhost"] });

/** A server configuration with a certificate for localhost. */
export const serverConfig: ServerConfig = {
  provider,
  credentials: [createCredential({ certificates: issued.chain, signer: issued.signer })],
};

/** A client configuration that accepts every server. */
export const clientConfig: ClientConfig = {
  provider,
  dangerouslyDisableCertificateVerification: true,
};

/** Both ends of a connection, with their transports. */
export interface StreamsForTest {
  /** The client. */
  readonly client: TlsStream;
  /** The server. */
  readonly server: TlsStream;
  /** The client's transport. */
  readonly clientTransport: TestTransport;
  /** The server's transport. */
  readonly serverTransport: TestTransport;
}

/** What {@link streams} may be told. */
export interface StreamsOptions {
  /** More of the client's configuration. */
  readonly client?: Partial<ClientConfig>;
  /** More of the server's configuration. */
  readonly server?: Partial<ServerConfig>;
  /** Options of the client's stream. */
  readonly clientOptions?: TlsStreamOptions;
  /** Options of the server's stream. */
  readonly serverOptions?: TlsStreamOptions;
}

/** A client and a server, connected in memory. */
export function streams(options: StreamsOptions = {}): StreamsForTest {
  const [clientTransport, serverTransport] = pipe();
  const server = TlsStream.server(
    serverTransport,
    { ...serverConfig, ...options.server },
    options.serverOptions,
  );
  const client = TlsStream.client(
    clientTransport,
    { ...clientConfig, ...options.client },
    { serverName: "localhost" },
    options.clientOptions,
  );
  return { client, server, clientTransport, serverTransport };
}

/** All data until the peer closes. */
export async function readAll(stream: TlsStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await stream.next(); chunk !== null; chunk = await stream.next()) {
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks.map((chunk) => chunk.slice())).arrayBuffer());
}
