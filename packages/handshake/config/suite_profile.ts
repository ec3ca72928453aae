/**
 * Cipher suites that bring a group and a signature scheme of their own: the profile of RFC 8998, in which SM4 and SM3 go with
 * curveSM2 and SM2 signatures. It binds ends that conform to it; others are known to mix.
 *
 * @module
 */
import { type Certificate, certificateSignatureScheme } from "@sealane/pki";
import type { CipherSuite, KeyExchangeGroup } from "@sealane/providers";
import {
  CipherSuiteId,
  NamedGroup,
  namedGroupName,
  SignatureScheme,
  signatureSchemeName,
  TlsError,
} from "@sealane/wire";
import type { CommonConfig } from "./config.ts";
import type { PeerIdentity } from "../identity/peer.ts";

/** What a suite demands of the rest of the handshake. */
export interface SuiteProfile {
  /** The group of the key exchange. */
  readonly group: NamedGroup;
  /** The scheme of CertificateVerify and of the signature of the certificate. */
  readonly scheme: SignatureScheme;
}

/** RFC 8998 section 3.3. */
const SHANGMI: SuiteProfile = {
  group: NamedGroup.curveSM2,
  scheme: SignatureScheme.sm2sig_sm3,
};

const PROFILES: ReadonlyMap<CipherSuiteId, SuiteProfile> = new Map([
  [CipherSuiteId.TLS_SM4_GCM_SM3, SHANGMI],
  [CipherSuiteId.TLS_SM4_CCM_SM3, SHANGMI],
]);

/** The profile that a configuration holds the peer to with a suite; `null`: none. */
export function bindingProfile(
  suite: CipherSuite,
  { shangmiProfile }: Pick<CommonConfig, "shangmiProfile">,
): SuiteProfile | null {
  return shangmiProfile === "strict" ? profileOf(suite) : null;
}

/** The profile of a suite; `null`: it goes with everything. */
export function profileOf(suite: CipherSuite): SuiteProfile | null {
  return PROFILES.get(suite.id) ?? null;
}

/** The groups that suites demand, each once. */
export function profileGroups(suites: readonly CipherSuite[]): readonly NamedGroup[] {
  return [...new Set(suites.flatMap((suite) => profileOf(suite)?.group ?? []))];
}

/** The schemes of a list that the profile allows. */
export function restrictSchemes(
  profile: SuiteProfile | null,
  schemes: readonly SignatureScheme[],
): readonly SignatureScheme[] {
  return profile === null ? schemes : schemes.filter((scheme) => scheme === profile.scheme);
}

/** The same with a list that may not be there. */
export function restrictOptional(
  profile: SuiteProfile | null,
  schemes: readonly SignatureScheme[] | null,
): readonly SignatureScheme[] | null {
  return schemes === null ? null : restrictSchemes(profile, schemes);
}

/** What else a configuration has, and a ClientHello that offers it. */
interface Capabilities {
  readonly groups: readonly NamedGroup[];
  readonly schemes: readonly SignatureScheme[];
  readonly certificateSchemes: readonly SignatureScheme[] | null;
}

/**
 * The suites whose group and scheme are there too: the others are left out where the program did not name them, and refused
 * where it wants the profile strictly.
 *
 * @throws {TlsError} `api/config`.
 */
export function usableSuites(
  suites: readonly CipherSuite[],
  groups: readonly KeyExchangeGroup[],
  schemes: readonly SignatureScheme[],
  config: CommonConfig,
): readonly CipherSuite[] {
  const capabilities: Capabilities = {
    groups: groups.map(({ id }) => id),
    schemes,
    certificateSchemes: config.certificateSignatureSchemes ?? null,
  };
  const usable = suites.filter((suite) => {
    const lacking = whatLacks(suite, capabilities);
    if (lacking === null) return true;
    if (config.cipherSuites === undefined) return false;
    // Whoever names them without their company means them so.
    if (config.shangmiProfile !== "strict") return true;
    throw new TlsError("api/config", `${suite.name} needs ${lacking} (RFC 8998)`);
  });
  if (usable.length > 0) return usable;
  if (config.shangmiProfile !== "strict") return suites;
  const [suite] = suites;
  throw new TlsError(
    "api/config",
    `${suite.name} needs ${whatLacks(suite, capabilities)} (RFC 8998)`,
  );
}

