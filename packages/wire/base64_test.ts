import { assertEquals, assertThrows } from "@std/assert";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { utf8 } from "./bytes.ts";

Deno.test("base64 has the texts of RFC 4648 section 10, both ways", () => {
  const texts = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
  texts.forEach((text, length) => {
    const bytes = utf8("foobar".slice(0, length));
    assertEquals(encodeBase64(bytes), text);
    assertEquals(decodeBase64(text), bytes);
  });
});

Deno.test("base64 refuses missing padding, white space, base64url and characters beyond it", () => {
  for (const text of ["Zg", "Zg=", "Z===", "Zm 9v===", "Zm9v\n", "-_==", "Zg==Zg==", "Zm9\u00e9"]) {
    assertThrows(() => decodeBase64(text), SyntaxError, "not base64");
  }
});
