/**
 * How do I trust one key and nothing else? `deno run -A examples/pin_key.ts`
 *
 * `verifyPeer` takes the place of the verification by trust anchors: whoever does not have the key is refused.
 *
 * @module
 */
import type { PeerIdentity } from "@sealane/handshake";
import { connect, listen } from "@sealane/tls/deno";
import { equalBytes, TlsError } from "@sealane/wire";
import { localAuthority } from "./local.ts";

const authority = await localAuthority();
const credential = await authority.issue("whatever.example");
const pinned = credential.leaf?.subjectPublicKeyInfo.raw ?? new Uint8Array();

function onlyPinned(peer: PeerIdentity): void {
  if (equalBytes(peer.publicKey, pinned)) return;
  throw new TlsError("peer/certificate-unknown", "the server has another key than the one pinned");
}

for (const credentials of [[credential], [await authority.issue("localhost")]]) {
  const listener = await listen({ hostname: "127.0.0.1", port: 0, credentials });
  const accepted = listener.accept();
  try {
    const conn = await connect({ port: listener.addr.port, verifyPeer: onlyPinned });
    console.log("connected to the owner of the key");
    conn.close();
  } catch (error) {
    console.log(`refused: ${error instanceof Error ? error.message : error}`);
  }
  (await accepted).close();
  listener.close();
}
