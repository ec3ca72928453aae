/**
 * Where a connection's packets go, and the two packets by which a server has a client begin again: Retry and Version
 * Negotiation.
 *
 * @module
 */
import { chain, type CryptoProvider, type MaybePromise } from "@sealane/providers";
import { equalBytes } from "@sealane/wire";
import type { DropReason } from "../packets/drop.ts";
import type { RetryPacket, VersionNegotiationPacket } from "../packets/header.ts";
import type { Role } from "../packets/role.ts";
import type { ParameterSetup } from "../parameters/parameter_exchange.ts";
import { verifyRetry } from "./retry.ts";
import type { QuicVersion } from "../packets/version.ts";
import { onVersionNegotiation } from "../parameters/version_negotiation.ts";

/** What a connection starts from. */
export interface StartSetup extends ParameterSetup {
  /** Makes the Initial keys. */
  readonly destinationConnectionId: Uint8Array;
  /** The Source Connection ID of the Retry packet that was sent, or `null`. */
  readonly retrySource: Uint8Array | null;
}

/** The connection IDs and the version of the first packets. */
export class ConnectionStart {
  readonly role: Role;
  /** The version of the first packet. */
  readonly version: QuicVersion;
  readonly #setup: StartSetup;
  readonly #provider: CryptoProvider;
  #keySource: Uint8Array;
  #retrySource: Uint8Array | null;
  #token: Uint8Array = new Uint8Array(0);
  #peer: Uint8Array | null = null;

  constructor(setup: StartSetup) {
    this.role = setup.role;
    this.version = setup.version;
    this.#setup = setup;
    this.#provider = setup.provider;
    this.#keySource = setup.destinationConnectionId;
    this.#retrySource = setup.retrySource;
  }

  /** The connection ID that makes the Initial keys: the client's last one before a packet of the server counted. */
  get keySource(): Uint8Array {
    return this.#keySource;
  }

  /** Where packets go: to the peer's Source Connection ID, or to what we began with as long as nothing came. */
  get destination(): Uint8Array {
    return this.#peer ?? this.#keySource;
  }

  /** The Source Connection ID of the peer's first packet, or `null` before it came. */
  get peer(): Uint8Array | null {
    return this.#peer;
  }

  /** The Source Connection ID of the Retry packet that was sent or followed, or `null`. */
  get retrySource(): Uint8Array | null {
    return this.#retrySource;
  }

  /** The token for Initial packets: that of a Retry packet, else empty. */
  get token(): Uint8Array {
    return this.#token;
  }

  /** RFC 9000 §7.2: the peer's first Source Connection ID is where packets go from now on. */
  onPeer(sourceConnectionId: Uint8Array): void {
    this.#peer ??= sourceConnectionId.slice();
  }

  /** Follows a Retry packet, or answers why it is dropped. After it the Initial keys are made anew. */
  receiveRetry(packet: RetryPacket): MaybePromise<DropReason | null> {
    const original = this.#setup.originalDestinationConnectionId;
    if (this.role === "server") return "unexpected-type";
    // RFC 9369 §4.1: a Retry packet has the original version.
    if (packet.version !== this.version) return "unexpected-version";
    // RFC 9000 §17.2.5.2: one Retry packet, and only as the first packet that was processed.
    if (this.#retrySource !== null || this.#peer !== null) return "retry-late";
    // RFC 9000 §17.2.5.1: the server has chosen another connection ID.
    if (equalBytes(packet.sourceConnectionId, original)) return "retry-integrity";
    return chain(verifyRetry(this.#provider, packet, original), (right) => {
      if (!right) return "retry-integrity";
      this.#keySource = this.#retrySource = packet.sourceConnectionId.slice();
      this.#token = packet.token.slice();
      return null;
    });
  }

  /** The version that a client begins with again after a Version Negotiation packet, or why the packet is dropped. */
  receiveVersionNegotiation(packet: VersionNegotiationPacket): QuicVersion | DropReason {
    const { config, versions, afterVersionNegotiation } = this.#setup;
    // RFC 9000 §6.2: it counts only as the first packet that was processed.
    if (this.#retrySource !== null || this.#peer !== null) return "version-negotiation-late";
    // RFC 9000 §17.2.1: it echoes both connection IDs, which shows that its sender saw our packet.
    const echoed = equalBytes(packet.destinationConnectionId, config.sourceConnectionId) &&
      equalBytes(packet.sourceConnectionId, this.#keySource);
    if (!echoed) return "unknown-connection-id";
    const own = { supported: versions, original: this.version, afterVersionNegotiation };
    const next = onVersionNegotiation(packet, own);
    if (next === "ignore") return "version-negotiation-late";
    return next === "none" ? "no-common-version" : next;
  }
}
