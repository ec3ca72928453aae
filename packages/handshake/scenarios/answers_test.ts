/**
 * What a provider, a signer, a store and a callback may answer: the value or whatever promise of it; a verdict counts only
 * as `true` itself, and bytes only as bytes.
 */
import { createTestAuthority } from "@sealane/pki/testing";
import { TrustStore } from "@sealane/pki";
import {
  chain,
  type CryptoProvider,
  type Hash,
  type HashState,
  type KeyExchangeGroup,
  type Signer,
} from "@sealane/providers";
import { laterProvider, thenable } from "@sealane/providers/conformance";
import { nativeProvider } from "@sealane/providers/native";
import { TlsError, type TlsErrorCode } from "@sealane/wire";
import { assert, assertEquals } from "@std/assert";
import { runInNewContext } from "node:vm";
import {
  type ClientConfig,
  createCredential,
  Handshake,
  MemoryStore,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
  type Session,
  type SessionStore,
  storedTickets,
} from "../mod.ts";
import { shakeOut } from "../testing/testing.ts";

const authority = await createTestAuthority(nativeProvider);
const issued = await authority.issue({ names: ["localhost"] });
const trust = TrustStore.fromCertificates([authority.certificate]);

/** What a test changes of both sides. */
interface Changes {
  readonly client?: Partial<ClientConfig>;
  readonly server?: Partial<ServerConfig>;
  readonly session?: Session;
}

function run({ client, server, session }: Changes) {
  const credentials = [createCredential({ certificates: issued.chain, signer: issued.signer })];
  const common = { provider: nativeProvider, credentials, trust, alpn: ["h2"] };
  const [one, other] = [
    Handshake.client({ ...common, ...client }, { serverName: "localhost", session }),
    Handshake.server({ ...common, clientAuthentication: "required", ...server }),
  ];
  return shakeOut(one, other).then((outcome) => ({ ...outcome, info: other.info }));
}

// The types of another realm's values are those of this one.
const foreign = <T>(value: T): Promise<T> =>
  runInNewContext("Promise.resolve(value)", { value }) as Promise<T>;
// That it is no promise of ours is what it is for.
const later = <T>(value: T): Promise<T> => thenable(value) as Promise<T>;

/** A store whose answers `later` makes. */
function storeOf(wrap: <T>(value: T) => Promise<T>): SessionStore {
  const store = new MemoryStore();
  return {
    get: (key) => wrap(store.get(key)),
    take: (key) => wrap(store.take(key)),
    put: (key, value, ttl) => wrap(store.put(key, value, ttl)),
    add: (key, value, ttl) => wrap(store.add(key, value, ttl)),
  };
}

for (
  const [way, wrap] of Object.entries({ thenables: later, "another realm's promises": foreign })
) {
  Deno.test(`row 287: two handshakes with ${way} everywhere, the second resumed`, async () => {
    const provider = laterProvider(nativeProvider, wrap);
    const { signer } = issued;
    const slow: Signer = {
      ...signer,
      sign: (...inputs) => chain(signer.sign(...inputs), (bytes) => wrap(bytes)),
    };
    const credential = createCredential({ certificates: issued.chain, signer: slow });
    const store = storeOf(wrap);
    const keys = new RotatingTicketKeys({ random: (length) => provider.random(length), store });
    const asked: string[] = [];
    const note = (what: string) => <T>(value: T): Promise<T> => (asked.push(what), wrap(value));
    const client: Partial<ClientConfig> = {
      provider,
      credentials: [credential],
      verifyPeer: () => note("verifyPeer of the client")(undefined),
    };
    const server: Partial<ServerConfig> = {
      provider,
      credentials: () => note("credentials")(credential),
      tickets: sealedTickets({ provider, keys, used: store }),
      selectAlpn: ([first]) => note("selectAlpn")(first),
      onClientHello: () => note("onClientHello")(undefined),
      verifyPeer: () => note("verifyPeer of the server")(undefined),
      ocspResponse: () => note("ocspResponse")(null),
      findPsk: () => note("findPsk")(null),
    };
    const first = await run({ client, server });
    assertEquals([first.client, first.server], [null, null]);
    assertEquals(new Set(asked).size >= 4, true, asked.join());
    const [session] = first.sessions;
    const second = await run({ client, server, session });
    assertEquals([second.client, second.server], [null, null]);
    assert(second.info?.resumed);
    // The store has recorded it: a ticket serves once.
    const third = await run({ client, server, session });
    assertEquals([third.client, third.server], [null, null]);
    assertEquals(third.info?.resumed, false);
  });
}

const failing = async (changes: Changes, code: TlsErrorCode, side: "client" | "server") => {
  const { client, server } = await run(changes);
  const error = side === "client" ? client : server;
  assert(error instanceof TlsError, `the ${side} went on`);
  assertEquals(error.code, code, error.message);
};

const NOT_TRUE: readonly unknown[] = [1, "true", {}, undefined, null, later({}), foreign(1)];

Deno.test("row 287: a signature of CertificateVerify is good only if the verdict is true itself", async () => {
  for (const verdict of NOT_TRUE) {
    const provider: CryptoProvider = {
      ...nativeProvider,
      // A provider that breaks its type, for what it is asked for in CertificateVerify.
      signatures: nativeProvider.signatures.map((algorithm) => ({
        ...algorithm,
        verify: (...args) =>
          args[3] === "certificate-verify" ? verdict as boolean : algorithm.verify(...args),
      })),
    };
    await failing({ client: { provider } }, "peer/bad-signature", "client");
  }
});

