/**
 * OCSP responses for tests and local development; exported by `testing.ts`.
 *
 * @module
 */
import { sha1 } from "@noble/hashes/legacy.js";
import type { MaybePromise, Signer } from "@sealane/providers";
import { der, DerTag } from "@sealane/wire";
import { parseCertificate } from "../certificate/certificate.ts";
import { run, settle, type Steps } from "../path/maybe_promise.ts";
import { signatureAlgorithmIdentifier } from "../certificate/signature_algorithm.ts";

/** What a responder says of a certificate. */
export type OcspStatus = "good" | "revoked" | "unknown";

/** What to put into an OCSP response. Times are milliseconds since 1970. */
export interface OcspResponseFields {
  /** The certificate that it is about, DER. */
  readonly certificate: Uint8Array;
  /** The certificate of its issuer, DER. */
  readonly issuer: Uint8Array;
  /** Who signs: the issuer's key, or that of `responder`. */
  readonly signer: Signer;
  /** The certificate of a responder that is not the issuer, DER; it goes into the response. */
  readonly responder?: Uint8Array;
  /** Certificates that go into the response before that of `responder`, DER. */
  readonly certificates?: readonly Uint8Array[];
  /** The hash of the CertID; SHA-1 unless given. */
  readonly certIdHash?: { readonly id: string; readonly hash: (data: Uint8Array) => Uint8Array };
  /** Extensions of each answer, from `encodeExtension`. */
  readonly singleExtensions?: readonly Uint8Array[];
  /** When the response was made; `thisUpdate` unless given. */
  readonly producedAt?: number;
  /** What to say; `good` unless given. Of several, each becomes an answer of its own. */
  readonly status?: OcspStatus | readonly OcspStatus[];
  /** Now unless given. */
  readonly thisUpdate?: number;
  /** In a day unless given; `null` leaves it out. */
  readonly nextUpdate?: number | null;
}

const DAY = 86_400_000;

/** Makes and signs an OCSP response. The result is DER. */
export function issueOcspResponse(fields: OcspResponseFields): MaybePromise<Uint8Array> {
  return run(issue(fields));
}

function* issue(fields: OcspResponseFields): Steps<Uint8Array> {
  const { signer, status = "good", thisUpdate = Date.now() } = fields;
  const { nextUpdate = thisUpdate + DAY } = fields;
  const certificate = parseCertificate(fields.certificate);
  const issuer = parseCertificate(fields.issuer);
  const responder = fields.responder === undefined ? issuer : parseCertificate(fields.responder);
  const { certIdHash: { id, hash } = { id: "1.3.14.3.2.26", hash: sha1 } } = fields;
  const certId = der.sequence(
    der.sequence(der.objectIdentifier(id), der.nullValue()),
    der.octetString(hash(certificate.issuer.raw)),
    der.octetString(hash(issuer.subjectPublicKeyInfo.publicKey)),
    der.element(DerTag.integer, certificate.serialNumber),
  );
  const statuses = {
    good: der.implicit(0, new Uint8Array(0)),
    revoked: der.explicit(1, generalizedTime(thisUpdate)),
    unknown: der.implicit(2, new Uint8Array(0)),
  };
  const next = nextUpdate === null ? [] : [der.explicit(0, generalizedTime(nextUpdate))];
  const { singleExtensions } = fields;
  const extensions = singleExtensions === undefined
    ? []
    : [der.explicit(1, der.sequence(...singleExtensions))];
  const answers = [status].flat().map((one: OcspStatus) =>
    der.sequence(certId, statuses[one], generalizedTime(thisUpdate), ...next, ...extensions)
  );
  const certificates = [
    ...fields.certificates ?? [],
    ...(fields.responder === undefined ? [] : [fields.responder]),
  ];
  const data = der.sequence(
    der.explicit(1, responder.subject.raw),
    generalizedTime(fields.producedAt ?? thisUpdate),
    der.sequence(...answers),
  );
  const [scheme] = signer.schemes;
  const signature = yield* settle(signer.sign(scheme, data, { use: "certificate" }));
  const basic = der.sequence(
    data,
    signatureAlgorithmIdentifier(scheme),
    der.bitString(signature),
    ...(certificates.length === 0 ? [] : [der.explicit(0, der.sequence(...certificates))]),
  );
  const bytes = der.sequence(
    der.objectIdentifier("1.3.6.1.5.5.7.48.1.1"),
    der.octetString(basic),
  );
  return der.sequence(der.element(DerTag.enumerated, Uint8Array.of(0)), der.explicit(0, bytes));
}

function generalizedTime(milliseconds: number): Uint8Array {
  const digits = new Date(milliseconds).toISOString().replace(/\D/g, "").slice(0, 14);
  return der.text(`${digits}Z`, DerTag.generalizedTime);
}
