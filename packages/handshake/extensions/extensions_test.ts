import { assertEquals, assertThrows } from "@std/assert";
import {
  concat,
  ExtensionType,
  extensionTypeName,
  fromHex,
  NamedGroup,
  SignatureScheme,
  TlsError,
  type TlsErrorCode,
  toHex,
  utf8,
} from "@sealane/wire";
import { encodeClientHello } from "../messages/client_hello.ts";
import * as x from "./mod.ts";
import { decodeExtension, encodeExtension, type ExtensionCodec } from "./extension.ts";

/** One codec as the tables below see it. */
interface Row {
  /** Which extension in which message. */
  readonly name: string;
  /** `extension_data`. */
  readonly hex: string;
  /** Encodes the value of the row. */
  encode(): Uint8Array;
  /** Decodes `extension_data`, as a message would. */
  decode(data: Uint8Array): unknown;
  /** What `hex` means. */
  readonly value: unknown;
}

function decodeAs<T>(codec: ExtensionCodec<T>): (data: Uint8Array) => unknown {
  return (data) => decodeExtension([{ type: codec.type, data }], codec);
}

function row<T>(message: string, codec: ExtensionCodec<T>, value: T, hex: string): Row {
  return {
    name: `${extensionTypeName(codec.type)} in ${message}`,
    hex,
    value,
    encode: () => encodeExtension(codec, value).data,
    decode: decodeAs(codec),
  };
}

const h2 = utf8("h2");
const one = Uint8Array.of(1);

const ROWS: Row[] = [
  row("CH", x.serverNameInClientHello, "a.test", "0009" + "00" + "0006612e74657374"),
  row("EE", x.serverNameInEncryptedExtensions, true, ""),
  row("CH", x.supportedVersionsInClientHello, [0x0304, 0x0303], "0403040303"),
  row("SH", x.supportedVersionsInServerHello, 0x0304, "0304"),
  row("CH", x.supportedGroupsInClientHello, [NamedGroup.x25519, 23], "0004001d0017"),
  row("CH", x.signatureAlgorithmsInClientHello, [SignatureScheme.ed25519], "00020807"),
  row("CH", x.signatureAlgorithmsCertInClientHello, [0x0403, 0x0804], "000404030804"),
  row("CH", x.alpnInClientHello, [h2, one], "0005" + "026832" + "0101"),
  row("EE", x.alpnInEncryptedExtensions, h2, "0003026832"),
  row("CH", x.keyShareInClientHello, [{ group: 29, share: one }], "0005001d000101"),
  row("SH", x.keyShareInServerHello, { group: 29, share: one }, "001d000101"),
  row("HRR", x.keyShareInHelloRetryRequest, 29, "001d"),
  row("CH", x.statusRequestInClientHello, 1, "0100000000"),
  row("CT", x.statusRequestInCertificate, h2, "010000026832"),
  row("CH", x.signedCertificateTimestampInClientHello, true, ""),
  row("CT", x.signedCertificateTimestampInCertificate, [h2, one], "0007" + "00026832" + "000101"),
  row("CH", x.certificateAuthoritiesInClientHello, [one, h2], "0007" + "000101" + "00026832"),
  row(
    "CR",
    x.oidFiltersInCertificateRequest,
    [{ oid: one, values: h2 }, { oid: h2, values: new Uint8Array() }],
    "000b" + "0101" + "00026832" + "026832" + "0000",
  ),
  row("CR", x.oidFiltersInCertificateRequest, [], "0000"),
  row("CH", x.cookieInClientHello, h2, "00026832"),
  row("CH", x.pskKeyExchangeModesInClientHello, [1, 0], "020100"),
  row("CH", x.preSharedKeyInClientHello, {
    identities: [{ identity: h2, obfuscatedTicketAge: 0xfffffffe }, {
      identity: one,
      obfuscatedTicketAge: 0,
    }],
    binders: [one, h2],
  }, "000f" + "00026832fffffffe" + "00010100000000" + "0005" + "0101" + "026832"),
  row("SH", x.preSharedKeyInServerHello, 258, "0102"),
  row("CH", x.earlyDataInClientHello, true, ""),
  row("EE", x.earlyDataInEncryptedExtensions, true, ""),
  row("NST", x.earlyDataInNewSessionTicket, 0xffffffff, "ffffffff"),
  row("CH", x.postHandshakeAuthInClientHello, true, ""),
  row("CH", x.recordSizeLimitInClientHello, 64, "0040"),
  row("CH", x.recordSizeLimitInClientHello, 65535, "ffff"),
  row("EE", x.recordSizeLimitInEncryptedExtensions, 16385, "4001"),
  row("CH", x.compressCertificateInClientHello, [2, 1], "0400020001"),
  row("CH", x.delegatedCredentialInClientHello, [0x0807], "00020807"),
  row(
    "CT",
    x.delegatedCredentialInCertificate,
    { validTime: 1, certVerifyAlgorithm: 0x0807, spki: h2, algorithm: 0x0403, signature: one },
    "00000001" + "0807" + "0000026832" + "0403" + "000101",
  ),
  row("CH", x.clientCertificateTypeInClientHello, [2, 0], "020200"),
  row("CH", x.serverCertificateTypeInClientHello, [0, 2], "020002"),
  row("EE", x.clientCertificateTypeInEncryptedExtensions, 2, "02"),
  row("EE", x.serverCertificateTypeInEncryptedExtensions, 2, "02"),
  row("CH", x.ticketRequestInClientHello, { newSessionCount: 2, resumptionCount: 1 }, "0201"),
  row("EE", x.ticketRequestInEncryptedExtensions, 2, "02"),
  row("NST", x.tlsFlagsInNewSessionTicket, new Set([8]), "020001"),
  row("CH", x.tlsFlagsInClientHello, new Set([0, 7, 8, 31]), "0481010080"),
  row("CH", x.encryptedClientHelloInClientHello, { type: "inner" }, "01"),
  row("CH", x.encryptedClientHelloInClientHello, {
    type: "outer",
    cipherSuite: { kdf: 1, aead: 3 },
    configId: 7,
    enc: new Uint8Array(),
    payload: h2,
  }, "00" + "00010003" + "07" + "0000" + "00026832"),
  row("HRR", x.encryptedClientHelloInHelloRetryRequest, new Uint8Array(8), "00".repeat(8)),
  row("inner CH", x.echOuterExtensionsInClientHelloInner, [51, 10], "040033000a"),
];

