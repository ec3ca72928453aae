/**
 * What certificate compression costs a server, once the chain has been compressed: its part of a handshake up to Finished,
 * against the same without compression.
 *
 * @module
 */
import {
  builtinCompression,
  type CertificateCompression,
  createCredential,
  Handshake,
} from "@sealane/handshake";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { NamedGroup } from "@sealane/wire";
import { type BenchRow, compare } from "./row.ts";

const groups = [NamedGroup.x25519];

/** The ClientHello of a client that offers these algorithms. */
function clientHello(certificateCompression: readonly CertificateCompression[]): Uint8Array {
  const verify = { dangerouslyDisableCertificateVerification: true };
  const client = Handshake.client({ provider, groups, certificateCompression, ...verify }, {});
  client.start();
  for (const event of client.events()) if (event.type === "message") return event.data;
  throw new Error("a client begins with ClientHello");
}

/** The rows of `deno task bench`. */
export async function rows(): Promise<BenchRow[]> {
  const root = await createTestAuthority(provider);
  const authority = await (await root.intermediate()).intermediate();
  const { chain, signer } = await authority.issue({ names: ["localhost"] });
  const credentials = [createCredential({ certificates: chain, signer })];
  const answer = (certificateCompression: readonly CertificateCompression[]) => {
    const config = { provider, groups, credentials, certificateCompression };
    const hello = clientHello(certificateCompression);
    return () => {
      const server = Handshake.server(config);
      server.start();
      return server.receive("initial", hello);
    };
  };
  const list: BenchRow[] = [];
  for (const algorithm of builtinCompression()) {
    const name = `server's part with a chain in ${algorithm.name}, to uncompressed`;
    const unit = { unit: "handshakes/s", perCall: 1 };
    list.push(await compare(name, unit, answer([algorithm]), answer([])));
  }
  return list;
}
