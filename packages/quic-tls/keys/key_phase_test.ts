import { assert, assertEquals, assertThrows } from "@std/assert";
import { TlsError, toHex } from "@sealane/wire";
import { type AeadKey, type CipherSuite, isPromise } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { QuicError, TransportErrorCode } from "../errors.ts";
import { writeShortHeader } from "../packets/header.ts";
import { KeyPhases } from "./key_phase.ts";
import { ForgeryCount, type OpenedPacket } from "./protection.ts";
import { QUIC_V1 } from "../packets/version.ts";

const [NATIVE_SUITE] = nativeProvider.cipherSuites;
const EMPTY = new Uint8Array(0);

class Clock {
  time = 0;
  readonly now = (): number => this.time;
  readonly pto = (): number => 100;
}

/** An end of a connection whose provider is synchronous. */
class End {
  readonly clock: Clock;
  readonly keys: KeyPhases;
  next = 0;

  constructor(clock: Clock, suite: CipherSuite, write: number, read: number, forgeries?: number) {
    this.clock = clock;
    const count = forgeries === undefined ? undefined : new ForgeryCount(forgeries);
    this.keys = new KeyPhases(QUIC_V1, suite, clock, count);
    this.keys.installWrite(new Uint8Array(32).fill(write));
    this.keys.installRead(new Uint8Array(32).fill(read));
    this.keys.confirm();
  }

  send(packetNumber = this.next): Uint8Array {
    this.next = Math.max(this.next, packetNumber + 1);
    const packet = new Uint8Array(5 + 4 + 16).fill(packetNumber);
    const header = { destinationConnectionId: EMPTY, packetNumber, packetNumberLength: 4 };
    writeShortHeader(packet, 0, header);
    const sealed = this.keys.protect(packet, 5, packetNumber);
    assert(!isPromise(sealed));
    return sealed;
  }

  open(packet: Uint8Array): OpenedPacket | string {
    const opened = this.keys.unprotect(packet, 1, -1);
    assert(!isPromise(opened), "a synchronous provider yields nothing");
    return opened;
  }

  /** Opens a packet that has to open. */
  take(packet: Uint8Array): OpenedPacket {
    const opened = this.open(packet);
    assert(typeof opened === "object", `dropped: ${opened}`);
    return opened;
  }
}

function pair(suite = NATIVE_SUITE, forgeries?: number): { clock: Clock; a: End; b: End } {
  const clock = new Clock();
  const a = new End(clock, suite, 1, 2, forgeries);
  return { clock, a, b: new End(clock, suite, 2, 1, forgeries) };
}

/** `b` acknowledges to `a` what it has of it. */
function acknowledge(a: End, b: End, packetNumber: number): void {
  a.keys.onAcknowledged(packetNumber, a.take(b.send()).firstByte);
}

function assertKeyUpdateError(action: () => unknown, message: string): void {
  const error = assertThrows(action, QuicError, message);
  assertEquals(error.transportError, TransportErrorCode.KEY_UPDATE_ERROR);
}

Deno.test("either end starts an update and the other follows", () => {
  for (const swap of [false, true]) {
    const { a, b } = pair();
    const [first, second] = swap ? [b, a] : [a, b];
    second.take(first.send());
    first.keys.update();
    assertEquals(second.take(first.send()).payload, new Uint8Array(4).fill(1));
    assertEquals([first.keys.phase, second.keys.phase], [1, 1]);
    assertEquals(first.take(second.send()).firstByte & 4, 4);
  }
});

Deno.test("both ends start the same update at once", () => {
  const { a, b } = pair();
  a.keys.update();
  b.keys.update();
  const [fromA, fromB] = [a.send(), b.send()];
  a.take(fromB);
  b.take(fromA);
  assertEquals([a.keys.phase, b.keys.phase], [1, 1]);
});

Deno.test("many updates follow each other", () => {
  const { a, b, clock } = pair();
  for (let i = 1; i <= 10; i++) {
    a.keys.update();
    const packetNumber = a.next;
    b.take(a.send());
    acknowledge(a, b, packetNumber);
    clock.time += 300;
    a.keys.onTimeout();
    b.keys.onTimeout();
    assertEquals([a.keys.phase, b.keys.phase], [i, i]);
  }
});

Deno.test("no update starts before the handshake is confirmed", () => {
  const keys = new KeyPhases(QUIC_V1, NATIVE_SUITE, new Clock());
  keys.installWrite(new Uint8Array(32));
  keys.installRead(new Uint8Array(32));
  assert(!keys.canUpdate);
  assertThrows(() => keys.update(), TlsError, "may not be updated");
  keys.confirm();
  keys.update();
});

