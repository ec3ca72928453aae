/**
 * What becomes of a client's early data once the server answers (RFC 9846 section 4.3.10).
 *
 * @module
 */
import { equalBytes, TlsError } from "@sealane/wire";
import type { FlowContext } from "../engine/context.ts";
import type { EarlyDataReason } from "../engine/events.ts";
import type { HandshakeKeys } from "../engine/handshake_keys.ts";
import type { Psk } from "../engine/psk.ts";
import { encodeEndOfEarlyData } from "../messages/end_of_early_data.ts";
import { rejectEarlyData } from "./early_data.ts";
import type { ServerExtensions } from "./encrypted_extensions.ts";
import type { Agreement } from "./hello_exchange.ts";
import type { ServerChoice } from "./server_hello.ts";

/** RFC 9846 §4.3.10: accepted early data has the suite and the protocol of the PSK. */
function checkAcceptedEarlyData(
  psk: Psk,
  suite: number,
  alpn: Uint8Array | null,
): void {
  const { early } = psk;
  if (early?.cipherSuite !== suite) {
    throw new TlsError("peer/early-data", "the server took early data with another cipher suite");
  }
  const same = early.alpn === null || alpn === null
    ? early.alpn === alpn
    : equalBytes(early.alpn, alpn);
  if (!same) {
    throw new TlsError(
      "peer/early-data",
      "the server took early data with another application protocol",
    );
  }
}

/** What becomes of early data between ServerHello and the client's Finished. */
export class EarlyDataState {
  readonly #context: FlowContext;
  /** Whether the verdict is still open, or was good. */
  open: boolean;
  /** Whether it was accepted. */
  accepted = false;
  /** Why it was not, or why there was none. */
  reason: EarlyDataReason | null;

  constructor(context: FlowContext, { choice, retried, noEarlyData, offer }: Agreement) {
    const earlyData = noEarlyData === null;
    this.#context = context;
    this.open = earlyData && !retried && choice.psk !== null && choice.psk === offer.psks[0];
    this.reason = retried && earlyData ? "hello-retry-request" : noEarlyData;
    // Without its PSK early data is lost already, and nothing more is sent under its key.
    if (earlyData && !retried && !this.open) this.#reject("session-not-resumed");
  }

  #reject(reason: EarlyDataReason): void {
    this.open = false;
    this.reason = reason;
    rejectEarlyData(this.#context, reason);
  }

  /** EncryptedExtensions has come: the server's verdict. */
  judge(choice: ServerChoice, encrypted: ServerExtensions, keys: HandshakeKeys): void {
    if (encrypted.earlyData) {
      if (choice.psk === null) {
        throw new TlsError(
          "peer/unsolicited-extension",
          "the server took early data without its PSK",
        );
      }
      // RFC 9846 §4.3.11: early data goes with the first PSK, or it is illegal_parameter.
      if (!this.open) {
        throw new TlsError("peer/early-data", "the server took early data with another PSK");
      }
      checkAcceptedEarlyData(choice.psk, choice.suite.id, encrypted.alpn);
      this.accepted = true;
      this.reason = "accepted";
      this.#context.emit({
        type: "earlyData",
        accepted: true,
        reason: "accepted",
        afterHelloRetryRequest: false,
      });
      return;
    }
    if (!this.open) return;
    this.#reject("peer-declined");
    if (this.#context.carrier.endOfEarlyData) {
      this.#context.installWrite("handshake", choice.suite, keys.clientTraffic);
    }
  }

  /** The server's Finished has come: early data ends, over records with a message. */
  end(choice: ServerChoice, keys: HandshakeKeys): void {
    if (!this.open || !this.#context.carrier.endOfEarlyData) return;
    this.#context.send(encodeEndOfEarlyData());
    this.#context.installWrite("handshake", choice.suite, keys.clientTraffic);
  }
}
