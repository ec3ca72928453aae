/** What both sides do with bad CertificateVerify messages, and with keys that cannot make good ones (RFC 9846 section 4.5.2). */
import { generateTestKey, type TestKey, type TestKeyAlgorithm } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import {
  AlertDescription as A,
  concat,
  der,
  ExtensionType as E,
  HandshakeType as H,
  SignatureScheme as S,
  signatureSchemeName,
} from "@sealane/wire";
import {
  type CertificateVerify,
  decodeCertificateVerify,
  encodeCertificateVerify,
} from "../messages/certificate_verify.ts";
import { createCredential, type Credential } from "../mod.ts";
import {
  authority,
  change,
  client,
  clientHello,
  extensions,
  type Interference,
  IP,
  put,
  refusal,
  requiring,
  type Row,
  unchanged,
} from "./row.ts";

const BOTH = [["server", "client"], ["client", "server"]] as const;
/** More than the default schemes. */
const ALL_SCHEMES = [
  S.ecdsa_secp256r1_sha256,
  S.ecdsa_secp384r1_sha384,
  S.ecdsa_secp521r1_sha512,
  S.ed25519,
  S.rsa_pss_rsae_sha256,
  S.rsa_pss_rsae_sha384,
  S.rsa_pss_rsae_sha512,
  S.rsa_pss_pss_sha256,
  S.mldsa44,
  S.mldsa65,
  S.mldsa87,
];

async function credential(key: TestKey, schemes?: readonly S[]): Promise<Credential> {
  const { chain, signer } = await authority.issue({ names: ["localhost"], key });
  // A signer that does not say its public key can be paired with any certificate.
  return createCredential({
    certificates: chain,
    signer: { ...signer, publicKey: undefined },
    schemes,
  });
}

const keyOf = (algorithm: TestKeyAlgorithm): Promise<TestKey> => generateTestKey(algorithm);

/** RFC 9881 §6: an ML-DSA key by its seed. */
async function mlDsaKey(oid: string): Promise<TestKey> {
  const privateKey = der.sequence(
    der.integer(0),
    der.sequence(der.objectIdentifier(oid)),
    der.octetString(der.implicit(0, new Uint8Array(32).fill(7))),
  );
  const { publicKey } = await provider.importPrivateKey(privateKey);
  if (publicKey === undefined) throw new Error("the signer has no public key");
  return { privateKey, publicKey };
}

const [p256, p384, p521, ed25519, rsa] = await Promise.all(
  (["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048"] as const).map(keyOf),
);
const mlDsa = await Promise.all([17, 18, 19].map((n) => mlDsaKey(`2.16.840.1.101.3.4.3.${n}`)));

/** A credential for each scheme. */
export const CREDENTIALS: readonly (readonly [S, Credential])[] = await Promise.all(([
  [S.ecdsa_secp256r1_sha256, p256],
  [S.ecdsa_secp384r1_sha384, p384],
  [S.ecdsa_secp521r1_sha512, p521],
  [S.ed25519, ed25519],
  [S.rsa_pss_rsae_sha256, rsa],
  [S.rsa_pss_rsae_sha384, rsa],
  [S.rsa_pss_rsae_sha512, rsa],
  [S.mldsa44, mlDsa[0]],
  [S.mldsa65, mlDsa[1]],
  [S.mldsa87, mlDsa[2]],
] as const).map(async ([scheme, key]) => [scheme, await credential(key, [scheme])] as const));

const [, ecCredential] = CREDENTIALS[0];
const rsaCredential = await credential(rsa);

function certificateVerify(
  from: "client" | "server",
  edit: (message: CertificateVerify) => CertificateVerify,
): Interference {
  return change(
    from,
    H.certificate_verify,
    (message) => encodeCertificateVerify(edit(decodeCertificateVerify(message.subarray(4)))),
  );
}

/** Schemes that the configurations of row 169 leave out. */
const UNUSUAL: readonly S[] = [
  S.ecdsa_secp521r1_sha512,
  S.ed25519,
  S.mldsa44,
  S.mldsa65,
  S.mldsa87,
];

/** What is left of the schemes without these. */
const USUAL: readonly S[] = [
  S.ecdsa_secp256r1_sha256,
  S.ecdsa_secp384r1_sha384,
  S.rsa_pss_rsae_sha256,
  S.rsa_pss_rsae_sha384,
  S.rsa_pss_rsae_sha512,
];

