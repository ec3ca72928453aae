/** Connections of providers that answer with thenables: nothing leaves unsealed, and everything arrives. */
import { laterProvider, thenable } from "@sealane/providers/conformance";
import { nativeProvider } from "@sealane/providers/native";
import { utf8 } from "@sealane/wire";
import { assert, assertEquals } from "@std/assert";
import { readAll, streams } from "../testing/testing.ts";

const provider = laterProvider(nativeProvider, thenable);
const pairs = [[provider, provider], [provider, nativeProvider], [nativeProvider, provider]];

for (const [client, server] of pairs) {
  Deno.test(`a connection between ${client.name} and ${server.name}, with key updates`, async () => {
    const both = streams({ client: { provider: client }, server: { provider: server } });
    both.clientTransport.blocking = both.serverTransport.blocking = false;
    const text = utf8("what nobody may read on the way ".repeat(2000));
    const sent: Uint8Array[] = [];
    const { write } = both.clientTransport;
    both.clientTransport.write = (bytes) => {
      sent.push(bytes.slice());
      return write.call(both.clientTransport, bytes);
    };
    await Promise.all([both.client.opened, both.server.opened]);
    const reading = readAll(both.server);
    await both.client.write(text);
    await both.client.updateKeys();
    await both.client.write(text);
    await both.client.closeWrite();
    assertEquals((await reading).length, 2 * text.length);
    const wire = new TextDecoder("latin1").decode(
      await new Blob(sent.map((bytes) => bytes.slice())).arrayBuffer(),
    );
    assert(!wire.includes("what nobody may read"), "the plaintext left");
    await both.server.close();
  });
}
