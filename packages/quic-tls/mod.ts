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
 * @module
 */
export * from "./address_token.ts";
export * from "./amplification.ts";
export * from "./boringssl.ts";
export * from "./close_frame.ts";
export * from "./config.ts";
export * from "./connection_id_check.ts";
export * from "./crypto_stream.ts";
export * from "./datagram_writer.ts";
export * from "./drop.ts";
export * from "./errors.ts";
export * from "./events.ts";
export * from "./frame_decoder.ts";
export * from "./frame_encoder.ts";
export * from "./frames.ts";
export * from "./header.ts";
export * from "./initial.ts";
export * from "./key_phase.ts";
export * from "./level_keys.ts";
export * from "./packet_number.ts";
export * from "./packet_writer.ts";
export * from "./protection.ts";
export * from "./ranges.ts";
export * from "./remembered_parameters.ts";
export * from "./retry.ts";
export * from "./server_admission.ts";
export * from "./session.ts";
export * from "./transport_parameter_codec.ts";
export * from "./transport_parameters.ts";
export * from "./varint.ts";
export * from "./version.ts";
export * from "./version_negotiation.ts";
