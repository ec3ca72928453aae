/**
 * The compliance policies of the suite as allow-lists. Sealane has no policy switch of its own: a policy is a
 * configuration, and these are the ones that BoringSSL names.
 *
 * @module
 */
import { CipherSuiteId, NamedGroup, SignatureScheme } from "@sealane/wire";
import type { ConnectionFlags } from "./flags.ts";

/** What a policy allows, most preferred first; what is left out is not restricted. */
export interface Policy {
  /** Cipher suites. */
  readonly suites?: readonly CipherSuiteId[];
  /** Groups. */
  readonly groups?: readonly NamedGroup[];
  /** Signature schemes, to sign with and to accept. */
  readonly schemes?: readonly SignatureScheme[];
  /** Whether a server follows its own order of suites and groups. */
  readonly serverOrder?: boolean;
}

const C = CipherSuiteId;
const G = NamedGroup;
const S = SignatureScheme;

const CNSA_SCHEMES = [S.ecdsa_secp384r1_sha384, S.rsa_pss_rsae_sha384, S.rsa_pkcs1_sha384];

/** Policies by the flag that asks for them. */
const POLICIES = {
  "fips-202205": {
    suites: [C.TLS_AES_128_GCM_SHA256, C.TLS_AES_256_GCM_SHA384],
    groups: [G.secp256r1, G.secp384r1],
    schemes: [
      S.rsa_pkcs1_sha256,
      S.rsa_pkcs1_sha384,
      S.rsa_pkcs1_sha512,
      S.ecdsa_secp256r1_sha256,
      S.ecdsa_secp384r1_sha384,
      S.rsa_pss_rsae_sha256,
      S.rsa_pss_rsae_sha384,
      S.rsa_pss_rsae_sha512,
    ],
  },
  "wpa-202304": {
    suites: [C.TLS_AES_256_GCM_SHA384],
    groups: [G.secp384r1],
    schemes: [
      S.rsa_pkcs1_sha384,
      S.rsa_pkcs1_sha512,
      S.ecdsa_secp384r1_sha384,
      S.rsa_pss_rsae_sha384,
      S.rsa_pss_rsae_sha512,
    ],
  },
  "cnsa-202407": {
    suites: [
      C.TLS_AES_256_GCM_SHA384,
      C.TLS_AES_128_GCM_SHA256,
      C.TLS_CHACHA20_POLY1305_SHA256,
    ],
    serverOrder: true,
  },
  "cnsa1-202603": {
    suites: [C.TLS_AES_256_GCM_SHA384],
    groups: [G.MLKEM1024, G.secp384r1],
    schemes: CNSA_SCHEMES,
    serverOrder: true,
  },
  "cnsa2-202603": {
    suites: [C.TLS_AES_256_GCM_SHA384],
    groups: [G.MLKEM1024],
    schemes: CNSA_SCHEMES,
  },
} as const satisfies Record<string, Policy>;

/** The policy that the flags ask for; an empty one if they ask for none. */
export function policyOf(flags: ConnectionFlags): Policy {
  // The keys are the flags above, each of which is a flag of every connection.
  const names = Object.keys(POLICIES) as (keyof typeof POLICIES)[];
  const name = names.find((flag) => flags[flag]);
  return name === undefined ? {} : POLICIES[name];
}
