/** Certificate compression through whole handshakes (RFC 8879); the algorithms have their own tests beside them. */
import { assert, assertEquals } from "@std/assert";
import zlib from "node:zlib";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as native } from "@sealane/providers/native";
import { nobleProvider as noble } from "@sealane/providers/noble";
import { webCryptoProvider as webcrypto } from "@sealane/providers/webcrypto";
import {
  CertificateCompressionAlgorithm as Algorithm,
  fromHex,
  HandshakeType,
  type TlsErrorCode,
} from "@sealane/wire";
import vectors from "../testdata/cert_compression.json" with { type: "json" };
import { encodeCompressedCertificate } from "../messages/compressed_certificate.ts";
import { encodeMessage, HANDSHAKE_HEADER_LENGTH } from "../messages/message.ts";
import {
  builtinCompression,
  type CertificateCompression,
  type ClientConfig,
  createCredential,
  Handshake,
  PACKETS,
  RECORDS,
  type ServerConfig,
} from "../mod.ts";
import { type Outcome, shakeOut } from "../testing/testing.ts";

const builtin = builtinCompression();
const zlibAlgorithm = builtin[builtin.length - 1];

/** A test with an algorithm: Node has no zstd before 22.15. */
function algorithmTest(algorithm: string, name: string, fn: () => Promise<void>): void {
  const missing = !builtin.some((each) => each.name === algorithm);
  Deno.test({ name: missing ? `${name} (needs ${algorithm})` : name, ignore: missing, fn });
}
const root = await createTestAuthority(native);
const trust = TrustStore.fromCertificates([root.certificate]);
const authority = await (await root.intermediate()).intermediate();
const issued = await authority.issue({ names: ["zip.test"] });
const credentials = [createCredential({ certificates: issued.chain, signer: issued.signer })];
const { certificate, compressed_certificate: compressed } = HandshakeType;

interface Sides {
  readonly client?: Partial<ClientConfig>;
  readonly server?: Partial<ServerConfig>;
  readonly carrier?: typeof RECORDS;
}

async function connect(
  { client, server, carrier = RECORDS }: Sides,
  interfere?: Parameters<typeof shakeOut>[2],
): Promise<Outcome> {
  const common = { provider: native, trust, alpn: ["test"], credentials };
  const target = { serverName: "zip.test" };
  return await shakeOut(
    Handshake.client({ ...common, ...client }, target, { carrier }),
    Handshake.server({ ...common, ...server }, { carrier }),
    interfere,
  );
}

/** The messages with certificates: side, type and length. */
function certificates({ messages }: Outcome): [string, number, number][] {
  return messages.filter(([, [type]]) => type === certificate || type === compressed)
    .map(([side, message]) => [side, message[0], message.length]);
}

const plain = certificates(
  await connect({ server: { clientAuthentication: "required" } }),
);

for (const provider of [native, webcrypto, noble]) {
  for (const [name, carrier] of [["records", RECORDS], ["packets", PACKETS]] as const) {
    for (const algorithm of builtin) {
      Deno.test(`${algorithm.name} shortens both certificates with ${provider.name} over ${name}`, async () => {
        const common = { provider, certificateCompression: [algorithm] };
        const server = { ...common, clientAuthentication: "required" } as const;
        const outcome = await connect({ client: common, server, carrier });
        assertEquals([outcome.client, outcome.server], [null, null]);
        const sent = certificates(outcome);
        assertEquals(sent.map(([side, type]) => [side, type]), [
          ["server", compressed],
          ["client", compressed],
        ]);
        for (const [i, [, , length]] of sent.entries()) assert(length < 0.9 * plain[i][2]);
      });
    }
  }
}

Deno.test("row 236: each side compresses only what the other decompresses, by its own preference", async () => {
  const [brotli] = builtin;
  const algorithmOf = async (
    ours: readonly CertificateCompression[],
    theirs: readonly CertificateCompression[],
  ) => {
    const outcome = await connect({
      client: { certificateCompression: theirs },
      server: { certificateCompression: ours },
    });
    assertEquals(outcome.client, null);
    const [message] = outcome.messages.filter(([side, [type]]) =>
      side === "server" && (type === certificate || type === compressed)
    );
    return message[1][0] === certificate ? null : message[1][5];
  };
  assertEquals(await algorithmOf(builtin.slice(0, -1), [zlibAlgorithm]), null);
  assertEquals(await algorithmOf([], [brotli]), null);
  assertEquals(
    await algorithmOf([zlibAlgorithm, brotli], [brotli, zlibAlgorithm]),
    Algorithm.zlib,
  );
  assertEquals(await algorithmOf([zlibAlgorithm, brotli], [brotli]), Algorithm.brotli);
});

