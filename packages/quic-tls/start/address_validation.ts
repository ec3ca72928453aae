/**
 * Whether the token of an Initial packet shows that the client is at its address (RFC 9000 section 8.1): here the tokens of
 * Retry packets and of NEW_TOKEN frames are judged.
 *
 * @module
 */
import { chain, type MaybePromise } from "@sealane/providers";
import { equalBytes, utf8 } from "@sealane/wire";
import type { LongPacket } from "../packets/header.ts";
import type { AddressTokens } from "./address_token.ts";

/** Where a datagram came from. */
export interface PeerAddress {
  /** An IP address, always in the same form. */
  readonly hostname: string;
  /** The UDP port. */
  readonly port: number;
}

/** What a token shows. */
export interface AddressValidation {
  /** Whether the client is at its address: see `AmplificationBudget.validate`. */
  readonly addressValidated: boolean;
  /** After a Retry packet: the Destination Connection ID before it. */
  readonly originalDestinationConnectionId?: Uint8Array;
}

/** Judges the token of an Initial packet. */
export function validateAddress(
  tokens: AddressTokens,
  { token, destinationConnectionId }: LongPacket,
  from: PeerAddress,
): MaybePromise<AddressValidation> {
  if (token.length === 0) return { addressValidated: false };
  // The datagram's memory is the transport's, which may use it again while the token is opened.
  const destination = destinationConnectionId.slice();
  return chain(tokens.open(token, addressOf(from)), (opened) => {
    // RFC 9000 §8.1.2: the client goes on with the connection ID of the Retry packet.
    if (opened?.kind === "retry" && equalBytes(opened.retrySourceConnectionId, destination)) {
      const { originalDestinationConnectionId } = opened;
      return { originalDestinationConnectionId, addressValidated: true };
    }
    // RFC 9000 §8.1.3: an invalid token is as good as none.
    return chain(
      tokens.open(token, hostOf(from)),
      (known) => ({ addressValidated: known?.kind === "new-token" }),
    );
  });
}

/** What a Retry token is bound to: it comes back at once, from the same port. */
export function addressOf({ hostname, port }: PeerAddress): Uint8Array {
  return utf8(`${hostname} ${port}`);
}

/** What a NEW_TOKEN token is bound to: the port changes with every connection. */
export function hostOf({ hostname }: PeerAddress): Uint8Array {
  return utf8(hostname);
}
