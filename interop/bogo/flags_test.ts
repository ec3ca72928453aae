import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  HONOURED,
  HONOURED_OF_CREDENTIAL,
  IGNORED,
  NEW_CREDENTIAL,
  UNIMPLEMENTED,
} from "./flag_table.ts";
import { parseFlags, UnimplementedError } from "./flags.ts";

Deno.test("the tables hold each of the runner's 224 flags once", () => {
  const names = [HONOURED, HONOURED_OF_CREDENTIAL, NEW_CREDENTIAL, IGNORED, UNIMPLEMENTED]
    .flatMap((table) => Object.keys(table));
  assertEquals(names.length, 224);
  assertEquals(new Set(names).size, 224);
});

Deno.test("every flag that is ignored or not implemented has a reason", () => {
  for (const [name, { why }] of [...Object.entries(IGNORED), ...Object.entries(UNIMPLEMENTED)]) {
    assert(why.length > 3, name);
  }
});

Deno.test("every flag that is honoured is looked at somewhere", async () => {
  let code = "";
  for await (const { name } of Deno.readDir(new URL(".", import.meta.url))) {
    const counts = name.endsWith(".ts") && !name.startsWith("flag") && !name.endsWith("_test.ts");
    if (counts) code += await Deno.readTextFile(new URL(name, import.meta.url));
  }
  for (const name of [...Object.keys(HONOURED), ...Object.keys(HONOURED_OF_CREDENTIAL)]) {
    const used = [`"${name}"`, `"-${name}"`, `.${name}`].some((form) => code.includes(form));
    assert(used, `-${name} is not looked at`);
  }
});

Deno.test("a flag without prefix speaks of all three connections", () => {
  const flags = parseFlags(["-port", "1234", "-curves", "29", "-curves", "23", "-async"]);
  for (const connection of [flags.initial, flags.resume, flags.retry]) {
    assertEquals(connection.port, 1234);
    assertEquals(connection.curves, [29, 23]);
    assertEquals(connection.async, true);
    assertEquals(connection.quic, false);
  }
});

Deno.test("prefixes choose the connection, and combine", () => {
  const flags = parseFlags([
    "-on-initial-verify-fail",
    "-on-shim-on-resume-host-name",
    "a.example",
    "-on-retry-verify-peer",
    "-on-shim-no-ticket",
    "-on-handshaker-host-name",
    "b.example",
  ]);
  assertEquals(flags.initial["verify-fail"], true);
  assertEquals(flags.resume["verify-fail"], false);
  assertEquals(flags.resume["host-name"], "a.example");
  assertEquals(flags.initial["host-name"], undefined);
  assertEquals(flags.retry["verify-peer"], true);
  assertEquals(flags.retry["no-ticket"], true);
});

Deno.test("credential flags speak of the newest credential of their connection", () => {
  const flags = parseFlags([
    "-cert-file",
    "default.pem",
    "-new-x509-credential",
    "-cert-file",
    "first.pem",
    "-signing-prefs",
    "2052",
    "-on-resume-new-x509-credential",
    "-ocsp-response",
    "AQI=",
  ]);
  assertEquals(flags.initial.defaultCredential["cert-file"], "default.pem");
  assertEquals(flags.initial.credentials.map((credential) => credential["cert-file"]), [
    "first.pem",
  ]);
  assertEquals(flags.initial.credentials[0]["signing-prefs"], [2052]);
  // An unprefixed flag after a prefixed credential goes to the newest credential of each connection.
  assertEquals(flags.resume.credentials.map((credential) => credential.kind), ["x509", "x509"]);
  assertEquals(flags.resume.credentials[1]["ocsp-response"], new Uint8Array([1, 2]));
});

Deno.test("an argument that looks like a flag is an argument", () => {
  const flags = parseFlags(["-export-label", "-server", "-expect-msg-callback", ""]);
  assertEquals(flags.initial["export-label"], "-server");
  assertEquals(flags.initial.server, false);
  assertEquals(flags.initial["expect-msg-callback"], "");
});

Deno.test("unknown flags and flags that are not implemented are refused with their names", () => {
  assertThrows(() => parseFlags(["-no-such-flag"]), UnimplementedError, "-no-such-flag");
  assertThrows(() => parseFlags(["-constructor"]), UnimplementedError, "-constructor");
  assertThrows(() => parseFlags(["-dtls"]), UnimplementedError, "DTLS");
  assertThrows(() => parseFlags(["-on-resume-mtu", "1200"]), UnimplementedError, "-mtu");
  assertThrows(() => parseFlags(["-host-name"]), UnimplementedError, "-host-name");
});

Deno.test("ignored flags take their argument along", () => {
  const flags = parseFlags(["-trust-cert", "-server", "-no-tls12", "-ipv6"]);
  assertEquals(flags.initial.server, false);
  assertEquals(flags.initial.ipv6, true);
});
