/** A session is resumed only by whom and for what it was made (RFC 9846 section 4.7.1). */
import { assert, assertEquals } from "@std/assert";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { CipherSuiteId } from "@sealane/wire";
import {
  type ClientConfig,
  createCredential,
  type ExternalPsk,
  Handshake,
  importPsk,
  MemoryClientCache,
  type ServerConfig,
  type Session,
  TlsFlag,
} from "../mod.ts";
import {
  clientConfig,
  connected,
  serverConfig,
  sessionsOf,
  START,
  target,
} from "../testing/session_testing.ts";
import { exchange, shake, shakeOut } from "../testing/testing.ts";

const authority = await createTestAuthority(provider);
const trust = TrustStore.fromCertificates([authority.certificate]);
async function credential(...names: string[]): Promise<ReturnType<typeof createCredential>> {
  const { chain, signer } = await authority.issue({ names });
  return createCredential({ certificates: chain, signer });
}
const [server, alice, bob] = [
  await credential("localhost", "other.test"),
  await credential("alice"),
  await credential("bob"),
];
const trusting: ClientConfig = { provider, trust };
const trusted = serverConfig({ credentials: [server] });
const asking = serverConfig({ trust, clientAuthentication: "requested" });

/** Whether a client resumes a session, by what both sides say. */
function resumes(client: ClientConfig, to: ServerConfig, session: Session): boolean {
  return connected(client, to, session).client.resumed;
}

Deno.test("a client resumes under the policy that the session was made under", () => {
  const [unverified] = sessionsOf(clientConfig, trusted);
  const [verified] = sessionsOf(trusting, trusted);
  assertEquals(resumes(trusting, trusted, unverified), false);
  assertEquals(resumes(clientConfig, trusted, verified), false);
  assertEquals(resumes(trusting, trusted, verified), true);
  assertEquals(resumes({ ...trusting, verificationPolicy: "strict" }, trusted, verified), false);
  assertEquals(resumes({ provider, verifyPeer: () => {} }, trusted, verified), false);
});

Deno.test("a resumption keeps the policy of its session: one without verification is never taken for another", () => {
  // Verified by nobody, resumed by a server that asks for nothing, resumed by one that asks and verifies.
  const lax = { ...asking, trust: undefined, dangerouslyDisableCertificateVerification: true };
  const client: ClientConfig = { ...clientConfig, credentials: [alice] };
  const [first] = sessionsOf(client, lax);
  assertEquals(resumes(client, lax, first), true);
  assertEquals(resumes(client, asking, first), false);
  const indifferent: ServerConfig = { ...asking, clientAuthentication: "none" };
  const [second] = sessionsOf(client, indifferent, first);
  assertEquals(resumes(client, indifferent, second), true);
  assertEquals(resumes(client, asking, second), false);
});

Deno.test("a session that a client certificate was shown in is resumed with that certificate only", () => {
  const as = (...credentials: ClientConfig["credentials"] & object[]): ClientConfig => ({
    ...clientConfig,
    credentials,
  });
  const [session] = sessionsOf(as(alice), asking);
  assert(session.localIdentity !== null);
  assertEquals(
    connected(as(alice), asking, session).server.peer?.certificates[0],
    alice.certificates[0],
  );
  assertEquals(resumes(as(bob, alice), asking, session), true);
  assertEquals(resumes(as(bob), asking, session), false);
  assertEquals(resumes(clientConfig, asking, session), false);
  // What resumes it gets sessions that are bound as it is.
  const [renewed] = sessionsOf(as(alice), asking, session);
  assertEquals(renewed.localIdentity, session.localIdentity);
});

Deno.test("a server that requires a client certificate resumes no session without", () => {
  const required: ServerConfig = { ...asking, clientAuthentication: "required" };
  const [anonymous] = sessionsOf(clientConfig, asking);
  assertEquals(resumes(clientConfig, asking, anonymous), true);
  const client: ClientConfig = { ...clientConfig, credentials: [alice] };
  assertEquals(resumes(client, required, anonymous), false);
  const [session] = sessionsOf(client, required);
  assertEquals(resumes(client, required, session), true);
});

