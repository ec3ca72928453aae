/**
 * What a server answers besides suite, group and PSK: the credential, ALPN, the verdict on early data, whether the client has
 * to authenticate.
 *
 * @module
 */
import { type CertificateType, TlsError } from "@sealane/wire";
import type { ChosenCredential } from "../authentication/credential_selection.ts";
import type { ResolvedServerConfig } from "../config/resolve_config.ts";
import { profileOf } from "../config/suite_profile.ts";
import { fitsProfile } from "./common_algorithms.ts";
import type { FlowContext } from "../engine/context.ts";
import { receiveCustomExtensions } from "../engine/custom_extensions.ts";
import type { EarlyDataReason } from "../engine/events.ts";
import type { Step } from "../engine/step.ts";
import type { PeerIdentity } from "../identity/peer.ts";
import { verificationPolicy } from "../session/binding.ts";
import { recallPeer } from "../session/session_peer.ts";
import type { Agreement } from "./agreement.ts";
import { judgeEarlyData } from "./early_data.ts";
import {
  certificateDemand,
  chooseAlpn,
  chooseClientCertificateType,
  chooseServerCredential,
} from "./negotiate.ts";
import type { SelectedPsk } from "./psk.ts";
import { requestedTickets } from "./tickets.ts";

/** What the rest of the flight says. */
export interface Answer {
  /** What it authenticates with; `null` with a PSK. */
  readonly chosen: ChosenCredential | null;
  /** ALPN; `null` for none. */
  readonly alpn: Uint8Array | null;
  /** The verdict on early data; `null` if none was announced. */
  readonly earlyDataReason: EarlyDataReason | null;
  /** What the client is asked to authenticate with; `null` if it is not asked. */
  readonly clientType: CertificateType | null;
  /** How many tickets a client that asked gets; `null` if it did not. */
  readonly ticketCount: number | null;
  /** The client of the session that is resumed, if we would have judged it as then; `null` without one. */
  readonly resumedPeer: PeerIdentity | null;
}

/** Chooses the answer; from here on the ClientHello is accepted. */
export function* prepareAnswer(
  context: FlowContext,
  config: ResolvedServerConfig,
  agreement: Agreement,
): Step<Answer> {
  const { hello, suite, selected } = agreement;
  context.profile = fitsProfile(suite, config, hello) ? profileOf(suite) : null;
  context.clientHello = { offered: hello.offered, demand: certificateDemand(context, hello) };
  yield* receiveCustomExtensions(context, "CH", hello.hello.extensions);
  const chosen = yield* chooseAuthentication(context, config, agreement);
  const alpn = yield* chooseAlpn(context, config, hello);
  const earlyDataReason = yield* judgeEarlyData(context, config, agreement, alpn);
  const asks = chosen !== null && (config.clientAuthentication ?? "none") !== "none";
  return {
    chosen,
    alpn,
    earlyDataReason,
    clientType: asks ? chooseClientCertificateType(config, hello) : null,
    ticketCount: requestedTickets(config, hello, selected !== null),
    resumedPeer: resumedPeerOf(selected, verificationPolicy(config, context.carrier)),
  };
}

/** Who the client of a resumed session is; `null` where others have judged it than would now. */
function resumedPeerOf(selected: SelectedPsk | null, policy: string): PeerIdentity | null {
  const session = selected?.psk.session ?? null;
  return session?.verification === policy ? recallPeer(session.peer) : null;
}

/** What the server authenticates with: a credential, or `null` with a PSK. */
function* chooseAuthentication(
  context: FlowContext,
  config: ResolvedServerConfig,
  { hello, selected }: Agreement,
): Step<ChosenCredential | null> {
  if (selected !== null) return null;
  if (config.credentials === undefined) {
    throw new TlsError(
      "peer/unknown-psk-identity",
      "ClientHello has no PSK of ours, and there is no certificate",
    );
  }
  return yield* chooseServerCredential(context, config, hello);
}
