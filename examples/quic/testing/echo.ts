/**
 * What the tests of the transport share: certificates, an echo server and its client.
 *
 * @module
 */
import {
  createCredential,
  createReplayGuard,
  RotatingTicketKeys,
  sealedTickets,
} from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import type { QuicConnection } from "../connection.ts";
import type { ConnectOptions, ListenOptions, QuicListener } from "../endpoint.ts";

export const authority = await createTestAuthority(provider);
export const issued = await authority.issue({ names: ["localhost"] });
export const trust: TrustStore = TrustStore.fromCertificates([authority.certificate]);

/** A server for localhost with tickets and 0-RTT. */
export const SERVER: ListenOptions = {
  tls: {
    provider,
    alpn: ["echo"],
    credentials: [createCredential({ certificates: issued.chain, signer: issued.signer })],
    tickets: sealedTickets({ provider, keys: new RotatingTicketKeys(provider) }),
    earlyData: { replayGuard: createReplayGuard() },
  },
};

/** A client that trusts it. */
export const CLIENT: ConnectOptions = {
  tls: { provider, alpn: ["echo"], trust },
  target: { serverName: "localhost" },
};

/** Sends every stream's bytes back; `onConnection` is told of each connection. */
export async function echo(
  listener: QuicListener,
  onConnection: (connection: QuicConnection) => void = () => {},
): Promise<void> {
  for await (const connection of listener.connections) {
    onConnection(connection);
    (async () => {
      for await (const stream of connection.streams.incoming) {
        stream.readable.pipeTo(stream.writable).catch(() => {});
      }
    })();
  }
}

/** What a readable stream has to its end. */
export async function readAll(readable: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(readable as BodyInit).arrayBuffer());
}

/** Sends bytes on a new stream and reads the answer to its end. */
export async function ask(connection: QuicConnection, bytes: Uint8Array): Promise<Uint8Array> {
  const stream = await connection.streams.open();
  const writer = stream.writable.getWriter();
  const sent = writer.write(bytes).then(() => writer.close());
  const answer = await readAll(stream.readable);
  await sent;
  return answer;
}
