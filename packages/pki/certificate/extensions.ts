/**
 * Certificate extensions (RFC 5280 section 4.2, RFC 7633, RFC 9345): their decoding. What they mean for a path is in
 * `path.ts`.
 *
 * @module
 */
import { contextTag, type DerReader } from "@sealane/wire";
import {
  type GeneralName,
  type GeneralSubtree,
  readGeneralName,
  readGeneralSubtree,
} from "../names/general_name.ts";

/** Object identifiers of the extensions that are understood. */
export const ExtensionId = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  certificatePolicies: "2.5.29.32",
  policyMappings: "2.5.29.33",
  authorityKeyIdentifier: "2.5.29.35",
  policyConstraints: "2.5.29.36",
  extKeyUsage: "2.5.29.37",
  inhibitAnyPolicy: "2.5.29.54",
  authorityInfoAccess: "1.3.6.1.5.5.7.1.1",
  tlsFeature: "1.3.6.1.5.5.7.1.24",
  delegationUsage: "1.3.6.1.4.1.44363.44",
} as const;
/** An object identifier in dotted decimal; see the object of the same name for those that are understood. */
export type ExtensionId = string;

/** Purposes of extendedKeyUsage (RFC 5280 section 4.2.1.12). */
export const KeyPurpose = {
  anyExtendedKeyUsage: "2.5.29.37.0",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  OCSPSigning: "1.3.6.1.5.5.7.3.9",
} as const;
/** An object identifier in dotted decimal; see the object of the same name. */
export type KeyPurpose = string;

/** The policy that stands for every policy (RFC 5280 section 4.2.1.4). */
export const ANY_POLICY = "2.5.29.32.0";

/** A use of a key (RFC 5280 section 4.2.1.3). */
export type KeyUsage =
  | "digitalSignature"
  | "nonRepudiation"
  | "keyEncipherment"
  | "dataEncipherment"
  | "keyAgreement"
  | "keyCertSign"
  | "cRLSign"
  | "encipherOnly"
  | "decipherOnly";

/** The uses of a key in the order of their bits. */
export const KeyUsages: readonly KeyUsage[] = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
];

/** An extension as it stands in a certificate. */
export interface CertificateExtension {
  /** Which extension. */
  readonly id: ExtensionId;
  /** Whether who does not understand it has to refuse the certificate. */
  readonly critical: boolean;
  /** The content of extnValue. */
  readonly value: Uint8Array;
}

/** basicConstraints (RFC 5280 section 4.2.1.9). */
export interface BasicConstraints {
  /** Whether the key may sign certificates. */
  readonly ca: boolean;
  /** How many CA certificates that are not self-issued may follow; no limit if absent. */
  readonly pathLength?: number;
}

/** nameConstraints (RFC 5280 section 4.2.1.10). */
export interface NameConstraints {
  /** Of the forms that occur here, names have to be in one of these subtrees. */
  readonly permitted: readonly GeneralSubtree[];
  /** Names may be in none of these subtrees. */
  readonly excluded: readonly GeneralSubtree[];
}

/** One pair of policyMappings (RFC 5280 section 4.2.1.5). */
export interface PolicyMapping {
  /** The policy of the issuing CA. */
  readonly issuerDomainPolicy: string;
  /** The policy of the subject CA that counts as equivalent. */
  readonly subjectDomainPolicy: string;
}

/** policyConstraints (RFC 5280 section 4.2.1.11), in certificates to skip. */
export interface PolicyConstraints {
  /** After how many certificates a policy is required. */
  readonly requireExplicitPolicy?: number;
  /** After how many certificates mapping is forbidden. */
  readonly inhibitPolicyMapping?: number;
}

