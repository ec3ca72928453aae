/**
 * Admission: what a server does with a datagram that belongs to no connection (RFC 9000 sections 5.2.2, 6.1, 8.1 and 14.1).
 *
 * @module
 */
import { chain, type CryptoProvider, type MaybePromise, randomFrom } from "@sealane/providers";
import { TlsError } from "@sealane/wire";
import { AddressTokens } from "./address_token.ts";
import {
  addressOf,
  type AddressValidation,
  hostOf,
  type PeerAddress,
  validateAddress,
} from "./address_validation.ts";
import type { QuicServerConfig } from "../config.ts";
import type { DropReason } from "../packets/drop.ts";
import {
  type LongPacket,
  MAX_CONNECTION_ID_LENGTH,
  MIN_INITIAL_DATAGRAM,
  type ParsedPacket,
  versionNegotiation,
} from "../packets/header.ts";
import { writeRetry } from "./retry.ts";
import { QUIC_VERSIONS, type QuicVersion, reservedVersion } from "../packets/version.ts";

/** RFC 9000 section 7.2: the least length of the connection ID that a client makes up. */
const MIN_FIRST_CONNECTION_ID = 8;

/** What admission is configured with. */
export interface ServerAdmissionConfig {
  /** Where random bytes and the Retry tag come from. */
  readonly provider: CryptoProvider;
  /** The versions to accept, the best one first; those of this package unless given. */
  readonly versions?: readonly QuicVersion[];
  /** How many bytes the connection IDs have that we choose, 4 to 20; 8 unless given. */
  readonly connectionIdLength?: number;
  /**
   * Whether clients have to show their address with a Retry packet first. Asked for each Initial packet without a valid
   * token, so it may depend on load; no, unless given.
   */
  readonly retry?: () => boolean;
  /** Tokens that other servers accept, too; tokens of this server alone unless given. */
  readonly tokens?: AddressTokens;
}

/** What becomes of a datagram. */
export type Admission =
  | { readonly type: "drop"; readonly reason: DropReason }
  | { readonly type: "answer"; /** For the client. */ readonly datagram: Uint8Array }
  | AcceptedAdmission;

/** The datagram begins a connection: its fields go into the configuration of `QuicTls.server`. */
export interface AcceptedAdmission
  extends AddressValidation, Pick<QuicServerConfig, "version" | "destinationConnectionId"> {
  /** Which kind of verdict this is. */
  readonly type: "accept";
}

const drop = (reason: DropReason): Admission => ({ type: "drop", reason });

/**
 * Decides about datagrams from clients that are not known yet. It keeps nothing about them: a flood costs no memory.
 *
 * ```ts
 * import { nativeProvider } from "@sealane/providers/native";
 * import { parsePacket, ServerAdmission } from "@sealane/quic-tls";
 *
 * const admission = new ServerAdmission({ provider: nativeProvider, retry: () => true });
 * const datagram = new Uint8Array(1200);
 * const packet = parsePacket(datagram, 0, { connectionIdLength: 8 });
 * const verdict = await admission.admit(packet, datagram.length, { hostname: "192.0.2.1", port: 443 });
 * console.assert(verdict.type === "drop");
 * ```
 */
export class ServerAdmission {
  readonly #config: ServerAdmissionConfig;
  readonly #versions: readonly QuicVersion[];
  readonly #tokens: AddressTokens;

  /** Throws `api/config` for connection IDs of a length that clients would not take, or could guess. */
  constructor(config: ServerAdmissionConfig) {
    const { connectionIdLength: length = MIN_FIRST_CONNECTION_ID } = config;
    if (!Number.isInteger(length) || length < 4 || length > MAX_CONNECTION_ID_LENGTH) {
      throw new TlsError("api/config", `connection IDs of ${length} bytes are not from 4 to 20`);
    }
    this.#config = config;
    this.#versions = config.versions ?? QUIC_VERSIONS;
    this.#tokens = config.tokens ?? new AddressTokens({ provider: config.provider });
  }

  /**
   * What becomes of a datagram of `datagramLength` bytes whose first packet is `packet`; its Destination Connection ID is
   * that of no connection.
   */
  admit(
    packet: ParsedPacket,
    datagramLength: number,
    from: PeerAddress,
  ): MaybePromise<Admission> {
    const unknown = packet.type === "unknown-version";
    if (packet.type === "dropped") return drop(packet.reason);
    if (packet.type !== "initial" && !unknown) return drop("unexpected-type");
    // RFC 9000 §5.2.2 and §14.1: small datagrams begin nothing and get no answer, which would amplify.
    if (datagramLength < MIN_INITIAL_DATAGRAM) return drop("small-datagram");
    if (unknown || !this.#versions.includes(packet.version)) {
      // RFC 9000 §6.3: a reserved version keeps clients used to versions that they do not know.
      const reserved = reservedVersion(randomFrom(this.#config.provider, 4));
      const offered = [...this.#versions.map(({ id }) => id), reserved];
      return { type: "answer", datagram: versionNegotiation(packet, offered) };
    }
    // RFC 9000 §7.2: the first connection ID cannot be guessed.
    if (packet.destinationConnectionId.length < MIN_FIRST_CONNECTION_ID) {
      const ours = this.#config.connectionIdLength ?? MIN_FIRST_CONNECTION_ID;
      // After a Retry packet of ours it is one that we chose.
      const chosen = packet.token.length > 0 && packet.destinationConnectionId.length === ours;
      if (!chosen) return drop("connection-id-too-short");
    }
    const { version } = packet;
    const destinationConnectionId = packet.destinationConnectionId.slice();
    return chain(validateAddress(this.#tokens, packet, from), (validation) => {
      if (!validation.addressValidated && this.#wantsRetry()) return this.#retry(packet, from);
      return { type: "accept", version, destinationConnectionId, ...validation };
    });
  }

  #wantsRetry(): boolean {
    const answer = this.#config.retry?.() ?? false;
    if (typeof answer === "boolean") return answer;
    throw new TlsError("local/callback", "retry answered neither true nor false");
  }

  #retry(packet: LongPacket, from: PeerAddress): MaybePromise<Admission> {
    const { provider, connectionIdLength = MIN_FIRST_CONNECTION_ID } = this.#config;
    const originalDestinationConnectionId = packet.destinationConnectionId.slice();
    const sourceConnectionId = randomFrom(provider, connectionIdLength);
    const ids = [originalDestinationConnectionId, sourceConnectionId] as const;
    return chain(this.#tokens.retry(addressOf(from), ...ids), (token) => {
      const retry = writeRetry(provider, {
        version: packet.version,
        destinationConnectionId: packet.sourceConnectionId,
        sourceConnectionId,
        originalDestinationConnectionId,
        token,
      });
      return chain(retry, (datagram) => ({ type: "answer", datagram }));
    });
  }

  /**
   * A token for a NEW_TOKEN frame: with it, the client's next connection from the same IP address is validated from the
   * start (RFC 9000 section 8.1.3).
   */
  newToken(to: PeerAddress): MaybePromise<Uint8Array> {
    return this.#tokens.newToken(hostOf(to));
  }
}
