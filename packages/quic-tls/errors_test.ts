import { assert, assertEquals } from "@std/assert";
import { AlertDescription, TlsError } from "@sealane/wire";
import {
  alertOfCloseCode,
  closeCodeOf,
  closeCodeOfAlert,
  errorOfCloseCode,
  QuicError,
  TransportErrorCode,
  transportErrorName,
} from "./errors.ts";

Deno.test("every alert becomes 0x0100 plus its description and comes back", () => {
  for (let alert = 0; alert < 256; alert++) {
    assertEquals(closeCodeOfAlert(alert), 0x100 + alert);
    assertEquals(alertOfCloseCode(0x100 + alert), alert);
  }
  for (const code of [0, 0x11, 0xff, 0x200, 2 ** 53 - 1]) {
    assertEquals(alertOfCloseCode(code), null);
  }
});

Deno.test("an error has the close code that RFC 9001 section 4.8 gives it", () => {
  const { bad_certificate } = AlertDescription;
  assertEquals(closeCodeOf(new TlsError("peer/bad-certificate", "x")), 0x100 + bad_certificate);
  assertEquals(closeCodeOf(new QuicError(TransportErrorCode.KEY_UPDATE_ERROR, "x")), 0x0e);
  assertEquals(closeCodeOf(TlsError.fromAlert(40)), 0, "an alert is not answered");
  assertEquals(closeCodeOf(new TlsError("api/state", "x")), 1);
  assertEquals(closeCodeOf(new RangeError("x")), 1);
});

Deno.test("a close code becomes the error that it stands for", () => {
  const alert = errorOfCloseCode(0x100 + 42);
  assert(alert instanceof TlsError && alert.receivedAlert === 42);
  const error = errorOfCloseCode(TransportErrorCode.INVALID_TOKEN, "stale");
  assert(error instanceof QuicError);
  assertEquals(error.message, "the peer closed the connection with INVALID_TOKEN: stale");
});

Deno.test("codes have names", () => {
  assertEquals(transportErrorName(0x0a), "PROTOCOL_VIOLATION");
  assertEquals(transportErrorName(0x128), "CRYPTO_ERROR(handshake_failure)");
  assertEquals(transportErrorName(0x5000), "0x5000");
});
