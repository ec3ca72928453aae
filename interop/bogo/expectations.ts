/**
 * The `-expect-…` flags, and the rules that hold on every connection, in the order in which BoringSSL's shim checks them.
 *
 * @module
 */
import {
  type EarlyDataReason,
  type HandshakeInfo,
  type Session,
  TlsFlag,
} from "@sealane/handshake";
import type { CryptoProvider } from "@sealane/providers";
import {
  CipherSuiteId,
  cipherSuiteName,
  equalBytes,
  namedGroupName,
  ProtocolVersion,
  signatureSchemeName,
  TlsError,
  toHex,
  utf8,
} from "@sealane/wire";
import { credentialOfPsk, readCertificates } from "./credentials.ts";
import type { EndpointState } from "./endpoint.ts";
import type { ExchangeRole } from "./endpoint.ts";
import type { ConnectionFlags } from "./flags.ts";
import type { Observed } from "./observed.ts";
import { expect } from "./outcome.ts";

/** What BoringSSL calls the reasons; where it does not tell two apart, both. */
const NAMES_OF_REASON: Readonly<Record<EarlyDataReason, readonly string[]>> = {
  "accepted": ["accepted", "accept"],
  "disabled": ["disabled"],
  "no-session-offered": ["no_session_offered"],
  "session-not-resumed": ["session_not_resumed"],
  "unsupported-for-session": ["unsupported_for_session"],
  "hello-retry-request": ["hello_retry_request"],
  "cipher-suite-mismatch": ["session_not_resumed"],
  "alpn-mismatch": ["alpn_mismatch"],
  "transport-context-mismatch": ["quic_parameter_mismatch"],
  "ticket-age-skew": ["ticket_age_skew"],
  "replay": ["ticket_age_skew"],
  "application-declined": ["disabled"],
  "peer-declined": ["peer_declined"],
};

/** A connection whose encrypted ClientHello the server should not take: how it ended, `null` for well. */
export function checkEchRejection(flags: ConnectionFlags, error: unknown): void {
  const expected = flags["expect-ech-retry-configs"];
  if (expected === undefined && !flags["expect-no-ech-retry-configs"]) return;
  const rejected = error instanceof TlsError && error.code === "peer/ech-required";
  expect(rejected, "ECH was not rejected");
  const actual = error.echRetryConfigs ?? null;
  const same = expected === undefined ? actual === null : sameBytes(actual, expected);
  expect(same, "the retry configurations of ECH are others");
}

/** What BoringSSL says where early data was not a question. */
const UNASKED_REASONS = ["disabled", "no_session_offered", "unsupported_for_session"];

/** Checks one connection. */
export class Expectations {
  readonly #state: EndpointState;
  readonly #observed: Observed;
  readonly #provider: CryptoProvider;
  readonly #prefersAes: boolean;
  readonly #peerCertificates: ReadonlyMap<string, readonly Uint8Array[]>;
  /** The session that a client offers. */
  readonly #offered: Session | null;

  private constructor(
    state: EndpointState,
    observed: Observed,
    provider: CryptoProvider,
    prefersAes: boolean,
    peerCertificates: ReadonlyMap<string, readonly Uint8Array[]>,
    offered: Session | null,
  ) {
    this.#state = state;
    this.#observed = observed;
    this.#provider = provider;
    this.#prefersAes = prefersAes;
    this.#peerCertificates = peerCertificates;
    this.#offered = offered;
  }

  /** Reads the files that the flags name. */
  static async create(
    state: EndpointState,
    observed: Observed,
    provider: CryptoProvider,
    [flags, retryFlags]: readonly [ConnectionFlags, ConnectionFlags],
    offered: Session | null,
  ): Promise<Expectations> {
    const certificates = new Map<string, readonly Uint8Array[]>();
    for (const path of [flags, retryFlags].map((one) => one["expect-peer-cert-file"])) {
      if (path !== undefined) certificates.set(path, await readCertificates(path));
    }
    // A client offers the provider's order. A server follows the client's, as BoringSSL does on hardware with AES.
    const first = provider.cipherSuites[0].id;
    const prefersAes = flags.server || first !== CipherSuiteId.TLS_CHACHA20_POLY1305_SHA256;
    return new Expectations(state, observed, provider, prefersAes, certificates, offered);
  }