Deno.test("a certificate is compressed once for many handshakes", async () => {
  let count = 0;
  const counting: CertificateCompression = {
    ...zlibAlgorithm,
    compress: (body) => {
      count++;
      return zlibAlgorithm.compress(body);
    },
  };
  const own = [createCredential({ certificates: issued.chain, signer: issued.signer })];
  for (let i = 0; i < 3; i++) {
    const outcome = await connect({
      client: { certificateCompression: builtin },
      server: { certificateCompression: [counting], credentials: own },
    });
    assertEquals(outcome.client, null);
    assertEquals(certificates(outcome)[0][1], compressed);
  }
  assertEquals(count, 1);
});

interface Verdict {
  readonly code?: TlsErrorCode;
  readonly alert?: number | null;
}

/** What a peer makes of this body of CompressedCertificate in place of the other's Certificate. */
async function judge(
  body: Uint8Array,
  victim: "client" | "server",
  algorithms: readonly CertificateCompression[] = builtin,
): Promise<Verdict> {
  const common = { certificateCompression: algorithms };
  const server = { ...common, clientAuthentication: "required" } as const;
  const message = encodeMessage(compressed, (writer) => writer.bytes(body));
  const outcome = await connect({ client: common, server }, (original, from) => {
    const theirs = original[0] === compressed && from !== victim;
    return theirs ? message : original;
  });
  return { code: outcome[victim]?.code, alert: outcome[victim]?.alert };
}

// RFC 8879 §4.
const BAD_CERTIFICATE: Verdict = { code: "peer/certificate-decompression", alert: 42 };
const TOO_LARGE: Verdict = { code: "peer/certificate-too-large", alert: 47 };
const UNKNOWN: Verdict = { code: "peer/certificate-compression-algorithm", alert: 47 };

for (const victim of ["client", "server"] as const) {
  for (const test of vectors.invalid_derived) {
    Deno.test(`rows 236, 237: a ${victim} refuses a compressed certificate: ${test.reason}`, async () => {
      const expected: Verdict = test.reason === "algorithm not offered"
        ? UNKNOWN
        : test.reason.startsWith("empty")
        ? { code: "peer/decode-error", alert: 50 }
        : BAD_CERTIFICATE;
      const offered = test.reason === "algorithm not offered" ? [zlibAlgorithm] : builtin;
      assertEquals(await judge(fromHex(test.compressed_certificate), victim, offered), expected);
    });
  }

  for (const test of vectors.oversized) {
    const name =
      `row 237: a ${victim} refuses ${test.algorithm} of ${test.uncompressed_length} bytes`;
    algorithmTest(test.algorithm, name, async () => {
      assertEquals(await judge(fromHex(test.compressed_certificate), victim), TOO_LARGE);
    });
  }

  for (const test of [...vectors.published, ...vectors.generated]) {
    const name = `a ${victim} takes ${test.algorithm} of others: ${test.origin}`;
    algorithmTest(test.algorithm, name, async () => {
      // What is wrong then is that the key is not the peer's.
      const { code } = await judge(fromHex(test.compressed_certificate), victim);
      const after: (TlsErrorCode | undefined)[] = ["peer/bad-signature", "peer/signature-scheme"];
      assert(after.includes(code), code);
    });
  }

  const zeros = new Uint8Array((1 << 24) - 1);
  const bombs = {
    zlib: () => zlib.deflateSync(zeros),
    brotli: () => zlib.brotliCompressSync(zeros),
    zstd: () => zlib.zstdCompressSync(zeros),
  };
  for (const [name, make] of Object.entries(bombs)) {
    const title = `row 237: a ${victim} refuses a bomb of ${name}, whatever it claims`;
    algorithmTest(name, title, async () => {
      const [algorithm, bomb] = [Algorithm[name as keyof typeof bombs], make()]; // its own keys
      const body = (uncompressedLength: number) =>
        encodeCompressedCertificate({ algorithm, uncompressedLength, compressed: bomb })
          .subarray(HANDSHAKE_HEADER_LENGTH);
      assertEquals(await judge(body(zeros.length), victim), TOO_LARGE);
      assertEquals(await judge(body(2000), victim), BAD_CERTIFICATE);
    });
  }
}

Deno.test("a compressed certificate that was not asked for is an unexpected message", async () => {
  const good = zlib.deflateSync(new Uint8Array(4));
  const message = encodeCompressedCertificate({
    algorithm: Algorithm.zlib,
    uncompressedLength: 4,
    compressed: good,
  });
  const { client } = await connect(
    {},
    (original) => original[0] === certificate ? message : original,
  );
  assertEquals([client?.code, client?.alert], ["peer/unexpected-message", 10]);
});
