/**
 * What a TLS client asks of a server's certificates, and a server of a client's.
 *
 * @module
 */
import type { MaybePromise } from "@sealane/providers";
import { equalBytes, ExtensionType } from "@sealane/wire";
import type { Certificate } from "../certificate/certificate.ts";
import { KeyPurpose } from "../certificate/extensions.ts";
import { run, type Steps } from "./maybe_promise.ts";
import { checkServerName } from "./service_identity.ts";
import { buildPath, type PathOptions, type VerifiedPath } from "./path.ts";
import { signatureSchemesOfKey } from "../certificate/signature_algorithm.ts";
import { refuse } from "./validate.ts";

/** What a client's certificates are verified with. */
export interface VerifyClientOptions extends Omit<PathOptions, "purpose"> {
  /** The DER certificates as the peer sent them: the end entity's first, the others in any order. */
  readonly chain: readonly Uint8Array[];
}

/** What a server's certificates are verified with. */
export interface VerifyServerOptions extends VerifyClientOptions {
  /** The DNS name or IP address that the client wanted to reach; `null` accepts a certificate for any name. */
  readonly serverName: string | null;
}

/**
 * Verifies a server's certificates: a path to a trust anchor for the purpose serverAuth, a key that may sign and that TLS
 * 1.3 has a scheme for, and the name. Synchronous with a synchronous provider.
 *
 * ```ts
 * import { createTestAuthority } from "@sealane/pki/testing";
 * import { TrustStore, verifyServerCertificate } from "@sealane/pki";
 * import { nativeProvider as provider } from "@sealane/providers/native";
 *
 * const authority = await createTestAuthority(provider);
 * const { chain } = await authority.issue({ names: ["example.com"] });
 * const trust = TrustStore.fromCertificates([authority.certificate]);
 * const now = Date.now();
 * const path = await verifyServerCertificate({ chain, serverName: "example.com", now, trust, provider });
 * console.assert(path.certificates.length === 1);
 * ```
 *
 * @throws {TlsError} as {@link verifyPath}; `peer/key-usage` if the key may not sign; `peer/unsupported-certificate` if
 * TLS 1.3 has no use for the key; `peer/certificate-name` if the certificate is for another name.
 */
export function verifyServerCertificate(options: VerifyServerOptions): MaybePromise<VerifiedPath> {
  return run(verifyPeer(options, KeyPurpose.serverAuth, options.serverName));
}

/**
 * Verifies a client's certificates: as {@link verifyServerCertificate}, for the purpose clientAuth and without a name.
 * Who the client is, the application reads from the path's first certificate.
 */
export function verifyClientCertificate(options: VerifyClientOptions): MaybePromise<VerifiedPath> {
  return run(verifyPeer(options, KeyPurpose.clientAuth, null));
}

function* verifyPeer(
  options: VerifyClientOptions,
  purpose: KeyPurpose,
  serverName: string | null,
): Steps<VerifiedPath> {
  const path = yield* buildPath(options.chain, { ...options, purpose });
  const [leaf] = path.certificates;
  checkSigningKey(leaf);
  // A CA's certificate as a server's is most often a mistake, and a CA's key does not belong on a server; unless it is the
  // very certificate that is trusted.
  const { certificate: anchor } = path.anchor;
  const isPinned = anchor !== undefined && equalBytes(anchor.raw, leaf.raw);
  if (purpose === KeyPurpose.serverAuth && leaf.extensions.basicConstraints?.ca && !isPinned) {
    refuse(leaf, "peer/bad-certificate", "it is a CA's, not a server's");
  }
  if (serverName !== null) checkServerName(leaf, serverName);
  return path;
}

/**
 * Refuses a certificate whose key cannot make CertificateVerify (RFC 9846 section 4.5.1.2).
 *
 * @throws {TlsError} `peer/key-usage` or `peer/unsupported-certificate`.
 */
export function checkSigningKey(certificate: Certificate): void {
  const { extensions: { keyUsage }, subjectPublicKeyInfo } = certificate;
  if (keyUsage !== undefined && !keyUsage.has("digitalSignature")) {
    refuse(certificate, "peer/key-usage", "keyUsage has no digitalSignature");
  }
  if (signatureSchemesOfKey(subjectPublicKeyInfo).length === 0) {
    const { id } = subjectPublicKeyInfo.algorithm;
    refuse(certificate, "peer/unsupported-certificate", `no scheme signs with its key (${id})`);
  }
}

/** Whether a certificate demands a stapled OCSP response (RFC 7633: must-staple). */
export function mustStaple(certificate: Certificate): boolean {
  return certificate.extensions.tlsFeature?.includes(ExtensionType.status_request) ?? false;
}