Deno.test("tickets after post-handshake authentication say who the client is, on both sides", async () => {
  const client = Handshake.client(
    { ...clientConfig, credentials: [alice], postHandshakeAuthentication: true },
    target,
  );
  const config: ServerConfig = { ...serverConfig(), trust, ticketCount: 0 };
  const theirs = Handshake.server(config);
  shake(client, theirs);
  theirs.post.requestClientAuthentication();
  exchange(client, theirs);
  await theirs.post.sendTickets();
  const [events] = exchange(client, theirs);
  const [session] = events.flatMap((event) => event.type === "ticket" ? [event.session] : []);
  assert(session.localIdentity !== null);
  const required: ServerConfig = { ...config, clientAuthentication: "required" };
  const again = connected({ ...clientConfig, credentials: [alice] }, required, session);
  assertEquals(again.client.resumed, true);
  assertEquals(again.server.peer?.certificates[0], alice.certificates[0]);
});

/** Whether a session for localhost is resumed under another name. */
async function acrossNames(
  config: ServerConfig,
  serverName: string,
  client = trusting,
): Promise<boolean> {
  const [session] = sessionsOf(client, config);
  const ours = Handshake.client(client, { serverName, session });
  await shakeOut(ours, Handshake.server(config));
  return ours.info?.resumed ?? false;
}

Deno.test("a session is resumed under its name; across names if the ticket says so and the certificate has them", async () => {
  const across = { ...trusted, ticketFlags: [TlsFlag.resumption_across_names] };
  assertEquals(await acrossNames(trusted, "localhost"), true);
  assertEquals(await acrossNames(trusted, "other.test"), false);
  assertEquals(await acrossNames(across, "other.test"), true);
  assertEquals(await acrossNames(across, "elsewhere.test"), false);
});

Deno.test("a server resumes a session for its name only, whatever a client offers", () => {
  const [session] = sessionsOf(clientConfig, trusted);
  const lying = { ...session, serverName: "other.test" };
  const ours = Handshake.client(clientConfig, { serverName: "other.test", session: lying });
  shake(ours, Handshake.server(trusted));
  assertEquals(ours.info?.resumed, false);
});

Deno.test("however often it is renewed, a session ends when the authentication is too old", () => {
  for (const side of ["client", "server"] as const) {
    let now = START;
    const time = { now: () => now };
    const limit = { authenticationLifetime: 3600 };
    const client = { ...clientConfig, ...time, ...(side === "client" ? limit : {}) };
    const config = { ...serverConfig(), ...time, ...(side === "server" ? limit : {}) };
    let [session] = sessionsOf(client, config);
    for (let minutes = 20; minutes <= 60; minutes += 20) {
      now += 20 * 60_000;
      assertEquals(resumes(client, config, session), true);
      [session] = sessionsOf(client, config, session);
    }
    now += 1000;
    assertEquals(resumes(client, config, session), false);
  }
});

const key = new Uint8Array(32).fill(9);
const psk = (name: string, hash?: string): ExternalPsk => ({
  identity: new TextEncoder().encode(name),
  key,
  hash,
});
/** A server and a client without certificates. */
const pskServer = (...externalPsks: ExternalPsk[]): ServerConfig => ({
  ...serverConfig(),
  credentials: undefined,
  externalPsks,
});
const pskClient = (...externalPsks: ExternalPsk[]): ClientConfig => ({
  provider,
  requirePsk: true,
  externalPsks,
});

Deno.test("an external PSK authenticates without certificates, and its sessions are resumed while it is valid", () => {
  const [config, client] = [pskServer(psk("a")), pskClient(psk("a"))];
  const first = connected(client, config);
  assertEquals([first.client.externalPsk, first.client.resumed, first.client.peer], [
    true,
    false,
    null,
  ]);
  const [session] = sessionsOf(client, config);
  assertEquals(resumes(client, config, session), true);
  // A client that has it no more, or that wants a certificate, does not resume it.
  assertEquals(
    connected(trusting, { ...config, credentials: [server] }, session).client.resumed,
    false,
  );
  // Nor does a server that has withdrawn it.
  const withdrawn = { ...pskServer(psk("b")), tickets: config.tickets };
  assertEquals(
    connected(pskClient(psk("a"), psk("b")), withdrawn, session).client.externalPsk,
    true,
  );
});

Deno.test("row 233: without a PSK in common a server without certificates refuses the client", async () => {
  for (const client of [pskClient(psk("a")), clientConfig]) {
    const outcome = await shakeOut(
      Handshake.client(client, target),
      Handshake.server(pskServer(psk("b"))),
    );
    assertEquals([outcome.server?.code, outcome.server?.alert], ["peer/unknown-psk-identity", 40]);
  }
});

