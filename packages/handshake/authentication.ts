/**
 * Certificate, CertificateVerify and Finished, which are the same for both roles (RFC 9846 section 4.5).
 *
 * @module
 */
import { parseCertificate, parseSubjectPublicKeyInfo, signatureSchemesOfKey } from "@sealane/pki";
import type { Hash } from "@sealane/providers";
import {
  CertificateType,
  concat,
  type ExtensionType,
  extensionTypeName,
  HandshakeType,
  type SignatureScheme,
  signatureSchemeName,
  TlsError,
  utf8,
} from "@sealane/wire";
import type { FlowContext } from "./context.ts";
import type { Credential } from "./credential.ts";
import { decodeExtension, encodeExtension, type RawExtension } from "./extensions/extension.ts";
import { signedCertificateTimestampInCertificate } from "./extensions/signed_certificate_timestamp.ts";
import { statusRequestInCertificate } from "./extensions/status_request.ts";
import { checkVerifyData, finishedVerifyData } from "./key_schedule.ts";
import {
  type CertificateEntry,
  decodeCertificate,
  encodeCertificate,
} from "./messages/certificate.ts";
import { decodeCertificateVerify, encodeCertificateVerify } from "./messages/certificate_verify.ts";
import { decodeFinished, encodeFinished } from "./messages/finished.ts";
import type { PeerIdentity } from "./peer.ts";
import { settle, type Step } from "./step.ts";
import { verifyIdentity } from "./verify_identity.ts";

/** What a peer's Certificate has to fit: what we asked for. */
export interface AuthenticationRequest {
  /** certificate_request_context: empty in the main handshake. */
  readonly context: Uint8Array;
  /** The extensions that its certificate entries may have. */
  readonly offeredExtensions: ReadonlySet<ExtensionType>;
  /** On a client, the name that the server must have. */
  readonly serverName: string | null;
}

/** A peer that proved who it is. */
export interface AuthenticatedPeer {
  /** Who it is. */
  readonly identity: PeerIdentity;
  /** The scheme of its CertificateVerify. */
  readonly scheme: SignatureScheme;
}

/** Certificate and CertificateVerify of the peer, verified; `null` for an empty Certificate. */
export function* receiveAuthentication(
  context: FlowContext,
  request: AuthenticationRequest,
): Step<AuthenticatedPeer | null> {
  const identity = yield* receiveCertificate(context, request);
  if (identity === null) return null;
  const scheme = yield* receiveCertificateVerify(context, identity);
  yield* verifyIdentity(context, identity, request.serverName);
  context.stage("peerAuthenticated");
  return { identity, scheme };
}

function* receiveCertificate(
  context: FlowContext,
  request: AuthenticationRequest,
): Step<PeerIdentity | null> {
  const message = yield* context.receive(HandshakeType.certificate);
  const certificate = decodeCertificate(message.body);
  // RFC 9846 §4.5.1: the context is empty in the main handshake and else that of the request.
  if (certificate.context.length !== request.context.length) {
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
      `Certificate has ${entries.length} certificates, more than the limit of ${depth}`,
    );
  }
  for (const entry of entries) checkEntryExtensions(entry, request.offeredExtensions);
  const identity = entries.length === 0 ? null : readIdentity(entries);
  if (entries.length > 0) yield* context.receiveCustomExtensions("CT", entries[0].extensions);
  context.transcript.add(message.bytes);
  return identity;
}

/** RFC 9846 §4.5.1: extensions of an entry answer those of ClientHello or CertificateRequest. */
function checkEntryExtensions(
  entry: CertificateEntry,
  offered: ReadonlySet<ExtensionType>,
): void {
  for (const { type } of entry.extensions) {
    if (!offered.has(type)) {
      throw new TlsError(
        "peer/unsolicited-extension",
        `a certificate entry has the extension ${extensionTypeName(type)}, which was not offered`,
      );
    }
  }
}

function readIdentity(entries: readonly CertificateEntry[]): PeerIdentity {
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
    delegatedCredential: null,
  };
}

/** RFC 9846 §4.5.2: what is signed is padding, a context string that names the side, and the transcript hash. */
function signedContent(side: "client" | "server", transcriptHash: Uint8Array): Uint8Array {
  return concat([
    new Uint8Array(64).fill(0x20),
    utf8(`TLS 1.3, ${side} CertificateVerify\0`),
    transcriptHash,
  ]);
}