Deno.test("no second update starts before an acknowledgement in the phase, and then three PTOs", () => {
  const { a, b, clock } = pair();
  const before = a.send();
  a.keys.update();
  const after = a.next;
  b.take(before);
  b.take(a.send());
  const ack = a.take(b.send());
  a.keys.onAcknowledged(0, ack.firstByte);
  clock.time = 1000;
  a.keys.onTimeout();
  assert(!a.keys.canUpdate, "an acknowledgement of the older phase does not count");
  a.keys.onAcknowledged(after, ack.firstByte);
  assert(!a.keys.canUpdate);
  clock.time += 299;
  assert(!a.keys.canUpdate);
  clock.time += 1;
  assert(a.keys.canUpdate);
});

Deno.test("packets that an update overtook open until three PTOs are over", () => {
  const { a, b, clock } = pair();
  const [zero, one, two] = [a.send(), a.send(), a.send()];
  a.keys.update();
  b.take(a.send());
  b.take(one);
  assertEquals(b.keys.timeout, 300);
  clock.time = 299;
  b.keys.onTimeout();
  b.take(two);
  clock.time = 300;
  b.keys.onTimeout();
  assertEquals(b.keys.timeout, Infinity);
  assertEquals(b.open(zero), "keys-discarded");
});

Deno.test("the end that started keeps old read keys until the peer has followed", () => {
  const { a, b, clock } = pair();
  const old = [b.send(), b.send()];
  a.keys.update();
  clock.time = 10_000;
  a.keys.onTimeout();
  a.take(old[0]);
  b.take(a.send());
  a.take(b.send());
  clock.time += 299;
  a.keys.onTimeout();
  a.take(old[1]);
});

Deno.test("a forged packet in the other phase changes nothing", () => {
  const { a, b } = pair();
  b.take(a.send());
  for (let i = 0; i < 64; i++) {
    const forged = a.send();
    forged[forged.length - 1] ^= 1;
    forged[0] ^= 4;
    assertEquals(b.open(forged), "authentication");
  }
  assertEquals(b.keys.phase, 0);
  b.take(a.send());
});

Deno.test("older keys on a higher packet number are a KEY_UPDATE_ERROR", () => {
  const { a, b } = pair();
  const overtaken = a.send(20);
  a.keys.update();
  b.take(overtaken);
  assertKeyUpdateError(() => b.open(a.send(10)), "newer keys");
});

Deno.test("newer keys below a packet with older keys are a KEY_UPDATE_ERROR", () => {
  const { a, b } = pair();
  const late = a.send(11);
  a.keys.update();
  const [ten, twelve] = [a.send(10), a.send(12)];
  b.take(twelve);
  b.take(late);
  assertKeyUpdateError(() => b.open(ten), "older keys");
});

Deno.test("an acknowledgement under older keys than the packet is a KEY_UPDATE_ERROR", () => {
  const { a, b } = pair();
  const old = b.send();
  a.keys.update();
  const packetNumber = a.next;
  a.send();
  const carrier = a.take(old);
  assertKeyUpdateError(
    () => a.keys.onAcknowledged(packetNumber, carrier.firstByte),
    "acknowledged under keys older",
  );
});

Deno.test("a second update of the peer before anything was sent is a KEY_UPDATE_ERROR", () => {
  const { a, b, clock } = pair();
  a.keys.update();
  const packetNumber = a.next;
  b.take(a.send());
  // The peer pretends to have an acknowledgement.
  a.keys.onAcknowledged(packetNumber, 4);
  a.take(new End(clock, NATIVE_SUITE, 2, 1).send());
  clock.time += 1000;
  const rogue = pair();
  rogue.a.keys.update();
  const first = rogue.a.send();
  rogue.b.take(first);
  rogue.a.keys.onAcknowledged(0, rogue.a.take(rogue.b.send()).firstByte);
  rogue.clock.time += 1000;
  rogue.a.keys.onTimeout();
  rogue.a.keys.update();
  const second = rogue.a.send();
  const fresh = new End(new Clock(), NATIVE_SUITE, 2, 1);
  fresh.take(first);
  assertKeyUpdateError(() => fresh.open(second), "second key update");
});

