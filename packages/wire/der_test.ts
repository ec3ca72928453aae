import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concat, fromHex, toHex } from "./bytes.ts";
import { DerReader, DerTag } from "./der.ts";
import * as der from "./der_writer.ts";
import { TlsError } from "./error.ts";

const read = (hex: string) => new DerReader(fromHex(hex), "test");

const refused: [string, string, (reader: DerReader) => unknown][] = [
  ["an indefinite length", "3080 0000", (r) => r.element("x")],
  ["a long length that fits the short form", "04817f" + "00".repeat(127), (r) => r.element("x")],
  ["a long length with a leading zero", "04820080" + "00".repeat(128), (r) => r.element("x")],
  ["a length of five bytes", "04850000000001 00", (r) => r.element("x")],
  ["a length beyond the input", "0403 0000", (r) => r.element("x")],
  ["a length field beyond the input", "0482 01", (r) => r.element("x")],
  ["a tag of several bytes", "1f20 0100", (r) => r.element("x")],
  ["a lone tag", "04", (r) => r.element("x")],
  ["another tag", "0400", (r) => r.integer("x")],
  ["a BOOLEAN of 1", "010101", (r) => r.boolean("x")],
  ["a BOOLEAN of two bytes", "0102ffff", (r) => r.boolean("x")],
  ["an empty INTEGER", "0200", (r) => r.integer("x")],
  ["an INTEGER with a needless zero byte", "0202007f", (r) => r.integer("x")],
  ["an INTEGER with a needless 0xff byte", "0202ff80", (r) => r.integer("x")],
  ["a negative INTEGER as unsigned", "0201ff", (r) => r.unsigned("x")],
  ["a negative INTEGER as number", "0201ff", (r) => r.number("x")],
  ["an INTEGER above the bound", "02020100", (r) => r.number("x", 255)],
  ["an INTEGER of many bytes as number", "0208 0100000000000000", (r) => r.number("x")],
  ["a BIT STRING without content", "0300", (r) => r.bitString("x")],
  ["a BIT STRING with 8 unused bits", "030208ff", (r) => r.bitString("x")],
  ["a BIT STRING with padding that is not zero", "03020401", (r) => r.bitString("x")],
  ["an empty BIT STRING with unused bits", "030101", (r) => r.bitString("x")],
  ["a BIT STRING of bits as bytes", "030201fe", (r) => r.bitStringBytes("x")],
  ["a NULL with content", "050100", (r) => r.null("x")],
  ["an empty OBJECT IDENTIFIER", "0600", (r) => r.objectIdentifier("x")],
  ["an OBJECT IDENTIFIER cut in an arc", "06022a86", (r) => r.objectIdentifier("x")],
  ["an arc with a leading zero group", "06032a8001", (r) => r.objectIdentifier("x")],
  ["an arc of 20 bytes", "0615 2a" + "81".repeat(19) + "01", (r) => r.objectIdentifier("x")],
  ["an IA5String beyond ASCII", "1601e9", (r) => r.ia5String("x")],
  ["a trailing byte", "3003 050000", (r) => r.sequence("x", (s) => s.null("y"))],
  ["too short a SEQUENCE OF", "3000", (r) => r.sequenceOf("x", 1, (s) => s.null("y"))],
];
for (const [what, hex, body] of refused) {
  Deno.test(`DER reader refuses ${what}`, () => {
    const error = assertThrows(() => body(read(hex)), TlsError, "test");
    assertEquals(error.code, "peer/decode-error");
  });
}

const time = (text: string, tag: number = DerTag.utcTime) =>
  new DerReader(der.text(text, tag), "test").time("t");

Deno.test("DER reader takes both times of RFC 5280, with the century of a UTCTime", () => {
  assertEquals(time("491231235959Z"), Date.UTC(2049, 11, 31, 23, 59, 59));
  assertEquals(time("500101000000Z"), Date.UTC(1950, 0, 1));
  assertEquals(time("20500229000000Z".replace("0229", "0228"), 0x18), Date.UTC(2050, 1, 28));
  assertEquals(time("99991231235959Z", 0x18), 253402300799000);
  assertEquals(time("00000101000000Z", 0x18), -62167219200000);
});

const badTimes: [string, number][] = [
  ["2001010000Z", 0x17],
  ["200101000000+0000", 0x17],
  ["200230000000Z", 0x17],
  ["200101240000Z", 0x17],
  ["201301000000Z", 0x17],
  ["200100000000Z", 0x17],
  ["200101000060Z", 0x17],
  ["20200101000000.5Z", 0x18],
  ["20200101000000", 0x18],
  ["202001010000Z", 0x18],
  ["20210229000000Z", 0x18],
  ["200101000000Z", 0x18],
];
for (const [text, tag] of badTimes) {
  Deno.test(`DER reader refuses the time ${text} of tag ${tag}`, () => {
    assertThrows(() => time(text, tag), TlsError, "test");
  });
}