function* receiveCertificateVerify(
  context: FlowContext,
  identity: PeerIdentity,
): Step<SignatureScheme> {
  const message = yield* context.receive(HandshakeType.certificate_verify);
  const { scheme, signature } = decodeCertificateVerify(message.body);
  const name = signatureSchemeName(scheme);
  const algorithm = context.config.verifiers.get(scheme);
  if (algorithm === undefined) {
    throw new TlsError(
      "peer/signature-scheme",
      `CertificateVerify uses ${name}, which was not offered`,
    );
  }
  if (!signatureSchemesOfKey(parseSubjectPublicKeyInfo(identity.publicKey)).includes(scheme)) {
    throw new TlsError(
      "peer/signature-scheme",
      `CertificateVerify uses ${name} with a key of another kind`,
    );
  }
  const side = context.role === "client" ? "server" : "client";
  const content = signedContent(side, context.transcript.digest());
  const good = yield* settle(
    algorithm.verify(identity.publicKey, content, signature, "certificate-verify"),
  );
  if (!good) {
    throw new TlsError("peer/bad-signature", "the signature of CertificateVerify is wrong");
  }
  context.transcript.add(message.bytes);
  return scheme;
}

/** What goes with our Certificate, because the peer asked for it. */
export interface CertificateExtras {
  /** An OCSP response. */
  readonly ocspResponse: Uint8Array | null;
  /** Whether to send the credential's signed certificate timestamps. */
  readonly signedCertificateTimestamps: boolean;
  /** Custom extensions that the peer offered. */
  readonly offeredExtensions: ReadonlySet<ExtensionType>;
}

/** Sends Certificate with this chain; `null` sends an empty one (a client that declines). */
export function sendCertificate(
  context: FlowContext,
  credential: Credential | null,
  requestContext: Uint8Array,
  extras: CertificateExtras,
): void {
  const entries = credential === null ? [] : credential.certificates.map((data, index) => ({
    data,
    // Only the leaf has extensions: no peer reads those of other certificates.
    extensions: index === 0 ? leafExtensions(context, credential, extras) : [],
  }));
  context.send(encodeCertificate({ context: requestContext, entries }));
}

function leafExtensions(
  context: FlowContext,
  credential: Credential,
  extras: CertificateExtras,
): RawExtension[] {
  const extensions: RawExtension[] = [];
  if (extras.ocspResponse !== null) {
    extensions.push(encodeExtension(statusRequestInCertificate, extras.ocspResponse));
  }
  const timestamps = credential.signedCertificateTimestamps;
  if (extras.signedCertificateTimestamps && timestamps !== undefined) {
    extensions.push(encodeExtension(signedCertificateTimestampInCertificate, timestamps));
  }
  return extensions.concat(context.customExtensions("CT", extras.offeredExtensions));
}

/** Signs the transcript and sends CertificateVerify. */
export function* sendCertificateVerify(
  context: FlowContext,
  credential: Credential,
  scheme: SignatureScheme,
): Step<void> {
  const content = signedContent(context.role, context.transcript.digest());
  const signature = yield* settle(
    credential.signer.sign(scheme, content, { signal: context.signal, use: "certificate-verify" }),
  );
  context.send(encodeCertificateVerify({ scheme, signature }));
}

/** Sends Finished under a handshake traffic secret. */
export function sendFinished(context: FlowContext, hash: Hash, baseKey: Uint8Array): void {
  const verifyData = finishedVerifyData(hash, baseKey, context.transcript.digest());
  context.send(encodeFinished({ verifyData }));
}

/** The peer's Finished, checked under its handshake traffic secret. */
export function* receiveFinished(
  context: FlowContext,
  hash: Hash,
  baseKey: Uint8Array,
): Step<void> {
  const message = yield* context.receive(HandshakeType.finished);
  const { verifyData } = decodeFinished(message.body);
  if (!checkVerifyData(hash, baseKey, context.transcript.digest(), verifyData)) {
    throw new TlsError("peer/bad-finished", "the verify_data of Finished is wrong");
  }
  context.transcript.add(message.bytes);
}
