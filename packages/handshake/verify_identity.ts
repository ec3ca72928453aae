/**
 * Decides whether to trust a peer that has proved to own its key.
 *
 * @module
 */
import { verifyClientCertificate, verifyServerCertificate } from "@sealane/pki";
import { TlsError } from "@sealane/wire";
import type { FlowContext } from "./context.ts";
import type { PeerIdentity } from "./peer.ts";
import { settle, type Step } from "./step.ts";

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
    try {
      yield* settle(config.verifyPeer(identity, request));
    } catch (error) {
      throw TlsError.from(error, "local/certificate-refused");
    }
    return;
  }
  if (config.dangerouslyDisableCertificateVerification) return;
  const { trust, provider } = config;
  if (trust === undefined) {
    throw new TlsError("local/internal", "no way to verify the peer is configured");
  }
  const options = { chain: identity.certificates, now: config.clock(), trust, provider };
  yield* settle(
    context.role === "client"
      ? verifyServerCertificate({ ...options, serverName })
      : verifyClientCertificate(options),
  );
}