for (const { name, hex, encode, decode, value } of ROWS) {
  Deno.test(`${name}, ${hex || "empty"}: encoded, decoded, no byte too few or too many`, () => {
    const data = fromHex(hex);
    assertEquals(toHex(encode()), hex);
    assertEquals(decode(data), value);
    refuses(decode, concat([data, Uint8Array.of(0)]), "peer/decode-error");
    for (let length = 0; length < data.length; length++) {
      refuses(decode, data.subarray(0, length), "peer/decode-error");
    }
  });
}

/** Codecs whose value is all that is there, so that no byte is too many. */
function rest<T>(message: string, codec: ExtensionCodec<T>, values: readonly [T, string][]): void {
  Deno.test(`${extensionTypeName(codec.type)} in ${message}: encoded and decoded as it is`, () => {
    for (const [value, hex] of values) {
      assertEquals(toHex(encodeExtension(codec, value).data), hex);
      assertEquals(decodeAs(codec)(fromHex(hex)), value);
    }
  });
}

rest("CH", x.paddingInClientHello, [[0, ""], [3, "000000"]]);
rest("EE", x.encryptedClientHelloInEncryptedExtensions, [[h2, "6832"], [one, "01"]]);

function refuses(decode: (data: Uint8Array) => unknown, data: Uint8Array, code: TlsErrorCode) {
  const error = assertThrows(() => decode(data), TlsError);
  assertEquals(error.code, code, error.message);
}

const decode = "peer/decode-error";

function bad<T>(
  what: string,
  codec: ExtensionCodec<T>,
  hex: string,
  code: TlsErrorCode = decode,
): [string, (data: Uint8Array) => unknown, string, TlsErrorCode] {
  return [`${extensionTypeName(codec.type)} ${what}`, decodeAs(codec), hex, code];
}