const NOT_YES: readonly unknown[] = [
  false,
  0,
  null,
  "",
  "no",
  new Error("no"),
  {},
  later(false),
  foreign(false),
];
const YES: readonly unknown[] = [undefined, true, later(undefined), foreign(true)];

Deno.test("row 287: verifyPeer refuses by an error, and by any answer but true and nothing", async () => {
  for (const verdict of NOT_YES) {
    const verifyPeer = () => verdict as undefined;
    await failing({ client: { verifyPeer } }, "local/certificate-refused", "client");
    await failing({ server: { verifyPeer } }, "local/certificate-refused", "server");
  }
  for (const verdict of YES) {
    const outcome = await run({ client: { verifyPeer: () => verdict as undefined } });
    assertEquals(outcome.client, null);
  }
});

/** Everything that is no `Uint8Array`, or one of a wrong length. */
const NOT_BYTES: readonly unknown[] = [
  Promise.resolve(new Uint8Array(32)),
  "bytes",
  [1, 2, 3],
  true,
  new ArrayBuffer(32),
  new Uint16Array(16),
  new DataView(new ArrayBuffer(32)),
  { length: 32 },
  new Uint8Array(31),
];

function withHash(change: (hash: Hash) => Hash): CryptoProvider {
  return {
    ...nativeProvider,
    cipherSuites: nativeProvider.cipherSuites.map((suite) => ({
      ...suite,
      hash: change(suite.hash),
    })),
  };
}

function withGroup(change: (group: KeyExchangeGroup) => KeyExchangeGroup): CryptoProvider {
  return { ...nativeProvider, groups: nativeProvider.groups.map(change) };
}

Deno.test("a digest or an HMAC that is not its bytes ends the handshake", async () => {
  for (const wrong of NOT_BYTES) {
    const digest = withHash((hash) => ({
      ...hash,
      create() {
        const state: HashState = {
          update: () => state,
          clone: () => state,
          digest: () => wrong as Uint8Array,
        };
        return state;
      },
    }));
    const hmac = withHash((hash) => ({ ...hash, hmac: () => wrong as Uint8Array }));
    for (const provider of [digest, hmac]) {
      await failing({ client: { provider } }, "local/internal", "client");
      await failing({ server: { provider } }, "local/internal", "server");
    }
  }
});

Deno.test("a share, a secret, a signature and random bytes that are none end the handshake", async () => {
  for (const wrong of NOT_BYTES.slice(1, -1)) {
    const bytes = wrong as Uint8Array;
    const shares = withGroup((group) => ({
      ...group,
      generate: () => ({ share: bytes, complete: () => null }),
    }));
    await failing({ client: { provider: shares } }, "local/internal", "client");
    const secrets = withGroup((group) => ({
      ...group,
      generate: async () => ({
        ...await group.generate(),
        complete: () => bytes,
        component: () => null,
      }),
    }));
    await failing({ client: { provider: secrets } }, "local/internal", "client");
    for (const part of ["share", "secret"]) {
      const provider = withGroup((group) => ({
        ...group,
        async respond(share) {
          const agreement = await group.respond(share);
          return agreement && { ...agreement, [part]: bytes };
        },
      }));
      await failing({ server: { provider } }, "local/internal", "server");
    }
    const signer = { ...issued.signer, sign: () => bytes };
    const credentials = [createCredential({ certificates: issued.chain, signer })];
    await failing({ server: { credentials } }, "local/internal", "server");
    const random = () => bytes;
    await failing({ client: { random } }, "local/internal", "client");
    await failing({ server: { random } }, "local/internal", "server");
    await failing({ server: { selectAlpn: () => bytes } }, "local/callback", "server");
  }
});

Deno.test("row 287: a store that answers with anything but its types has no session and no ticket used", async () => {
  for (const wrong of [true, 1, {}, "OK", [], new Uint16Array(4), later(1), foreign({})]) {
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    const inner = new MemoryStore();
    let broken = false;
    const ask = <T>(answer: () => T): T => broken ? wrong as T : answer();
    const store: SessionStore = {
      get: (key) => inner.get(key),
      take: (key) => ask(() => inner.take(key)),
      put: (key, value, ttl) => inner.put(key, value, ttl),
      add: (key, value, ttl) =>
        broken && wrong !== true ? wrong as boolean : inner.add(key, value, ttl),
    };
    const { random } = nativeProvider;
    const stored = storedTickets({ store, random, onError });
    const { sessions } = await run({ server: { tickets: stored } });
    broken = true;
    const again = await run({ server: { tickets: stored }, session: sessions[0] });
    assertEquals([again.client, again.server], [null, null]);
    assertEquals(again.info?.resumed, false, String(wrong));
    assert(errors.length > 0);
    broken = false;
    const keys = new RotatingTicketKeys({ random });
    const sealed = sealedTickets({ provider: nativeProvider, keys, used: store, onError });
    const second = await run({ server: { tickets: sealed } });
    broken = true;
    const resumed = await run({ server: { tickets: sealed }, session: second.sessions[0] });
    assertEquals(resumed.info?.resumed, wrong === true, String(wrong));
  }
});
