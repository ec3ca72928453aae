/**
 * The server that tlsfuzzer's scripts talk to: it answers a request, or sends back what comes. Before it answers, it asks
 * for a KeyUpdate if the path is `/keyupdate`. What else it is to be like is in the JSON of its argument,
 * {@link ServerOptions}; it prints its port.
 *
 * @module
 */
import { builtinCompression, createCredential, type ServerConfig } from "@sealane/handshake";
import { defaultProvider, importPrivateKey } from "@sealane/providers";
import { listen, type TlsConn } from "@sealane/tls/deno";
import { decodePem, fromHex, utf8 } from "@sealane/wire";

/** What a server is like. */
export interface ServerOptions {
  /** Files with a certificate chain and its key, in PEM. */
  readonly credentials?: readonly (readonly [certificate: string, key: string])[];
  /** Whether it asks for a certificate: in the handshake, or after it when a request for `/secret` comes. */
  readonly clients?: "requested" | "required" | "later" | "later-required";
  /** An external PSK. */
  readonly psk?: { readonly identity: string; readonly secret: string; readonly hash?: string };
  /** Whether to send back what comes rather than to answer a request. */
  readonly echo?: boolean;
  /** Whether to compress certificates. */
  readonly compress?: boolean;
  /** Whether HelloRetryRequests have a cookie. */
  readonly cookie?: boolean;
  /** Whether every group and signature scheme of the provider is used, not only those that are usual. */
  readonly everything?: boolean;
}

const ANSWER = utf8("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nSealane\r\n");

async function configure(options: ServerOptions): Promise<ServerConfig> {
  const provider = defaultProvider();
  const credentials = [];
  for (const [certificate, key] of options.credentials ?? []) {
    credentials.push(createCredential({
      certificates: decodePem(await Deno.readTextFile(certificate)).map(({ bytes }) => bytes),
      signer: await importPrivateKey(provider, await Deno.readTextFile(key)),
    }));
  }
  const { clients, psk } = options;
  const inHandshake = clients === "requested" || clients === "required";
  return {
    provider,
    ...(credentials.length > 0 ? { credentials } : {}),
    ...(options.everything
      ? {
        groups: provider.groups.map(({ id }) => id),
        signatureSchemes: provider.signatures.map(({ scheme }) => scheme),
      }
      : {}),
    clientAuthentication: inHandshake ? clients : "none",
    // The scripts' clients have certificates of their own making: that they have the key is what is tested.
    verifyPeer: () => {},
    allowPskOnly: psk !== undefined,
    externalPsks: psk === undefined ? [] : [
      { identity: utf8(psk.identity), key: fromHex(psk.secret), hash: psk.hash ?? "SHA-256" },
    ],
    cookieKey: options.cookie ? provider.random(32) : undefined,
    certificateCompression: options.compress ? builtinCompression() : [],
  };
}

/** Reads to the empty line, answers, and closes when the client does. */
async function answer(conn: TlsConn, options: ServerOptions): Promise<void> {
  let request = "";
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(16_384);
  for (let length; (length = await conn.read(buffer)) !== null;) {
    request += decoder.decode(buffer.subarray(0, length), { stream: true });
    if (!request.includes("\r\n\r\n")) continue;
    if (options.clients?.startsWith("later") && request.includes("/secret")) {
      const required = options.clients === "later-required";
      await conn.requestClientAuthentication({ required });
    }
    if (request.includes("/keyupdate")) await conn.stream.updateKeys(true);
    request = "";
    await conn.write(ANSWER);
  }
}

async function serve(conn: TlsConn, options: ServerOptions): Promise<void> {
  if (options.echo) await conn.readable.pipeTo(conn.writable);
  else await answer(conn, options);
  conn.close();
  await conn.closed;
}

if (import.meta.main) {
  const options: ServerOptions = JSON.parse(Deno.args[0]);
  const config = await configure(options);
  const listener = await listen({ ...config, hostname: "127.0.0.1", port: 0 });
  console.log(listener.addr.port);
  for await (const conn of listener) {
    serve(conn, options).catch((error) => {
      if (Deno.env.get("SEALANE_VERBOSE") === "1") console.error(String(error));
      conn.close();
    });
  }
}
