/**
 * What both kinds of endpoint keep of a connection's events for the checks of BoringSSL's shim.
 *
 * @module
 */
import type { HandshakeEvent } from "@sealane/handshake";
import type { ConnectionEvent } from "@sealane/tls";
import type { EndpointState } from "./endpoint.ts";
import type { Observed } from "./observed.ts";
import { EarlyDataRejectedError } from "./outcome.ts";

/** The state of an endpoint, written as events come. */
export class StateKeeper {
  /** What the checks look at. */
  readonly state: { -readonly [Key in keyof EndpointState]: EndpointState[Key] } = {
    info: null,
    complete: false,
    inEarlyData: false,
    earlyData: null,
    session: null,
    transportParameters: null,
  };
  /** Whether this is a client. */
  readonly client: boolean;
  readonly #observed: Observed;
  #rejected = false;

  /** Nothing has happened. */
  constructor(role: "client" | "server", observed: Observed) {
    this.client = role === "client";
    this.#observed = observed;
  }

  /** Whether this is a client with early data open. */
  get sendsEarlyData(): boolean {
    return this.client && this.state.inEarlyData;
  }

  /** Notes what early data, tickets and the end of the handshake say; other events are the endpoint's. */
  note(event: HandshakeEvent | ConnectionEvent): void {
    switch (event.type) {
      case "earlyData":
        this.state.earlyData = { accepted: event.accepted, reason: event.reason };
        // A client is told when EncryptedExtensions has come, as BoringSSL does it.
        this.#rejected = this.client && !event.accepted;
        this.state.inEarlyData = event.accepted || this.#rejected;
        break;
      case "ticket":
        this.state.session = event.session;
        break;
      case "complete":
        this.state.complete = true;
        this.state.inEarlyData = false;
        break;
    }
  }

  /** Throws once where early data was rejected and the program has been told. */
  checkRejected(): void {
    if (!this.#rejected || !this.#observed.earlyDataDeclined) return;
    this.#rejected = false;
    this.state.inEarlyData = false;
    throw new EarlyDataRejectedError("early data was declined");
  }
}
