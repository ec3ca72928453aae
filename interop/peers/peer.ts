/**
 * What a live peer is: a TLS stack that nobody here wrote, at the other end of a loopback socket.
 *
 * @module
 */
import type { Identity } from "./material.ts";

/** What a peer is told. Suites and groups are never chosen by the peer: our side offers or accepts only what is asked for. */
export interface PeerSettings {
  /** The certificate authority that it trusts, PEM. */
  readonly ca: string;
  /** The same in a file. */
  readonly caFile: string;
  /** What it authenticates itself with: always there for a server; for a client where it is to answer a request. */
  readonly identity: Identity | null;
  /** On a server: whether it requires a certificate. */
  readonly clientAuthentication: boolean;
  /** Application protocols, most preferred first. */
  readonly alpn: readonly string[];
}

/** The peer's end of the plaintext. */
export interface PeerEnd {
  /** What it received. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What it is to send. */
  readonly writable: WritableStream<Uint8Array>;
  /** How the plaintext is framed; unless given, it is raw bytes in both directions. `echo` sends back what comes. */
  readonly protocol?: "http" | "echo";
  /** Ends it, and waits until it is gone. What it said about errors, if it says anything. */
  stop(): Promise<string>;
}

/** A peer that listens for one connection. */
export interface ListeningPeer {
  /** Its port on 127.0.0.1. */
  readonly port: number;
  /** Its end, once there is a connection. */
  end(): Promise<PeerEnd>;
  /** Ends it where there was none. */
  stop(): Promise<string>;
}

/** A TLS stack. */
export interface Peer {
  /** For tables. */
  readonly name: string;
  /** The program that it is; part of the runtime unless given. */
  readonly program?: string;
  /** Why it cannot be used here, or `null`. */
  missing(): Promise<string | null>;
  /** Which features it lacks in which role. */
  readonly lacks?: readonly PeerFeature[];
  /** Listens, if it can be a server. */
  listen?(settings: PeerSettings): Promise<ListeningPeer>;
  /** Connects, if it can be a client. */
  connect?(port: number, settings: PeerSettings): Promise<PeerEnd>;
}

/** What not every peer has. */
export type PeerFeature =
  | "request-client-certificate"
  | "ccm"
  | "p521"
  | "x448"
  | "ml-kem"
  | "alpn"
  | "large"
  | "half-close";
