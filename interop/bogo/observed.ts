/**
 * What the callbacks and the observer saw of one connection.
 *
 * @module
 */
import type { KeyLogLabel, Observer, PeerIdentity } from "@sealane/handshake";
import { ContentType, ExtensionType, HandshakeType, Reader } from "@sealane/wire";

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
  /** How much of the trace is about what is on the wire by now. */
  #tracedBytes = 0;

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

  /** Records went out. Messages are traced before they are records, so change_cipher_spec finds its place here. */
  wroteRecords(records: Uint8Array): void {
    const lines = this.trace.slice(this.#tracedBytes).split(/(?<=\n)/);
    const place = placeOfChangeCipherSpec(records);
    if (place !== null) {
      const writes = lines.flatMap((line, index) => line.startsWith("write ") ? [index] : []);
      const at = place === 0 ? writes[0] ?? lines.length : writes[place - 1] + 1;
      lines.splice(at, 0, "write ccs\n");
      this.trace = this.trace.slice(0, this.#tracedBytes) + lines.join("");
    }
    this.#tracedBytes = this.trace.length;
  }

  /** The hook that fills the trace and keeps the secrets. */
  readonly observer: Observer = {
    secret: (label, _clientRandom, secret) => {
      this.#secrets.set(label, secret.slice());
    },
    clientHelloInner: (direction) => {
      this.trace += `${direction} clienthelloinner\n`;
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

/** How many records of handshake data come before change_cipher_spec; `null` if there is none among the records. */
function placeOfChangeCipherSpec(records: Uint8Array): number | null {
  let before = 0;
  for (let at = 0; at + 5 <= records.length;) {
    if (records[at] === ContentType.change_cipher_spec) return before;
    if (records[at] === ContentType.handshake) before++;
    at += 5 + (records[at + 3] << 8 | records[at + 4]);
  }
  return null;
}
