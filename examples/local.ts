/**
 * A certificate for `localhost` that lives as long as the program, for examples that are both ends themselves.
 *
 * @module
 */
import { createCredential, type Credential } from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { defaultProvider } from "@sealane/providers";

/** An authority of the program's own, and what it issues. */
export interface LocalAuthority {
  /** Trust in this authority alone. */
  readonly trust: TrustStore;
  /** A certificate for these names, with its key. */
  issue(...names: readonly string[]): Promise<Credential>;
}

/** Makes an authority. */
export async function localAuthority(): Promise<LocalAuthority> {
  const authority = await createTestAuthority(defaultProvider());
  return {
    trust: TrustStore.fromCertificates([authority.certificate]),
    async issue(...names: readonly string[]): Promise<Credential> {
      const { chain, signer } = await authority.issue({ names });
      return createCredential({ certificates: chain, signer });
    },
  };
}
