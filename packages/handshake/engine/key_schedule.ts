/**
 * The key schedule (RFC 9846 section 7.1). Each stage is an object that can only be made from the one before it, and
 * making the next one wipes it: an order other than the RFC's does not type-check, and a secret does not outlive its use.
 *
 * @module
 */
import { type Hash, hashOf, hkdfExpandLabel, hkdfExtract, hmacOf } from "@sealane/providers";
import { equalBytes, TlsError, utf8, wipe } from "@sealane/wire";

const EMPTY = new Uint8Array();

/** The three kinds of PSK binder (RFC 9846 section 7.1, RFC 9258 section 5.2). */
export type BinderKind = "resumption" | "external" | "imported";

const BINDER_LABEL: Readonly<Record<BinderKind, string>> = {
  resumption: "res binder",
  external: "ext binder",
  imported: "imp binder",
};

/** Derive-Secret with the transcript hash already taken. */
function deriveSecret(
  hash: Hash,
  secret: Uint8Array,
  label: string,
  transcriptHash: Uint8Array,
): Uint8Array {
  return hkdfExpandLabel(hash, secret, label, transcriptHash, hash.outputLength);
}

const emptyHashes = new WeakMap<Hash, Uint8Array>();

/** The hash of nothing, which is the context of many derivations. */
function emptyHash(hash: Hash): Uint8Array {
  let digest = emptyHashes.get(hash);
  if (digest === undefined) emptyHashes.set(hash, digest = hashOf(hash));
  return digest;
}

/** What every stage has: a hash and a secret that is gone after the stage. */
class Stage {
  readonly hash: Hash;
  #secret: Uint8Array | null;

  constructor(hash: Hash, secret: Uint8Array) {
    this.hash = hash;
    this.#secret = secret;
  }