Deno.test("row 232: a client that requires a PSK refuses a certificate", async () => {
  const outcome = await shakeOut(
    Handshake.client(pskClient(psk("a")), target),
    Handshake.server(trusted),
  );
  assertEquals([outcome.client?.code, outcome.client?.alert], ["peer/psk-required", 109]);
});

Deno.test("row 233: the wrong key of a PSK is a wrong binder", async () => {
  const outcome = await shakeOut(
    Handshake.client(pskClient({ ...psk("a"), key: new Uint8Array(32) }), target),
    Handshake.server(pskServer(psk("a"))),
  );
  assertEquals([outcome.server?.code, outcome.server?.alert], ["peer/bad-binder", 51]);
});

Deno.test("both sides may look PSKs up in their own time", async () => {
  const asked: unknown[] = [];
  const client: ClientConfig = {
    provider,
    requirePsk: true,
    selectPsks: async ({ target, hashes }) => {
      await Promise.resolve();
      asked.push(target.serverName, hashes);
      return [psk("a")];
    },
  };
  const config: ServerConfig = {
    ...pskServer(),
    findPsk: async (identity) => {
      await Promise.resolve();
      return new TextDecoder().decode(identity) === "a" ? psk("a") : null;
    },
  };
  const ours = Handshake.client(client, target);
  await shakeOut(ours, Handshake.server(config));
  assertEquals(ours.info?.externalPsk, true);
  assertEquals(asked, ["localhost", ["SHA-256", "SHA-384"]]);
});

const { TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384 } = CipherSuiteId;

Deno.test("an external PSK chooses the suite that has its hash", () => {
  const both = { cipherSuites: [TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384] };
  for (const hash of ["SHA-256", "SHA-384"]) {
    for (const more of [{}, { keyShares: [] }]) {
      const { client } = connected(
        { ...pskClient(psk("a", hash)), ...both, ...more },
        pskServer(psk("a", hash)),
      );
      assertEquals([client.suite.hash.name, client.externalPsk], [hash, true]);
    }
  }
  // Where the client's order leaves the choice, the PSK of the preferred suite is taken.
  const { client } = connected(
    { ...pskClient(psk("b", "SHA-384"), psk("a")), ...both },
    pskServer(psk("a"), psk("b", "SHA-384")),
  );
  assertEquals(client.suite.id, TLS_AES_128_GCM_SHA256);
});

Deno.test("imported PSKs serve each suite with a PSK of its hash (RFC 9258)", () => {
  const [{ hash }] = provider.cipherSuites;
  const source = { identity: new TextEncoder().encode("sensor"), key, hash };
  const imported = ["SHA-256", "SHA-384"].map((name) => importPsk(source, name));
  for (const suite of [TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384]) {
    const { client } = connected(
      { ...pskClient(...imported), cipherSuites: [suite] },
      pskServer(...imported),
    );
    assertEquals([client.suite.id, client.externalPsk], [suite, true]);
  }
  // RFC 9258 §5.2: not imported, the same key has another binder label.
  const plain = imported.map((one) => ({ ...one, imported: false }));
  return shakeOut(
    Handshake.client(pskClient(...plain), target),
    Handshake.server(pskServer(...imported)),
  ).then(({ server }) => assertEquals(server?.code, "peer/bad-binder"));
});

Deno.test("a PSK is used without a key exchange only where both sides allow it", async () => {
  const run = async (client: boolean, config: boolean, shares: boolean) => {
    const ours = Handshake.client(
      { ...pskClient(psk("a")), allowPskOnly: client, ...(shares ? {} : { keyShares: [] }) },
      target,
    );
    await shakeOut(ours, Handshake.server({ ...pskServer(psk("a")), allowPskOnly: config }));
    return ours.info === null ? "failed" : ours.info.group === null ? "alone" : "with exchange";
  };
  // A client that allows it offers psk_dhe_ke too, which a server prefers; see psk_only_test.ts for psk_ke alone.
  for (const shares of [true, false]) {
    assertEquals(await run(false, false, shares), "with exchange");
    assertEquals(await run(true, true, shares), "with exchange");
  }
});

Deno.test("a cached session whose policy does not fit is not offered", () => {
  const sessionCache = new MemoryClientCache();
  sessionsOf({ ...clientConfig, sessionCache }, trusted);
  assertEquals(connected({ ...trusting, sessionCache }, trusted).client.resumed, false);
});
