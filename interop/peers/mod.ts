/**
 * Live peers: TLS stacks that nobody here wrote, in both roles, for tests and for the demo.
 *
 * @module
 */
import { gnutls } from "./gnutls.ts";
import { bouncyCastle, kona } from "./java.ts";
import { curl, openssl } from "./openssl.ts";
import type { Peer } from "./peer.ts";
import { denoTls, nodeTls } from "./runtime.ts";

export * from "./connect.ts";
export * from "./exchange.ts";
export * from "./material.ts";
export * from "./peer.ts";
export * from "./shangmi_material.ts";
export { bouncyCastle, curl, denoTls, gnutls, kona, nodeTls, openssl };

/** Every peer, those that are part of the runtime first. */
export const PEERS: readonly Peer[] = [denoTls, nodeTls, openssl, gnutls, curl];