  protected derive(label: string, transcriptHash: Uint8Array): Uint8Array {
    if (this.#secret === null) throw new Error("this stage of the key schedule is over");
    return deriveSecret(this.hash, this.#secret, label, transcriptHash);
  }

  /** HKDF-Extract of the next stage; ends this one. */
  protected extractNext(ikm: Uint8Array): Uint8Array {
    const salt = this.derive("derived", emptyHash(this.hash));
    const next = hkdfExtract(this.hash, salt, ikm);
    wipe(salt);
    this.end();
    return next;
  }

  /** Wipes the secret. */
  end(): void {
    wipe(this.#secret);
    this.#secret = null;
  }
}

/** The Early Secret: of a PSK, or of zeros without one. */
export class EarlySecret extends Stage {
  /** `psk` is not kept. */
  constructor(hash: Hash, psk: Uint8Array | null) {
    super(hash, hkdfExtract(hash, EMPTY, psk ?? new Uint8Array(hash.outputLength)));
  }

  /** The PSK binder over a ClientHello that is truncated before its binders (RFC 9846 section 4.3.11.2). */
  binder(kind: BinderKind, truncatedTranscriptHash: Uint8Array): Uint8Array {
    const binderKey = this.derive(BINDER_LABEL[kind], emptyHash(this.hash));
    const binder = finishedVerifyData(this.hash, binderKey, truncatedTranscriptHash);
    wipe(binderKey);
    return binder;
  }

  /** client_early_traffic_secret; the transcript is ClientHello. */
  clientEarlyTraffic(transcriptHash: Uint8Array): Uint8Array {
    return this.derive("c e traffic", transcriptHash);
  }

  /** early_exporter_secret; the transcript is ClientHello. */
  earlyExporter(transcriptHash: Uint8Array): Uint8Array {
    return this.derive("e exp master", transcriptHash);
  }

  /** The next stage; `sharedSecret` is `null` with a PSK alone. */
  handshakeSecret(sharedSecret: Uint8Array | null): HandshakeSecret {
    const ikm = sharedSecret ?? new Uint8Array(this.hash.outputLength);
    return new HandshakeSecret(this.hash, this.extractNext(ikm));
  }
}

/** The Handshake Secret. */
export class HandshakeSecret extends Stage {
  /** client_handshake_traffic_secret; the transcript is ClientHello to ServerHello. */
  clientTraffic(transcriptHash: Uint8Array): Uint8Array {
    return this.derive("c hs traffic", transcriptHash);
  }

  /** server_handshake_traffic_secret; the transcript is ClientHello to ServerHello. */
  serverTraffic(transcriptHash: Uint8Array): Uint8Array {
    return this.derive("s hs traffic", transcriptHash);
  }

  /** The next stage. */
  mainSecret(): MainSecret {
    return new MainSecret(this.hash, this.extractNext(new Uint8Array(this.hash.outputLength)));
  }
}

/** The Main Secret. */
export class MainSecret extends Stage {
  /** client_application_traffic_secret_0; the transcript is ClientHello to server Finished. */
  clientTraffic(transcriptHash: Uint8Array): Uint8Array {
    return this.derive("c ap traffic", transcriptHash);
  }

  /** server_application_traffic_secret_0; the transcript is ClientHello to server Finished. */
  serverTraffic(transcriptHash: Uint8Array): Uint8Array {
    return this.derive("s ap traffic", transcriptHash);
  }

  /** exporter_secret; the transcript is ClientHello to server Finished. */
  exporter(transcriptHash: Uint8Array): Uint8Array {
    return this.derive("exp master", transcriptHash);
  }

  /** resumption_secret; the transcript is ClientHello to client Finished. */
  resumption(transcriptHash: Uint8Array): Uint8Array {
    return this.derive("res master", transcriptHash);
  }
}

/** verify_data of a Finished message or a binder (RFC 9846 section 4.5.3). */
export function finishedVerifyData(
  hash: Hash,
  baseKey: Uint8Array,
  transcriptHash: Uint8Array,
): Uint8Array {
  const finishedKey = hkdfExpandLabel(hash, baseKey, "finished", EMPTY, hash.outputLength);
  const verifyData = hmacOf(hash, finishedKey, transcriptHash);
  wipe(finishedKey);
  return verifyData;
}

/** Whether verify_data is right, in constant time; a wrong length is wrong. */
export function checkVerifyData(
  hash: Hash,
  baseKey: Uint8Array,
  transcriptHash: Uint8Array,
  received: Uint8Array,
): boolean {
  return equalBytes(finishedVerifyData(hash, baseKey, transcriptHash), received);
}

/** application_traffic_secret_N+1 (RFC 9846 section 7.2). */
export function nextTrafficSecret(hash: Hash, secret: Uint8Array): Uint8Array {
  return hkdfExpandLabel(hash, secret, "traffic upd", EMPTY, hash.outputLength);
}

/** The PSK of a ticket (RFC 9846 section 4.7.1). */
export function ticketPsk(hash: Hash, resumptionSecret: Uint8Array, nonce: Uint8Array): Uint8Array {
  return hkdfExpandLabel(hash, resumptionSecret, "resumption", nonce, hash.outputLength);
}

/**
 * Keying material of an exporter (RFC 9846 section 7.5): `length` is 0 to 255 times the hash's output length. An absent
 * context is the same as an empty one.
 *
 * @throws {TlsError} `api/argument` if `length` is out of range or the label is longer than 249 bytes.
 */
export function exportKeyingMaterial(
  hash: Hash,
  exporterSecret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  if (!Number.isInteger(length) || length < 0 || length > 255 * hash.outputLength) {
    throw new TlsError("api/argument", `an exporter cannot give ${length} bytes`);
  }
  if (utf8(label).length > 249) {
    throw new TlsError("api/argument", "the label of an exporter has at most 249 bytes");
  }
  const secret = deriveSecret(hash, exporterSecret, label, emptyHash(hash));
  const contextHash = hashOf(hash, context);
  const material = hkdfExpandLabel(hash, secret, "exporter", contextHash, length);
  wipe(secret);
  return material;
}
