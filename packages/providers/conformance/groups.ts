/**
 * The kit's tests of key exchange. A test cannot set private keys, so the oracle is a reference provider that
 * plays the other side; its own groups are checked against published values in this package's tests.
 *
 * @module
 */
import { concat, NamedGroup, toHex } from "@sealane/wire";
import { nobleProvider } from "../noble/mod.ts";
import type { CryptoProvider, KeyExchangeGroup } from "../provider.ts";
import {
  check,
  checkBytes,
  checkIsBytes,
  type ConformanceTest,
  flipped,
  withCopies,
} from "./check.ts";
import {
  badCurveShares,
  CURVE_PART,
  KEM_START,
  leadingZeroAnswer,
  UNREDUCED_BASE_POINTS,
} from "./shares.ts";

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
      name: `${group.name}: shares are read at once, results are memory of their own`,
      run: () => ownershipTest(group),
    },
    ...(leadingZeroCurves.has(group.id)
      ? [{
        name: `${group.name}: the zeros in front of a secret stay`,
        run: () => leadingZeroTest(group),
      }]
      : []),
    ...(UNREDUCED_BASE_POINTS.has(group.id)
      ? [{
        name: `${group.name}: coordinates above the prime are reduced`,
        run: () => unreducedTest(group),
      }]
      : []),
    ...(KEM_START.has(group.id)
      ? [{
        name: `${group.name}: another ciphertext gives another secret, the same each time`,
        run: () => implicitRejectionTest(group),
      }]
      : []),
    {
      name: `${group.name}: the contained curve's key is one and the same`,
      run: () => componentTest(group, provider),
    },
  ]);
}

const leadingZeroCurves: ReadonlySet<number> = new Set([
  NamedGroup.secp256r1,
  NamedGroup.secp384r1,
  NamedGroup.secp521r1,
]);

async function leadingZeroTest(group: KeyExchangeGroup): Promise<void> {
  const pair = await group.generate();
  const answer = leadingZeroAnswer(group.id, pair.share);
  if (answer === null) return;
  checkBytes(await pair.complete(answer.share), answer.secret, "a secret with a zero in front");
}

/** RFC 7748 section 5. The secret with the base point is the public key itself, which is the other side's share. */
async function unreducedTest(group: KeyExchangeGroup): Promise<void> {
  const base = UNREDUCED_BASE_POINTS.get(group.id) ?? new Uint8Array(0);
  const answer = await group.respond(base);
  check(answer !== null, "a share above the prime was refused");
  checkBytes(answer.secret, answer.share, "the secret with the base point");
  const pair = await group.generate();
  checkBytes(await pair.complete(base), pair.share, "the initiator's secret with the base point");
}

/** FIPS 203 section 6.3: a ciphertext that was not made with the key gives a secret that nobody else has, and no error. */
async function implicitRejectionTest(group: KeyExchangeGroup): Promise<void> {
  const start = KEM_START.get(group.id) ?? 0;
  const pair = await group.generate();
  const answer = await group.respond(pair.share);
  check(answer !== null, "a good share was refused");
  const secrets = new Set([toHex(answer.secret)]);
  for (const at of [start, start + 500]) {
    const other = flipped(answer.share, at);
    const secret = await pair.complete(other);
    check(secret !== null, "another ciphertext was refused");
    checkBytes(await pair.complete(other), secret, "the secret of the same ciphertext again");
    check(secret.length === answer.secret.length, "the secret has another length");
    secrets.add(toHex(secret));
  }
  check(secrets.size === 3, "different ciphertexts give the same secret");
  checkBytes(await pair.complete(answer.share), answer.secret, "the secret of the true ciphertext");
}

async function ownershipTest(group: KeyExchangeGroup): Promise<void> {
  const pair = await group.generate();
  const answer = await withCopies([pair.share], (share) => group.respond(share));
  check(answer !== null, "a share that was overwritten after the call was refused");
  const secret = await withCopies([answer.share], (share) => pair.complete(share));
  checkBytes(secret, answer.secret, "the secret of shares that were overwritten after the calls");
  const kept = [pair.share, answer.share, answer.secret].map((bytes) => bytes.slice());
  const other = await group.generate();
  const [one, two] = await Promise.all([group.respond(other.share), group.respond(pair.share)]);
  check(one !== null && two !== null, "one of two shares at the same time was refused");
  checkBytes(await other.complete(one.share), one.secret, "the secret of one of two");
  checkBytes(await pair.complete(two.share), two.secret, "the secret of the other one");
  for (const [i, bytes] of [pair.share, answer.share, answer.secret].entries()) {
    checkBytes(bytes, kept[i], "a result after other calls");
  }
}

async function agreementTest(
  initiator: KeyExchangeGroup,
  responder: KeyExchangeGroup,
): Promise<void> {
  const shares = new Set<string>();
  for (let i = 0; i < 3; i++) {
    const pair = await initiator.generate();
    checkIsBytes(pair.share, "a share");
    check(pair.share.length === initiator.shareLength, `a share has ${pair.share.length} bytes`);
    const answer = await responder.respond(pair.share);
    check(answer !== null, "a good share was refused by the responder");
    checkIsBytes(answer.share, "the responder's share");
    checkIsBytes(answer.secret, "the responder's secret");
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