/** A credential that is chosen for one scheme, and signs with another that its key has. */
function masked(
  { certificates, signer }: Credential,
  scheme: S,
  as: S = S.ecdsa_secp256r1_sha256,
): Credential {
  return createCredential({
    certificates,
    signer: { schemes: [as], sign: (_, data, options) => signer.sign(scheme, data, options) },
  });
}

/** The scheme of the signature is said to be another. */
const saying = (from: "client" | "server", scheme: S) =>
  certificateVerify(from, (message) => ({ ...message, scheme }));

/** Both ends, where `from` has the credential, and takes every scheme of `schemes`. */
function ends(
  from: "client" | "server",
  own: Credential,
  schemes: readonly S[] = ALL_SCHEMES,
) {
  const mine = { credentials: [own] };
  return {
    client: { ...client, signatureSchemes: schemes, ...(from === "client" ? mine : {}) },
    server: { ...requiring, signatureSchemes: schemes, ...(from === "server" ? mine : {}) },
  };
}

/** The order of P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const BAD_INTEGERS: readonly (readonly [string, bigint])[] = [
  ["negative", -1n],
  ["zero", 0n],
  ["the order", ORDER],
  ["far too large", 1n << 2000n],
];

/** RFC 4055 §1.2: an RSA key for PSS alone. */
const pssOnly: TestKey = {
  ...rsa,
  publicKey: der.sequence(
    der.sequence(der.objectIdentifier("1.2.840.113549.1.1.10")),
    rsa.publicKey.subarray(19), // what follows the algorithm
  ),
};

const small = await (async (): Promise<TestKey> => {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 1024,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  return {
    privateKey: new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey)),
    publicKey: new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey)),
  };
})();

const pssCredential = await credential(pssOnly, [S.rsa_pss_rsae_sha256]);
const smallCredential = await credential(small);
/** Keys of old schemes alone. */
const oldCredentials = await Promise.all(
  ([[S.rsa_pkcs1_sha256, rsa], [S.rsa_pkcs1_sha1, rsa], [S.ecdsa_sha1, p256]] as const)
    .map(async ([scheme, key]) => [scheme, await credential(key, [scheme])] as const),
);

/** The client offers a scheme besides. */
const offering = (scheme: S): Interference =>
  clientHello(extensions(put(E.signature_algorithms, (data) => {
    const list = concat([data.subarray(2), Uint8Array.of(scheme >> 8, scheme & 0xff)]);
    return concat([Uint8Array.of(list.length >> 8, list.length & 0xff), list]);
  })));

const bad = "peer/bad-signature";
const wrong = "peer/signature-scheme";

