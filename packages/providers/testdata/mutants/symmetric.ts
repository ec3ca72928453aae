/**
 * Wrong random sources, hashes, AEADs and header protection.
 *
 * @module
 */
import { concat } from "@sealane/wire";
import { nobleProvider } from "../../noble/mod.ts";
import type { CryptoProvider, MaybePromise } from "../../provider.ts";
import { EMPTY, type Mutant, named, only, stateWith, withAeadKey, withHash } from "./mutant.ts";

const good = (length: number) => nobleProvider.random(length);
const random = (random: CryptoProvider["random"]): CryptoProvider => ({ ...EMPTY, random });
const shared = new Uint8Array(2 ** 18);
let counter = 0;

const RANDOM: readonly Mutant[] = [
  {
    what: "whose random bytes have a period of 32",
    provider: random((length) => {
      const period = good(32);
      return new Uint8Array(length).map((_, i) => period[i % 32]);
    }),
    foundBy: "no period",
  },
  {
    what: "whose random bytes go round in 33, over all calls",
    provider: (() => {
      const period = good(33);
      return random((length) => new Uint8Array(length).map(() => period[counter++ % 33]));
    })(),
    foundBy: "random",
  },
  {
    what: "whose random bytes past 65,536 are zeros",
    provider: random((length) => {
      const bytes = new Uint8Array(length);
      crypto.getRandomValues(bytes.subarray(0, 65_536));
      return bytes;
    }),
    foundBy: "no period",
  },
  {
    what: "whose random bytes have seven random bits",
    provider: random((length) => good(length).map((byte) => byte & 0x7f)),
    foundBy: "every bit",
  },
  {
    what: "whose random bytes have a bit that is set three times of four",
    provider: random((length) => {
      const more = good(length);
      return good(length).map((byte, i) => byte | more[i] & 0x10);
    }),
    foundBy: "every bit",
  },
  {
    what: "that hands out the same memory for random bytes",
    provider: random((length) => {
      shared.set(good(length));
      return shared.subarray(0, length);
    }),
    foundBy: "memory of its own",
  },
  {
    what: "whose random bytes are a list of numbers",
    // It breaks the type.
    provider: random((length) => [...good(length)] as unknown as Uint8Array),
    foundBy: "the length asked for",
  },
];

/** Hashes whose clones share the state of the original once that has more than 4 KiB. */
function lateClones(): CryptoProvider {
  return withHash((hash) => ({
    create() {
      let length = 0;
      return stateWith(hash.create(), (state) => ({
        update(data) {
          length += data.length;
          state.update(data);
        },
        clone: () => length > 4096 ? stateWith(state, () => ({})) : state.clone(),
      }));
    },
  }));
}

const HASHES: readonly Mutant[] = [
  {
    what: "that cuts HMAC keys at 200 bytes",
    provider: withHash((hash) => ({
      hmac: (key, ...data) => hash.hmac(key.subarray(0, 200), ...data),
    })),
    foundBy: "HMAC by its definition",
  },
  {
    what: "that leaves out HMAC data from the ninth part on",
    provider: withHash((hash) => ({ hmac: (key, ...data) => hash.hmac(key, ...data.slice(0, 8)) })),
    foundBy: "HMAC by its definition",
  },
  {
    what: "whose clones share their state from 4 KiB on",
    provider: lateClones(),
    foundBy: "clones",
  },
  {
    what: "whose hashes read their data when the digest is asked for",
    provider: withHash((hash) => ({
      create() {
        const parts: Uint8Array[] = [];
        return stateWith(hash.create(), () => ({
          update: (data) => void parts.push(data),
          digest() {
            const state = hash.create();
            for (const part of parts) state.update(part);
            return state.digest();
          },
        }));
      },
    })),
    foundBy: "data is read at once",
  },
  {
    what: "whose digests are promises",
    provider: withHash((hash) => ({
      create: () =>
        stateWith(hash.create(), (state) => ({
          // It breaks the type.
          digest: () => Promise.resolve(state.digest()) as unknown as Uint8Array,
        })),
    })),
    foundBy: "SHA-256",
  },
  {
    what: "whose digests are lists of numbers",
    provider: withHash((hash) => ({
      create: () =>
        stateWith(hash.create(), (state) => ({
          // It breaks the type.
          digest: () => [...state.digest()] as unknown as Uint8Array,
        })),
    })),
    foundBy: "SHA-256",
  },
  {
    what: "that hashes no more than 65,536 bytes of one piece",
    provider: withHash((hash) => ({
      create: () =>
        stateWith(hash.create(), (state) => ({
          update: (data) => void state.update(data.subarray(0, 65_536)),
        })),
    })),
    foundBy: "every length",
  },
];

