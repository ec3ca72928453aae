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

/** Verifies the peer of a session that is resumed, and that it could still authenticate as it did then. */
export function* verifyAgain(
  context: FlowContext,
  identity: PeerIdentity,
  serverName: string | null,
): Step<void> {
  const { leaf, delegatedCredential } = identity;
  // RFC 9345 §7.4: else a resumption would outlive the credential.
  if (
    leaf !== null && delegatedCredential !== null &&
    context.config.clock() > delegationExpiry(delegatedCredential, leaf)
  ) {
    throw new TlsError(
      "peer/delegated-credential",
      "the delegated credential of the session has expired",
    );
  }
  yield* verifyIdentity(context, identity, serverName);
}

/** RFC 7250 §6: a raw public key is trusted because it is known, here by its digest. */
function checkPinned(identity: PeerIdentity, pins: readonly Uint8Array[]): void {
  const digest = sha256(identity.publicKey);
  if (!pins.some((pin) => equalBytes(pin, digest))) {
    throw new TlsError("peer/certificate-unknown", "the raw public key of the peer is not trusted");
  }
}