const MALFORMED = [
  bad("without a name", x.serverNameInClientHello, "0000"),
  bad("with an empty name", x.serverNameInClientHello, "0003000000"),
  bad("with two host names", x.serverNameInClientHello, "0008" + "00000161" + "00000162"),
  bad("with only another name type", x.serverNameInClientHello, "000401000161"),
  bad("with a NUL", x.serverNameInClientHello, "000400000100"),
  bad("with a byte above 0x7f", x.serverNameInClientHello, "0004000001ff"),
  bad(
    "with a name of 256 bytes",
    x.serverNameInClientHello,
    "0103" + "00" + "0100" + "61".repeat(256),
  ),
  bad("with content in EE", x.serverNameInEncryptedExtensions, "0000"),
  bad("with an empty list", x.supportedVersionsInClientHello, "00"),
  bad("with half a version", x.supportedVersionsInClientHello, "03030403"),
  bad("with an empty list", x.supportedGroupsInClientHello, "0000"),
  bad("with half a group", x.supportedGroupsInClientHello, "0003001d00"),
  bad("with an empty list", x.signatureAlgorithmsInClientHello, "0000"),
  bad("with half a scheme", x.signatureAlgorithmsInClientHello, "0003080708"),
  bad("with an empty list", x.signatureAlgorithmsCertInClientHello, "0000"),
  bad("with an empty list", x.alpnInClientHello, "0000"),
  bad("with an empty name", x.alpnInClientHello, "0004" + "00" + "026832"),
  bad("with no protocol in EE", x.alpnInEncryptedExtensions, "0000"),
  bad("with an empty protocol in EE", x.alpnInEncryptedExtensions, "000100"),
  bad("with two protocols in EE", x.alpnInEncryptedExtensions, "0005" + "026832" + "0101"),
  bad("with an empty share", x.keyShareInClientHello, "0004001d0000"),
  bad(
    "with two shares of a group",
    x.keyShareInClientHello,
    "000a" + "001d000101" + "001d000102",
    "peer/duplicate-key-share",
  ),
  bad("with an empty response", x.statusRequestInCertificate, "01000000"),
  bad("with an unknown status", x.statusRequestInCertificate, "020000026832"),
  bad("with an empty responder", x.statusRequestInClientHello, "01" + "00020000" + "0000"),
  bad("with content in CH", x.signedCertificateTimestampInClientHello, "0000"),
  bad("with an empty list", x.signedCertificateTimestampInCertificate, "0000"),
  bad("with an empty SCT", x.signedCertificateTimestampInCertificate, "00020000"),
  bad("with an empty list", x.certificateAuthoritiesInClientHello, "0000"),
  bad("with an empty name", x.certificateAuthoritiesInClientHello, "0005" + "000101" + "0000"),
  bad("with an empty OID", x.oidFiltersInCertificateRequest, "0003000000"),
  bad(
    "with an OID twice",
    x.oidFiltersInCertificateRequest,
    "0008" + "01010000" + "01010000",
    "peer/oid-filters",
  ),
  bad("that is empty", x.cookieInClientHello, "0000"),
  bad("with no mode", x.pskKeyExchangeModesInClientHello, "00"),
  bad("with no identity", x.preSharedKeyInClientHello, "0000" + "00020101"),
  bad(
    "with an empty identity",
    x.preSharedKeyInClientHello,
    "000d" + "000000000000" + "00010100000000" + "00020101",
  ),
  bad("with no binder", x.preSharedKeyInClientHello, "0007" + "00010100000000" + "0000"),
  bad("with content in CH", x.earlyDataInClientHello, "00000000"),
  bad("with content", x.postHandshakeAuthInClientHello, "00"),
  bad("that is not zero", x.paddingInClientHello, "0001"),
  bad("of 63", x.recordSizeLimitInClientHello, "003f", "peer/record-size-limit"),
  bad("of 63 in EE", x.recordSizeLimitInEncryptedExtensions, "003f", "peer/record-size-limit"),
  bad("of 16386 in EE", x.recordSizeLimitInEncryptedExtensions, "4002", "peer/record-size-limit"),
  bad("with an empty list", x.compressCertificateInClientHello, "00"),
  bad("with an algorithm twice", x.compressCertificateInClientHello, "0400020002"),
  bad("with half an algorithm", x.compressCertificateInClientHello, "03000200"),
  bad("with an empty list", x.delegatedCredentialInClientHello, "0000"),
  bad("without a key", x.delegatedCredentialInCertificate, "00000001080700000004030000"),
  bad("empty", x.clientCertificateTypeInClientHello, "00", "peer/certificate-type-list"),
  bad("of X509 only", x.clientCertificateTypeInClientHello, "0100", "peer/certificate-type-list"),
  bad("empty", x.serverCertificateTypeInClientHello, "00", "peer/certificate-type-list"),
  bad("that is empty", x.tlsFlagsInNewSessionTicket, "00"),
  bad("that is not minimal", x.tlsFlagsInNewSessionTicket, "0100", "peer/tls-flags"),
  bad("that is not minimal", x.tlsFlagsInNewSessionTicket, "03000100", "peer/tls-flags"),
  bad("of no known variant", x.encryptedClientHelloInClientHello, "02"),
  bad("inner with content", x.encryptedClientHelloInClientHello, "0100"),
  bad(
    "without a payload",
    x.encryptedClientHelloInClientHello,
    "00" + "00010003" + "07" + "0000" + "0000",
  ),
  bad("with an empty list", x.echOuterExtensionsInClientHelloInner, "00"),
];