/** The extensions of a certificate, decoded where they are understood. */
export interface CertificateExtensions {
  /** All of them, in order. */
  readonly list: readonly CertificateExtension[];
  /** Those that are critical and not understood: no path through this certificate is valid. */
  readonly unknownCritical: readonly ExtensionId[];
  /** Whether the key is a CA's. */
  readonly basicConstraints?: BasicConstraints;
  /** What the key may be used for. */
  readonly keyUsage?: ReadonlySet<KeyUsage>;
  /** For which purposes, as object identifiers. */
  readonly extKeyUsage?: readonly KeyPurpose[];
  /** The names of the subject. */
  readonly subjectAltName?: readonly GeneralName[];
  /** Which names certificates below may have. */
  readonly nameConstraints?: NameConstraints;
  /** Policies, as object identifiers. */
  readonly certificatePolicies?: readonly string[];
  /** Whether a policy has a qualifier other than the two of RFC 5280: a critical extension is not understood then. */
  readonly unknownPolicyQualifier?: true;
  /** Which policies count as equivalent. */
  readonly policyMappings?: readonly PolicyMapping[];
  /** When policies become required. */
  readonly policyConstraints?: PolicyConstraints;
  /** After how many certificates anyPolicy stops counting. */
  readonly inhibitAnyPolicy?: number;
  /** Which key of the issuer signed. */
  readonly authorityKeyIdentifier?: Uint8Array;
  /** The identifier of this key. */
  readonly subjectKeyIdentifier?: Uint8Array;
  /** TLS extensions that the server has to answer (RFC 7633): 5 is must-staple. */
  readonly tlsFeature?: readonly number[];
  /** Whether the key may sign delegated credentials (RFC 9345 section 4.2). */
  readonly delegationUsage?: true;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Decoded = Mutable<Omit<CertificateExtensions, "list" | "unknownCritical">>;
type Decoder = (reader: DerReader, into: Decoded) => void;

const decoders: Readonly<Record<ExtensionId, Decoder>> = {
  [ExtensionId.basicConstraints]: (reader, into) => {
    into.basicConstraints = reader.sequence("BasicConstraints", (s) => ({
      ca: s.peek() === 0x01 && s.boolean("cA"),
      ...(s.peek() === null ? {} : { pathLength: s.number("pathLenConstraint") }),
    }));
  },
  [ExtensionId.keyUsage]: (reader, into) => {
    const { bytes } = reader.bitString("KeyUsage");
    into.keyUsage = new Set(
      KeyUsages.filter((_, bit) => (bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))),
    );
  },
  [ExtensionId.extKeyUsage]: (reader, into) => {
    into.extKeyUsage = reader.sequenceOf("ExtKeyUsage", 1, (s) => s.objectIdentifier("purpose"));
  },
  [ExtensionId.subjectAltName]: (reader, into) => {
    into.subjectAltName = reader.sequenceOf("SubjectAltName", 1, (s) => readGeneralName(s));
  },
  [ExtensionId.nameConstraints]: (reader, into) => {
    into.nameConstraints = reader.sequence("NameConstraints", (s) => {
      const subtrees = (number: number, field: string) => {
        const tag = contextTag(number, "constructed");
        return s.optionalConstructed(tag, field, (list) => list.all(readGeneralSubtree)) ?? [];
      };
      const permitted = subtrees(0, "permittedSubtrees");
      const excluded = subtrees(1, "excludedSubtrees");
      if (permitted.length + excluded.length === 0) s.fail("there is no subtree");
      return { permitted, excluded };
    });
  },
  [ExtensionId.certificatePolicies]: (reader, into) => {
    const policies = reader.sequenceOf(
      "CertificatePolicies",
      1,
      (s) =>
        s.sequence("PolicyInformation", (information) => {
          const policy = information.objectIdentifier("policyIdentifier");
          if (information.remaining > 0 && readQualifiers(information)) {
            into.unknownPolicyQualifier = true;
          }
          return policy;
        }),
    );
    // RFC 5280 §4.2.1.4: a policy occurs once.
    if (new Set(policies).size !== policies.length) reader.fail("a policy occurs twice");
    into.certificatePolicies = policies;
  },
  [ExtensionId.policyMappings]: (reader, into) => {
    into.policyMappings = reader.sequenceOf(
      "PolicyMappings",
      1,
      (s) =>
        s.sequence("mapping", (mapping) => ({
          issuerDomainPolicy: mapping.objectIdentifier("issuerDomainPolicy"),
          subjectDomainPolicy: mapping.objectIdentifier("subjectDomainPolicy"),
        })),
    );
  },
  [ExtensionId.policyConstraints]: (reader, into) => {
    into.policyConstraints = reader.sequence("PolicyConstraints", (s) => {
      if (s.remaining === 0) s.fail("there is no constraint");
      return {
        ...(s.peek() === 0x80
          ? { requireExplicitPolicy: s.number("requireExplicitPolicy", undefined, 0x80) }
          : {}),
        ...(s.peek() === 0x81
          ? { inhibitPolicyMapping: s.number("inhibitPolicyMapping", undefined, 0x81) }
          : {}),
      };
    });
  },
  [ExtensionId.inhibitAnyPolicy]: (reader, into) => {
    into.inhibitAnyPolicy = reader.number("InhibitAnyPolicy");
  },
  [ExtensionId.authorityKeyIdentifier]: (reader, into) => {
    reader.sequence("AuthorityKeyIdentifier", (s) => {
      const id = s.optional(0x80, "keyIdentifier");
      if (id !== null) into.authorityKeyIdentifier = id;
      s.optional(0xa1, "authorityCertIssuer");
      s.optional(0x82, "authorityCertSerialNumber");
    });
  },
  [ExtensionId.subjectKeyIdentifier]: (reader, into) => {
    into.subjectKeyIdentifier = reader.octetString("SubjectKeyIdentifier");
  },
  [ExtensionId.authorityInfoAccess]: (reader) => {
    // RFC 5280 §4.2.2.1. Nothing is fetched; only its shape is checked.
    reader.sequenceOf(
      "AuthorityInfoAccess",
      1,
      (s) =>
        s.sequence("AccessDescription", (description) => {
          description.objectIdentifier("accessMethod");
          readGeneralName(description);
        }),
    );
  },
  [ExtensionId.tlsFeature]: (reader, into) => {
    into.tlsFeature = reader.sequenceOf("Features", 1, (s) => s.number("feature", 0xffff));
  },
  [ExtensionId.delegationUsage]: (reader, into) => {
    reader.null("DelegationUsage");
    into.delegationUsage = true;
  },
};

