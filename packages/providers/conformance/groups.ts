/**
 * The kit's tests of key exchange. A test cannot set private keys, so the oracle is a reference provider that
 * plays the other side; its own groups are checked against published values in this package's tests.
 *
 * @module
 */
import { concat, NamedGroup, toHex } from "@sealane/wire";
import { nobleProvider } from "../noble/mod.ts";
import type { CryptoProvider, KeyExchangeGroup } from "../provider.ts";
import { check, checkBytes, type ConformanceTest, flipped } from "./check.ts";

/** x coordinates of low order (RFC 7748 section 6; all of them, canonical or not, for X25519). */
const LOW_ORDER: ReadonlyMap<number, readonly Uint8Array[]> = new Map([
  [NamedGroup.x25519, [
    little(32, 0n),
    little(32, 1n),
    little(32, 2n ** 255n - 19n - 1n),
    little(32, 2n ** 255n - 19n),
    little(32, 2n ** 255n - 19n + 1n),
    little(32, 39382357235489614581723060781553021112529911719440698176882885853963445705823n),
    little(32, 325606250916557431795983626356110631294008115727848805560023387167927233504n),
    little(32, 2n ** 255n), // zero again, but for the bit that is ignored
  ]],
  [NamedGroup.x448, [
    little(56, 0n),
    little(56, 1n),
    little(56, 2n ** 448n - 2n ** 224n - 1n - 1n),
    little(56, 2n ** 448n - 2n ** 224n - 1n),
    little(56, 2n ** 448n - 2n ** 224n),
  ]],
]);

function little(length: number, value: bigint): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number(value >> BigInt(8 * i) & 0xffn));
}

/** Where the elliptic curve's share stands in a group's shares, and which it is. */
const CURVE_PART: ReadonlyMap<number, { group: number; length: number; end: boolean }> = new Map([
  [NamedGroup.secp256r1, { group: NamedGroup.secp256r1, length: 65, end: false }],
  [NamedGroup.secp384r1, { group: NamedGroup.secp384r1, length: 97, end: false }],
  [NamedGroup.secp521r1, { group: NamedGroup.secp521r1, length: 133, end: false }],
  [NamedGroup.x25519, { group: NamedGroup.x25519, length: 32, end: false }],
  [NamedGroup.x448, { group: NamedGroup.x448, length: 56, end: false }],
  [NamedGroup.SecP256r1MLKEM768, { group: NamedGroup.secp256r1, length: 65, end: false }],
  [NamedGroup.SecP384r1MLKEM1024, { group: NamedGroup.secp384r1, length: 97, end: false }],
  [NamedGroup.X25519MLKEM768, { group: NamedGroup.x25519, length: 32, end: true }],
  [NamedGroup.curveSM2, { group: NamedGroup.curveSM2, length: 65, end: false }],
  [NamedGroup.curveSM2MLKEM768, { group: NamedGroup.curveSM2, length: 65, end: false }],
]);

/** Where the encapsulation key stands in the initiator's share, in 12-bit coefficients from `start`. */
const KEM_START: ReadonlyMap<number, number> = new Map([
  [NamedGroup.MLKEM512, 0],
  [NamedGroup.MLKEM768, 0],
  [NamedGroup.MLKEM1024, 0],
  [NamedGroup.X25519MLKEM768, 0],
  [NamedGroup.SecP256r1MLKEM768, 65],
  [NamedGroup.SecP384r1MLKEM1024, 97],
  [NamedGroup.curveSM2MLKEM768, 65],
]);

/** Bad elliptic-curve shares in a good share of the group. */
function badCurveShares(id: number, share: Uint8Array): Uint8Array[] {
  const part = CURVE_PART.get(id);
  if (part === undefined) return [];
  const start = part.end ? share.length - part.length : 0;
  const replace = (replacement: Uint8Array) =>
    concat([share.subarray(0, start), replacement, share.subarray(start + part.length)]);
  const point = share.subarray(start, start + part.length);
  const low = LOW_ORDER.get(part.group);
  if (low !== undefined) return low.map(replace);
  const width = (part.length - 1) / 2;
  const compressed = concat([
    Uint8Array.of(2 + (point[2 * width] & 1)),
    point.subarray(1, 1 + width),
  ]);
  const hybrid = concat([Uint8Array.of(6 + (point[2 * width] & 1)), point.subarray(1)]);
  const overField = concat([
    Uint8Array.of(4),
    new Uint8Array(width).fill(0xff),
    point.subarray(1 + width),
  ]);
  return [
    flipped(point, -1), // off the curve
    flipped(point, 1 + width),
    new Uint8Array(part.length), // "infinity" in the width of a point
    concat([Uint8Array.of(4), new Uint8Array(2 * width)]),
    overField,
    compressed,
    hybrid,
    Uint8Array.of(0), // infinity
  ].map(replace);
}

