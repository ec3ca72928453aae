import { assert, assertEquals } from "@std/assert";
import { AlertDescription, TlsError } from "@sealane/wire";
import { applicationCloseFrame, closeFrame, closeFrameAt, errorOfClose } from "./close_frame.ts";
import { QuicError, TransportErrorCode } from "../errors.ts";

Deno.test("an error becomes a CONNECTION_CLOSE frame with its code, and an error again", () => {
  const tls = closeFrame(TlsError.fromAlert(AlertDescription.bad_certificate));
  assertEquals(tls.application, false);
  const quic = closeFrame(new QuicError(TransportErrorCode.FLOW_CONTROL_ERROR, "too much"));
  assertEquals([quic.code, quic.reason], [TransportErrorCode.FLOW_CONTROL_ERROR, "too much"]);
  const back = errorOfClose(quic);
  assert(back instanceof QuicError && back.message.includes("too much"));
  const alert = errorOfClose({ ...tls, code: 0x0100 + AlertDescription.unknown_ca });
  assert(alert instanceof TlsError);
  assertEquals(alert.code, "peer/alert");
  assertEquals(closeFrame("odd").code, TransportErrorCode.INTERNAL_ERROR);
  assertEquals(closeFrame(new Error("long ".repeat(100))).reason.length, 200);
});

Deno.test("a close without an error, or of the application, is no error of ours", () => {
  const done = closeFrame(new QuicError(TransportErrorCode.NO_ERROR, "done"));
  assertEquals(errorOfClose(done), null);
  assertEquals(errorOfClose(applicationCloseFrame(7, "h3")), null);
});

Deno.test("packets of the handshake hide what the application said (RFC 9000 section 10.2.3)", () => {
  const frame = applicationCloseFrame(7, "who we are");
  for (const level of ["early", "application"] as const) {
    assertEquals(closeFrameAt(level, frame), frame);
  }
  for (const level of ["initial", "handshake"] as const) {
    const { code, application, reason } = closeFrameAt(level, frame);
    assertEquals([code, application, reason], [TransportErrorCode.APPLICATION_ERROR, false, ""]);
  }
  const own = closeFrame(new QuicError(TransportErrorCode.PROTOCOL_VIOLATION, "no"));
  assertEquals(closeFrameAt("initial", own), own);
});
