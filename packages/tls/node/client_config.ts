/**
 * From the options of a client to a connection.
 *
 * @module
 */
import { isIP } from "node:net";
import type { ClientConfig, Credential, Session } from "@sealane/handshake";
import { isPromise, type MaybePromise } from "@sealane/providers";
import { Connection } from "../connection/connection.ts";
import { type AlpnProtocols, protocolList } from "./alpn.ts";
import { checkServerIdentity } from "./check_server_identity.ts";
import { calling, type End, judge, observerOf } from "./end.ts";
import { clientPsk, type PskClientCallback } from "./psk.ts";
import type { SecureContext } from "./secure_context.ts";
import { type IdentityCheck, verifyServer } from "./verify.ts";

/** What a client's connection is made of. */
export interface ClientPlan {
  /** The name to ask for; empty for none. */
  readonly servername: string;
  /** The DNS name or IP address to verify. */
  readonly host: string;
  /** Application protocols. */
  readonly ALPNProtocols?: AlpnProtocols | null;
  /** Verifies the name in place of the built-in rules. */
  readonly checkServerIdentity?: IdentityCheck;
  /** A session to resume. */
  readonly session: Session | null;
  /** Whether to ask for a stapled OCSP response. */
  readonly requestOCSP: boolean;
  /** Gives an external PSK. */
  readonly pskCallback?: PskClientCallback | null;
  /** Whether an end without close_notify is an error. */
  readonly requireCloseNotify: boolean;
  /** Most bytes in a record that is sent. */
  readonly maxFragment: number | undefined;
  /** More, which wins. */
  readonly sealane?: Partial<ClientConfig>;
}

/**
 * A connection to a server.
 *
 * @throws {TlsError} `api/config`; what the PSK callback throws.
 */
export function clientConnection(plan: ClientPlan, end: End): Connection {
  const { context } = end.state;
  const { pskCallback } = plan;
  const psk = pskCallback ? calling(end, () => clientPsk(pskCallback)) : null;
  const config: ClientConfig = {
    ...commonConfig(context),
    ...(plan.ALPNProtocols && alpnConfig(plan.ALPNProtocols)),
    ...(context.credentials.length > 0 && { credentials: () => allOf(context.credentials) }),
    ...(psk !== null && { externalPsks: [psk] }),
    requestOcsp: plan.requestOCSP,
    observer: observerOf(end),
    verifyOnResumption: true, // it is what `authorized` is known from
    verifyPeer: (peer, { now }) =>
      judge(end, () =>
        verifyServer(peer, {
          context,
          now,
          host: plan.host,
          checkServerIdentity: plan.checkServerIdentity ?? checkServerIdentity,
        })),
    ...plan.sealane,
  };
  const target = {
    ...(plan.servername !== "" && isIP(plan.servername) === 0 && { serverName: plan.servername }),
    ...(plan.session !== null && { session: plan.session }),
  };
  return Connection.client(config, target, {
    allowTruncation: !plan.requireCloseNotify,
    maxFragment: plan.maxFragment,
  });
}

/** What both roles take from a context. Verification is the socket's. */
export function commonConfig(context: SecureContext) {
  const { provider, cipherSuites, groups, schemes, compression } = context;
  return {
    provider,
    ...(cipherSuites !== undefined && { cipherSuites }),
    ...(groups !== undefined && { groups }),
    ...schemes,
    ...(compression.length > 0 && { certificateCompression: compression }),
  };
}

function alpnConfig(protocols: AlpnProtocols): Pick<ClientConfig, "alpn"> {
  const alpn = protocolList(protocols);
  return alpn.length > 0 ? { alpn } : {};
}

/** Credentials of which some may still be on their way. */
export function allOf(credentials: readonly MaybePromise<Credential>[]) {
  const ready: Credential[] = [];
  for (const credential of credentials) {
    if (isPromise(credential)) return Promise.all(credentials);
    ready.push(credential);
  }
  return ready;
}
