/**
 * Alerts on the wire (RFC 9846 section 6).
 *
 * @module
 */
import { AlertDescription, AlertLevel, alertName, TlsError } from "@sealane/wire";
import { DEFAULT_RECORD_LIMITS } from "./limits.ts";

/** An alert message. */
export interface Alert {
  /** 1 (warning) or 2 (fatal). */
  readonly level: AlertLevel;
  /** What happened; any 8-bit number. */
  readonly description: AlertDescription;
}

/** The two bytes of an alert. Closure alerts go out as warnings, all others are fatal (RFC 9846 section 6). */
export function encodeAlert(description: AlertDescription): Uint8Array {
  const closure = description === AlertDescription.close_notify ||
    description === AlertDescription.user_canceled;
  return new Uint8Array([closure ? AlertLevel.warning : AlertLevel.fatal, description]);
}

/**
 * Reads the content of an alert record.
 *
 * @throws {TlsError} `peer/bad-alert` if it is not exactly one alert, `peer/bad-alert-level` if the level is neither
 * warning nor fatal.
 */
export function decodeAlert(content: Uint8Array): Alert {
  // RFC 9846 §5.1: an alert record holds exactly one message
  if (content.length !== 2) {
    throw new TlsError("peer/bad-alert", `alert record has ${content.length} bytes, not 2`);
  }
  const [level, description] = content;
  if (level !== AlertLevel.warning && level !== AlertLevel.fatal) {
    const message = `alert ${alertName(description)} has the unknown level ${level}`;
    throw new TlsError("peer/bad-alert-level", message);
  }
  return { level, description };
}

/**
 * Says what an alert means for the connection, and counts the ones that mean nothing.
 *
 * ```ts
 * import { AlertReceiver } from "@sealane/record";
 *
 * const alerts = new AlertReceiver();
 * console.assert(alerts.receive(new Uint8Array([1, 0]), true) === "close");
 * ```
 */
export class AlertReceiver {
  readonly #limit: number;
  #warnings = 0;

  /** `limit` is how many alerts in a row are ignored; 4 unless given. */
  constructor(limit: number = DEFAULT_RECORD_LIMITS.warningAlerts) {
    this.#limit = limit;
  }

  /** Starts the count of ignored alerts again; called for every record that is not an alert. */
  reset(): void {
    this.#warnings = 0;
  }

  /**
   * Takes the content of an alert record: `close` is a close_notify, `ignore` an alert to pass over. `negotiated` says
   * whether TLS 1.3 has been agreed on: only then are warnings other than closure alerts known not to exist.
   *
   * @throws {TlsError} `peer/alert` for an error alert, and for an alert that breaks a rule as {@link decodeAlert} or
   * `peer/bad-alert` or `peer/too-many-warning-alerts`.
   */
  receive(content: Uint8Array, negotiated: boolean): "close" | "ignore" {
    const { level, description } = decodeAlert(content);
    if (description === AlertDescription.close_notify) return "close";
    if (level === AlertLevel.fatal) throw TlsError.fromAlert(description);
    // RFC 9846 §6: every alert but the closure alerts is sent as fatal
    if (negotiated && description !== AlertDescription.user_canceled) {
      const message = `the peer sent the alert ${alertName(description)} as a warning`;
      throw new TlsError("peer/bad-alert", message, { receivedAlert: description });
    }
    this.#warnings++;
    if (this.#warnings > this.#limit) {
      const message = `the peer sent ${this.#warnings} warning alerts in a row`;
      throw new TlsError("peer/too-many-warning-alerts", message);
    }
    return "ignore";
  }
}
