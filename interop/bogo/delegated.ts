/**
 * Delegated credentials out of the flags (RFC 9345).
 *
 * @module
 */
import {
  checkDelegatedKey,
  createCredential,
  type Credential,
  type CredentialOptions,
  decodeDelegatedCredential,
} from "@sealane/handshake";
import type { Certificate } from "@sealane/pki";
import type { Signer } from "@sealane/providers";

/**
 * A credential of which only the delegated key signs. The suite's certificates are those of any server, valid from the
 * year 1 and without DelegationUsage, and BoringSSL, which has no client that would care, does not look. So the leaf is
 * shown to the engine as a CA would have made it.
 */
export function createDelegated(
  options: Omit<CredentialOptions, "delegatedKeys"> & { readonly signer: Signer },
  delegated: Uint8Array,
  now: number,
): Credential {
  const { signer, ...rest } = options;
  const key = { credential: decodeDelegatedCredential(delegated), signer };
  const { leaf, ...credential } = createCredential({ ...rest, delegatedKeys: () => [key] });
  if (leaf === null) return { ...credential, leaf };
  const delegating: Certificate = {
    ...leaf,
    notBefore: now - 1000,
    extensions: {
      ...leaf.extensions,
      delegationUsage: true,
      keyUsage: new Set(["digitalSignature"]),
    },
  };
  checkDelegatedKey(key, delegating);
  return { ...credential, leaf: delegating };
}
