import { assert, assertEquals, assertThrows } from "@std/assert";
import { CertificateType, concat, TlsError, utf8 } from "@sealane/wire";
import {
  decodeSession,
  encodeSession,
  isSessionAlive,
  obfuscatedTicketAge,
  type Session,
  ticketAgeSkew,
} from "./session.ts";

const ISSUED = 1_800_000_000_000;

const plain: Session = {
  cipherSuite: 0x1301,
  hash: "SHA-256",
  psk: new Uint8Array(32).fill(7),
  ticket: new Uint8Array(),
  lifetime: 20,
  ageAdd: 0xfffffff0,
  issuedAt: ISSUED,
  authenticatedAt: ISSUED - 5,
  maxEarlyData: 0,
  serverName: null,
  alpn: null,
  peer: null,
  verification: "",
  localIdentity: null,
  context: null,
  flags: [],
};

const full: Session = {
  ...plain,
  ticket: new Uint8Array(300).fill(1),
  maxEarlyData: 0xffffffff,
  serverName: "münchen.test",
  alpn: utf8("h3"),
  peer: {
    type: CertificateType.X509,
    certificates: [new Uint8Array(70_000).fill(2), new Uint8Array(1)],
    ocspResponse: new Uint8Array(3),
    signedCertificateTimestamps: [Uint8Array.of(1), Uint8Array.of(2, 3)],
    delegatedCredential: Uint8Array.of(4, 5),
  },
  verification: "strict",
  localIdentity: Uint8Array.of(9),
  context: new Uint8Array(),
  flags: [8, 300],
};

Deno.test("a session comes back from its bytes as it was", () => {
  for (const session of [plain, full]) assertEquals(decodeSession(encodeSession(session)), session);
});

Deno.test("a session that is cut anywhere, or longer by a byte, is refused", () => {
  assert(full.peer !== null);
  const peer = { ...full.peer, certificates: [Uint8Array.of(1, 2)] };
  const bytes = encodeSession({ ...full, peer });
  for (let length = 0; length < bytes.length; length++) {
    const error = assertThrows(() => decodeSession(bytes.subarray(0, length)), TlsError);
    assertEquals(error.code, "api/argument");
  }
  assertThrows(() => decodeSession(concat([bytes, Uint8Array.of(0)])), TlsError);
});

Deno.test("a session of another format, with a wrong flag or with a name that is no text is refused", () => {
  const bytes = encodeSession({ ...plain, serverName: "abc" });
  const at = bytes.indexOf(0x61); // "a" of the name: 4 bytes before it stands its flag
  const broken: [number, number][] = [[0, 1], [at - 4, 2], [at, 0xff]];
  for (const [index, value] of broken) {
    const copy = bytes.slice();
    copy[index] = value;
    assertThrows(() => decodeSession(copy, "peer/decode-error"), TlsError);
  }
});

Deno.test("a ticket of 20 seconds lives for 20 seconds, and not before it was issued", () => {
  const ages = [-1, 0, 19_000, 20_000, 20_001, 21_000];
  assertEquals(ages.map((age) => isSessionAlive(plain, ISSUED + age)), [
    false,
    true,
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("no ticket lives longer than seven days, whatever it says", () => {
  const session = { ...plain, lifetime: 0xffffffff };
  assert(isSessionAlive(session, ISSUED + 604_800_000));
  assert(!isSessionAlive(session, ISSUED + 604_800_001));
});

Deno.test("the ticket age wraps at 2^32 and comes back from it", () => {
  assertEquals(obfuscatedTicketAge(plain, ISSUED + 10_000), 10_000 - 16);
  const skew = (clientAge: number, serverAge: number) =>
    ticketAgeSkew(plain, obfuscatedTicketAge(plain, ISSUED + clientAge), ISSUED + serverAge);
  assertEquals([skew(10_000, 10_000), skew(70_000, 10_000), skew(10_000, 70_000)], [
    0,
    60_000,
    -60_000,
  ]);
  assertThrows(() => ticketAgeSkew(plain, -1, ISSUED), TlsError);
});