  /** After the handshake, or when early data may be written. */
  checkHandshake(flags: ConnectionFlags, role: ExchangeRole): void {
    const { info, inEarlyData } = this.#state;
    if (flags.server) {
      expect(this.#observed.sawClientHello, "the ClientHello callback was not called");
    }
    if (!flags.server && role.isResume && !role.isRetry && flags["expect-no-offer-early-data"]) {
      expect(!inEarlyData, "early data was offered");
    }
    if (info === null) {
      expect(inEarlyData, "the handshake is not done");
      this.#checkOffered(flags);
      return;
    }
    checkVersion(flags);
    this.#checkSuite(flags, info);
    checkNegotiated(flags, info);
    expect(
      info.echAccepted === flags["expect-ech-accept"],
      `ECH was ${info.echAccepted ? "" : "not "}accepted`,
    );
    checkResumption(flags, info, role, inEarlyData);
    this.#checkPeer(flags, info);
    this.#checkEarlyData(flags, inEarlyData);
    this.#checkTransportParameters(flags, inEarlyData);
    const expected = flags["expect-selected-credential"];
    const selected = info.pskIdentity === null
      ? this.#observed.selectedCredential
      : credentialOfPsk(flags.credentials, this.#provider, info.pskIdentity);
    if (expected !== undefined) expect(selected === expected, `credential ${selected} was used`);
  }

  /** A client in early data: what holds for early data is what the session says. */
  #checkOffered(flags: ConnectionFlags): void {
    const session = this.#offered;
    if (session === null) throw new Error("early data without a session");
    const suite = flags["expect-cipher"];
    if (suite !== undefined) {
      expect(
        session.cipherSuite === suite,
        `early data under ${cipherSuiteName(session.cipherSuite)}`,
      );
    }
    expect(
      equalBytes(session.alpn ?? new Uint8Array(), utf8(flags["expect-alpn"] ?? "")),
      "early data with another application protocol",
    );
  }

  /** A client whose early data was declined, before it goes on with the flags of the retry. */
  checkRejected(flags: ConnectionFlags): void {
    this.#checkOffered(flags);
    const reason = flags["expect-early-data-reason"];
    expect(reason === undefined, "-expect-early-data-reason is for the retry here");
  }

  /** Before the connection is closed. */
  checkSession(flags: ConnectionFlags): void {
    if (flags.server) return;
    const { session } = this.#state;
    const wanted = !flags["expect-no-session"] && !flags["shim-shuts-down"];
    expect((session !== null) === wanted, `there is ${session === null ? "no" : "a"} session`);
    if (session === null) return;
    const early = session.maxEarlyData > 0;
    expect(
      early === flags["expect-ticket-supports-early-data"],
      `the session ${early ? "allows" : "does not allow"} early data`,
    );
    const acrossNames = session.flags.includes(TlsFlag.resumption_across_names);
    if (flags["expect-resumable-across-names"]) expect(acrossNames, "not resumable across names");
    if (flags["expect-not-resumable-across-names"]) expect(!acrossNames, "resumable across names");
  }

  /** At the end of a connection: the trace of its messages. */
  checkTrace(flags: ConnectionFlags): void {
    const expected = flags["expect-msg-callback"];
    if (expected === undefined || expected === "") return;
    const { trace } = this.#observed;
    expect(trace === expected, `the messages were ${JSON.stringify(trace)}`);
  }

  #checkSuite(flags: ConnectionFlags, { suite }: HandshakeInfo): void {
    const byPreference = this.#prefersAes
      ? flags["expect-cipher-aes"]
      : flags["expect-cipher-no-aes"];
    for (const expected of [flags["expect-cipher"], byPreference]) {
      if (expected !== undefined) {
        expect(suite.id === expected, `${suite.name} in place of ${cipherSuiteName(expected)}`);
      }
    }
  }