/** The rows. */
export const SIGNATURES: readonly Row[] = [
  ...BOTH.flatMap(([from, by]): Row[] => [
    ...CREDENTIALS.filter(([scheme]) => UNUSUAL.includes(scheme)).map(([scheme, own]) =>
      refusal(
        169,
        by,
        `the ${from} signs with ${signatureSchemeName(scheme)}, well, but it was not offered`,
        saying(from, scheme),
        wrong,
        IP,
        {
          ...ends(from, masked(own, scheme)),
          [by]: { ...(by === "client" ? client : requiring), signatureSchemes: USUAL },
        },
      )
    ),
    refusal(
      159,
      by,
      `the ${from} signs with a scheme that nobody knows`,
      saying(from, 0x1234),
      wrong,
      IP,
      { server: requiring },
    ),
    refusal(
      159,
      by,
      `the ${from} signs, well, with another scheme for its key than was offered`,
      saying(from, S.rsa_pss_rsae_sha384),
      wrong,
      IP,
      ends(from, masked(rsaCredential, S.rsa_pss_rsae_sha384, S.rsa_pss_rsae_sha256), [
        S.rsa_pss_rsae_sha256,
        S.ecdsa_secp256r1_sha256,
      ]),
    ),
    refusal(
      159,
      by,
      `the ${from} signs with a scheme that was not offered`,
      saying(from, S.ecdsa_secp384r1_sha384),
      wrong,
      IP,
      ends(from, ecCredential, [S.ecdsa_secp256r1_sha256]),
    ),
    ...[
      S.rsa_pkcs1_sha256,
      S.rsa_pkcs1_sha384,
      S.rsa_pkcs1_sha512,
      S.rsa_pkcs1_sha1,
      S.ecdsa_sha1,
      0x0101, // rsa_pkcs1 with MD5
    ].map((scheme) =>
      refusal(
        160,
        by,
        `the ${from} signs with ${signatureSchemeName(scheme)}`,
        saying(from, scheme),
        wrong,
        IP,
        ends(from, rsaCredential),
      )
    ),
    refusal(
      160,
      by,
      `the ${from} signs with rsa_pkcs1_sha256, which is listed for certificates' sake`,
      saying(from, S.rsa_pkcs1_sha256),
      wrong,
      IP,
      ends(from, rsaCredential, [
        S.rsa_pkcs1_sha256,
        S.rsa_pss_rsae_sha256,
        S.ecdsa_secp256r1_sha256,
      ]),
    ),
    ...([
      ["an RSA key", rsaCredential, S.ecdsa_secp256r1_sha256],
      ["an ECDSA key", ecCredential, S.rsa_pss_rsae_sha256],
      ["an ECDSA key", ecCredential, S.ed25519],
      ["an ECDSA key", ecCredential, S.mldsa44],
    ] as const).map(([what, own, scheme]) =>
      refusal(
        162,
        by,
        `the ${from} has ${what} and says ${signatureSchemeName(scheme)}`,
        saying(from, scheme),
        wrong,
        IP,
        ends(from, own),
      )
    ),
    refusal(
      163,
      by,
      `the ${from} has a key of P-256 and says ecdsa_secp384r1_sha384`,
      saying(from, S.ecdsa_secp384r1_sha384),
      wrong,
      IP,
      ends(from, ecCredential),
    ),
    ...CREDENTIALS.map(([scheme, own]) =>
      refusal(
        164,
        by,
        `the ${from}'s signature with ${signatureSchemeName(scheme)} is wrong`,
        certificateVerify(from, (message) => ({
          scheme: message.scheme,
          signature: message.signature.map((byte, i, { length }) =>
            i === length - 1 ? byte ^ 1 : byte
          ),
        })),
        bad,
        A.decrypt_error,
        ends(from, own),
      )
    ),
    ...BAD_INTEGERS.flatMap(([nameOfR, r]) =>
      BAD_INTEGERS.map(([nameOfS, s]) =>
        refusal(
          165,
          by,
          `in the ${from}'s ECDSA signature, r is ${nameOfR} and s is ${nameOfS}`,
          certificateVerify(from, ({ scheme }) => ({
            scheme,
            signature: der.sequence(der.integer(r), der.integer(s)),
          })),
          bad,
          A.decrypt_error,
          ends(from, ecCredential),
        )
      )
    ),
    refusal(
      166,
      by,
      `the ${from}'s key is of id-RSASSA-PSS, and the scheme that of rsaEncryption`,
      unchanged,
      wrong,
      IP,
      ends(from, pssCredential),
    ),
  ]),
  ...oldCredentials.map(([scheme, own]) =>
    refusal(
      161,
      "server",
      `the server's own credential is of ${signatureSchemeName(scheme)} alone, which is offered`,
      offering(scheme),
      "peer/no-common-signature-scheme",
      A.handshake_failure,
      ends("server", own),
    )
  ),
  refusal(
    161,
    "server",
    // RFC 9846 §4.5.1.2: a client without a fitting certificate sends none; BoringSSL aborts.
    "the client's own credential is of rsa_pkcs1_sha256 alone, which is offered",
    unchanged,
    "peer/certificate-required",
    A.certificate_required,
    {
      ...ends("client", oldCredentials[0][1]),
      server: { ...requiring, signatureSchemes: [S.ecdsa_secp256r1_sha256, S.rsa_pkcs1_sha256] },
    },
  ),
  refusal(
    161,
    "client",
    "the client's own credential, which the program chose by itself, is of rsa_pkcs1_sha256 alone",
    unchanged,
    "peer/no-common-signature-scheme",
    A.handshake_failure,
    { client: { ...client, credentials: () => oldCredentials[0][1] }, server: requiring },
  ),
  refusal(
    168,
    "server",
    "the server's RSA key of 1024 bits has no room for SHA-512",
    unchanged,
    "peer/no-common-signature-scheme",
    A.handshake_failure,
    ends("server", smallCredential, [S.rsa_pss_rsae_sha512]),
  ),
];
