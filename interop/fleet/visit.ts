/**
 * A client that visits a server of the fleet, and one that repeats what it has heard.
 *
 * @module
 */
import type { HandshakeInfo, Session } from "@sealane/handshake";
import type { TrustStore } from "@sealane/pki";
import { nativeProvider as provider } from "@sealane/providers/native";
import { type ByteTransport, TlsStream } from "@sealane/tls";
import { NamedGroup, utf8 } from "@sealane/wire";

/** What a visit brought. */
export interface Visit {
  /** What was agreed. */
  readonly info: HandshakeInfo;
  /** The session to come back with; `null` if there was no ticket. */
  readonly session: Session | null;
  /** The ClientHello and the early data, as they went over the wire. */
  readonly firstFlight: Uint8Array;
}

/**
 * Visits, with a message that goes out early if the session allows it and is sent again if it was declined.
 *
 * @throws {Error} if the connection is lost, or the answer is not the message.
 */
export async function visit(
  port: number,
  trust: TrustStore,
  session: Session | null,
  message: string,
): Promise<Visit> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  const heard: Uint8Array[] = [];
  let next: Session | null = null;
  const stream = TlsStream.client(
    recording(socket, heard),
    { provider, trust, groups: [NamedGroup.x25519], earlyData: true },
    { serverName: "localhost", session: session ?? undefined },
    { onEvent: (event) => event.type === "ticket" && (next = event.session) },
  );
  const { unsent } = await stream.sendEarlyData(utf8(message));
  if (unsent.length > 0) await stream.write(unsent);
  let answer = "";
  for (let chunk = await stream.next(); chunk !== null; chunk = await stream.next()) {
    answer += new TextDecoder().decode(chunk);
  }
  const info = await stream.opened;
  await stream.close();
  if (answer !== message) throw new Error(`the answer to ${message} is ${answer}`);
  return { info, session: next, firstFlight: await bytesOf(heard) };
}

/** Sends a first flight again, and waits until the server has made up its mind. */
export async function replay(port: number, firstFlight: Uint8Array): Promise<void> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await new Response(firstFlight.slice()).body?.pipeTo(socket.writable, { preventClose: true });
    await socket.read(new Uint8Array(16_384));
  } finally {
    socket.close();
  }
}

/** A transport that keeps what is written before anything has been read. */
function recording(socket: Deno.TcpConn, heard: Uint8Array[]): ByteTransport {
  const buffer = new Uint8Array(16_384);
  let quiet = true;
  let closed = false;
  return {
    async read(): Promise<Uint8Array | null> {
      const length = await socket.read(buffer);
      quiet = false;
      return length === null ? null : buffer.subarray(0, length);
    },
    async write(bytes: Uint8Array): Promise<void> {
      if (quiet) heard.push(bytes.slice());
      for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
    },
    closeWrite: () => socket.closeWrite(),
    close(): void {
      if (!closed) socket.close();
      closed = true;
    },
  };
}

async function bytesOf(chunks: readonly Uint8Array[]): Promise<Uint8Array> {
  return new Uint8Array(await new Blob(chunks.map((chunk) => chunk.slice())).arrayBuffer());
}
