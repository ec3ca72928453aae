/**
 * Peers that are programs.
 *
 * @module
 */
import { type Program, startProgram } from "@sealane/programs";
import type { ListeningPeer, PeerEnd } from "./peer.ts";

/** Starts a program whose standard input and output are the plaintext. */
export function spawnEnd(
  program: Program,
  args: readonly string[],
  protocol?: PeerEnd["protocol"],
): PeerEnd {
  const child = startProgram(program, args, {
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const complaints = new Response(child.stderr).text();
  return {
    readable: child.stdout,
    writable: child.stdin,
    protocol,
    async stop(): Promise<string> {
      try {
        child.kill("SIGKILL");
      } catch { /* it has ended by itself */ }
      await child.status;
      for (const stream of [child.stdin, child.stdout]) {
        if (!stream.locked) {
          await ("getReader" in stream ? stream.cancel() : stream.abort()).catch(() => {});
        }
      }
      return await complaints;
    },
  };
}

/** A program that listens on `port`, one that is free. */
export function listeningProgram(
  program: Program,
  args: (port: number) => readonly string[],
  protocol?: PeerEnd["protocol"],
): ListeningPeer {
  const port = freePort();
  const end = spawnEnd(program, args(port), protocol);
  return { port, end: () => Promise.resolve(end), stop: () => end.stop() };
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** Connects to a program that may not listen yet. */
export async function connectWhenReady(port: number): Promise<Deno.TcpConn> {
  for (let attempt = 0;; attempt++) {
    try {
      return await Deno.connect({ hostname: "127.0.0.1", port });
    } catch (error) {
      if (attempt === 800 || !(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
