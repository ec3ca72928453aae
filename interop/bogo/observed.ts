/**
 * What the callbacks and the observer saw of one connection.
 *
 * @module
 */
import type { KeyLogLabel, Observer, PeerIdentity } from "@sealane/handshake";
import { ExtensionType, HandshakeType, Reader } from "@sealane/wire";

/** What was seen of one connection; the configuration's callbacks write it, the expectations read it. */
export class Observed {
  /** How often the peer was judged on this connection. */
  verifications = 0;
  /** Whether the last judgement of the peer was good, on this connection or the one that it resumes. */
  verified: boolean | null;
  /** The peer that was judged last. */
  peer: PeerIdentity | null = null;
  /** On a server: whether the ClientHello callback was called. */
  sawClientHello = false;
  /** The credential that signed: its number, or -1 for the default one or none. */
  selectedCredential = -1;
  /** Types of the extensions in our own ClientHello or the client's. */
  helloExtensions: readonly number[] = [];
  /** On a client: whether EncryptedExtensions has come, and without early_data. */
  earlyDataDeclined = false;
  /** BoringSSL's message trace. */
  trace = "";
  /** The type of the last handshake message that arrived. */
  lastMessageReceived: number | null = null;

  readonly #secrets = new Map<KeyLogLabel, Uint8Array>();
  readonly #server: boolean;

  /** `server` says which side this is, `verified` how the peer was judged on the last connection. */
  constructor(server: boolean, verified: boolean | null) {
    this.#server = server;
    this.verified = verified;
  }

  /** The first application traffic secrets, out of the key log. */
  trafficSecrets(): { read: Uint8Array; write: Uint8Array } {
    const client = this.#secrets.get("CLIENT_TRAFFIC_SECRET_0");
    const server = this.#secrets.get("SERVER_TRAFFIC_SECRET_0");
    if (client === undefined || server === undefined) throw new Error("no application secrets yet");
    return this.#server ? { read: client, write: server } : { read: server, write: client };
  }

  /** The hook that fills the trace and keeps the secrets. */
  readonly observer: Observer = {
    secret: (label, _clientRandom, secret) => {
      this.#secrets.set(label, secret.slice());
    },
    message: (direction, _level, bytes) => {
      this.trace += `${direction} hs ${bytes[0]}\n`;
      if (direction === "write") return;
      this.lastMessageReceived = bytes[0];
      if (bytes[0] === HandshakeType.encrypted_extensions) this.#readEncryptedExtensions(bytes);
    },
  };

  #readEncryptedExtensions(bytes: Uint8Array): void {
    const reader = new Reader(bytes.subarray(4), "EncryptedExtensions");
    const types = reader.list(reader.vector16("extensions"), "extensions", (extension) => {
      const type = extension.u16("type");
      extension.vector16("data");
      return type;
    });
    this.earlyDataDeclined = !types.includes(ExtensionType.early_data);
  }
}