Deno.test("DER reader bounds the depth of nesting", () => {
  let nest = new Uint8Array(0);
  for (let i = 0; i < 40; i++) nest = new Uint8Array(der.sequence(nest));
  const descend = (reader: DerReader): number =>
    reader.remaining === 0 ? 0 : reader.sequence("s", descend);
  assertThrows(() => descend(new DerReader(nest, "test")), TlsError, "nest deeper than");
});

Deno.test("DER reader uses the caller's code and names the field", () => {
  const error = assertThrows(
    () => new DerReader(fromHex("020100"), "private key", "api/config").null("version"),
    TlsError,
    "private key: version has the tag 0x02 instead of 0x05",
  );
  assertEquals(error.code, "api/config");
});

Deno.test("object identifiers have one text for one encoding", () => {
  for (
    const [text, hex] of [
      ["1.2.840.113549.1.1.11", "06092a864886f70d01010b"],
      ["2.5.29.15", "0603551d0f"],
      ["0.39", "060127"],
      ["2.999", "06028837"],
      [
        "2.25.340282366920938463463374607431768211455",
        "06146983ffffffffffffffffffffffffffffffffff7f",
      ],
    ]
  ) {
    assertEquals(toHex(der.objectIdentifier(text)), hex);
    assertEquals(read(hex).objectIdentifier("x"), text);
  }
  for (const text of ["", "1", "3.1", "1.40", "1..2", "1.2.", "a.b"]) {
    assertThrows(() => der.objectIdentifier(text), TlsError, "object identifier");
  }
});

Deno.test("what the writer writes, the reader reads", () => {
  fc.assert(fc.property(
    fc.bigInt({ min: -(1n << 80n), max: 1n << 80n }),
    fc.uint8Array({ maxLength: 300 }),
    fc.boolean(),
    fc.date({
      min: new Date("0000-01-01"),
      max: new Date("9999-12-31"),
      noInvalidDate: true,
    }),
    (big, bytes, flag, date) => {
      const seconds = Math.floor(date.getTime() / 1000) * 1000;
      const encoded = der.sequence(
        der.integer(big),
        der.integer(bytes),
        der.octetString(bytes),
        der.boolean(flag),
        der.time(seconds),
        der.explicit(3, der.nullValue()),
        der.implicit(1, bytes),
      );
      const reader = new DerReader(encoded, "test");
      reader.sequence("s", (s) => {
        const content = s.integer("big");
        const value = BigInt.asIntN(content.length * 8, BigInt(`0x${toHex(content)}`));
        assertEquals(value, big);
        assertEquals(BigInt(`0x${toHex(s.unsigned("n"))}`), BigInt(`0x0${toHex(bytes)}`));
        assertEquals(s.octetString("bytes"), bytes);
        assertEquals(s.boolean("flag"), flag);
        assertEquals(s.time("time"), seconds);
        s.constructed(0xa3, "three", (three) => three.null("null"));
        assertEquals(s.optional(0x80, "zero"), null);
        assertEquals(s.optional(0x81, "one"), bytes);
      });
      reader.end();
    },
  ));
});

Deno.test("named bits and sorted sets are canonical", () => {
  assertEquals(toHex(der.namedBits([0])), "03020780");
  assertEquals(toHex(der.namedBits([5, 6])), "03020106");
  assertEquals(toHex(der.namedBits([])), "030100");
  assertEquals(toHex(der.setOf(der.integer(2), der.integer(1))), "3106020101020102");
});

Deno.test("random bytes make the DER reader throw nothing but TlsError", () => {
  const walk = (reader: DerReader): void => {
    while (reader.remaining > 0) {
      const { tag, content, raw } = reader.element("x");
      if (tag & 0x20) walk(reader.nested(content, "x"));
      for (const one of ["integer", "bitString", "objectIdentifier", "time", "boolean"] as const) {
        try {
          new DerReader(raw, "t")[one]("x");
        } catch (error) {
          if (!(error instanceof TlsError)) throw error;
        }
      }
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    for (const input of [bytes, der.sequence(bytes), concat([fromHex("3081"), bytes])]) {
      try {
        walk(new DerReader(input, "test"));
      } catch (error) {
        if (!(error instanceof TlsError)) throw error;
      }
    }
  }));
});