/** cps and unotice (RFC 5280 section 4.2.1.4). */
const POLICY_QUALIFIERS = ["1.3.6.1.5.5.7.2.1", "1.3.6.1.5.5.7.2.2"];

/** Qualifiers are for people to read; only their shape is checked. Returns whether one of them is not known. */
function readQualifiers(information: DerReader): boolean {
  const qualifiers = information.sequenceOf(
    "policyQualifiers",
    1,
    (list) =>
      list.sequence("PolicyQualifierInfo", (qualifier) => {
        const id = qualifier.objectIdentifier("policyQualifierId");
        qualifier.element("qualifier");
        return id;
      }),
  );
  return qualifiers.some((id) => !POLICY_QUALIFIERS.includes(id));
}

/** Reads Extensions: the content of the `[3]` of a certificate. Used for OCSP too. */
export function readExtensions(reader: DerReader): CertificateExtension[] {
  const seen = new Set<ExtensionId>();
  return reader.sequenceOf("extensions", 1, (list) =>
    list.sequence("extension", (extension) => {
      const id = extension.objectIdentifier("extnID");
      // RFC 5280 §4.2: an extension occurs once.
      if (seen.has(id)) list.fail(`the extension ${id} occurs twice`);
      seen.add(id);
      // An explicit FALSE is not DER, but certificates in use have it, here and in cA: it is read as what it says.
      const critical = extension.peek() === 0x01 && extension.boolean("critical");
      return { id, critical, value: extension.octetString("extnValue") };
    }));
}

/** Decodes the extensions that are understood; `within` is the reader of the certificate that they are in. */
export function decodeExtensions(
  list: readonly CertificateExtension[],
  within: DerReader,
): CertificateExtensions {
  const decoded: Decoded = {};
  const unknownCritical: ExtensionId[] = [];
  for (const { id, critical, value } of list) {
    if (!Object.hasOwn(decoders, id)) {
      if (critical) unknownCritical.push(id);
      continue;
    }
    const reader = within.embedded(value, `certificate extension ${id}`);
    decoders[id](reader, decoded);
    reader.end();
    const isPolicies = id === ExtensionId.certificatePolicies;
    // RFC 5280 §4.2.1.4: who does not understand a qualifier refuses a critical extension.
    if (isPolicies && critical && decoded.unknownPolicyQualifier) unknownCritical.push(id);
  }
  return { list, unknownCritical, ...decoded };
}
