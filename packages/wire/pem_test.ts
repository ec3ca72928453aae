import { assertEquals, assertThrows } from "@std/assert";
import { decodePem, encodePem } from "./pem.ts";
import { TlsError } from "./error.ts";

const refused = (text: string, reason: string) => {
  const error = assertThrows(() => decodePem(text), TlsError, reason);
  assertEquals(error.code, "api/config");
};

Deno.test("PEM: several blocks with explanatory text between them, any line ending", () => {
  const text = "subject: a\n-----BEGIN A-----\r\nAAEC\r\n-----END A-----\r\nnote\n" +
    "-----BEGIN EC PRIVATE KEY-----\nAAECAwQ=\n-----END EC PRIVATE KEY-----";
  assertEquals(decodePem(text), [
    { label: "A", bytes: Uint8Array.of(0, 1, 2) },
    { label: "EC PRIVATE KEY", bytes: Uint8Array.of(0, 1, 2, 3, 4) },
  ]);
});

Deno.test("PEM: what is encoded is decoded again, in lines of 64", () => {
  for (const length of [1, 2, 3, 47, 48, 49, 1000]) {
    const bytes = new Uint8Array(length).map((_, i) => i * 7);
    const text = encodePem("X Y", bytes);
    assertEquals(decodePem(text), [{ label: "X Y", bytes }]);
    assertEquals(text.split("\n").every((line) => line.length <= 64), true);
  }
});

Deno.test("PEM: malformed blocks are refused", () => {
  refused("-----BEGIN A-----\nAAEC\n", "has no end");
  refused("-----BEGIN A-----\nAAEC\n-----END B-----\n", "own label");
  refused("-----BEGIN A-----\nAAEC\n-----BEGIN A-----\n", "own label");
  refused("-----BEGIN A-----\nAAE\n-----END A-----\n", "whole base64");
  refused("-----BEGIN A-----\nA=EC\n-----END A-----\n", "not base64");
  refused("-----BEGIN A-----\nAA==\nAAEC\n-----END A-----\n", "whole base64");
  refused("-----BEGIN A-----\n-----END A-----\n", "whole base64");
  refused("-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nAAEC\n-----END A-----\n", "not base64");
});

Deno.test("PEM: a text without blocks has none", () => assertEquals(decodePem("hello\n"), []));
