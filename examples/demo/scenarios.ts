/**
 * The connections of the demo.
 *
 * @module
 */
import type { CryptoProvider } from "@sealane/providers";
import { nativeProvider as native } from "@sealane/providers/native";
import { shangmiProvider as shangmi } from "@sealane/providers/shangmi";
import { nobleProvider as noble } from "@sealane/providers/noble";
import { webCryptoProvider as webcrypto } from "@sealane/providers/webcrypto";
import { CipherSuiteId as C, NamedGroup as G } from "@sealane/wire";
import {
  bouncyCastle,
  curl,
  denoTls,
  kona,
  nodeTls,
  openssl,
  type Peer,
  type Scenario,
} from "../../interop/peers/mod.ts";

const PROVIDERS: readonly CryptoProvider[] = [native, webcrypto, noble];
const PEERS: readonly Peer[] = [denoTls, nodeTls, openssl, curl];

/** Every provider with every peer, in every role that the peer has. */
function* everyPeer(): Generator<Scenario> {
  for (const peer of PEERS) {
    for (const provider of PROVIDERS) {
      if (peer.listen) yield { peer, role: "client", provider };
      if (peer.connect) yield { peer, role: "server", provider };
    }
  }
}

/** What can differ, one thing at a time; where a peer lacks a feature, another one stands in. */
function* everyFeature(): Generator<Scenario> {
  for (const role of ["client", "server"] as const) {
    for (const suite of [C.TLS_AES_128_GCM_SHA256, C.TLS_AES_256_GCM_SHA384]) {
      yield { peer: denoTls, role, provider: native, suite };
    }
    yield { peer: denoTls, role, provider: noble, suite: C.TLS_CHACHA20_POLY1305_SHA256 };
    yield { peer: openssl, role, provider: native, suite: C.TLS_AES_128_CCM_SHA256 };
    yield { peer: openssl, role, provider: noble, suite: C.TLS_AES_128_CCM_8_SHA256 };
    for (const group of [G.x25519, G.secp256r1, G.secp384r1]) {
      yield { peer: denoTls, role, provider: native, group };
    }
    yield { peer: openssl, role, provider: webcrypto, group: G.secp521r1 };
    yield { peer: openssl, role, provider: noble, group: G.x448 };
    for (const key of ["ecdsa-p384", "rsa-2048", "ed25519"] as const) {
      yield { peer: denoTls, role, provider: native, key };
      yield { peer: openssl, role, provider: webcrypto, key };
    }
    // Offered or accepted alone, P-384 is what neither side has guessed.
    yield { peer: nodeTls, role, provider: native, group: G.secp384r1, retry: true };
    yield { peer: openssl, role, provider: noble, group: G.secp384r1, retry: true };
    yield { peer: openssl, role, provider: native, clientKey: "ecdsa-p256" };
    yield { peer: openssl, role, provider: webcrypto, clientKey: "rsa-2048" };
  }
  yield { peer: denoTls, role: "server", provider: native, clientKey: "ed25519" };
  yield { peer: curl, role: "server", provider: noble, clientKey: "ecdsa-p384" };
}

/** All connections of the demo, in order. */
export function scenarios(): Scenario[] {
  return [...everyPeer(), ...everyFeature()];
}

/** The suites of RFC 8998, with certificates of their own. */
export function shangmiScenarios(): Scenario[] {
  const provider = shangmi;
  return (["client", "server"] as const).flatMap((role): Scenario[] => [
    { peer: bouncyCastle, role, provider, suite: C.TLS_SM4_GCM_SM3 },
    { peer: bouncyCastle, role, provider, suite: C.TLS_SM4_CCM_SM3 },
    { peer: kona, role, provider, suite: C.TLS_SM4_GCM_SM3 },
  ]);
}
