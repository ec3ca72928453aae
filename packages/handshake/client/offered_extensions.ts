/**
 * The extensions of a first ClientHello, but for early_data and pre_shared_key, which depend on the rest (RFC 9846 sections
 * 4.2.2 and 9.2).
 *
 * @module
 */
import { customExtensions } from "../engine/custom_extensions.ts";
import {} from "../engine/custom_extensions.ts";
import { parseIpAddress } from "@sealane/pki";
import type { KeyPair } from "@sealane/providers";
import { CertificateType, type NamedGroup, ProtocolVersion } from "@sealane/wire";
import type { ClientTarget } from "../config/config.ts";
import type { FlowContext } from "../engine/context.ts";
import { compressionIds } from "../authentication/certificate_compression.ts";
import {
  alpnInClientHello,
  certificateAuthoritiesInClientHello,
  clientCertificateTypeInClientHello,
  compressCertificateInClientHello,
  delegatedCredentialInClientHello,
  encodeExtension,
  encryptedClientHelloInClientHello,
  type ExtensionCodec,
  keyShareInClientHello,
  postHandshakeAuthInClientHello,
  type RawExtension,
  recordSizeLimitInClientHello,
  serverCertificateTypeInClientHello,
  serverNameInClientHello,
  signatureAlgorithmsCertInClientHello,
  signatureAlgorithmsInClientHello,
  signedCertificateTimestampInClientHello,
  statusRequestInClientHello,
  supportedGroupsInClientHello,
  supportedVersionsInClientHello,
  ticketRequestInClientHello,
} from "../extensions/mod.ts";
import { CertificateStatusType } from "../extensions/status_request.ts";
import type { Grease } from "../extensions/grease.ts";
import type { Psk } from "../engine/psk.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";
import { shareEntries } from "./key_shares.ts";
import { pskModes } from "./psk.ts";

/**
 * Whether a PSK alone is all that is offered: no certificate will do, and no PSK with a key exchange. A real ECH offer has to
 * be ready for the certificate of the public name.
 */
export function offersPskAlone(config: ResolvedClientConfig, psks: readonly Psk[]): boolean {
  const ech = config.chosenEch !== null && config.chosenEch !== "grease";
  return config.pskOnly === true && config.requirePsk === true && psks.length > 0 && !ech;
}

/**
 * The extensions in the order in which they go out unless they are permuted. `keyPairs` is `null` where a PSK alone is offered:
 * nothing speaks of key exchange or certificates then.
 */
export function offeredExtensions(
  context: FlowContext,
  config: ResolvedClientConfig,
  target: ClientTarget,
  keyPairs: ReadonlyMap<NamedGroup, KeyPair> | null,
  grease: Grease | null,
): RawExtension[] {
  const list: RawExtension[] = [];
  const { serverName } = target;
  // RFC 6066 §3: literal addresses are not permitted in server_name.
  if (serverName !== undefined && parseIpAddress(serverName) === null) {
    list.push(encodeExtension(serverNameInClientHello, serverName));
  }
  const versions = [...grease?.versions() ?? [], ProtocolVersion.tls13];
  list.push(encodeExtension(supportedVersionsInClientHello, versions));
  if (keyPairs !== null) {
    list.push(
      ...exchangeExtensions(config, keyPairs, grease),
      ...certificateExtensions(config, grease),
    );
  }
  list.push(...connectionExtensions(config));
  if (config.chosenEch !== null) {
    list.push(encodeExtension(encryptedClientHelloInClientHello, { type: "inner" }));
  }
  list.push(...customExtensions(context, "CH"));
  return grease === null ? list : grease.surround(list);
}

/** RFC 9846 §9.2: supported_groups and key_share come together or not at all. */
function exchangeExtensions(
  config: ResolvedClientConfig,
  keyPairs: ReadonlyMap<NamedGroup, KeyPair>,
  grease: Grease | null,
): RawExtension[] {
  const groups = config.groupList.map((group) => group.id);
  return [
    encodeExtension(supportedGroupsInClientHello, [...grease?.groups() ?? [], ...groups]),
    encodeExtension(keyShareInClientHello, [
      ...grease?.keyShares() ?? [],
      ...shareEntries(keyPairs),
    ]),
  ];
}

/** What certificates may be like, and what may come with them. */
function certificateExtensions(
  config: ResolvedClientConfig,
  grease: Grease | null,
): RawExtension[] {
  const list: RawExtension[] = [];
  const add = <T>(codec: ExtensionCodec<T>, value: T) => list.push(encodeExtension(codec, value));
  add(signatureAlgorithmsInClientHello, [
    ...grease?.signatureSchemes() ?? [],
    ...config.offeredSchemes,
  ]);
  const certificateSchemes = config.offeredCertificateSchemes;
  if (certificateSchemes !== null) add(signatureAlgorithmsCertInClientHello, certificateSchemes);
  if (config.asksForOcsp) add(statusRequestInClientHello, CertificateStatusType.ocsp);
  if (config.asksForTimestamps) add(signedCertificateTimestampInClientHello, true);
  const authorities = config.certificateAuthorities ?? [];
  if (authorities.length > 0) add(certificateAuthoritiesInClientHello, authorities);
  const { peerTypes, ownTypes } = config;
  // RFC 7250 §4.1: an extension that says nothing but the default is left out.
  if (peerTypes.length !== 1 || peerTypes[0] !== CertificateType.X509) {
    add(serverCertificateTypeInClientHello, peerTypes);
  }
  if (ownTypes !== null) add(clientCertificateTypeInClientHello, ownTypes);
  const compression = compressionIds(config.certificateCompression ?? []);
  if (compression.length > 0) add(compressCertificateInClientHello, compression);
  const delegated = [...config.delegatedVerifiers.keys()];
  if (delegated.length > 0) add(delegatedCredentialInClientHello, delegated);
  return list;
}

/** What the connection is to be like. */
function connectionExtensions(config: ResolvedClientConfig): RawExtension[] {
  const list: RawExtension[] = [];
  const add = <T>(codec: ExtensionCodec<T>, value: T) => list.push(encodeExtension(codec, value));
  if (config.alpnBytes.length > 0) add(alpnInClientHello, config.alpnBytes);
  if (config.recordSizeLimit !== undefined) {
    add(recordSizeLimitInClientHello, config.recordSizeLimit);
  }
  if (config.ticketRequest !== undefined) add(ticketRequestInClientHello, config.ticketRequest);
  if (config.postHandshakeAuthentication) add(postHandshakeAuthInClientHello, true);
  list.push(pskModes(config));
  return list;
}
