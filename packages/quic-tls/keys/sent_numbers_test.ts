import { assertEquals, assertThrows } from "@std/assert";
import { TlsError } from "@sealane/wire";
import { exchange, pair } from "../testing/test_end.ts";
import { SentNumbers } from "./sent_numbers.ts";

Deno.test("row 263: a packet number is used once, in whatever order, with a bound on what is remembered", () => {
  const used = new SentNumbers();
  const refused = (n: number) =>
    assertEquals(assertThrows(() => used.use(n), TlsError).code, "api/argument");
  for (const n of [0, 5, 2, 1, 9]) used.use(n);
  for (const n of [0, 1, 2, 5, 9]) refused(n);
  for (const n of [3, 4, 6]) used.use(n);
  for (let n = 100; n < 10_000; n += 2) used.use(n);
  refused(7);
  used.use(9_997);
});

Deno.test("row 263: two packets under one packet number in one space are refused at sealing", async () => {
  const [client, server] = await pair();
  await exchange(client, server);
  const seal = (n: number) => () => client.tls.protect("application", new Uint8Array(100), 12, n);
  seal(70)();
  const error = assertThrows(seal(70), TlsError);
  assertEquals(error.code, "api/argument");
  seal(71)();
});
