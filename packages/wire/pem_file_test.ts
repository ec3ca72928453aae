import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodePem } from "./pem.ts";
import { readPemFile } from "./pem_file.ts";

Deno.test("what is encoded is read again, with anything done to it that leaves its letters alone", () => {
  const spoil = [
    (text: string) => text,
    (text: string) => `\ufeff${text}`,
    (text: string) => text.replaceAll("\n", "\r\n"),
    (text: string) => text.replaceAll("\n", "\r"),
    (text: string) => JSON.stringify({ key: text }),
    (text: string) => JSON.stringify(text.split("\n")),
    (text: string) => text.replaceAll("\n", "\\n"),
    (text: string) => text.replaceAll("\n", "\n    "),
    (text: string) => text.replace(/=+/, ""),
    (text: string) => text.split("\n").map((line) => `"${line}",`).join("\n"),
    (text: string) => `a remark: 5\n${text}another`,
    (text: string) => text + text.slice(0, 40),
  ];
  fc.assert(fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (bytes, which) => {
    const { blocks } = readPemFile(spoil[which % spoil.length](encodePem("X Y-Z", bytes)));
    assertEquals(blocks.map(({ label, bytes }) => [label, bytes]), [["X Y-Z", bytes]]);
  }));
});

Deno.test("UTF-16 with a byte order mark is text", () => {
  const text = `\ufeff${encodePem("X", Uint8Array.of(1, 2))}`;
  const little = new Uint8Array(Uint16Array.from(text, (c) => c.charCodeAt(0)).buffer);
  const big = little.map((_, i) => little[i ^ 1]);
  for (const file of [little, big]) {
    assertEquals(readPemFile(file).blocks.map(({ bytes }) => bytes), [Uint8Array.of(1, 2)]);
  }
});

Deno.test("headers of the old kind are told apart from base64", () => {
  const text =
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,\n 0011\n" +
    "\nAAEC\n-----END RSA PRIVATE KEY-----";
  const [block] = readPemFile(text).blocks;
  assertEquals(block.bytes, Uint8Array.of(0, 1, 2));
  assertEquals([...block.headers], [["proc-type", "4,ENCRYPTED"], [
    "dek-info",
    "AES-128-CBC,0011",
  ]]);
});

Deno.test("a block that cannot be read costs no other, and is named with its line", () => {
  const good = encodePem("A", Uint8Array.of(5));
  const wrong = [
    ["-----BEGIN B-----\nAAAA\n", "the PEM block B in line 3 has no end"],
    ["-----BEGIN B-----\nA?AA\n-----END B-----\n", "the PEM block B in line 3 is not whole base64"],
    ["-----BEGIN B-----\n-----END B-----\n", "the PEM block B in line 3 is not whole base64"],
    [
      "-----BEGIN B-----\nAAAA\n-----END C-----\n",
      "the PEM block B in line 3 does not end with its own label",
    ],
  ];
  for (const [text, warning] of wrong) {
    const { blocks, warnings } = readPemFile(good + text + good);
    assertEquals([blocks.length, warnings], [2, [warning.replace("line 3", "line 4")]]);
  }
});

Deno.test("time grows with the length: texts made to be slow", () => {
  const size = 1 << 20;
  const texts = [
    "-----BEGIN A-----".repeat(size / 17),
    `${"-----BEGIN A-----\n".repeat(size / 20)}-----END B-----`,
    `-----BEGIN A-----${" ".repeat(size)}x-----END A-----`,
    `-----BEGIN A-----\n${"-".repeat(size)}x\n-----END A-----`,
    `-----BEGIN A-----\n${"\\".repeat(size)}x\n-----END A-----`,
    `-----BEGIN ${"A".repeat(size)}`,
    `-----BEGIN A-----\nx:${"\n y".repeat(size / 3)}\n-----END A-----`,
    "-----END A-----".repeat(size / 15),
  ];
  for (const text of texts) {
    const began = performance.now();
    readPemFile(text);
    // A quadratic way takes minutes.
    assert(performance.now() - began < 5_000, text.slice(0, 30));
  }
});
