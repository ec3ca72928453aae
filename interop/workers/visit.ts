/**
 * What a Worker and a page do: a handshake, some data to and fro, and an account of it.
 *
 * @module
 */
import { TrustStore } from "@sealane/pki";
import { type CryptoProvider, defaultProvider } from "@sealane/providers";
import { nobleProvider } from "@sealane/providers/noble";
import { webCryptoProvider } from "@sealane/providers/webcrypto";
import { type StreamPair, TlsStream } from "@sealane/tls";
import { concat, namedGroupName, TlsError } from "@sealane/wire";

/** The providers by the names that a request has. */
export const PROVIDERS: Readonly<Record<string, () => CryptoProvider>> = {
  default: defaultProvider,
  webcrypto: () => webCryptoProvider,
  noble: () => nobleProvider,
};

/** What is sent: more than a record holds. */
export const LENGTH = 100_000;

/** What to do. */
export interface Visit {
  /** The connection to the server. */
  readonly pair: StreamPair;
  /** The authority that the server's certificate is from, PEM. */
  readonly ca: string;
  /** A key of {@link PROVIDERS}. */
  readonly provider: string;
}

/** What came of it. */
export interface Answer {
  /** The name of the provider. */
  readonly provider?: string;
  /** The cipher suite and the group that were agreed on. */
  readonly agreed?: readonly [suite: string, group: string];
  /** Whether everything came back as it was sent. */
  readonly same?: boolean;
  /** The error otherwise. */
  readonly error?: string;
}

/** Sends bytes to a server that echoes them, and reads them all. */
export async function answerOf({ pair, ca, provider: name }: Visit): Promise<Answer> {
  try {
    const provider = PROVIDERS[name]();
    const trust = TrustStore.fromPem(ca);
    const stream = TlsStream.client(pair, { provider, trust }, { serverName: "localhost" });
    const { suite, group } = await stream.handshake();
    const sent = Uint8Array.from({ length: LENGTH }, (_, i) => i * 7);
    const [, received] = await Promise.all([stream.write(sent), readAll(stream)]);
    await stream.close();
    return {
      provider: provider.name,
      agreed: [suite.name, group === null ? "none" : namedGroupName(group)],
      same: received.every((byte, i) => byte === sent[i]),
    };
  } catch (error) {
    return { error: error instanceof TlsError ? `${error.code}: ${error.message}` : String(error) };
  }
}

/** As much as was sent, however it comes. */
async function readAll(stream: TlsStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let length = 0; length < LENGTH;) {
    const chunk = await stream.next();
    if (chunk === null) throw new Error(`the end after ${length} bytes`);
    chunks.push(chunk.slice());
    length += chunk.length;
  }
  return concat(chunks);
}
