/**
 * Certificate, CertificateVerify and Finished, which are the same for both roles (RFC 9846 section 4.5).
 *
 * @module
 */
import { parseSubjectPublicKeyInfo, signatureSchemesOfKey } from "@sealane/pki";
import {
  type Hash,
  isClientOnlyScheme,
  isTrue,
  requireBytes,
  type SignatureAlgorithm,
} from "@sealane/providers";
import {
  concat,
  HandshakeType,
  type SignatureScheme,
  SignatureScheme as S,
  signatureSchemeName,
  TlsError,
  utf8,
} from "@sealane/wire";
import {
  type AuthenticationRequest,
  receiveCertificate,
  type ReceivedCertificate,
} from "./certificate_message.ts";
import type { FlowContext } from "../engine/context.ts";
import type { ChosenCredential } from "./credential_selection.ts";
import { verifyDelegatedCredential } from "../identity/delegation.ts";
import { checkVerifyData, finishedVerifyData } from "../engine/key_schedule.ts";
import {
  decodeCertificateVerify,
  encodeCertificateVerify,
} from "../messages/certificate_verify.ts";
import { decodeFinished, encodeFinished } from "../messages/finished.ts";
import type { PeerIdentity } from "../identity/peer.ts";
import { settle, type Step } from "../engine/step.ts";
import { checkProfileCertificate, checkProfileScheme } from "../config/suite_profile.ts";
import { verifyIdentity } from "./verify_identity.ts";

/** A peer that proved who it is. */
export interface AuthenticatedPeer {
  /** Who it is. */
  readonly identity: PeerIdentity;
  /** The scheme of its CertificateVerify. */
  readonly scheme: SignatureScheme;
}

/**
 * Certificate and CertificateVerify of the peer, verified; `null` for an empty Certificate. The Certificate is the next
 * message unless it is given.
 */
export function* receiveAuthentication(
  context: FlowContext,
  request: AuthenticationRequest,
  received?: ReceivedCertificate,
): Step<AuthenticatedPeer | null> {
  const identity = yield* receiveCertificate(context, request, received);
  if (identity === null) return null;
  const scheme = yield* receiveCertificateVerify(context, identity);
  checkProfileCertificate(context.profile, identity);
  yield* verifyIdentity(context, identity, request.serverName);
  context.stage("peerAuthenticated");
  return { identity, scheme };
}

/** RFC 9846 §4.5.2: what is signed is padding, a context string that names the side, and the transcript hash. */
function signedContent(context: FlowContext, side: "client" | "server"): Uint8Array {
  const name = context.signatureContext ?? `TLS 1.3, ${side} CertificateVerify`;
  return concat([
    new Uint8Array(64).fill(0x20),
    utf8(`${name}\0`),
    context.transcript.digest(),
  ]);
}

function* receiveCertificateVerify(
  context: FlowContext,
  identity: PeerIdentity,
): Step<SignatureScheme> {
  const message = yield* context.receive(HandshakeType.certificate_verify);
  const { scheme, signature } = decodeCertificateVerify(message.body);
  checkProfileScheme(context.profile, scheme);
  const { algorithm, publicKey } = yield* signingKey(context, identity, scheme);
  const side = context.role === "client" ? "server" : "client";
  const content = signedContent(context, side);
  const good = yield* settle(
    algorithm.verify(publicKey, content, signature, "certificate-verify"),
  );
  if (!isTrue(good)) {
    throw new TlsError("peer/bad-signature", "the signature of CertificateVerify is wrong");
  }
  context.transcript.add(message.bytes);
  return scheme;
}

interface SigningKey {
  /** Verifies the scheme. */
  readonly algorithm: SignatureAlgorithm;
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
}

/** The key that has to verify CertificateVerify: of the certificate, or of the credential that it delegated to. */
function* signingKey(
  context: FlowContext,
  identity: PeerIdentity,
  scheme: SignatureScheme,
): Step<SigningKey> {
  const { config, role } = context;
  const { leaf, delegatedCredential } = identity;
  if (delegatedCredential !== null && leaf !== null) {
    yield* settle(verifyDelegatedCredential(delegatedCredential, {
      certificate: leaf,
      role: role === "client" ? "server" : "client",
      certVerifyAlgorithm: scheme,
      offeredForCredentials: [...config.delegatedVerifiers.keys()],
      offered: config.offeredSchemes,
      signatures: config.provider.signatures,
      now: config.clock(),
    }));
  }
  const publicKey = delegatedCredential?.spki ?? identity.publicKey;
  const verifiers = delegatedCredential === null ? config.verifiers : config.delegatedVerifiers;
  const algorithm = verifiers.get(scheme);
  const name = signatureSchemeName(scheme);
  if (algorithm === undefined) {
    throw new TlsError(
      "peer/signature-scheme",
      `CertificateVerify uses ${name}, which was not offered`,
    );
  }
  if (!fitsKey(scheme, publicKey)) {
    throw new TlsError(
      "peer/signature-scheme",
      `CertificateVerify uses ${name} with a key of another kind`,
    );
  }
  return { algorithm, publicKey };
}

/** Signs the transcript and sends CertificateVerify. */
export function* sendCertificateVerify(
  context: FlowContext,
  { signer, scheme }: ChosenCredential,
): Step<void> {
  const content = signedContent(context, context.role);
  const signature = yield* settle(
    signer.sign(scheme, content, { signal: context.signal, use: "certificate-verify" }),
  );
  requireBytes(signature, "the signature by the private key");
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
  const { verifyData } = decodeFinished(message.body, hash.outputLength);
  if (!checkVerifyData(hash, baseKey, context.transcript.digest(), verifyData)) {
    throw new TlsError("peer/bad-finished", "the verify_data of Finished is wrong");
  }
  context.transcript.add(message.bytes);
}

/** RFC 9846 §4.3.3: the scheme is for this kind of key, and of ECDSA for its curve. */
function fitsKey(scheme: SignatureScheme, publicKey: Uint8Array): boolean {
  const schemes = signatureSchemesOfKey(parseSubjectPublicKeyInfo(publicKey));
  if (isClientOnlyScheme(scheme)) return schemes.includes(S.rsa_pss_rsae_sha256);
  return schemes.includes(scheme);
}