/** RFC 8998 §3.3.1.1: with the suites come curveSM2, sm2sig_sm3, and that in signature_algorithms_cert if it is there. */
function whatLacks(suite: CipherSuite, capabilities: Capabilities): string | null {
  const profile = profileOf(suite);
  if (profile === null) return null;
  const { groups, schemes, certificateSchemes } = capabilities;
  if (!groups.includes(profile.group)) return `the group ${namedGroupName(profile.group)}`;
  const scheme = signatureSchemeName(profile.scheme);
  if (!schemes.includes(profile.scheme)) return `the signature scheme ${scheme}`;
  if (certificateSchemes !== null && !certificateSchemes.includes(profile.scheme)) {
    return `the signature scheme ${scheme} in certificateSignatureSchemes`;
  }
  return null;
}

/** Refuses a group that is not the suite's (RFC 8998 section 3.3.1.2); `name` is the message that selected both. */
export function checkProfileGroup(
  config: Pick<CommonConfig, "shangmiProfile">,
  suite: CipherSuite,
  group: NamedGroup,
  name: string,
): void {
  const profile = bindingProfile(suite, config);
  if (profile === null || profile.group === group) return;
  throw new TlsError(
    "peer/group",
    `${name} selected group ${namedGroupName(group)} with ${suite.name}`,
  );
}

/** Refuses a scheme in CertificateVerify that is not the suite's (RFC 8998 section 3.3.4). */
export function checkProfileScheme(profile: SuiteProfile | null, scheme: SignatureScheme): void {
  if (profile === null || profile.scheme === scheme) return;
  const [used, wanted] = [scheme, profile.scheme].map(signatureSchemeName);
  throw new TlsError(
    "peer/signature-scheme",
    `CertificateVerify uses ${used}, and the cipher suite demands ${wanted}`,
  );
}

/** Refuses a certificate that was signed with another scheme than the suite's (RFC 8998 section 3.3.3). */
export function checkProfileCertificate(
  profile: SuiteProfile | null,
  { leaf }: PeerIdentity,
): void {
  if (profile === null || leaf === null || isSignedBy(leaf, profile)) return;
  throw new TlsError(
    "peer/unsupported-certificate",
    `the certificate is not signed with ${
      signatureSchemeName(profile.scheme)
    }, which the cipher suite demands`,
  );
}

function isSignedBy(leaf: Certificate, { scheme }: SuiteProfile): boolean {
  return certificateSignatureScheme(leaf.signatureAlgorithm, leaf.subjectPublicKeyInfo) === scheme;
}

/** What a handshake came to, as far as a profile has a say in it. */
export interface ProfileFacts {
  /** The suite. */
  readonly suite: CipherSuite;
  /** The group of the key exchange; `null` with a PSK alone (psk_ke). */
  readonly group: NamedGroup | null;
  /** The schemes of the CertificateVerify messages; `null` where there was none. */
  readonly schemes: readonly (SignatureScheme | null)[];
  /** Who the peer is, as far as it is known. */
  readonly peer: PeerIdentity | null;
}

/** Whether a handshake kept the profile of its suite (RFC 8998 section 3.3); `null` with a suite that has none. */
export function keepsProfile({ suite, group, schemes, peer }: ProfileFacts): boolean | null {
  const profile = profileOf(suite);
  if (profile === null) return null;
  const leaf = peer?.leaf ?? null;
  return (group === null || group === profile.group) &&
    schemes.every((scheme) => scheme === null || scheme === profile.scheme) &&
    (leaf === null || isSignedBy(leaf, profile));
}
