/**
 * Verifies the peer of a connection by its context: path, revocation, name.
 *
 * @module
 */
import type { PeerIdentity } from "@sealane/handshake";
import {
  type Certificate,
  matchesServerName,
  type VerifiedPath,
  verifyClientCertificate,
  verifyServerCertificate,
} from "@sealane/pki";
import { isPromise, type MaybePromise } from "@sealane/providers";
import { TlsError } from "@sealane/wire";
import { checkServerIdentity } from "./check_server_identity.ts";
import { nodeError } from "./node_error.ts";
import { type PeerCertificate, peerCertificate } from "./peer_certificate.ts";
import type { SecureContext } from "./secure_context.ts";
import { verifyError } from "./verify_error.ts";

/** Verifies a name in place of the built-in rules: returns what is wrong, if anything is. */
export type IdentityCheck = (name: string, certificate: PeerCertificate) => Error | undefined;

/** What to verify by. */
export interface Verification {
  /** Keys, trust, lists. */
  readonly context: SecureContext;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Who a server has to be. */
export interface ServerVerification extends Verification {
  /** The DNS name or IP address to verify. There is none for which nothing is verified. */
  readonly host: string;
  /** Verifies it. */
  readonly checkServerIdentity: IdentityCheck;
}

/**
 * Verifies a server.
 *
 * @throws {TlsError} for the handshake, whose `cause` is the error for the program where that has a code of Node's.
 */
export function verifyServer(peer: PeerIdentity, how: ServerVerification): MaybePromise<void> {
  return verified(peer, how, "server", (path) => checkName(peer, path, how));
}

/**
 * Verifies a client.
 *
 * @throws as {@link verifyServer}.
 */
export function verifyClient(peer: PeerIdentity, how: Verification): MaybePromise<void> {
  return verified(peer, how, "client", () => {});
}

/** A verdict for the handshake: the alert follows from `code`, and the program is told `shown`. */
function verdict(code: TlsError["code"], shown: Error): TlsError {
  return new TlsError(code, shown.message, { cause: shown });
}

function verified(
  { certificates: chain }: PeerIdentity,
  { context, now }: Verification,
  role: "client" | "server",
  then: (path: VerifiedPath) => void,
): MaybePromise<void> {
  const { trust, intermediates, provider, revocation } = context;
  const options = { chain, now, trust, intermediates, provider };
  const judge = (error: unknown): never => {
    if (!(error instanceof TlsError) || error.cause !== undefined) throw error;
    throw verdict(error.code, verifyError(error, { chain, trust, intermediates }));
  };
  const finish = (path: VerifiedPath): MaybePromise<void> => {
    const checked = revocation?.check({ path, now, provider });
    return isPromise(checked) ? checked.then(() => then(path)) : then(path);
  };
  try {
    const built = role === "server"
      ? verifyServerCertificate({ ...options, serverName: null })
      : verifyClientCertificate(options);
    if (isPromise(built)) return built.then(finish).catch(judge);
    const finished = finish(built);
    return isPromise(finished) ? finished.catch(judge) : finished;
  } catch (error) {
    return judge(error);
  }
}

function checkName(peer: PeerIdentity, path: VerifiedPath, how: ServerVerification): void {
  const { host, context } = how;
  const [leaf] = path.certificates;
  const shown = peerCertificate(peer.certificates, true, context.trust);
  if (shown === null) throw new TlsError("peer/bad-certificate", "the server has no certificate");
  const wrong = how.checkServerIdentity(host, shown);
  if (wrong !== undefined) {
    throw verdict("peer/certificate-name", wrong instanceof Error ? wrong : new Error(`${wrong}`));
  }
  if (how.checkServerIdentity !== checkServerIdentity) return;
  // What the built-in rules have read from text is held against the certificate itself.
  if (matchesServerName(leaf, host) || commonNameCounts(leaf, path)) return;
  throw verdict(
    "peer/certificate-name",
    nodeError("ERR_TLS_CERT_ALTNAME_INVALID", `the certificate is not for ${host}`, Error, {
      host,
      cert: shown,
    }),
  );
}

/**
 * Whether the common name may stand for a DNS name, as Node lets it where the certificate has none: not below a CA that is
 * constrained to certain names, since the constraints are on subjectAltName.
 */
function commonNameCounts(leaf: Certificate, { certificates, anchor }: VerifiedPath): boolean {
  const names = leaf.extensions.subjectAltName ?? [];
  if (names.some(({ type }) => type === "dNSName")) return false;
  return [...certificates, anchor.certificate].every((each) =>
    each?.extensions.nameConstraints === undefined
  );
}
