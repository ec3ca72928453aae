import { assertEquals, assertThrows } from "@std/assert";
import { concat, fromHex, HandshakeType, TlsError, type TlsErrorCode, toHex } from "@sealane/wire";
import * as messages from "./mod.ts";
import rfc8448 from "../testdata/rfc8448.json" with { type: "json" };

/** How one message is decoded, and encoded again from what came out. */
interface Codec {
  /** Decodes a body and encodes the result with its header. */
  reencode(body: Uint8Array): Uint8Array;
  /** Decodes a body. */
  decode(body: Uint8Array): unknown;
}

function codec<T>(decode: (body: Uint8Array) => T, encode: (value: T) => Uint8Array): Codec {
  return { decode, reencode: (body) => encode(decode(body)) };
}

const CODECS: Record<string, Codec> = {
  ClientHello: codec(messages.decodeClientHello, messages.encodeClientHello),
  ServerHello: codec(messages.decodeServerHello, messages.encodeServerHello),
  EncryptedExtensions: codec(
    messages.decodeEncryptedExtensions,
    messages.encodeEncryptedExtensions,
  ),
  CertificateRequest: codec(messages.decodeCertificateRequest, messages.encodeCertificateRequest),
  Certificate: codec(messages.decodeCertificate, messages.encodeCertificate),
  CertificateVerify: codec(messages.decodeCertificateVerify, messages.encodeCertificateVerify),
  Finished: codec((body: Uint8Array) => messages.decodeFinished(body, 0), messages.encodeFinished),
  NewSessionTicket: codec(messages.decodeNewSessionTicket, messages.encodeNewSessionTicket),
  KeyUpdate: codec(messages.decodeKeyUpdate, messages.encodeKeyUpdate),
  EndOfEarlyData: codec(messages.decodeEndOfEarlyData, messages.encodeEndOfEarlyData),
  CompressedCertificate: codec(
    messages.decodeCompressedCertificate,
    messages.encodeCompressedCertificate,
  ),
};

/** The messages of RFC 8448, by name, each with its header. */
function rfc8448Messages(): { name: string; trace: string; bytes: Uint8Array }[] {
  const found: { name: string; trace: string; bytes: Uint8Array }[] = [];
  for (const trace of rfc8448.traces) {
    for (const { step, values } of trace.steps) {
      for (const [label, hex] of Object.entries(values as Record<string, string>)) {
        // The ClientHello of section 4 stands there without its binders; the record after it has all of it.
        if (trace.id === "resumed_0rtt" && step === 3) continue;
        const name = trace.id === "resumed_0rtt" && step === 5 && label === "payload"
          ? "ClientHello"
          : label;
        if (CODECS[name] === undefined) continue;
        found.push({ name, trace: trace.id, bytes: fromHex(hex) });
      }
    }
  }
  return found;
}

Deno.test("every handshake message of RFC 8448 is decoded and encoded again byte for byte", () => {
  const all = rfc8448Messages();
  for (const { name, bytes } of all) {
    const body = bytes.subarray(messages.HANDSHAKE_HEADER_LENGTH);
    assertEquals(toHex(CODECS[name].reencode(body)), toHex(bytes), name);
  }
  assertEquals(all.length, 40);
});

Deno.test("a HelloRetryRequest is told from a ServerHello by its random", () => {
  const kinds = rfc8448Messages().filter(({ name }) => name === "ServerHello").map(({ bytes }) =>
    messages.isHelloRetryRequest(messages.decodeServerHello(bytes.subarray(4)))
  );
  assertEquals(kinds, [false, false, true, false, false, false]);
});

Deno.test("the values of a NewSessionTicket are those of RFC 8448 section 3", () => {
  const ticket = rfc8448Messages().find(({ name }) => name === "NewSessionTicket");
  const { lifetime, ageAdd, nonce, extensions } = messages.decodeNewSessionTicket(
    ticket?.bytes.subarray(4) ?? new Uint8Array(),
  );
  assertEquals([lifetime, ageAdd, toHex(nonce)], [30, 0xfad6aac5, "0000"]);
  assertEquals(extensions.map(({ type, data }) => [type, toHex(data)]), [[0x2a, "00000400"]]);
});

