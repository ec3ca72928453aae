/**
 * For this package's tests: data files, the large sets, and back ends with private keys that the test sets.
 *
 * @module
 */
import { der, fromHex, NamedGroup } from "@sealane/wire";
import { agreeOnCurve, type Curve } from "../curve_group.ts";
import { EC_CURVES, type EcCurve, encodeKeyAlgorithm } from "../key_info.ts";
import { nativeCurves, p256Curve } from "../native/groups.ts";
import { nativeProvider } from "../native/mod.ts";
import { findNodeCrypto } from "../native/platform.ts";
import { loadP256 } from "../p256/kernel.ts";
import { nobleCurves } from "../noble/groups.ts";
import { nobleProvider } from "../noble/mod.ts";
import { encodePkcs8 } from "../private_key.ts";
import type { CryptoProvider, MaybePromise } from "../provider.ts";
import { webCryptoCurves } from "../webcrypto/groups.ts";
import { webCryptoProvider } from "../webcrypto/mod.ts";

/** Our providers. */
export const PROVIDERS: readonly CryptoProvider[] = [
  nativeProvider,
  nobleProvider,
  webCryptoProvider,
];

/** A file of this folder. */
export function readTestData<T>(name: string): T {
  return JSON.parse(Deno.readTextFileSync(new URL(name, import.meta.url)));
}

/** The folder with the large vector sets, or `null`. */
export const VECTORS: URL | null = findVectors();

function findVectors(): URL | null {
  const named = Deno.env.get("SEALANE_VECTORS");
  const folder = named
    ? new URL(`file://${named.replace(/\/*$/, "")}/`)
    : new URL("../../../../shared/vectors/", import.meta.url);
  try {
    return Deno.statSync(folder).isDirectory ? folder : null;
  } catch {
    return null;
  }
}

/** A test over files of Wycheproof (C2SP/wycheproof, testvectors_v1), ignored where they are not. */
export function wycheproofTest<G>(
  name: string,
  files: readonly string[],
  run: (groups: readonly G[], file: string) => void | Promise<void>,
): void {
  Deno.test({
    name: `Wycheproof ${name}${VECTORS === null ? " (needs SEALANE_VECTORS)" : ""}`,
    ignore: VECTORS === null,
    async fn() {
      for (const file of files) {
        const text = Deno.readTextFileSync(
          new URL(`wycheproof/${file}_test.json`, VECTORS ?? undefined),
        );
        await run(JSON.parse(text).testGroups, file);
      }
    },
  });
}

/** The agreement function of one back end on one curve, between a scalar and a share. */
export interface TestCurve {
  readonly provider: string;
  readonly id: NamedGroup;
  agree(scalar: Uint8Array, peerShare: Uint8Array): Promise<Uint8Array | null>;
}

const NIST: ReadonlyMap<NamedGroup, EcCurve> = new Map([
  [NamedGroup.secp256r1, "P-256"],
  [NamedGroup.secp384r1, "P-384"],
  [NamedGroup.secp521r1, "P-521"],
]);

/** PKCS#8 of a scalar. */
function pkcs8Of(id: NamedGroup, scalar: Uint8Array): Uint8Array {
  const curve = NIST.get(id);
  if (curve !== undefined) {
    const padded = new Uint8Array(EC_CURVES[curve].bytes);
    padded.set(scalar.subarray(-padded.length), Math.max(0, padded.length - scalar.length));
    return encodePkcs8(
      encodeKeyAlgorithm({ kind: "ec", curve }),
      der.sequence(der.integer(1), der.octetString(padded)),
    );
  }
  const oid = id === NamedGroup.x25519 ? "1.3.101.110" : "1.3.101.111";
  return encodePkcs8(der.sequence(der.objectIdentifier(oid)), der.octetString(scalar));
}

function testCurve<Key>(
  provider: string,
  curve: Curve<Key>,
  importKey: (scalar: Uint8Array) => MaybePromise<Key>,
): TestCurve {
  return {
    provider,
    id: curve.id,
    agree: async (scalar, peerShare) =>
      await agreeOnCurve(curve, await importKey(scalar), peerShare),
  };
}

function allCurves(): TestCurve[] {
  const nodeCrypto = findNodeCrypto();
  const native = nodeCrypto === null
    ? []
    : nativeCurves(nodeCrypto).map((curve) =>
      testCurve("native", curve, (scalar) => {
        // The types want a Buffer; the platforms take any Uint8Array.
        const key = pkcs8Of(curve.id, scalar) as Uint8Array & string;
        return nodeCrypto.createPrivateKey({ key, format: "der", type: "pkcs8" });
      })
    );
  const p256 = loadP256();
  const kernel = p256 === null ? [] : [
    testCurve("kernel", p256Curve(p256), (scalar) => {
      const padded = new Uint8Array(32);
      padded.set(scalar.subarray(-32), Math.max(0, 32 - scalar.length));
      return padded;
    }),
  ];
  const noble = nobleCurves.map((curve) =>
    testCurve("noble", curve, (scalar) => {
      const length = EC_CURVES[NIST.get(curve.id) ?? "P-256"].bytes;
      if (!NIST.has(curve.id)) return scalar;
      const padded = new Uint8Array(length);
      padded.set(scalar.subarray(-length), Math.max(0, length - scalar.length));
      return padded;
    })
  );
  // Deno's WebCrypto has no P-521.
  const web = webCryptoCurves.filter(({ id }) => id !== NamedGroup.secp521r1).map((curve) =>
    testCurve("webcrypto", curve, (scalar) => {
      const named = NIST.get(curve.id);
      const algorithm = named ? { name: "ECDH", namedCurve: named } : { name: "X25519" };
      // Its memory is its own.
      const key = pkcs8Of(curve.id, scalar) as Uint8Array<ArrayBuffer>;
      return crypto.subtle.importKey("pkcs8", key, algorithm, false, ["deriveBits"]);
    })
  );
  return [...native, ...kernel, ...noble, ...web];
}

/** Every curve of every back end. */
export const CURVES: readonly TestCurve[] = allCurves();

/** Bytes of a hexadecimal number, which may have an odd number of digits. */
export function fromHexNumber(text: string): Uint8Array {
  return fromHex(text.length % 2 === 0 ? text : `0${text}`);
}
