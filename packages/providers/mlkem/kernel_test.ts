import { assert, assertEquals, assertThrows } from "@std/assert";
import { TlsError } from "@sealane/wire";
import { ML_KEM } from "../ml_kem.ts";
import { loadMlKem, type MlKemKernel } from "./kernel.ts";

/** How many random cases each test has; more with SEALANE_MLKEM_CASES. */
const CASES = Number(Deno.env.get("SEALANE_MLKEM_CASES") ?? 12);
const SIZES = ["512", "768", "1024"] as const;

function kernel(): MlKemKernel {
  const mlKem = loadMlKem();
  assert(mlKem !== null, "this platform runs the kernel");
  return mlKem;
}

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

for (const size of SIZES) {
  const { kem: noble, shareLength, ciphertextLength } = ML_KEM[size];

  Deno.test(`ML-KEM-${size}: keys, ciphertexts and secrets are those of noble`, () => {
    const ours = kernel()[size];
    for (let i = 0; i < CASES; i++) {
      const seed = random(64);
      const [mine, theirs] = [ours.keygen(seed), noble.keygen(seed)];
      assertEquals(mine.publicKey, theirs.publicKey);
      const message = random(32);
      const sent = ours.encapsulate(mine.publicKey, message.slice());
      assertEquals(sent, noble.encapsulate(mine.publicKey, message.slice()));
      assertEquals(sent.cipherText.length, ciphertextLength);
      assertEquals(ours.decapsulate(sent.cipherText, mine.secretKey), sent.sharedSecret);
    }
  });

  Deno.test(`ML-KEM-${size}: a ciphertext that is altered anywhere gives the secret of z, as noble's`, () => {
    const ours = kernel()[size];
    const seed = random(64);
    const [mine, theirs] = [ours.keygen(seed), noble.keygen(seed)];
    const { cipherText, sharedSecret } = ours.encapsulate(mine.publicKey);
    const secrets = new Set<string>();
    for (let i = 0; i < CASES; i++) {
      const at = Math.floor(i * (cipherText.length - 1) / (CASES - 1));
      const altered = cipherText.with(at, cipherText[at] ^ 1 << (i & 7));
      const secret = ours.decapsulate(altered, mine.secretKey);
      assertEquals(secret, noble.decapsulate(altered, theirs.secretKey));
      secrets.add(secret.join());
    }
    assert(secrets.size === CASES && !secrets.has(sharedSecret.join()));
    // Bytes at random, and all alike.
    for (const fill of [0, 255]) {
      const wrong = new Uint8Array(ciphertextLength).fill(fill);
      assertEquals(
        ours.decapsulate(wrong, mine.secretKey),
        noble.decapsulate(wrong, theirs.secretKey),
      );
    }
  });

  Deno.test(`ML-KEM-${size}: an encapsulation key with a coefficient of q or more is refused`, () => {
    const ours = kernel()[size];
    const { publicKey } = ours.keygen();
    for (const value of [3329, 3330, 4095]) {
      for (const index of [0, 1, 255, shareLength / 3 * 2 - 22]) {
        const key = publicKey.slice();
        const at = 3 * (index >> 1);
        if (index % 2 === 0) {
          key[at] = value;
          key[at + 1] = key[at + 1] & 0xf0 | value >> 8;
        } else {
          key[at + 1] = key[at + 1] & 0x0f | value << 4;
          key[at + 2] = value >> 4;
        }
        assertThrows(() => ours.encapsulate(key), TlsError);
        // Nothing of it stays behind.
        const pair = ours.keygen();
        const { cipherText, sharedSecret } = ours.encapsulate(pair.publicKey);
        assertEquals(ours.decapsulate(cipherText, pair.secretKey), sharedSecret);
      }
    }
  });
}