/** Bodies of messages that RFC 8448 does not show. */
const SAMPLES: [string, string][] = [
  ["KeyUpdate", "01"],
  ["KeyUpdate", "00"],
  ["CompressedCertificate", "0002" + "000100" + "000003010203"],
  ["Certificate", "020102" + "00000a" + "000001aa" + "0004" + "00050000"],
  ["CertificateRequest", "020102" + "0000"],
];

Deno.test("every message refuses a byte after its end and every cut of its body", () => {
  const samples = [
    ...rfc8448Messages().map(({ name, bytes }) => ({ name, body: bytes.subarray(4) })),
    ...SAMPLES.map(([name, hex]) => ({ name, body: fromHex(hex) })),
  ];
  for (const { name, body } of samples) {
    if (name === "Finished") continue; // all of the body is verify_data
    const { decode, reencode } = CODECS[name];
    assertEquals(toHex(reencode(body).subarray(4)), toHex(body));
    refuses(decode, concat([body, Uint8Array.of(0)]), "peer/decode-error");
    for (let length = 0; length < body.length; length++) {
      if (lacksOnlyExtensions(name, body, length)) continue;
      refuses(decode, body.subarray(0, length), "peer/decode-error");
    }
  }
});

/** Whether the cut is where a hello of an older version ends: before the extension block. */
function lacksOnlyExtensions(name: string, body: Uint8Array, length: number): boolean {
  if (name === "ServerHello") return length === 2 + 32 + 1 + body[34] + 2 + 1;
  if (name !== "ClientHello") return false;
  const suites = 2 + 32 + 1 + body[34];
  const methods = suites + 2 + (body[suites] << 8 | body[suites + 1]);
  return length === methods + 1 + body[methods];
}

function refuses(decode: (body: Uint8Array) => unknown, body: Uint8Array, code: TlsErrorCode) {
  const error = assertThrows(() => decode(body), TlsError);
  assertEquals(error.code, code, error.message);
}

const twice = "0008" + "fafa0000" + "fafa0000";
const serverHello = "0303" + "00".repeat(32) + "00" + "1301" + "00";

const MALFORMED: [what: string, name: string, hex: string, code: TlsErrorCode][] = [
  ["an extension twice", "ServerHello", serverHello + twice, "peer/duplicate-extension"],
  ["an extension twice", "EncryptedExtensions", twice, "peer/duplicate-hello-extension"],
  ["an extension twice", "CertificateRequest", "00" + twice, "peer/duplicate-extension"],
  [
    "an extension of an entry twice",
    "Certificate",
    "00" + "00000e" + "000001aa" + twice,
    "peer/duplicate-extension",
  ],
  [
    "an extension twice",
    "NewSessionTicket",
    "00000001" + "00000002" + "00" + "0001aa" + twice,
    "peer/duplicate-extension",
  ],
  ["an empty certificate", "Certificate", "00" + "000005" + "000000" + "0000", "peer/decode-error"],
  [
    "an empty ticket",
    "NewSessionTicket",
    "00000001" + "00000002" + "00" + "0000" + "0000",
    "peer/decode-error",
  ],
  [
    "a session id of 33 bytes",
    "ServerHello",
    "0303" + "00".repeat(32) + "21" + "00".repeat(33) + "13010000",
    "peer/decode-error",
  ],
  ["no extension block", "EncryptedExtensions", "", "peer/decode-error"],
  ["request_update 2", "KeyUpdate", "02", "peer/key-update-request"],
  [
    "no compressed data",
    "CompressedCertificate",
    "0002" + "000100" + "000000",
    "peer/decode-error",
  ],
  ["a body", "EndOfEarlyData", "00", "peer/decode-error"],
];

for (const [what, name, hex, code] of MALFORMED) {
  Deno.test(`${name} with ${what} is refused as ${code}`, () => {
    refuses(CODECS[name].decode, fromHex(hex), code);
  });
}

Deno.test("messages are framed with their type and a 24-bit length", () => {
  assertEquals(toHex(messages.encodeEndOfEarlyData()), "05000000");
  assertEquals(toHex(messages.encodeKeyUpdate({ requestUpdate: true })), "1800000101");
  const finished = messages.encodeFinished({ verifyData: new Uint8Array(300) });
  assertEquals(toHex(finished.subarray(0, 4)), "1400012c");
  assertEquals(finished[0], HandshakeType.finished);
});
