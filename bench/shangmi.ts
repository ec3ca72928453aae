/**
 * The ShangMi provider against `sm-crypto-v2`, the fastest of the npm packages that have these algorithms, and its SM3 also
 * against that of `node:crypto`.
 *
 * @module
 */
import { createHash, getHashes } from "node:crypto";
import { shangmiProvider } from "@sealane/providers/shangmi";
import { toHex } from "@sealane/wire";
import { sm2, sm3, sm4 } from "sm-crypto-v2";
import { type BenchRow, compare } from "./row.ts";

const SIZE = 16384;
const MEGABYTES = SIZE / 1e6;

/** A PKCS#8 document around an SM2 private key of 32 bytes (RFC 5958, RFC 5915). */
function pkcs8(privateKey: string): Uint8Array {
  const header = "3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420";
  return Uint8Array.from((header + privateKey).match(/../g) ?? [], (hex) => parseInt(hex, 16));
}

/** The rows of this table. */
export async function rows(): Promise<BenchRow[]> {
  const { cipherSuites: [{ aead, hash }], signatures: [algorithm] } = shangmiProvider;
  const data = shangmiProvider.random(SIZE);
  const bytes = { unit: "MB/s", perCall: MEGABYTES };
  const times = { unit: "/s", perCall: 1 };

  const key = shangmiProvider.random(16);
  const nonce = shangmiProvider.random(12);
  const header = new Uint8Array(5);
  const sealer = await aead.importKey(key);
  const gcm = {
    mode: "gcm",
    iv: toHex(nonce),
    associatedData: header,
    output: "array",
    outputTag: true,
  } as const;

  const message = shangmiProvider.random(130);
  const { privateKey, publicKey } = sm2.generateKeyPairHex();
  const options = { der: true, hash: true, userId: "TLSv1.3+GM+Cipher+Suite" };
  const signer = await shangmiProvider.importPrivateKey(pkcs8(privateKey));
  const [scheme] = signer.schemes;
  const spki = signer.publicKey ?? new Uint8Array();
  const signature = await signer.sign(scheme, message);
  const use = "certificate-verify";
  const theirs = toHex(signature);
  if (!sm2.doVerifySignature(message, theirs, publicKey, options)) {
    throw new Error("sm-crypto-v2 does not verify our signature: the rows would mean nothing");
  }

  const table = [
    await compare(
      "SM4-GCM seal 16 KiB, to sm-crypto-v2",
      bytes,
      () => sealer.seal(nonce, header, data),
      () => sm4.encrypt(data, toHex(key), gcm),
    ),
    await compare(
      "SM3 16 KiB, to sm-crypto-v2",
      bytes,
      () => hash.create().update(data).digest(),
      () => sm3(data),
    ),
    await compare(
      "SM2 sign, to sm-crypto-v2",
      times,
      () => signer.sign(scheme, message),
      () => sm2.doSignature(message, privateKey, { ...options, publicKey }),
    ),
    await compare(
      "SM2 verify, to sm-crypto-v2",
      times,
      () => algorithm.verify(spki, message, signature, use),
      () => sm2.doVerifySignature(message, theirs, publicKey, options),
    ),
  ];
  if (getHashes().includes("sm3")) {
    for (const [name, size] of [["16 KiB", SIZE], ["256 B", 256]] as const) {
      table.push(
        await compare(
          `SM3 ${name}, to node:crypto`,
          { unit: "MB/s", perCall: size / 1e6 },
          () => hash.create().update(data.subarray(0, size)).digest(),
          () => createHash("sm3").update(data.subarray(0, size)).digest(),
        ),
      );
    }
  }
  return table;
}