/** Tests of every group. */
export function groupTests(provider: CryptoProvider): ConformanceTest[] {
  return provider.groups.flatMap((group) => [
    {
      name: `${group.name}: both sides of the provider agree, with fresh keys each time`,
      run: () => agreementTest(group, group),
    },
    ...nobleProvider.groups.filter(({ id }) => id === group.id).flatMap((reference) => [
      {
        name: `${group.name}: agrees with the reference, either one first`,
        async run() {
          await agreementTest(group, reference);
          await agreementTest(reference, group);
        },
      },
    ]),
    { name: `${group.name}: bad shares are null`, run: () => badShareTest(group) },
    {
      name: `${group.name}: the contained curve's key is one and the same`,
      run: () => componentTest(group, provider),
    },
  ]);
}

async function agreementTest(
  initiator: KeyExchangeGroup,
  responder: KeyExchangeGroup,
): Promise<void> {
  const shares = new Set<string>();
  for (let i = 0; i < 3; i++) {
    const pair = await initiator.generate();
    check(pair.share.length === initiator.shareLength, `a share has ${pair.share.length} bytes`);
    const answer = await responder.respond(pair.share);
    check(answer !== null, "a good share was refused by the responder");
    const secret = await pair.complete(answer.share);
    checkBytes(secret, answer.secret, "the initiator's secret");
    shares.add(toHex(pair.share)).add(toHex(answer.share));
  }
  check(shares.size === 6, "a share came twice");
  if (initiator.id !== NamedGroup.x25519) return;
  // RFC 7748 §5: the highest bit of a share is ignored, not refused.
  const pair = await initiator.generate();
  const answer = await responder.respond(flipped(pair.share, 31, 0x80));
  check(answer !== null, "a share with its highest bit set was refused");
  const secret = await pair.complete(flipped(answer.share, 31, 0x80));
  checkBytes(secret, answer.secret, "the secret of shares with their highest bits set");
}

async function badShareTest(group: KeyExchangeGroup): Promise<void> {
  const pair = await group.generate();
  const answer = await group.respond(pair.share);
  check(answer !== null, "a good share was refused");
  const lengths = (share: Uint8Array) => [
    new Uint8Array(0),
    share.subarray(0, 1),
    share.subarray(0, -1),
    share.subarray(1),
    concat([share, Uint8Array.of(0)]),
    concat([Uint8Array.of(0), share]),
    concat([share, share]),
  ];
  const initiators = [...lengths(pair.share), ...badCurveShares(group.id, pair.share)];
  const start = KEM_START.get(group.id);
  if (start !== undefined) {
    // FIPS 203 §7.2: a coefficient of q = 3329 or more.
    const unreduced = pair.share.slice();
    unreduced.set([0xff, 0xff, 0xff], start);
    const justAbove = pair.share.slice();
    justAbove[start] = 3329 & 0xff;
    justAbove[start + 1] = justAbove[start + 1] & 0xf0 | 3329 >> 8;
    initiators.push(unreduced, justAbove);
  }
  for (const [i, bad] of initiators.entries()) {
    check(await group.respond(bad) === null, `bad share ${i} of ${bad.length} bytes was answered`);
  }
  for (
    const [i, bad] of [...lengths(answer.share), ...badCurveShares(group.id, answer.share)]
      .entries()
  ) {
    check(await pair.complete(bad) === null, `bad answer ${i} of ${bad.length} bytes was taken`);
  }
  checkBytes(await pair.complete(answer.share), answer.secret, "the secret after bad answers");
}

async function componentTest(group: KeyExchangeGroup, provider: CryptoProvider): Promise<void> {
  const pair = await group.generate();
  const part = CURVE_PART.get(group.id);
  if (pair.component === undefined || part === undefined) return;
  check(pair.component(NamedGroup.ffdhe2048) === null, "a component that cannot be");
  const component = pair.component(part.group);
  if (component === null) return;
  const start = part.end ? pair.share.length - part.length : 0;
  checkBytes(
    component.share,
    pair.share.slice(start, start + part.length),
    "the component's share",
  );
  const plain = provider.groups.find(({ id }) => id === part.group);
  if (plain === undefined) return;
  const answer = await plain.respond(component.share);
  check(answer !== null, "the component's share was refused");
  checkBytes(await component.complete(answer.share), answer.secret, "the component's secret");
}
