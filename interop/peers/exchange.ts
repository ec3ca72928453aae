/**
 * Moves data both ways between Sealane and a peer, and looks at every byte of it.
 *
 * @module
 */
import type { TlsStream } from "@sealane/tls";
import type { PeerEnd } from "./peer.ts";

/** Sends `up` to the peer and `down` back, at the same time, and compares what arrives. */
export async function exchange(
  ours: TlsStream,
  peer: PeerEnd,
  up: Uint8Array,
  down: Uint8Array,
): Promise<void> {
  if (peer.protocol === "http") return await exchangeHttp(ours, peer, up, down);
  const echo = peer.protocol === "echo";
  const [atPeer, atOurs] = await Promise.all([
    echo ? up : readExactly(peer.readable, up.length),
    readOurs(ours, echo ? up.length : down.length),
    ours.write(up),
    echo ? undefined : writeTo(peer.writable, down),
  ]);
  compare("the peer", atPeer, up);
  compare("Sealane", atOurs, echo ? up : down);
}

function compare(who: string, got: Uint8Array, wanted: Uint8Array): void {
  const wrong = wanted.findIndex((byte, i) => byte !== got[i]);
  if (got.length !== wanted.length || wrong !== -1) {
    const where = `at byte ${wrong === -1 ? wanted.length : wrong} of ${wanted.length}`;
    throw new Error(`${who} received ${got.length} bytes, wrong ${where}`);
  }
}

async function writeTo(writable: WritableStream<Uint8Array>, data: Uint8Array): Promise<void> {
  const writer = writable.getWriter();
  for (let start = 0; start < data.length; start += 65_536) {
    await writer.write(data.slice(start, start + 65_536));
  }
  writer.releaseLock();
}

async function readExactly(
  readable: ReadableStream<Uint8Array>,
  length: number,
): Promise<Uint8Array> {
  const reader = readable.getReader();
  const data = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the peer ended after ${at} of ${length} bytes`);
    if (at + value.length > length) throw new Error(`the peer received more than ${length} bytes`);
    data.set(value, at);
    at += value.length;
  }
  reader.releaseLock();
  return data;
}

async function readOurs(ours: TlsStream, length: number): Promise<Uint8Array> {
  const data = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const read = await ours.read(data.subarray(at));
    if (read === null) throw new Error(`the peer closed after ${at} of ${length} bytes`);
    at += read;
  }
  return data;
}

/** The same with a client that sends `up` in an HTTP request and takes `down` in the response. */
async function exchangeHttp(
  ours: TlsStream,
  peer: PeerEnd,
  up: Uint8Array,
  down: Uint8Array,
): Promise<void> {
  const serve = async () => {
    const request = await readRequest(ours, up.length);
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${down.length}\r\nconnection: close\r\n\r\n`;
    await ours.write(new TextEncoder().encode(head));
    await ours.write(down);
    return request;
  };
  const ask = async () => {
    await writeTo(peer.writable, up);
    await peer.writable.close();
    return await readExactly(peer.readable, down.length);
  };
  const [atOurs, atPeer] = await Promise.all([serve(), ask()]);
  compare("Sealane", atOurs, up);
  compare("the peer", atPeer, down);
}

/** The body of a request, which has `length` bytes, in chunks (RFC 9112 section 7.1). */
async function readRequest(ours: TlsStream, length: number): Promise<Uint8Array> {
  while (await readLine(ours) !== "") { /* the head says nothing that matters */ }
  const body = new Uint8Array(length);
  let at = 0;
  for (;;) {
    const size = parseInt(await readLine(ours), 16);
    if (at + size > length) throw new Error(`the request has more than ${length} bytes`);
    body.set(await readOurs(ours, size), at);
    at += size;
    await readLine(ours);
    if (size === 0) return body.subarray(0, at);
  }
}

async function readLine(ours: TlsStream): Promise<string> {
  let line = "";
  const byte = new Uint8Array(1);
  while (!line.endsWith("\r\n")) {
    if (await ours.read(byte) === null) throw new Error("the request ends in a line");
    line += String.fromCharCode(byte[0]);
  }
  return line.slice(0, -2);
}