for (const [what, decodeData, hex, code] of MALFORMED) {
  Deno.test(`${what} is refused as ${code}: ${hex.slice(0, 24)}`, () => {
    refuses(decodeData, fromHex(hex), code);
  });
}

Deno.test("names of unknown types are passed over in server_name", () => {
  const decodeName = decodeAs(x.serverNameInClientHello);
  assertEquals(decodeName(fromHex("000a" + "010003ffffff" + "00000161")), "a");
});

Deno.test("a status_request with responders, extensions or of an unknown kind is tolerated", () => {
  const decodeStatus = decodeAs(x.statusRequestInClientHello);
  assertEquals(decodeStatus(fromHex("01" + "0004" + "00026832" + "0001ff")), 1);
  assertEquals(decodeStatus(fromHex("02ffff")), 2);
});

Deno.test("padding is counted", () => {
  assertEquals(decodeAs(x.paddingInClientHello)(new Uint8Array(5)), 5);
  assertEquals(encodeExtension(x.paddingInClientHello, 3).data, new Uint8Array(3));
});

Deno.test("an extension that is absent decodes to undefined", () => {
  assertEquals(decodeExtension([], x.cookieInClientHello), undefined);
});

Deno.test("binders are cut off a ClientHello and written into it", () => {
  const identities = [{ identity: h2, obfuscatedTicketAge: 0 }];
  const hello = (binders: Uint8Array[]) =>
    encodeClientHello({
      legacyVersion: 0x0303,
      random: new Uint8Array(32),
      legacySessionId: new Uint8Array(),
      cipherSuites: [0x1301],
      legacyCompressionMethods: [0],
      extensions: [encodeExtension(x.preSharedKeyInClientHello, { identities, binders })],
    });
  const zeros = [new Uint8Array(32), new Uint8Array(48)];
  const binders = [new Uint8Array(32).fill(1), new Uint8Array(48).fill(2)];
  const bytes = hello(zeros);
  assertEquals(x.bindersLength(binders), 2 + 33 + 49);
  assertEquals(
    toHex(x.truncateBinders(bytes, zeros)),
    toHex(hello(binders).subarray(0, bytes.length - 84)),
  );
  x.replaceBinders(bytes, binders);
  assertEquals(toHex(bytes), toHex(hello(binders)));
  assertThrows(() => x.replaceBinders(bytes, [binders[0]]), TlsError);
});

Deno.test("an extension is refused in a message that may not have it, and unless it was offered", () => {
  const extension = (type: number) => [{ type, data: new Uint8Array() }];
  const check = (context: x.ExtensionContext, type: number, ...offered: number[]) => () =>
    x.checkResponseExtensions("the message", context, extension(type), new Set(offered));
  const E = ExtensionType;
  check("EE", E.server_name, E.server_name)();
  check("HRR", E.cookie)();
  const wrongPlace = assertThrows(check("SH", E.server_name, E.server_name), TlsError);
  assertEquals(wrongPlace.code, "peer/extension-not-allowed");
  const unsolicited = assertThrows(check("EE", E.server_name), TlsError);
  assertEquals(unsolicited.code, "peer/unsolicited-extension");
  const unknown = assertThrows(check("EE", 0xfafa), TlsError);
  assertEquals(unknown.code, "peer/unsolicited-extension");
});
