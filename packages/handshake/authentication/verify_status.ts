/**
 * What a verified path does not show: whether the certificate was revoked since (OCSP staples, RFC 6960), and whether logs
 * know of it (signed certificate timestamps, RFC 6962).
 *
 * @module
 */
import {
  mustStaple,
  stapledTimestamps,
  type VerifiedPath,
  verifyStaple,
  verifyTimestamps,
} from "@sealane/pki";
import { TlsError } from "@sealane/wire";
import type { FlowContext } from "../engine/context.ts";
import type { TransparencyPolicy } from "../config/policies.ts";
import type { PeerIdentity } from "../identity/peer.ts";
import { settle, type Step } from "../engine/step.ts";

/** Checks the staple and the timestamps of a peer whose path is good. */
export function* verifyStatus(
  context: FlowContext,
  identity: PeerIdentity,
  path: VerifiedPath,
): Step<void> {
  const { config } = context;
  if (config.asksForOcsp && config.ocspPolicy !== "ignore") {
    yield* checkStaple(context, identity, path);
  }
  if (config.certificateTransparency !== undefined) {
    yield* checkTimestamps(context, identity, path, config.certificateTransparency);
  }
}

function* checkStaple(
  { config }: FlowContext,
  { ocspResponse }: PeerIdentity,
  path: VerifiedPath,
): Step<void> {
  const { clock, ocspPolicy, provider } = config;
  if (ocspPolicy === "must-staple" && !mustStaple(path.certificates[0])) return;
  yield* settle(verifyStaple({
    path,
    response: ocspResponse,
    require: ocspPolicy === "require",
    now: clock(),
    provider,
  }));
}

function* checkTimestamps(
  { config }: FlowContext,
  identity: PeerIdentity,
  { certificates: [certificate, issuer], anchor }: VerifiedPath,
  { logs, minimum = 2 }: TransparencyPolicy,
): Step<void> {
  const { ocspResponse, signedCertificateTimestamps } = identity;
  // RFC 6962 §3.3: in the TLS extension, in a stapled response, or in the certificate.
  const stapled = ocspResponse === null
    ? []
    : stapledTimestamps(ocspResponse, certificate, issuer ?? anchor);
  const verdicts = yield* settle(verifyTimestamps({
    certificate,
    issuer: issuer ?? anchor,
    timestamps: [...signedCertificateTimestamps, ...stapled],
    logs,
    now: config.clock(),
    provider: config.provider,
  }));
  const valid = verdicts.filter(({ status }) => status === "valid");
  // Two promises of one log are worth no more than one.
  const count = new Set(valid.map(({ log }) => log)).size;
  if (count >= minimum) return;
  throw new TlsError(
    "peer/certificate-transparency",
    `${count} of the known logs have promised to publish the certificate, not ${minimum}`,
  );
}
