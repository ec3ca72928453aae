/**
 * Providers by name.
 *
 * @module
 */
import type { CryptoProvider } from "@sealane/providers";

/** The provider that `--provider` named. */
export async function loadProvider(name: string): Promise<CryptoProvider> {
  switch (name) {
    case "native":
      return (await import("@sealane/providers/native")).nativeProvider;
    case "webcrypto":
      return (await import("@sealane/providers/webcrypto")).webCryptoProvider;
    case "noble":
      return (await import("@sealane/providers/noble")).nobleProvider;
    default:
      throw new Error(`there is no provider ${name}`);
  }
}
