/**
 * The Certificate message in both directions: chains and raw public keys (RFC 9846 section 4.5.1, RFC 7250).
 *
 * @module
 */
import { customExtensions, receiveCustomExtensions } from "../engine/custom_extensions.ts";
import { parseCertificate, parseSubjectPublicKeyInfo } from "@sealane/pki";
import {
  type CertificateCompressionAlgorithm,
  CertificateType,
  certificateTypeName,
  equalBytes,
  ExtensionType,
  extensionTypeName,
  HandshakeType,
  TlsError,
} from "@sealane/wire";
import type { FlowContext } from "../engine/context.ts";
import type { ChosenCredential } from "./credential_selection.ts";
import { CompressionCache, decompressCertificate } from "./certificate_compression.ts";
import { delegatedCredentialInCertificate } from "../extensions/delegated_credential.ts";
import {
  decodeExtension,
  encodeExtension,
  findExtension,
  type RawExtension,
} from "../extensions/extension.ts";
import { signedCertificateTimestampInCertificate } from "../extensions/signed_certificate_timestamp.ts";
import { statusRequestInCertificate } from "../extensions/status_request.ts";
import {
  type Certificate,
  type CertificateEntry,
  decodeCertificate,
  encodeCertificate,
} from "../messages/certificate.ts";
import { decodeCompressedCertificate } from "../messages/compressed_certificate.ts";
import { HANDSHAKE_HEADER_LENGTH, type HandshakeMessage } from "../messages/message.ts";
import type { PeerIdentity } from "../identity/peer.ts";
import { settle, type Step } from "../engine/step.ts";

/** What a peer's Certificate has to fit: what we asked for. */
export interface AuthenticationRequest {
  /** certificate_request_context: empty in the main handshake. */
  readonly context: Uint8Array;
  /** The extensions that its certificate entries may have. */
  readonly offeredExtensions: ReadonlySet<ExtensionType>;
  /** X.509, or the raw public key that was negotiated (RFC 7250). */
  readonly certificateType: CertificateType;
  /** On a client, the name that the server must have. */
  readonly serverName: string | null;
}

/** A Certificate that has come and is not judged yet. */
export interface ReceivedCertificate {
  /** The message, as it goes into the transcript. */
  readonly message: HandshakeMessage;
  /** What it says. */
  readonly certificate: Certificate;
}

/** Decodes a Certificate, decompressed if it has to be. */
export function* openCertificate(
  context: FlowContext,
  message: HandshakeMessage,
): Step<ReceivedCertificate> {
  return { message, certificate: decodeCertificate(yield* certificateBody(context, message)) };
}

/** The peer's Certificate, the next message unless it is given; `null` for an empty one. */
export function* receiveCertificate(
  context: FlowContext,
  request: AuthenticationRequest,
  received?: ReceivedCertificate,
): Step<PeerIdentity | null> {
  const { message, certificate } = received ??
    (yield* openCertificate(context, yield* context.receive(...certificateTypes(context))));
  // RFC 9846 §4.5.1: the context is empty in the main handshake and else that of the request.
  if (!equalBytes(certificate.context, request.context)) {
    throw new TlsError(
      "peer/certificate-request-context",
      `Certificate has a certificate_request_context of ${certificate.context.length} bytes`,
    );
  }
  const { entries } = certificate;
  const depth = context.config.allLimits.certificateDepth;
  if (entries.length > depth) {
    throw new TlsError(
      "peer/certificate-too-large",
      `Certificate has ${entries.length} certificates, more than the limit certificateDepth of ${depth}`,
    );
  }
  for (const entry of entries) checkEntryExtensions(entry, request.offeredExtensions);
  let identity: PeerIdentity | null = null;
  if (entries.length > 0) {
    identity = request.certificateType === CertificateType.RawPublicKey
      ? readRawPublicKey(entries)
      : readChain(entries);
    yield* receiveCustomExtensions(context, "CT", entries[0].extensions);
  }
  context.transcript.add(message.bytes);
  return identity;
}

/** The messages that a certificate may come in; the compressed one only where we offered it (RFC 8879 section 4). */
export function certificateTypes(context: FlowContext): readonly HandshakeType[] {
  const compressed = (context.config.certificateCompression ?? []).length > 0;
  return compressed
    ? [HandshakeType.certificate, HandshakeType.compressed_certificate]
    : [HandshakeType.certificate];
}

/** The body of Certificate, decompressed if it has to be. */
function* certificateBody(
  { config }: FlowContext,
  { type, body }: HandshakeMessage,
): Step<Uint8Array> {
  if (type === HandshakeType.certificate) return body;
  const limit = config.allLimits.certificateMessage;
  const compressed = decodeCompressedCertificate(body);
  return yield* settle(
    decompressCertificate(compressed, config.certificateCompression ?? [], limit),
  );
}

/** RFC 9846 §4.5.1: extensions of an entry answer those of ClientHello or CertificateRequest. */
function checkEntryExtensions(
  entry: CertificateEntry,
  offered: ReadonlySet<ExtensionType>,
): void {
  for (const { type } of entry.extensions) {
    if (offered.has(type)) continue;
    // RFC 9345 §4.1: this one has an alert of its own.
    const delegated = type === ExtensionType.delegated_credential;
    throw new TlsError(
      delegated ? "peer/unsolicited-delegated-credential" : "peer/unsolicited-extension",
      `a certificate entry has the extension ${extensionTypeName(type)}, which was not offered`,
    );
  }
}

