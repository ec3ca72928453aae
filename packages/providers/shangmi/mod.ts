/**
 * The ShangMi algorithms as a provider (RFC 8998): TLS_SM4_GCM_SM3, TLS_SM4_CCM_SM3, the groups curveSM2 and
 * curveSM2MLKEM768, and the signature scheme sm2sig_sm3. To serve both worlds, combine it with another provider:
 *
 * ```ts
 * import { shangmiProvider } from "@sealane/providers/shangmi";
 *
 * console.assert(shangmiProvider.cipherSuites[0].name === "TLS_SM4_GCM_SM3");
 * const [group] = shangmiProvider.groups;
 * const pair = await group.generate();
 * const answer = await group.respond(pair.share);
 * console.assert(answer?.secret.length === 32);
 * ```
 *
 * Everything is synchronous. See `README.md` beside this file for what is constant-time, and for making certificates.
 *
 * @module
 */
import { hybridGroup } from "../hybrid.ts";
import { mlKemGroups } from "../ml_kem.ts";
import type { CryptoProvider } from "../provider.ts";
import { NamedGroup } from "@sealane/wire";
import { randomBytes } from "../noble/random.ts";
import { curveSM2 } from "./ecdhe.ts";
import { importSm2PrivateKey, sm2sigSm3 } from "./sm2_signature.ts";
import { shangmiSuites, sm4HeaderProtection } from "./suites.ts";

const hybrid = hybridGroup(NamedGroup.curveSM2MLKEM768, [curveSM2, ...mlKemGroups]);

/** The ShangMi algorithms, for TLS. Its suites have no QUIC header protection, since none is registered. */
export const shangmiProvider: CryptoProvider = Object.freeze({
  name: "shangmi",
  cipherSuites: shangmiSuites,
  groups: Object.freeze(hybrid === null ? [curveSM2] : [curveSM2, hybrid]),
  signatures: Object.freeze([sm2sigSm3]),
  random: randomBytes,
  importPrivateKey: importSm2PrivateKey,
});

/**
 * {@link shangmiProvider} with header protection, so that its suites work in QUIC.
 *
 * **Not registered.** RFC 8998 defines these suites for TLS alone, and no document defines header protection for them. This
 * is the construction of RFC 9001 section 5.4.3 with SM4 in the place of AES, the obvious choice; but both ends have to
 * have agreed on it, and a later standard may choose otherwise.
 */
export const shangmiQuicProvider: CryptoProvider = Object.freeze({
  ...shangmiProvider,
  name: "shangmi-quic",
  cipherSuites: Object.freeze(
    shangmiSuites.map((suite) =>
      Object.freeze({ ...suite, headerProtection: sm4HeaderProtection })
    ),
  ),
});
