/**
 * The cipher suites of RFC 8998 section 2, and SM4 header protection for QUIC.
 *
 * @module
 */
import { CipherSuiteId, cipherSuiteName } from "@sealane/wire";
import { AEADS, checkLength, NONCE_LENGTH } from "../cipher_suites.ts";
import type { Aead, AeadKey, CipherSuite, HeaderProtection } from "../provider.ts";
import { engine } from "./choose_engine.ts";
import { sm3 } from "./sm3.ts";

const KEY_LENGTH = 16;

/** RFC 8998 gives no limits. SM4 has the block and key size of AES-128, on which alone those of AES rest. */
function makeAead(
  name: string,
  like: "AES-128-GCM" | "AES-128-CCM",
  importKey: (key: Uint8Array) => AeadKey,
): Aead {
  return Object.freeze({
    ...AEADS[like],
    nonceLength: NONCE_LENGTH,
    importKey(key: Uint8Array) {
      checkLength(`the ${name} key`, key, KEY_LENGTH);
      return importKey(key);
    },
  });
}

/** AEAD_SM4_GCM (RFC 8998 section 3.5.1). */
export const sm4Gcm: Aead = makeAead("SM4-GCM", "AES-128-GCM", (key) => engine().sm4Gcm(key));
/** AEAD_SM4_CCM (RFC 8998 section 3.5.2). */
export const sm4Ccm: Aead = makeAead("SM4-CCM", "AES-128-CCM", (key) => engine().sm4Ccm(key));

/** The suites of RFC 8998, for TLS. */
export const shangmiSuites: readonly CipherSuite[] = Object.freeze([
  suite(CipherSuiteId.TLS_SM4_GCM_SM3, sm4Gcm),
  suite(CipherSuiteId.TLS_SM4_CCM_SM3, sm4Ccm),
]);

function suite(id: CipherSuiteId, aead: Aead): CipherSuite {
  return Object.freeze({ id, name: cipherSuiteName(id), hash: sm3, aead });
}

/** The mask of RFC 9001 section 5.4.3, with SM4 in the place of AES: SM4-ECB of the sample. */
export const sm4HeaderProtection: HeaderProtection = Object.freeze({
  keyLength: KEY_LENGTH,
  importKey(key: Uint8Array) {
    checkLength("the SM4 header protection key", key, KEY_LENGTH);
    const encrypt = engine().sm4Block(key);
    return {
      mask(sample: Uint8Array): Uint8Array {
        checkLength("the sample", sample, 16);
        return encrypt(sample);
      },
    };
  },
});
