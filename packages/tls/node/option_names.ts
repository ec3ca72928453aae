/**
 * The names of options: which ones have a meaning here, and which look as if they were meant to.
 *
 * Programs hand whole bags of options to `tls.connect()`: those of their HTTP request, of their database, of their agent. So a
 * name that is not known is no mistake in itself. One that speaks of certificates, keys, names or trust is: to drop it would
 * be to connect in another way than the program has said.
 *
 * @module
 */
import { TlsError } from "@sealane/wire";

/** Options that `createSecureContext()`, `connect()`, `createServer()` and `new TLSSocket()` take. */
const KNOWN: ReadonlySet<string> = new Set([
  // createSecureContext()
  "allowPartialTrustChain",
  "ca",
  "cert",
  "certificateCompression",
  "ciphers",
  "clientCertEngine",
  "crl",
  "dhparam",
  "ecdhCurve",
  "honorCipherOrder",
  "key",
  "maxVersion",
  "minVersion",
  "passphrase",
  "pfx",
  "privateKeyEngine",
  "privateKeyIdentifier",
  "secureOptions",
  "secureProtocol",
  "sessionIdContext",
  "sessionTimeout",
  "sigalgs",
  "singleUse",
  "ticketKeys",
  "provider",
  // connect()
  "ALPNProtocols",
  "checkServerIdentity",
  "credentials",
  "enableTrace",
  "minDHSize",
  "pskCallback",
  "rejectUnauthorized",
  "requestOCSP",
  "requireCloseNotify",
  "sealane",
  "secureContext",
  "servername",
  "session",
  // createServer()
  "ALPNCallback",
  "SNICallback",
  "handshakeTimeout",
  "pskIdentityHint",
  "requestCert",
  // of other modules, with words in them that the pattern below would catch
  "insecureHTTPParser",
]);

/** What other interfaces call things that have a name of Node's. */
const FOREIGN: Readonly<Record<string, string>> = {
  caCerts: "ca",
  caCert: "ca",
  cacert: "ca",
  caFile: "ca",
  ca_certs: "ca",
  certChain: "cert",
  certFile: "cert",
  privateKey: "key",
  keyFile: "key",
  alpnProtocols: "ALPNProtocols",
  alpn: "ALPNProtocols",
  serverName: "servername",
  server_name: "servername",
  sni: "servername",
  sniCallback: "SNICallback",
  alpnCallback: "ALPNCallback",
  strictSSL: "rejectUnauthorized",
  strictSsl: "rejectUnauthorized",
  insecureSkipVerify: "rejectUnauthorized",
  unsafelyIgnoreCertificateErrors: "rejectUnauthorized",
  dangerouslyDisableCertificateVerification: "rejectUnauthorized, or sealane",
  trust: "ca, or sealane",
  curves: "ecdhCurve",
  groups: "ecdhCurve",
  cipherSuites: "ciphers",
};

/** Words that only an option of TLS has in its name. */
const TELLING =
  /cert(?!ainty)|cipher|alpn|unauthori[sz]ed|verif|passphrase|trust|revo[ck]|ocsp|\bsni/i;

/**
 * Refuses options that are meant for TLS and have no meaning: misspelt ones, and those of other interfaces.
 *
 * @throws {TlsError} `api/config`, with the name.
 */
export function refuseUnknownOptions(options: object, what: string): void {
  for (const name in options) {
    if (KNOWN.has(name)) continue;
    const meant = Object.hasOwn(FOREIGN, name) ? FOREIGN[name] : nearestOf(name);
    if (meant === null && !TELLING.test(name)) continue;
    // An option that says nothing is dropped without harm.
    if (Reflect.get(options, name) === undefined) continue;
    const hint = meant === null ? "" : `; here it is ${meant}`;
    throw new TlsError("api/config", `${what} has no option ${name}${hint}`);
  }
}

/** A known name that differs in its case, or in one letter where it is long enough to be no accident; `null` without one. */
function nearestOf(name: string): string | null {
  const lower = name.toLowerCase();
  for (const known of KNOWN) {
    const other = known.toLowerCase();
    if (lower === other || (other.length >= 8 && within(lower, other, 1))) return known;
  }
  return null;
}

/** Whether two words differ in at most `most` letters that were added, left out or replaced. */
function within(one: string, other: string, most: number): boolean {
  if (Math.abs(one.length - other.length) > most) return false;
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  if (at === one.length && at === other.length) return true;
  if (most === 0) return false;
  const [a, b] = [one.slice(at), other.slice(at)];
  return within(a.slice(1), b.slice(1), most - 1) || within(a.slice(1), b, most - 1) ||
    within(a, b.slice(1), most - 1);
}
