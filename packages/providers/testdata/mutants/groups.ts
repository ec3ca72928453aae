/**
 * Wrong key exchange.
 *
 * @module
 */
import { p256, p521 } from "@noble/curves/nist.js";
import { fromHex, toHex } from "@sealane/wire";
import { nobleProvider } from "../../noble/mod.ts";
import { isPromise } from "../../maybe_promise.ts";
import type { KeyAgreement, KeyExchangeGroup, KeyPair, MaybePromise } from "../../provider.ts";
import { type Mutant, named, withGroup } from "./mutant.ts";

/** The value of a synchronous provider. */
function now<T>(value: MaybePromise<T>): T {
  if (isPromise(value)) throw new Error("noble answers at once");
  return value;
}

/** A share with coordinates reduced by the prime, as a library does that computes before it checks. */
function reduced(share: Uint8Array, { Point: { Fp } }: typeof p256): Uint8Array {
  const width = Fp.BYTES;
  if (share.length !== 1 + 2 * width || share[0] !== 4) return share;
  const coordinate = (at: number) => {
    const value = BigInt(`0x${toHex(share.subarray(at, at + width))}`) % Fp.ORDER;
    return fromHex(value.toString(16).padStart(2 * width, "0"));
  };
  return Uint8Array.from([4, ...coordinate(1), ...coordinate(1 + width)]);
}

function reducing(group: KeyExchangeGroup, curve: typeof p256): Partial<KeyExchangeGroup> {
  return {
    generate() {
      const pair = now(group.generate());
      return { share: pair.share, complete: (share) => pair.complete(reduced(share, curve)) };
    },
    respond: (share) => group.respond(reduced(share, curve)),
  };
}

/** A change of both sides' secrets. */
function withSecret(
  group: KeyExchangeGroup,
  change: (secret: Uint8Array) => Uint8Array,
): Partial<KeyExchangeGroup> {
  return {
    generate(): KeyPair {
      const pair = now(group.generate());
      return {
        share: pair.share,
        complete(share) {
          const secret = now(pair.complete(share));
          return secret && change(secret);
        },
      };
    },
    respond(share): KeyAgreement | null {
      const answer = now(group.respond(share));
      return answer && { share: answer.share, secret: change(answer.secret) };
    },
  };
}

function withoutLeadingZeros(secret: Uint8Array): Uint8Array {
  return secret.subarray(secret.findIndex((byte) => byte !== 0));
}

const x25519 = named(nobleProvider.groups, "x25519");
const shares = new Uint8Array(32);

/** All of them. */
export const GROUP_MUTANTS: readonly Mutant[] = [
  {
    what: "that reduces the coordinates of P-256 shares",
    provider: withGroup("secp256r1", (group) => reducing(group, p256)),
    foundBy: "bad shares",
  },
  {
    what: "that reduces the coordinates of P-521 shares",
    provider: withGroup("secp521r1", (group) => reducing(group, p521)),
    foundBy: "bad shares",
  },
  {
    what: "whose responder reads the share after it has returned",
    provider: withGroup("x25519", (group) => ({
      async respond(share) {
        await Promise.resolve();
        return await group.respond(share);
      },
    })),
    foundBy: "read at once",
  },
  {
    what: "whose initiator reads the share after it has returned",
    provider: withGroup("x25519", (group) => ({
      generate() {
        const pair = now(group.generate());
        return {
          share: pair.share,
          async complete(share) {
            await Promise.resolve();
            return await pair.complete(share);
          },
        };
      },
    })),
    foundBy: "read at once",
  },
  {
    what: "that leaves out the zeros in front of a secret",
    provider: withGroup("secp256r1", (group) => withSecret(group, withoutLeadingZeros)),
    foundBy: "zeros in front",
  },
  {
    what: "that refuses X25519 shares above the prime",
    provider: withGroup("x25519", (group) => ({
      respond: (share) =>
        share.length === 32 && share[31] === 0x7f && share[30] === 0xff
          ? null
          : group.respond(share),
    })),
    foundBy: "above the prime",
  },
  {
    what: "whose responder has one key pair for all",
    provider: withGroup("x25519", (group) => {
      const pair = now(group.generate());
      return {
        respond(share) {
          const secret = now(pair.complete(share));
          return secret && { share: pair.share, secret };
        },
      };
    }),
    foundBy: "agree",
  },
  {
    what: "that takes shares of low order",
    provider: withGroup("x25519", (group) => ({
      respond(share) {
        const answer = now(group.respond(share));
        if (answer !== null || share.length !== 32) return answer;
        const own = now(x25519.generate());
        return { share: own.share, secret: new Uint8Array(32) };
      },
    })),
    foundBy: "bad shares",
  },
  {
    what: "that hands out the same memory for each share",
    provider: withGroup("x25519", (group) => ({
      respond(share) {
        const answer = now(group.respond(share));
        if (answer === null) return null;
        shares.set(answer.share);
        return { share: shares, secret: answer.secret };
      },
    })),
    foundBy: "x25519",
  },
  {
    what: "that refuses an ML-KEM ciphertext that was not made with the key",
    provider: withGroup("MLKEM768", (group) => ({
      generate() {
        const pair = now(group.generate());
        let first: string | null = null;
        return {
          share: pair.share,
          complete(share) {
            const secret = now(pair.complete(share));
            first ??= toHex(share);
            return toHex(share) === first ? secret : null;
          },
        };
      },
    })),
    foundBy: "another ciphertext",
  },
  {
    what: "whose secrets are lists of numbers",
    // It breaks the type.
    provider: withGroup(
      "x25519",
      (group) => withSecret(group, (secret) => [...secret] as unknown as Uint8Array),
    ),
    foundBy: "x25519",
  },
];
