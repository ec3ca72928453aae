/**
 * The entry points of the packages, and the live tests that have to notice when one of them does nothing.
 *
 * @module
 */

/** An entry point. */
export interface EntryPoint {
  /** The file whose export is replaced, from the root of the repository. */
  readonly file: string;
  /** The export: a function, a class with its static functions, or a provider. */
  readonly name: string;
  /** The static function of a class that is replaced; all of it unless given. */
  readonly member?: string;
  /** Test modules with live peers of which one has to fail, by a test of its own. */
  readonly tests: readonly string[];
}

const MATRIX = "interop/peers/matrix_test.ts";
const QUIC = "examples/quic/testing/interop_test.ts";
const NODE = "interop/node/node_test.ts";
const RUNTIME = "interop/peers/entry_points_test.ts";

function from(file: string, tests: readonly string[], ...names: readonly string[]): EntryPoint[] {
  return names.map((path) => {
    const [name, member] = path.split(".");
    return { file, name, member, tests };
  });
}

/** Classes of which users get objects, and make none. */
export const RESULTS: readonly string[] = [
  ...["TlsConn", "TlsListener", "Server", "TLSSocket", "SecureContext"],
];

/** Functions of the Node face that compute something and reach no peer: their own tests are what notices them. */
export const UTILITIES: readonly string[] = [
  ...["checkServerIdentity", "convertALPNProtocols", "getCACertificates", "getCiphers"],
  ...["getCertificateCompressionAlgorithms", "setDefaultCACertificates"],
];

/** Every entry point. */
export const ENTRY_POINTS: readonly EntryPoint[] = [
  ...from("packages/tls/deno.ts", [RUNTIME], "connect"),
  ...from("packages/tls/deno.ts", [MATRIX], "listen", "startTls"),
  ...from("packages/tls/node.ts", [NODE], "connect", "createServer", "createSecureContext"),
  ...from(
    "packages/tls/connection/connection.ts",
    [MATRIX],
    "Connection.client",
    "Connection.server",
  ),
  ...from("packages/tls/stream/stream.ts", [MATRIX], "TlsStream.client", "TlsStream.server"),
  ...from(
    "packages/quic-tls/mod.ts",
    [QUIC],
    ...[
      "QuicTls.client",
      "QuicTls.server",
      "ServerAdmission",
      "parseDatagram",
      "parsePacket",
      "writeDatagram",
    ],
    ...["decodeFrames", "writeFrame", "ackFrame", "levelOf", "spaceOf", "isAckEliciting"],
    ...["CryptoReceiver", "CryptoSender", "RangeSet"],
  ),
  ...from(
    "packages/quic-tls/boringssl.ts",
    ["examples/quic/testing/boringssl_test.ts"],
    "QuicSsl.client",
  ),
  // No stack of other people's is a client of it here.
  ...from(
    "packages/quic-tls/boringssl.ts",
    ["packages/quic-tls/boringssl_test.ts"],
    "QuicSsl.server",
  ),
  ...from("packages/providers/default.ts", [RUNTIME], "defaultProvider"),
  ...from("packages/providers/native/mod.ts", [RUNTIME], "nativeProvider"),
  ...from("packages/providers/webcrypto/mod.ts", [MATRIX], "webCryptoProvider"),
  ...from("packages/providers/noble/mod.ts", [MATRIX], "nobleProvider"),
  ...from(
    "packages/providers/shangmi/mod.ts",
    ["packages/providers/shangmi/openssl_test.ts", "interop/peers/shangmi_test.ts"],
    "shangmiProvider",
  ),
  // No stack of other people's has these suites over QUIC.
  ...from(
    "packages/providers/shangmi/mod.ts",
    ["packages/quic-tls/scenarios/shangmi_test.ts"],
    "shangmiQuicProvider",
  ),
  ...from("packages/sm-crypto/mod.ts", ["interop/peers/shangmi_test.ts"], "smCryptoProvider"),
];
