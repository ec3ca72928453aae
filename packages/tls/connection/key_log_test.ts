import { assert, assertEquals } from "@std/assert";
import { keyLogLine, type Observer } from "@sealane/handshake";
import type { CipherSuite } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { nobleProvider } from "@sealane/providers/noble";
import { RecordReader, TrafficKey } from "@sealane/record";
import { concat, ContentType, fromHex, HandshakeType, utf8 } from "@sealane/wire";
import { TlsStream } from "../stream/stream.ts";
import { clientConfig, pipe, serverConfig } from "../testing/testing.ts";
import type { ByteTransport } from "../stream/transport.ts";

/** What somebody on the wire has: the bytes of both directions and the key log. */
interface Recording {
  readonly up: Uint8Array;
  readonly down: Uint8Array;
  readonly keyLog: string;
}

function recorded(transport: ByteTransport, bytes: Uint8Array[]): ByteTransport {
  return {
    read: () => transport.read(),
    write(data: Uint8Array): Promise<void> {
      bytes.push(data.slice());
      return transport.write(data);
    },
    closeWrite: () => transport.closeWrite(),
    close: () => transport.close(),
  };
}

async function record(suite: CipherSuite): Promise<Recording> {
  const [up, down]: Uint8Array[][] = [[], []];
  const lines: string[] = [];
  const observer: Observer = { secret: (...entry) => lines.push(keyLogLine(...entry)) };
  const [clientEnd, serverEnd] = pipe();
  const server = TlsStream.server(recorded(serverEnd, down), {
    ...serverConfig,
    cipherSuites: [suite.id],
  });
  const config = { ...clientConfig, cipherSuites: [suite.id], observer };
  const client = TlsStream.client(recorded(clientEnd, up), config, { serverName: "localhost" });
  await Promise.all([client.write(utf8("the question")), server.next()]);
  await Promise.all([server.write(utf8("the answer")), client.next()]);
  await Promise.all([client.close(), server.close()]);
  return { up: concat(up), down: concat(down), keyLog: lines.join("\n") };
}

/** The secret of a line of a key log. */
function secretOf(keyLog: string, label: string): Uint8Array {
  const line = keyLog.split("\n").find((line) => line.startsWith(`${label} `));
  assert(line !== undefined, `the key log has ${label}`);
  return fromHex(line.split(" ")[2]);
}

/** The application data of one direction, as Wireshark would find it. */
async function decrypt(
  bytes: Uint8Array,
  suite: CipherSuite,
  keyLog: string,
  side: "CLIENT" | "SERVER",
): Promise<string> {
  const reader = new RecordReader();
  reader.allowChangeCipherSpec(true);
  reader.push(bytes);
  let text = "";
  for (;;) {
    const next = await reader.next();
    if (next === null) return text;
    const { type, content } = next;
    if (type === ContentType.application_data) text += new TextDecoder().decode(content);
    if (type !== ContentType.handshake) continue;
    if (content[0] === HandshakeType.client_hello || content[0] === HandshakeType.server_hello) {
      const secret = secretOf(keyLog, `${side}_HANDSHAKE_TRAFFIC_SECRET`);
      reader.setKey(new TrafficKey(suite, secret));
    } else if (endsWithFinished(content)) {
      reader.setKey(new TrafficKey(suite, secretOf(keyLog, `${side}_TRAFFIC_SECRET_0`)));
    }
  }
}

/** Whether the last message of a flight is Finished. */
function endsWithFinished(flight: Uint8Array): boolean {
  for (let at = 0; at < flight.length;) {
    if (flight[at] === HandshakeType.finished) return true;
    at += 4 + (flight[at + 1] << 16 | flight[at + 2] << 8 | flight[at + 3]);
  }
  return false;
}

for (const suite of nativeProvider.cipherSuites) {
  Deno.test(`a connection with ${suite.name} is read with its key log`, async () => {
    const { up, down, keyLog } = await record(suite);
    // With primitives that had no part in the connection.
    const other = nobleProvider.cipherSuites.find(({ id }) => id === suite.id);
    assert(other !== undefined);
    assertEquals(await decrypt(up, other, keyLog, "CLIENT"), "the question");
    assertEquals(await decrypt(down, other, keyLog, "SERVER"), "the answer");
  });
}
