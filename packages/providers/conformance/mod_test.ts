import { conformanceTests } from "./mod.ts";
import { nativeProvider } from "../native/mod.ts";
import { nobleProvider } from "../noble/mod.ts";
import { webCryptoProvider } from "../webcrypto/mod.ts";

for (const provider of [nativeProvider, nobleProvider, webCryptoProvider]) {
  for (const { name, run } of conformanceTests(provider)) {
    Deno.test(`${provider.name}: ${name}`, run);
  }
}
