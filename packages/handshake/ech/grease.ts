/**
 * What looks like Encrypted Client Hello and is none (RFC 9849 sections 6.1.2 and 6.2.1), so that real ones do not stand
 * out.
 *
 * @module
 */
import { Hpke, HpkeAead, HpkeKdf, HpkeKem } from "@sealane/providers/hpke";
import { ExtensionType } from "@sealane/wire";
import {
  encodeExtension,
  encryptedClientHelloInClientHello,
  type OfferedPsks,
  preSharedKeyInClientHello,
  type RawExtension,
} from "../extensions/mod.ts";
import type { ClientHello } from "../messages/client_hello.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";
import { arrangeInner, encodeInner } from "./inner.ts";

/** `maximum_name_length` of the configuration that is imagined. */
const IMAGINED_NAME_LENGTH = 64;

const SUITES = [HpkeAead.AES_128_GCM, HpkeAead.ChaCha20Poly1305].map((aead) => ({
  kem: HpkeKem.DHKEM_X25519_HKDF_SHA256,
  kdf: HpkeKdf.HKDF_SHA256,
  aead,
}));

/**
 * A hello with GREASE ECH in the place of its encrypted_client_hello, which is of type inner; without it where the provider
 * has nothing to imitate. `psks` is the pre_shared_key that goes with the hello, `null` without one.
 */
export function greaseEch(
  hello: ClientHello,
  config: ResolvedClientConfig,
  psks: RawExtension | null,
): ClientHello {
  const { provider, randomBytes } = config;
  const suites = SUITES.filter((suite) => Hpke.supports(provider, suite));
  const [choice, configId] = randomBytes(2);
  const suite = suites.at(choice % Math.max(suites.length, 1));
  const isEch = ({ type }: RawExtension) => type === ExtensionType.encrypted_client_hello;
  if (suite === undefined) {
    return { ...hello, extensions: hello.extensions.filter((extension) => !isEch(extension)) };
  }
  const hpke = new Hpke(provider, suite);
  // RFC 9849 §6.2.1: as long as the real one would be, under a valid key that nobody has.
  const extensions = psks === null ? hello.extensions : [...hello.extensions, psks];
  const inner = arrangeInner({ ...hello, extensions });
  const { length } = encodeInner(inner, IMAGINED_NAME_LENGTH);
  const grease = encodeExtension(encryptedClientHelloInClientHello, {
    type: "outer",
    cipherSuite: { kdf: suite.kdf, aead: suite.aead },
    configId,
    enc: hpke.generateKeyPair().publicKey,
    payload: randomBytes(length + hpke.tagLength),
  });
  return {
    ...hello,
    extensions: hello.extensions.map((extension) => isEch(extension) ? grease : extension),
  };
}

/** RFC 9849 §6.1.2: as many identities and binders as the inner hello has, of the same lengths, all random. */
export function greasePsk(
  { identities, binders }: OfferedPsks,
  randomBytes: (length: number) => Uint8Array,
): RawExtension {
  return encodeExtension(preSharedKeyInClientHello, {
    identities: identities.map(({ identity }) => {
      const age = randomBytes(4);
      return {
        identity: randomBytes(identity.length),
        obfuscatedTicketAge: new DataView(age.buffer, age.byteOffset).getUint32(0),
      };
    }),
    binders: binders.map((binder) => randomBytes(binder.length)),
  });
}