  #checkPeer(flags: ConnectionFlags, info: HandshakeInfo): void {
    const { peer } = info;
    const response = flags["expect-ocsp-response"];
    if (response !== undefined) {
      expect(sameBytes(peer?.ocspResponse, response), "the OCSP response is another one");
    }
    const timestamps = flags["expect-signed-cert-timestamps"];
    if (timestamps !== undefined) {
      // The flag has the list as it stands on the wire: a length, and lengths before each timestamp.
      const content = (peer?.signedCertificateTimestamps ?? []).map(toHex).join();
      expect(content === splitList(timestamps).map(toHex).join(), "the timestamps are others");
    }
    if (flags["expect-verify-result"]) {
      const verified = this.#observed.verified ?? true;
      expect(verified === !flags["verify-fail"], "the verification result is another one");
    }
    const expectedChain = this.#peerCertificates.get(flags["expect-peer-cert-file"] ?? "");
    if (expectedChain !== undefined) {
      const chain = (peer?.certificates ?? []).map(toHex).join();
      expect(chain === expectedChain.map(toHex).join(), "the peer's chain is another one");
    }
    const type = flags["expect-peer-certificate-type"];
    if (type !== undefined) {
      expect((peer?.type ?? 0) === type, `the peer's certificate type is ${peer?.type}`);
    }
    const certificates = peer?.certificates.length ?? 0;
    const rawKey = flags["expect-peer-rpk-sha256"] !== undefined;
    if (flags["expect-no-peer-cert"] || info.externalPsk || rawKey) {
      expect(certificates === 0 || rawKey && peer?.leaf === null, "the peer sent a certificate");
    } else if (!flags.server || flags["require-any-client-certificate"]) {
      expect(peer?.leaf != null, "the peer sent no certificate");
    }
  }

  #checkEarlyData(flags: ConnectionFlags, inEarlyData: boolean): void {
    if (inEarlyData) return;
    const { earlyData } = this.#state;
    const accepted = earlyData?.accepted ?? false;
    if (flags["expect-accept-early-data"]) expect(accepted, "early data was not accepted");
    if (flags["expect-reject-early-data"]) expect(!accepted, "early data was accepted");
    const expected = flags["expect-early-data-reason"];
    if (expected !== undefined) {
      const reason = this.#state.info?.earlyDataReason ?? null;
      const names = reason === null ? UNASKED_REASONS : NAMES_OF_REASON[reason];
      expect(names.includes(expected), `the reason is ${reason}, not ${expected}`);
    }
  }

  #checkTransportParameters(flags: ConnectionFlags, inEarlyData: boolean): void {
    const expected = flags["expect-quic-transport-params"];
    if (expected === undefined || inEarlyData) return;
    expect(
      sameBytes(this.#state.transportParameters, expected),
      "the QUIC transport parameters are others",
    );
  }
}

function sameBytes(actual: Uint8Array | null | undefined, expected: Uint8Array): boolean {
  return actual != null && equalBytes(actual, expected);
}

function splitList(list: Uint8Array): Uint8Array[] {
  const items: Uint8Array[] = [];
  for (let at = 2; at + 2 <= list.length;) {
    const length = list[at] << 8 | list[at + 1];
    items.push(list.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return items;
}

function checkVersion(flags: ConnectionFlags): void {
  // Extended main secret and secure renegotiation, which two flags ask for, are part of every TLS 1.3 connection.
  const expected = flags["expect-version"] ?? ProtocolVersion.tls13;
  expect(expected === ProtocolVersion.tls13, `expected version ${expected}`);
}

function checkNegotiated(flags: ConnectionFlags, info: HandshakeInfo): void {
  // On a server, what the callback selected has to be what was agreed.
  const protocol = flags.server ? flags["select-alpn"] : flags["expect-alpn"];
  const agreed = info.alpn === null ? "" : info.alpn;
  expect(
    equalBytes(utf8(agreed), utf8(protocol ?? "")),
    `the application protocol is ${JSON.stringify(agreed)}`,
  );
  const group = flags["expect-curve-id"];
  if (group !== undefined) {
    expect(info.group === group, `the group is ${namedGroupName(info.group ?? 0)}`);
  }
  const scheme = flags["expect-peer-signature-algorithm"];
  // A resumed connection has no CertificateVerify; BoringSSL remembers that of the first.
  if (scheme !== undefined && !info.resumed) {
    const used = info.peerSignatureScheme ?? 0;
    expect(used === scheme, `the peer's signature scheme is ${signatureSchemeName(used)}`);
  }
  const name = flags["expect-server-name"];
  if (name !== undefined) expect(info.serverName === name, `the server name is ${info.serverName}`);
  if (flags["expect-hrr"]) expect(info.helloRetryRequest, "there was no HelloRetryRequest");
  if (flags["expect-no-hrr"]) expect(!info.helloRetryRequest, "there was a HelloRetryRequest");
}

function checkResumption(
  flags: ConnectionFlags,
  info: HandshakeInfo,
  { isResume }: ExchangeRole,
  inEarlyData: boolean,
): void {
  const wanted = isResume && (!flags["expect-session-miss"] || inEarlyData);
  const resumed = info.resumed && !info.externalPsk;
  const skew = flags["expect-ticket-age-skew"];
  if (isResume && skew !== undefined) {
    const seconds = Math.round((info.ticketAgeSkew ?? 0) / 1000);
    expect(seconds === skew, `the ticket age skew is ${seconds} s`);
  }
  expect(resumed === wanted, `the session was ${resumed ? "" : "not "}resumed`);
}