const AEADS: readonly Mutant[] = [
  {
    what: "whose AEAD ignores additional data from byte 256 on",
    provider: withAeadKey((key) => ({
      seal: (nonce, aad, text, out) => key.seal(nonce, aad.subarray(0, 256), text, out),
      open: (nonce, aad, text, out) => key.open(nonce, aad.subarray(0, 256), text, out),
    })),
    foundBy: "additional data",
  },
  {
    what: "whose AEAD pads additional data with zeros to 16 bytes",
    provider: withAeadKey((key) => {
      const padded = (aad: Uint8Array) => {
        const whole = new Uint8Array(Math.ceil(aad.length / 16) * 16);
        whole.set(aad);
        return whole;
      };
      return {
        seal: (nonce, aad, text, out) => key.seal(nonce, padded(aad), text, out),
        open: (nonce, aad, text, out) => key.open(nonce, padded(aad), text, out),
      };
    }),
    foundBy: "additional data",
  },
  {
    what: "whose AEAD gives zeros for plaintext above 20,000 bytes",
    provider: withAeadKey((key) => ({
      seal: (nonce, aad, text, out) =>
        key.seal(nonce, aad, text.length > 20_000 ? new Uint8Array(text.length) : text, out),
    })),
    foundBy: "every length",
  },
  {
    what: "whose AEAD opens in the same memory each time",
    provider: withAeadKey((key) => ({
      open(nonce, aad, text, out) {
        const opened = key.open(nonce, aad, text, out);
        if (out !== undefined || !(opened instanceof Uint8Array)) return opened;
        shared.set(opened);
        return shared.subarray(0, opened.length);
      },
    })),
    foundBy: "memory of their own",
  },
  {
    what: "whose AEAD seals in the same memory each time",
    provider: withAeadKey((key) => ({
      seal(nonce, aad, text, out) {
        if (out !== undefined) return key.seal(nonce, aad, text, out);
        return key.seal(nonce, aad, text, shared);
      },
    })),
    foundBy: "memory of their own",
  },
  {
    what: "whose AEAD does not look at the last byte of the nonce",
    provider: withAeadKey((key) => {
      const cut = (nonce: Uint8Array) => {
        if (nonce.length !== 12) return nonce;
        return concat([nonce.subarray(0, 11), Uint8Array.of(0)]);
      };
      return {
        seal: (nonce, aad, text, out) => key.seal(cut(nonce), aad, text, out),
        open: (nonce, aad, text, out) => key.open(cut(nonce), aad, text, out),
      };
    }),
    foundBy: "TLS_CHACHA20",
  },
  {
    what: "whose AEAD does not compare the tag of empty content",
    provider: withAeadKey((key) => ({
      open: (nonce, aad, text, out) =>
        text.length === 16 ? new Uint8Array(0) : key.open(nonce, aad, text, out),
    })),
    foundBy: "whatever was touched",
  },
  {
    what: "whose AEAD reads its inputs after it has returned",
    provider: withAeadKey((key) => ({
      async seal(nonce, aad, text, out) {
        await Promise.resolve();
        return await key.seal(nonce, aad, text, out);
      },
    })),
    foundBy: "the caller's again at once",
  },
  {
    what: "whose AEAD mixes up two calls at the same time",
    provider: (() => {
      let last: Uint8Array = new Uint8Array(12);
      return withAeadKey((key) => ({
        async seal(nonce, aad, text, out) {
          last = nonce.slice();
          const [ownAad, ownText] = [aad.slice(), text.slice()];
          await Promise.resolve();
          return await key.seal(last, ownAad, ownText, out);
        },
      }));
    })(),
    foundBy: "memory of their own",
  },
  {
    what: "whose AEAD ignores out",
    provider: withAeadKey((key) => ({ seal: (nonce, aad, text) => key.seal(nonce, aad, text) })),
    foundBy: "in place and into other memory",
  },
  {
    what: "whose AEAD answers false to a forgery",
    provider: withAeadKey((key) => ({
      open(nonce, aad, text, out) {
        // It breaks the type.
        return (key.open(nonce, aad, text, out) ?? false) as MaybePromise<Uint8Array | null>;
      },
    })),
    foundBy: "whatever was touched",
  },
];

const chacha = named(nobleProvider.cipherSuites, "TLS_CHACHA20_POLY1305_SHA256");
const { headerProtection } = chacha;

const MASKS: readonly Mutant[] = headerProtection === undefined ? [] : [
  {
    what: "whose masks do not depend on the last eight bytes of the sample",
    provider: only({
      ...chacha,
      headerProtection: {
        ...headerProtection,
        importKey(bytes) {
          const key = headerProtection.importKey(bytes);
          return {
            mask: (sample) => key.mask(sample.length === 16 ? sample.slice().fill(0, 8) : sample),
          };
        },
      },
    }),
    foundBy: "masks",
  },
];

/** All of them. */
export const SYMMETRIC_MUTANTS: readonly Mutant[] = [
  ...RANDOM,
  ...HASHES,
  ...AEADS,
  ...MASKS,
];
