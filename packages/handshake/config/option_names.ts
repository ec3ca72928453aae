/**
 * The names of all options, so that one that is misspelt, or of another library, is refused and not dropped in silence. A
 * name that is missing here does not compile.
 *
 * @module
 */
import { TlsError } from "@sealane/wire";
import type { ClientConfig, ClientTarget, CommonConfig, ServerConfig } from "./config.ts";

/** The names of the options of `Options`, each once. */
export type OptionNames<Options> = { readonly [Name in keyof Required<Options>]: true };

const COMMON_OPTIONS: OptionNames<CommonConfig> = {
  provider: true,
  cipherSuites: true,
  shangmiProfile: true,
  groups: true,
  signatureSchemes: true,
  certificateSignatureSchemes: true,
  peerCertificateTypes: true,
  certificateCompression: true,
  delegatedCredentialSchemes: true,
  certificateAuthorities: true,
  trustedPublicKeys: true,
  alpn: true,
  trust: true,
  ocsp: true,
  certificateTransparency: true,
  requestOcsp: true,
  requestSignedCertificateTimestamps: true,
  verifyPeer: true,
  verificationPolicy: true,
  authenticationLifetime: true,
  verifyOnResumption: true,
  allowPskOnly: true,
  externalPsks: true,
  dangerouslyDisableCertificateVerification: true,
  recordSizeLimit: true,
  grease: true,
  customExtensions: true,
  limits: true,
  now: true,
  random: true,
  observer: true,
};

/** The options of a client. */
export const CLIENT_OPTIONS: OptionNames<ClientConfig> = {
  ...COMMON_OPTIONS,
  dangerouslyAcceptAnyServerName: true,
  keyShares: true,
  credentials: true,
  certificateTypes: true,
  permuteExtensions: true,
  allowUnknownAlpn: true,
  sessionCache: true,
  selectPsks: true,
  ticketRequest: true,
  earlyData: true,
  ech: true,
  requirePsk: true,
  pskOnly: true,
  postHandshakeAuthentication: true,
};

/** The options of a server. */
export const SERVER_OPTIONS: OptionNames<ServerConfig> = {
  ...COMMON_OPTIONS,
  credentials: true,
  onClientHello: true,
  echKeys: true,
  acceptEch: true,
  selectAlpn: true,
  ignoreUnknownAlpn: true,
  preferServerCipherSuites: true,
  preferServerGroups: true,
  clientAuthentication: true,
  acknowledgeServerName: true,
  findPsk: true,
  tickets: true,
  ticketCount: true,
  maxTicketCount: true,
  ticketLifetime: true,
  ticketFlags: true,
  earlyData: true,
  earlyDataContext: true,
  ocspResponse: true,
  cookieKey: true,
  alwaysRetry: true,
};

/** What a client may say of one connection. */
export const TARGET_OPTIONS: OptionNames<ClientTarget> = {
  serverName: true,
  supportedGroups: true,
  session: true,
  sessionKey: true,
};

/** What other libraries call an option, and ours for it. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ["ca", "trust"],
  ["caCerts", "trust"],
  ["ALPNProtocols", "alpn"],
  ["alpnProtocols", "alpn"],
  ["certFile", "cert"],
  ["certChain", "cert"],
  ["privateKey", "key"],
  ["keyFile", "key"],
  ["servername", "serverName"],
  ["host", "hostname"],
  ["ciphers", "cipherSuites"],
  ["ecdhCurve", "groups"],
  ["sigalgs", "signatureSchemes"],
  ["requestCert", "clientAuthentication"],
  ["rejectUnauthorized", "dangerouslyDisableCertificateVerification"],
  ["unsafelyDisableHostnameVerification", "dangerouslyAcceptAnyServerName"],
  ["SNICallback", "onClientHello"],
  ["ticketKeys", "tickets"],
  ["timeout", "handshakeTimeout"],
]);

/**
 * Refuses options whose names are not known. What is `undefined` was not given.
 *
 * @throws {TlsError} `api/config` that names the option, and the one that may be meant.
 */
export function requireKnownOptions(
  options: object,
  known: Readonly<Record<string, true>>,
  whose: string,
): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    const meant = ELSEWHERE.get(name) ??
      Object.keys(known).find((other) => other.toLowerCase() === name.toLowerCase());
    const hint = meant !== undefined && Object.hasOwn(known, meant) ? `: here it is ${meant}` : "";
    throw new TlsError("api/config", `${whose} has no option ${JSON.stringify(name)}${hint}`);
  }
}

/** The options of `options` whose names are `known`. */
export function pickOptions<Options extends object>(
  options: Options,
  known: Readonly<Record<string, true>>,
): Options {
  const entries = Object.entries(options).filter(([name]) => Object.hasOwn(known, name));
  // What is left out is of other functions: the result has what `known` names, and nothing of another type.
  return Object.fromEntries(entries) as Options;
}
