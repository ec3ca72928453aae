/**
 * How do I bring a primitive of my own? `deno run -A examples/custom_provider.ts`
 *
 * A provider is a plain object with lists of primitives. This one is the default, with one suite whose AEAD counts what
 * it seals; an AEAD of a hardware module or of WebAssembly stands in the same place. Before you use yours, run the kit of
 * `@sealane/providers/conformance` on it.
 *
 * @module
 */
import { type AeadKey, type CryptoProvider, defaultProvider } from "@sealane/providers";
import { connect, listen } from "@sealane/tls/deno";
import { localAuthority } from "./local.ts";

let sealed = 0;

function counted(key: AeadKey): AeadKey {
  return {
    seal(nonce, aad, plaintext, out) {
      sealed += plaintext.length;
      return key.seal(nonce, aad, plaintext, out);
    },
    open: (nonce, aad, ciphertext, out) => key.open(nonce, aad, ciphertext, out),
  };
}

const base = defaultProvider();
const [suite] = base.cipherSuites;
const provider: CryptoProvider = {
  ...base,
  name: "counted",
  cipherSuites: [{
    ...suite,
    aead: { ...suite.aead, importKey: async (key) => counted(await suite.aead.importKey(key)) },
  }],
};

const authority = await localAuthority();
const listener = await listen({
  hostname: "127.0.0.1",
  port: 0,
  credentials: [await authority.issue("localhost")],
});
const serving = listener.accept().then((conn) => conn.readable.pipeTo(conn.writable));

const { port } = listener.addr;
const conn = await connect({ hostname: "localhost", port, provider, trust: authority.trust });
await conn.write(new Uint8Array(100_000));
await conn.closeWrite();
const echo = await new Response(conn.readable).arrayBuffer();
await serving;
conn.close();
listener.close();
console.log(`${echo.byteLength} bytes came back; ${sealed} bytes were sealed for them`);
