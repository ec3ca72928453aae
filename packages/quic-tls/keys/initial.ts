/**
 * Initial secrets and the keys made of them (RFC 9001 section 5.2).
 *
 * @module
 */
import {
  chain,
  type CipherSuite,
  type CryptoProvider,
  type Hash,
  hkdfExpandLabel,
  hkdfExtract,
  type MaybePromise,
} from "@sealane/providers";
import { CipherSuiteId, TlsError, wipe } from "@sealane/wire";
import { PacketProtector } from "./protection.ts";
import type { Role } from "../packets/role.ts";
import type { QuicVersion } from "../packets/version.ts";

const EMPTY = new Uint8Array(0);

/** The suite of Initial packets and of the Retry tag, TLS_AES_128_GCM_SHA256. Throws `api/config` without it. */
export function initialSuite(provider: CryptoProvider): CipherSuite {
  for (const suite of provider.cipherSuites) {
    if (suite.id === CipherSuiteId.TLS_AES_128_GCM_SHA256) return suite;
  }
  const reason = `the provider ${provider.name} lacks TLS_AES_128_GCM_SHA256, which QUIC needs`;
  throw new TlsError("api/config", reason);
}

/** The client's and the server's Initial secret, 32 bytes each, from the client's first Destination Connection ID. */
export function initialSecrets(
  version: QuicVersion,
  sha256: Hash,
  destinationConnectionId: Uint8Array,
): Record<Role, Uint8Array> {
  const secret = hkdfExtract(sha256, version.initialSalt, destinationConnectionId);
  const client = hkdfExpandLabel(sha256, secret, "client in", EMPTY, sha256.outputLength);
  const server = hkdfExpandLabel(sha256, secret, "server in", EMPTY, sha256.outputLength);
  wipe(secret);
  return { client, server };
}

/** The protectors of one end's Initial packets. */
export interface InitialProtectors {
  /** For the peer's packets. */
  readonly read: PacketProtector;
  /** For our packets. */
  readonly write: PacketProtector;
}

/**
 * The Initial keys of `role`.
 *
 * ```ts ignore
 * const { read } = await initialProtectors(provider, QUIC_V1, packet.destinationConnectionId, "server");
 * const opened = await read.unprotect(packet.bytes, packet.packetNumberOffset, -1);
 * ```
 */
export function initialProtectors(
  provider: CryptoProvider,
  version: QuicVersion,
  destinationConnectionId: Uint8Array,
  role: Role,
): MaybePromise<InitialProtectors> {
  const suite = initialSuite(provider);
  const secrets = initialSecrets(version, suite.hash, destinationConnectionId);
  const readSecret = role === "client" ? secrets.server : secrets.client;
  return chain(
    PacketProtector.create(version, suite, readSecret),
    (read) =>
      chain(PacketProtector.create(version, suite, secrets[role]), (write) => ({ read, write })),
  );
}