Deno.test("keys update by themselves before the confidentiality limit, and stop at it", () => {
  const aead = { ...NATIVE_SUITE.aead, confidentialityLimit: 8 };
  const { a, b } = pair({ ...NATIVE_SUITE, aead });
  for (let i = 0; i < 6; i++) b.take(a.send());
  assertEquals(a.keys.phase, 0);
  b.take(a.send());
  assertEquals(a.keys.phase, 1);
  // Without an acknowledgement no update follows, and the limit holds.
  for (let i = 0; i < 7; i++) a.send();
  const error = assertThrows(() => a.send(), QuicError, "as many as it may");
  assertEquals(error.transportError, TransportErrorCode.AEAD_LIMIT_REACHED);
});

Deno.test("forgeries beyond the integrity limit are AEAD_LIMIT_REACHED, counted across phases", () => {
  const { a, b } = pair(NATIVE_SUITE, 3);
  const forge = (): Uint8Array => {
    const packet = a.send();
    packet[packet.length - 1] ^= 1;
    return packet;
  };
  assertEquals(b.open(forge()), "authentication");
  a.keys.update();
  b.take(a.send());
  assertEquals(b.open(forge()), "authentication");
  assertEquals(b.open(forge()), "authentication");
  const error = assertThrows(() => b.open(forge()), QuicError);
  assertEquals(error.transportError, TransportErrorCode.AEAD_LIMIT_REACHED);
});

Deno.test("reserved bits and packets without frames are PROTOCOL_VIOLATION", () => {
  const { a, b } = pair();
  for (const [first, payload] of [[0x08, 4], [0x10, 4], [0x00, 0]]) {
    const packet = new Uint8Array(5 + payload + 16);
    const header = { destinationConnectionId: EMPTY, packetNumber: 7, packetNumberLength: 4 };
    writeShortHeader(packet, 0, header);
    packet[0] |= first;
    a.keys.protect(packet, 5, 7);
    const error = assertThrows(() => b.open(packet), QuicError);
    assertEquals(error.transportError, TransportErrorCode.PROTOCOL_VIOLATION);
  }
});

Deno.test("a packet too short for a sample is dropped", () => {
  const { b } = pair();
  for (let length = 1; length < 21; length++) {
    assertEquals(b.open(new Uint8Array(length).fill(0x40)), "too-short");
  }
  assertEquals(b.open(new Uint8Array(21).fill(0x40)), "authentication");
});

/** The same suite with promises everywhere. */
function asynchronous(suite: CipherSuite): CipherSuite {
  const aead = {
    ...suite.aead,
    importKey: async (key: Uint8Array): Promise<AeadKey> => {
      const inner = await suite.aead.importKey(key.slice());
      return {
        seal: (nonce, aad, plaintext, out) => {
          const copies = [nonce.slice(), aad.slice(), plaintext.slice()] as const;
          return Promise.resolve().then(() => inner.seal(...copies, out));
        },
        open: (nonce, aad, ciphertext, out) => {
          const copies = [nonce.slice(), aad.slice(), ciphertext.slice()] as const;
          return Promise.resolve().then(() => inner.open(...copies, out));
        },
      };
    },
  };
  return { ...suite, aead };
}

Deno.test("an asynchronous provider makes the same packets and follows an update", async () => {
  const { a } = pair();
  const clock = new Clock();
  const suite = asynchronous(NATIVE_SUITE);
  const keys = new KeyPhases(QUIC_V1, suite, clock);
  const reader = new KeyPhases(QUIC_V1, suite, clock);
  await keys.installWrite(new Uint8Array(32).fill(1));
  await keys.installRead(new Uint8Array(32).fill(2));
  await reader.installWrite(new Uint8Array(32).fill(2));
  await reader.installRead(new Uint8Array(32).fill(1));
  keys.confirm();
  const packets: Uint8Array[] = [];
  for (let packetNumber = 0; packetNumber < 4; packetNumber++) {
    if (packetNumber === 2) {
      while (!keys.canUpdate) await Promise.resolve();
      keys.update();
      a.keys.update();
    }
    const packet = new Uint8Array(5 + 4 + 16).fill(packetNumber);
    const header = { destinationConnectionId: EMPTY, packetNumber, packetNumberLength: 4 };
    writeShortHeader(packet, 0, header);
    const sealed = await keys.protect(packet, 5, packetNumber);
    assertEquals(toHex(sealed), toHex(a.send()));
    packets.push(sealed);
  }
  // All at once, the newest first: both packets of the new phase are opened with keys of which only one can be first.
  const opened = await Promise.all(
    packets.reverse().map((packet) => reader.unprotect(packet, 1, -1)),
  );
  for (const packet of opened) assert(typeof packet === "object", `dropped: ${packet}`);
  assertEquals(reader.phase, 1);
});
