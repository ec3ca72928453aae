/**
 * `SSLKEYLOGFILE` for the examples: the secrets of a connection in the file that it names, so that Wireshark can read it.
 *
 * @module
 */
import { keyLogLine, type Observer } from "@sealane/handshake";

/** An observer that appends to the file that `SSLKEYLOGFILE` names; nothing if it names none. */
export function keyLog(
  file: string | undefined = Deno.env.get("SSLKEYLOGFILE"),
): Observer | undefined {
  if (file === undefined || file === "") return undefined;
  return {
    secret(label, clientRandom, secret): void {
      const line = `${keyLogLine(label, clientRandom, secret)}\n`;
      Deno.writeTextFileSync(file, line, { append: true, mode: 0o600 });
    },
  };
}
