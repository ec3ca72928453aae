/** Every live peer, in both roles: suites, groups, kinds of certificates, HelloRetryRequest, client authentication, ALPN. */
import { assertEquals } from "@std/assert";
import { nativeProvider as native } from "@sealane/providers/native";
import { nobleProvider as noble } from "@sealane/providers/noble";
import { webCryptoProvider as webcrypto } from "@sealane/providers/webcrypto";
import {
  CipherSuiteId as C,
  cipherSuiteName,
  NamedGroup as G,
  namedGroupName,
  signatureSchemeName,
} from "@sealane/wire";
import {
  exchange,
  makeMaterial,
  openConnection,
  type Peer,
  type PeerFeature,
  PEERS,
  type Scenario,
} from "./mod.ts";

const material = await makeMaterial();
globalThis.addEventListener("unload", () => material[Symbol.dispose]());

const UP = new TextEncoder().encode("up\n".repeat(7000));
const DOWN = new TextEncoder().encode("down\n".repeat(7000));

interface Case {
  readonly name: string;
  readonly needs?: PeerFeature;
  readonly scenario: Partial<Scenario>;
  /** What the connection has to show, besides data. */
  readonly shows?: Partial<Record<"suite" | "group" | "signature" | "client" | "alpn", string>>;
  readonly retried?: boolean;
}

function* cases(): Generator<Case> {
  for (const provider of [native, webcrypto, noble]) {
    yield { name: `the provider ${provider.name}`, scenario: { provider } };
  }
  for (const suite of Object.values(C)) {
    if (!native.cipherSuites.some(({ id }) => id === suite)) continue;
    const name = cipherSuiteName(suite);
    const needs = name.includes("CCM") ? "ccm" : undefined;
    yield { name, needs, scenario: { suite }, shows: { suite: name } };
  }
  const groups = [
    [G.x25519],
    [G.secp256r1],
    [G.secp384r1],
    [G.secp521r1, "p521"],
    [G.x448, "x448"],
    [G.X25519MLKEM768, "ml-kem"],
  ] as const;
  for (const [group, needs] of groups) {
    const name = namedGroupName(group);
    yield { name, needs, scenario: { group }, shows: { group: name } };
  }
  yield {
    name: "a HelloRetryRequest",
    scenario: { group: G.secp384r1, retry: true },
    retried: true,
  };
  const keys = [
    ["ecdsa-p256", "ecdsa_secp256r1_sha256"],
    ["ecdsa-p384", "ecdsa_secp384r1_sha384"],
    ["rsa-2048", "rsa_pss_rsae_sha256"],
    ["ed25519", "ed25519"],
  ] as const;
  for (const [key, signature] of keys) {
    // Which hash goes with RSA is the signer's choice.
    const shows = key === "rsa-2048" ? {} : { signature };
    yield { name: `a server with ${key}`, scenario: { key }, shows };
    yield {
      name: `a client with ${key}`,
      needs: "request-client-certificate",
      scenario: { clientKey: key },
      shows: key === "rsa-2048" ? {} : { client: signature },
    };
  }
  yield {
    name: "ALPN",
    needs: "alpn",
    scenario: { alpn: ["sealane/1", "http/1.1"] },
    shows: { alpn: "sealane/1" },
  };
}

/** Asking for a certificate is what servers do: a peer that only cannot ask still answers. */
function lacks(peer: Peer, role: "client" | "server", feature: PeerFeature | undefined): boolean {
  if (feature === undefined) return false;
  if (feature === "request-client-certificate" && role === "server") return false;
  return peer.lacks?.includes(feature) ?? false;
}

async function check(scenario: Scenario, wanted: Case): Promise<void> {
  const connection = await openConnection(material, scenario);
  const { info, ours } = connection;
  try {
    await exchange(ours, connection.peer, UP, DOWN);
    const name = (scheme: number | null) => scheme === null ? "none" : signatureSchemeName(scheme);
    const mine = name(info.signatureScheme);
    const theirs = name(info.peerSignatureScheme);
    const all = {
      suite: info.suite.name,
      group: info.group === null ? "none" : namedGroupName(info.group),
      signature: scenario.role === "client" ? theirs : mine,
      client: scenario.role === "client" ? mine : theirs,
      alpn: info.alpn ?? "none",
    };
    for (const key of Object.keys(wanted.shows ?? {}) as (keyof typeof all)[]) { // the keys of `shows` are those of `all`
      assertEquals(all[key], wanted.shows?.[key], key);
    }
    if (wanted.retried) assertEquals(info.helloRetryRequest, true);
  } finally {
    await connection.close();
  }
}

for (const peer of PEERS) {
  const missing = await peer.missing();
  const needs = peer.program === undefined ? "" : ` (needs ${peer.program})`;
  for (const role of ["client", "server"] as const) {
    if (role === "client" ? peer.listen === undefined : peer.connect === undefined) continue;
    const title = role === "client" ? `client to ${peer.name}` : `server to ${peer.name}`;
    for (const wanted of cases()) {
      if (lacks(peer, role, wanted.needs)) continue;
      Deno.test({
        name: `${title}: ${wanted.name}${needs}`,
        ignore: missing !== null,
        fn: () => check({ peer, role, provider: native, ...wanted.scenario }, wanted),
      });
    }
  }
}
