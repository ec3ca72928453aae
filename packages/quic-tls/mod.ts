/**
 * QUIC-TLS (RFC 9001) for the author of a QUIC transport: packet protection, key updates, CRYPTO streams, transport
 * parameters and Retry, for QUIC versions 1 and 2. The transport owns datagrams, streams, loss and timers.
 *
 * ```ts
 * import { parseDatagram, QUIC_V1 } from "@sealane/quic-tls";
 *
 * const datagram = new Uint8Array([0xc0, 0, 0, 0, 1, 1, 7, 0, 0, 0]);
 * const [packet] = parseDatagram(datagram, { connectionIdLength: 8 });
 * console.assert(packet.type === "initial" && packet.version === QUIC_V1);
 * ```
 *
 * It wants no permission of Deno.
 *
 * @module
 */
export * from "./start/address_token.ts";
export type { AddressValidation, PeerAddress } from "./start/address_validation.ts";
export * from "./start/amplification.ts";
export * from "./boringssl.ts";
export * from "./frames/close_frame.ts";
export * from "./config.ts";
export * from "./start/connection_hooks.ts";
export * from "./start/handshake_config.ts";
export * from "./packets/protected_packet.ts";
export * from "./packets/role.ts";
export type { ParameterConfig } from "./parameters/parameter_exchange.ts";
export * from "./parameters/connection_id_check.ts";
export * from "./crypto/crypto_stream.ts";
export * from "./packets/datagram_writer.ts";
export * from "./packets/drop.ts";
export * from "./errors.ts";
export * from "./events.ts";
export * from "./frames/frame_decoder.ts";
export * from "./frames/frame_encoder.ts";
export * from "./frames/frames.ts";
export * from "./packets/header.ts";
export * from "./keys/initial.ts";
export * from "./keys/key_phase.ts";
export * from "./keys/level_keys.ts";
export * from "./packets/packet_number.ts";
export * from "./packets/packet_writer.ts";
export * from "./keys/protection.ts";
export * from "./frames/ranges.ts";
export * from "./parameters/remembered_parameters.ts";
export * from "./start/retry.ts";
export * from "./start/server_admission.ts";
export * from "./session.ts";
export * from "./parameters/transport_parameter_codec.ts";
export * from "./parameters/transport_parameters.ts";
export * from "./packets/varint.ts";
export * from "./packets/version.ts";
export * from "./parameters/version_negotiation.ts";
