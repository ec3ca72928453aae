/**
 * Decides whether to trust a peer that has proved to own its key.
 *
 * @module
 */
import { isTrue } from "@sealane/providers";
import { verifyClientCertificate, verifyServerCertificate } from "@sealane/pki";
import { sha256 } from "@noble/hashes/sha2.js";
import { CertificateType, equalBytes, TlsError } from "@sealane/wire";
import type { FlowContext } from "../engine/context.ts";
import { delegationExpiry } from "../identity/delegation.ts";
import type { PeerIdentity } from "../identity/peer.ts";
import type { SessionPeer } from "../session/session.ts";
import { recallPeer } from "../session/session_peer.ts";
import { settle, type Step } from "../engine/step.ts";
import { verifyStatus } from "./verify_status.ts";

/** Verifies with the configuration's callback, or else its trust store. Throws where the peer is refused. */
export function* verifyIdentity(
  context: FlowContext,
  identity: PeerIdentity,
  serverName: string | null,
): Step<void> {
  const { config } = context;
  if (config.verifyPeer !== undefined) {
    const role = context.role === "client" ? "server" : "client";
    const request = { role, serverName, now: config.clock(), signal: context.signal } as const;
    let verdict: unknown;
    try {
      verdict = yield* settle(config.verifyPeer(identity, request));
    } catch (error) {
      throw TlsError.from(error, "local/certificate-refused");
    }
    // It refuses by throwing; `false`, or an Error that is returned, cannot have meant yes.
    if (verdict === undefined || isTrue(verdict)) return;
    throw new TlsError(
      "local/certificate-refused",
      "verifyPeer answered with something else than true",
    );
  }
  if (config.dangerouslyDisableCertificateVerification) return;
  if (identity.type === CertificateType.RawPublicKey) {
    return checkPinned(identity, config.trustedPublicKeys ?? []);
  }
  const { trust, provider } = config;
  if (trust === undefined) {
    throw new TlsError("local/internal", "no way to verify the peer is configured");
  }
  const options = {
    chain: identity.certificates,
    now: config.clock(),
    trust,
    provider,
    limits: config.allLimits.certificatePath,
  };
  const path = yield* settle(
    context.role === "client"
      ? verifyServerCertificate({ ...options, serverName })
      : verifyClientCertificate(options),
  );
  yield* verifyStatus(context, identity, path);
}

/**
 * Whether the remembered peer of a session could authenticate now as it did then: its certificate and its delegated
 * credential have not expired, and with `verifyOnResumption` it is verified as a whole. A peer that could not costs the
 * session, not the connection: it has a newer certificate, or the full handshake says what is wrong.
 */
export function* stillPasses(
  context: FlowContext,
  remembered: SessionPeer | null,
  serverName: string | null,
): Step<boolean> {
  const { config } = context;
  if (remembered === null) return true;
  try {
    const identity = recallPeer(remembered);
    if (identity === null) return true;
    if (!config.dangerouslyDisableCertificateVerification && hasExpired(context, identity)) {
      return false;
    }
    if (config.verifyOnResumption) yield* verifyIdentity(context, identity, serverName);
    return true;
  } catch (error) {
    // Aborted in the meantime: there is no handshake to go on with.
    if (context.signal.aborted) throw error;
    return false;
  }
}

function hasExpired(
  { config }: FlowContext,
  { leaf, delegatedCredential }: PeerIdentity,
): boolean {
  if (leaf === null) return false;
  const now = config.clock();
  // RFC 9345 §7.4: else a resumption would outlive the credential.
  if (delegatedCredential !== null && now > delegationExpiry(delegatedCredential, leaf)) {
    return true;
  }
  // What a callback thinks of dates is the callback's.
  return config.verifyPeer === undefined && now > leaf.notAfter + 999;
}

/** RFC 7250 §6: a raw public key is trusted because it is known, here by its digest. */
function checkPinned(identity: PeerIdentity, pins: readonly Uint8Array[]): void {
  const digest = sha256(identity.publicKey);
  if (!pins.some((pin) => equalBytes(pin, digest))) {
    throw new TlsError("peer/certificate-unknown", "the raw public key of the peer is not trusted");
  }
}
