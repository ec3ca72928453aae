/**
 * ClientHello as a server judges it, before anything is chosen (RFC 9846 sections 4.2.2 and 9.2).
 *
 * @module
 */
import type { KeyExchangeGroup } from "@sealane/providers";
import {
  type CertificateCompressionAlgorithm,
  CertificateType,
  type ExtensionType,
  ExtensionType as E,
  extensionTypeName,
  HandshakeType,
  type NamedGroup,
  ProtocolVersion,
  type PskKeyExchangeMode,
  type SignatureScheme,
  TlsError,
} from "@sealane/wire";
import type { ClientHelloInfo } from "../config/config.ts";
import type { FlowContext } from "../engine/context.ts";
import type { EchServer, EncodedHello } from "../ech/server.ts";
import {
  alpnInClientHello,
  certificateAuthoritiesInClientHello,
  clientCertificateTypeInClientHello,
  compressCertificateInClientHello,
  decodeExtension,
  delegatedCredentialInClientHello,
  encryptedClientHelloInClientHello,
  type KeyShareEntry,
  keyShareInClientHello,
  pskKeyExchangeModesInClientHello,
  recordSizeLimitInClientHello,
  serverCertificateTypeInClientHello,
  serverNameInClientHello,
  signatureAlgorithmsCertInClientHello,
  signatureAlgorithmsInClientHello,
  supportedGroupsInClientHello,
  supportedVersionsInClientHello,
  type TicketRequest,
  ticketRequestInClientHello,
} from "../extensions/mod.ts";
import { type ClientHello, decodeClientHello } from "../messages/client_hello.ts";
import type { Step } from "../engine/step.ts";

/** A ClientHello with its extensions decoded. */
export interface ReceivedHello {
  /** The message. */
  readonly hello: ClientHello;
  /** Header and body. */
  readonly bytes: Uint8Array;
  /** The types of its extensions: a response may have no other. */
  readonly offered: ReadonlySet<ExtensionType>;
  /** supported_groups; `null` without it. */
  readonly groups: readonly NamedGroup[] | null;
  /** key_share; `null` without it. */
  readonly keyShares: readonly KeyShareEntry[] | null;
  /** signature_algorithms; `null` without it. */
  readonly signatureSchemes: readonly SignatureScheme[] | null;
  /** client_certificate_type: what the client can authenticate with. */
  readonly clientCertificateTypes: readonly CertificateType[];
  /** record_size_limit; `null` without it. */
  readonly recordSizeLimit: number | null;
  /** ticket_request; `null` without it. */
  readonly ticketRequest: TicketRequest | null;
  /** compress_certificate: the algorithms that the client decompresses. */
  readonly compression: readonly CertificateCompressionAlgorithm[];
  /** psk_key_exchange_modes; `null` without it. */
  readonly pskModes: readonly PskKeyExchangeMode[] | null;
  /** Whether it came encrypted, to us or to somebody in front of us, and wants to see that it arrived (RFC 9849). */
  readonly echInner: boolean;
  /** What callbacks are told. */
  readonly info: ClientHelloInfo;
}

/** The client's share for a group; `null` if it sent none. */
export function shareFor(hello: ReceivedHello, group: KeyExchangeGroup): KeyShareEntry | null {
  return hello.keyShares?.find((entry) => entry.group === group.id) ?? null;
}

/** Receives a ClientHello, the inner one where that is encrypted. It is not yet in the transcript. */
export function* receiveClientHello(
  context: FlowContext,
  ech: EchServer,
  first: boolean,
): Step<ReceivedHello> {
  const { body, bytes } = yield* context.receive(HandshakeType.client_hello);
  const outer = { hello: decodeClientHello(body), bytes };
  // A key change follows both ServerHello and HelloRetryRequest: nothing may come behind a ClientHello.
  context.requireMessageBoundary();
  const inner = yield* ech.open(outer, first);
  if (inner === null) return judge(context, outer);
  const received = judge(context, inner);
  if (!first || (yield* ech.consult(received.info))) return received;
  return judge(context, outer);
}

function judge(context: FlowContext, { hello, bytes }: EncodedHello): ReceivedHello {
  checkLegacyFields(context, hello);
  checkRefusedExtensions(context, hello);
  checkExchange(hello);
  return decodeOffer(context, hello, bytes);
}