function readChain(entries: readonly CertificateEntry[]): PeerIdentity {
  const [first] = entries;
  const leaf = parseCertificate(first.data);
  // RFC 9846 §4.5.1.2: if the Key Usage extension is there, digitalSignature has to be set.
  const { keyUsage } = leaf.extensions;
  if (keyUsage !== undefined && !keyUsage.has("digitalSignature")) {
    throw new TlsError("peer/key-usage", "the key of the certificate may not sign a handshake");
  }
  return {
    type: CertificateType.X509,
    certificates: entries.map((entry) => entry.data),
    leaf,
    publicKey: leaf.subjectPublicKeyInfo.raw,
    ocspResponse: decodeExtension(first.extensions, statusRequestInCertificate) ?? null,
    signedCertificateTimestamps:
      decodeExtension(first.extensions, signedCertificateTimestampInCertificate) ?? [],
    // RFC 9345 §4.1.1: on any other certificate it is ignored.
    delegatedCredential: decodeExtension(first.extensions, delegatedCredentialInCertificate) ??
      null,
  };
}

function readRawPublicKey(entries: readonly CertificateEntry[]): PeerIdentity {
  // RFC 9846 §4.5.1: with RawPublicKey there is no more than one entry.
  if (entries.length > 1) {
    throw new TlsError("peer/raw-public-key", `Certificate has ${entries.length} raw public keys`);
  }
  const [{ data, extensions }] = entries;
  if (findExtension(extensions, ExtensionType.delegated_credential) !== undefined) {
    throw new TlsError("peer/delegated-credential", "a raw public key cannot delegate");
  }
  parseSubjectPublicKeyInfo(data);
  return {
    type: CertificateType.RawPublicKey,
    certificates: [],
    leaf: null,
    publicKey: data,
    ocspResponse: null,
    signedCertificateTimestamps: [],
    delegatedCredential: null,
  };
}

/** What goes with our Certificate, because the peer asked for it. */
export interface CertificateExtras {
  /** An OCSP response. */
  readonly ocspResponse: Uint8Array | null;
  /** Whether to send the credential's signed certificate timestamps. */
  readonly signedCertificateTimestamps: boolean;
  /** Custom extensions that the peer offered. */
  readonly offeredExtensions: ReadonlySet<ExtensionType>;
  /** The algorithms that the peer decompresses; empty: none. */
  readonly compression: readonly CertificateCompressionAlgorithm[];
}

/** Certificates are compressed once for each credential, not for each handshake. */
const compressed = new CompressionCache();

/** Sends Certificate with this chain; `null` sends an empty one (a client that declines). */
export function* sendCertificate(
  context: FlowContext,
  chosen: ChosenCredential | null,
  requestContext: Uint8Array,
  extras: CertificateExtras,
): Step<void> {
  const entries = chosen === null ? [] : chosen.credential.certificates.map((data, index) => ({
    data,
    // Only the leaf has extensions: no peer reads those of other certificates.
    extensions: index === 0 ? leafExtensions(context, chosen, extras) : [],
  }));
  const message = encodeCertificate({ context: requestContext, entries });
  const ours = context.config.certificateCompression ?? [];
  const shorter = chosen === null || extras.compression.length === 0 ? null : compressed.compress(
    chosen.credential,
    message.subarray(HANDSHAKE_HEADER_LENGTH),
    ours,
    extras.compression,
  );
  context.send((yield* settle(shorter)) ?? message);
}

function leafExtensions(
  context: FlowContext,
  { credential, delegated }: ChosenCredential,
  extras: CertificateExtras,
): RawExtension[] {
  const extensions: RawExtension[] = [];
  // RFC 7250 has no certificate for these to speak of.
  if (credential.type === CertificateType.X509) {
    if (extras.ocspResponse !== null) {
      extensions.push(encodeExtension(statusRequestInCertificate, extras.ocspResponse));
    }
    const timestamps = credential.signedCertificateTimestamps;
    if (extras.signedCertificateTimestamps && timestamps !== undefined) {
      extensions.push(encodeExtension(signedCertificateTimestampInCertificate, timestamps));
    }
    if (delegated !== null) {
      extensions.push(encodeExtension(delegatedCredentialInCertificate, delegated));
    }
  }
  return extensions.concat(customExtensions(context, "CT", extras.offeredExtensions));
}

/**
 * Refuses a certificate type that is not among the acceptable ones (RFC 7250 section 4.2).
 *
 * @throws {TlsError} `peer/certificate-type`.
 */
export function checkCertificateType(
  type: CertificateType,
  acceptable: readonly CertificateType[],
  whose: string,
): void {
  if (!acceptable.includes(type)) {
    throw new TlsError(
      "peer/certificate-type",
      `the ${whose} certificate would be of the type ${
        certificateTypeName(type)
      }, which is not acceptable`,
    );
  }
}
