/**
 * A program for a page: connects to a TLS server through a WebSocket whose other end speaks TCP, and posts what came of it.
 *
 * @module
 */
import type { StreamPair } from "@sealane/tls";
import { type Answer, answerOf, PROVIDERS } from "./visit.ts";

/** A WebSocket as a pair of streams. */
async function open(address: string): Promise<StreamPair> {
  const socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      socket.onmessage = ({ data }) => controller.enqueue(new Uint8Array(data));
      socket.onclose = () => controller.close();
    },
    cancel: () => socket.close(),
  });
  const writable = new WritableStream<Uint8Array>({
    // The socket keeps the memory for a while, and the stream uses it again.
    write: (chunk) => socket.send(chunk.slice()),
    close: () => socket.close(),
  });
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("the WebSocket cannot be opened"));
  });
  return { readable, writable };
}

const ca = await (await fetch("/ca")).text();
const answers: Record<string, Answer> = {};
for (const provider of Object.keys(PROVIDERS)) {
  answers[provider] = await answerOf({ pair: await open("/bridge"), ca, provider });
}
await fetch("/answers", { method: "POST", body: JSON.stringify(answers) });