function checkLegacyFields(context: FlowContext, hello: ClientHello): void {
  const versions = decodeExtension(hello.extensions, supportedVersionsInClientHello);
  // RFC 9846 §4.2.2: older values of legacy_version end the handshake. Newer ones are ignored for supported_versions, which
  // decides (§4.3.1), as other stacks have it: to refuse them was the version intolerance that §4.2.2 speaks of.
  if (hello.legacyVersion < ProtocolVersion.tls12) {
    const version = hello.legacyVersion.toString(16).padStart(4, "0");
    throw new TlsError("peer/version", `ClientHello has legacy_version 0x${version}`);
  }
  // Without supported_versions this is an older client.
  if (versions === undefined || !versions.includes(ProtocolVersion.tls13)) {
    throw new TlsError("peer/version", "ClientHello does not offer TLS 1.3");
  }
  const methods = hello.legacyCompressionMethods;
  if (methods.length !== 1 || methods[0] !== 0) {
    throw new TlsError(
      "peer/compression-methods",
      `ClientHello has legacy_compression_methods [${methods}], not [0]`,
    );
  }
  // RFC 9001 §8.4: a server SHOULD treat a ClientHello with a non-empty legacy_session_id as an error.
  if (!context.carrier.legacySessionId && hello.legacySessionId.length > 0) {
    throw new TlsError("peer/session-id", "ClientHello has a legacy_session_id over QUIC");
  }
}

function checkRefusedExtensions(context: FlowContext, hello: ClientHello): void {
  for (const { type } of hello.extensions) {
    if (context.carrier.refusedExtensions.includes(type)) {
      throw new TlsError(
        "peer/extension-of-quic",
        `ClientHello has the extension ${
          extensionTypeName(type)
        }, which does not belong to this carrier`,
      );
    }
  }
}

/** RFC 9846 §9.2: supported_groups and key_share come together or not at all. */
function checkExchange(hello: ClientHello): void {
  const has = (wanted: ExtensionType) => hello.extensions.some(({ type }) => type === wanted);
  const [groups, shares] = [has(E.supported_groups), has(E.key_share)];
  if (groups === shares) return;
  throw new TlsError(
    "peer/missing-extension",
    `ClientHello has no ${extensionTypeName(groups ? E.key_share : E.supported_groups)}`,
  );
}

function decodeOffer(context: FlowContext, hello: ClientHello, bytes: Uint8Array): ReceivedHello {
  const { extensions } = hello;
  const groups = decodeExtension(extensions, supportedGroupsInClientHello) ?? null;
  const schemes = decodeExtension(extensions, signatureAlgorithmsInClientHello) ?? null;
  return {
    hello,
    bytes,
    offered: new Set(extensions.map(({ type }) => type)),
    groups,
    keyShares: decodeExtension(extensions, keyShareInClientHello) ?? null,
    signatureSchemes: schemes,
    clientCertificateTypes: decodeExtension(extensions, clientCertificateTypeInClientHello) ??
      [CertificateType.X509],
    recordSizeLimit: decodeExtension(extensions, recordSizeLimitInClientHello) ?? null,
    ticketRequest: decodeExtension(extensions, ticketRequestInClientHello) ?? null,
    compression: decodeExtension(extensions, compressCertificateInClientHello) ?? [],
    pskModes: decodeExtension(extensions, pskKeyExchangeModesInClientHello) ?? null,
    echInner: decodeExtension(extensions, encryptedClientHelloInClientHello)?.type === "inner",
    info: {
      serverName: decodeExtension(extensions, serverNameInClientHello) ?? null,
      alpn: decodeExtension(extensions, alpnInClientHello) ?? [],
      cipherSuites: hello.cipherSuites,
      groups: groups ?? [],
      signatureSchemes: schemes ?? [],
      certificateSignatureSchemes:
        decodeExtension(extensions, signatureAlgorithmsCertInClientHello) ?? schemes ?? [],
      delegatedCredentialSchemes: decodeExtension(extensions, delegatedCredentialInClientHello) ??
        null,
      certificateAuthorities: decodeExtension(extensions, certificateAuthoritiesInClientHello) ??
        [],
      serverCertificateTypes: decodeExtension(extensions, serverCertificateTypeInClientHello) ??
        [CertificateType.X509],
      extensions: extensions.map(({ type }) => type),
      bytes,
      signal: context.signal,
    },
  };
}
