import { AlertDescription } from "@sealane/wire";
import { assertEquals } from "@std/assert";
import { AlertReceiver, decodeAlert, encodeAlert } from "./alert.ts";
import { assertCode } from "./testing.ts";

const WARNING = 1;
const FATAL = 2;
const { close_notify, user_canceled, decompression_failure, handshake_failure, no_renegotiation } =
  AlertDescription;

Deno.test("row 29: alert goes out with the very description that is asked for", () => {
  assertEquals(encodeAlert(decompression_failure), new Uint8Array([FATAL, 30]));
  assertEquals(encodeAlert(close_notify), new Uint8Array([WARNING, 0]));
  assertEquals(encodeAlert(user_canceled), new Uint8Array([WARNING, 90]));
});

Deno.test("row 20: alert record of other than 2 bytes is decode_error", async () => {
  for (const length of [0, 1, 3, 4]) {
    const content = new Uint8Array(length).fill(1);
    assertEquals((await assertCode("peer/bad-alert", () => decodeAlert(content))).alert, 50);
  }
});

Deno.test("row 21: alert of another level than warning and fatal is illegal_parameter", async () => {
  for (const level of [0, 3, 42, 255]) {
    const content = new Uint8Array([level, close_notify]);
    assertEquals((await assertCode("peer/bad-alert-level", () => decodeAlert(content))).alert, 47);
  }
});

Deno.test("row 22: warning that is no closure alert is decode_error", async () => {
  const alerts = new AlertReceiver();
  const content = new Uint8Array([WARNING, no_renegotiation]);
  const error = await assertCode("peer/bad-alert", () => alerts.receive(content, true));
  assertEquals([error.alert, error.receivedAlert], [50, no_renegotiation]);
});

Deno.test("row 23: four user_canceled in a row are ignored, the fifth is unexpected_message", async () => {
  const alerts = new AlertReceiver();
  const content = new Uint8Array([WARNING, user_canceled]);
  for (let i = 0; i < 4; i++) assertEquals(alerts.receive(content, true), "ignore");
  alerts.reset();
  for (let i = 0; i < 4; i++) assertEquals(alerts.receive(content, true), "ignore");
  const error = await assertCode(
    "peer/too-many-warning-alerts",
    () => alerts.receive(content, true),
  );
  assertEquals(error.alert, 10);
});

Deno.test("row 24: fatal alert is an error with its description and answers nothing", async () => {
  for (const description of [handshake_failure, user_canceled, 99]) {
    const content = new Uint8Array([FATAL, description]);
    const error = await assertCode(
      "peer/alert",
      () => new AlertReceiver().receive(content, true),
    );
    assertEquals([error.alert, error.receivedAlert], [null, description]);
  }
});

Deno.test("row 25: warning before the version is known is ignored, four times", async () => {
  const alerts = new AlertReceiver();
  const content = new Uint8Array([WARNING, AlertDescription.unrecognized_name]);
  for (let i = 0; i < 4; i++) assertEquals(alerts.receive(content, false), "ignore");
  await assertCode("peer/too-many-warning-alerts", () => alerts.receive(content, false));
});

Deno.test("close_notify closes at either level", () => {
  const alerts = new AlertReceiver();
  assertEquals(alerts.receive(new Uint8Array([WARNING, close_notify]), true), "close");
  assertEquals(alerts.receive(new Uint8Array([FATAL, close_notify]), true), "close");
});
