/** A session is bound to everything that judged its peer, and a peer that no longer passes costs the session only. */
import { assert, assertEquals } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { CertificateType, SignatureScheme } from "@sealane/wire";
import {
  type ClientConfig,
  createCredential,
  createRawKeyCredential,
  Handshake,
  PACKETS,
  RECORDS,
  type ServerConfig,
  type Session,
} from "../mod.ts";
import { connected, serverConfig, sessionsOf, target } from "../testing/session_testing.ts";
import { shakeOut } from "../testing/testing.ts";

const DAY = 86_400_000;
const authority = await createTestAuthority(provider);
const elsewhere = await createTestAuthority(provider, { subject: "Another authority" });
const trust = TrustStore.fromCertificates([authority.certificate]);
const own = await authority.issue({ names: ["localhost"] });
const me = await authority.issue({ names: ["me"] });
const alice = createCredential({ certificates: me.chain, signer: me.signer });
const server = serverConfig({
  credentials: [createCredential({ certificates: own.chain, signer: own.signer })],
});
const client: ClientConfig = { provider, trust };

/** Whether a session is resumed by a connection that must succeed. */
function resumes(from: ClientConfig, to: ServerConfig, session: Session): boolean {
  return connected(from, to, session).client.resumed;
}

const log = { publicKey: own.chain[0] };
const lax: ClientConfig = { ...client, ocsp: "ignore" };

// What a client may demand that the session has not shown: each a configuration that is stricter than the one before it.
for (
  const [what, before, after] of [
    ["staples", client, { ...client, ocsp: "require" }],
    ["staples that are there", lax, { ...lax, ocsp: "verify" }],
    ["transparency", client, { ...client, certificateTransparency: { logs: [log] } }],
    [
      "more logs",
      { ...client, certificateTransparency: { logs: [log], minimum: 0 } },
      { ...client, certificateTransparency: { logs: [log], minimum: 1 } },
    ],
    ["other schemes", client, { ...client, signatureSchemes: [SignatureScheme.ed25519] }],
    [
      "other schemes in certificates",
      client,
      { ...client, certificateSignatureSchemes: [SignatureScheme.ed25519] },
    ],
    [
      "another authority",
      client,
      { ...client, trust: TrustStore.fromCertificates([elsewhere.certificate]) },
    ],
    ["another name of the policy", client, { ...client, verificationPolicy: "strict" }],
    ["another judge", { provider, verifyPeer: () => {} }, { provider, verifyPeer: () => {} }],
    ["no verification before", {
      ...client,
      trust: undefined,
      dangerouslyDisableCertificateVerification: true,
    }, client],
  ] as [string, ClientConfig, ClientConfig][]
) {
  Deno.test(`row 258: a client that demands ${what} does not offer the session`, async () => {
    const [session] = sessionsOf(before, { ...server, earlyData: undefined });
    assertEquals(resumes(before, server, session), true);
    const ours = Handshake.client({ ...after, earlyData: true }, {
      ...target,
      session: { ...session, maxEarlyData: 100 },
    });
    await shakeOut(ours, Handshake.server(server));
    assertEquals(ours.earlySession, null);
    assert(ours.info === null || !ours.info.resumed);
  });
}

Deno.test("row 258: the same policy in another object, in another order, resumes", () => {
  const schemes = [SignatureScheme.ecdsa_secp256r1_sha256, SignatureScheme.ed25519];
  const both = [authority.certificate, elsewhere.certificate];
  const make = (turn: boolean): ClientConfig => ({
    provider,
    trust: TrustStore.fromCertificates(turn ? both.toReversed() : both),
    signatureSchemes: turn ? schemes.toReversed() : schemes,
  });
  const [session] = sessionsOf(make(false), server);
  assertEquals(resumes(make(true), server, session), true);
  const named = (): ClientConfig => ({ provider, verifyPeer: () => {}, verificationPolicy: "a" });
  const [other] = sessionsOf(named(), server);
  assertEquals(resumes(named(), server, other), true);
});

Deno.test("row 258: a server of the fleet whose client CA or policy differs does not resume the session", () => {
  const asking = (more: Partial<ServerConfig>): ServerConfig => ({
    ...server,
    trust,
    clientAuthentication: "requested",
    ...more,
  });
  const from: ClientConfig = { ...client, credentials: [alice] };
  const [session] = sessionsOf(from, asking({}));
  const both = TrustStore.fromCertificates([authority.certificate, elsewhere.certificate]);
  assertEquals(resumes(from, asking({}), session), true);
  assertEquals(resumes(from, asking({ clientAuthentication: "required" }), session), true);
  assertEquals(resumes(from, asking({ trust: both }), session), false);
  assertEquals(resumes(from, asking({ ocsp: "verify" }), session), false);
  assertEquals(resumes(from, asking({ verifyPeer: () => {} }), session), false);
  // Who asks for nothing resumes it, and knows of nobody whom others have judged.
  const indifferent = asking({ trust: both, clientAuthentication: "none" });
  const { server: info } = connected(from, indifferent, session);
  assertEquals([info.resumed, info.peer], [true, null]);
});

Deno.test("row 258: a server that has begun to ask its clients asks those who come with a session too", () => {
  const asking: ServerConfig = { ...server, trust, clientAuthentication: "requested" };
  const from: ClientConfig = { ...client, credentials: [alice] };
  const [unasked] = sessionsOf(from, { ...asking, clientAuthentication: "none" });
  assertEquals(connected(from, asking, unasked).server.peer?.certificates[0], me.chain[0]);
  // One that was asked and has declined is remembered as that.
  const [declined] = sessionsOf(client, asking);
  assertEquals(resumes(client, asking, declined), true);
});

Deno.test("row 258: a pin that was removed, and X.509 where a raw key was shown, make a full handshake", async () => {
  const raw = createRawKeyCredential({ signer: own.signer, publicKey: own.publicKey });
  const to: ServerConfig = { ...server, credentials: [raw, ...server.credentials as []] };
  const pin = (key: Uint8Array) => sha256(key);
  const pinning: ClientConfig = {
    provider,
    peerCertificateTypes: [CertificateType.RawPublicKey],
    trustedPublicKeys: [pin(own.publicKey)],
  };
  const [session] = sessionsOf(pinning, to);
  assertEquals(resumes(pinning, to, session), true);
  const removed = { ...pinning, trustedPublicKeys: [pin(me.publicKey)] };
  const ours = Handshake.client(removed, { ...target, session });
  const outcome = await shakeOut(ours, Handshake.server(to));
  assertEquals([ours.info?.resumed, outcome.client?.code], [undefined, "peer/certificate-unknown"]);
  const x509 = { ...pinning, trust, peerCertificateTypes: [CertificateType.X509] };
  const { client: info } = connected(x509, to, session);
  assertEquals([info.resumed, info.peer?.type], [false, CertificateType.X509]);
});

Deno.test("row 289: a server with a renewed certificate gets a full handshake when the remembered one has expired", async () => {
  const short = await authority.issue({ names: ["localhost"], notAfter: Date.now() + DAY });
  const old: ServerConfig = {
    ...server,
    credentials: [createCredential({ certificates: short.chain, signer: short.signer })],
  };
  for (const verifyOnResumption of [false, true]) {
    const from: ClientConfig = { ...client, verifyOnResumption };
    const [session] = sessionsOf(from, old);
    assertEquals(resumes(from, server, session), true);
    const later = { now: () => Date.now() + DAY + 5_000 };
    const kept = { ...session, lifetime: 604_800 };
    assertEquals(resumes({ ...from, ...later }, { ...server, ...later }, kept), false);
  }
});

Deno.test("row 289: a client with a renewed certificate gets a full handshake when the remembered one has expired", async () => {
  const short = await authority.issue({ names: ["me"], notAfter: Date.now() + DAY });
  const before = [createCredential({ certificates: short.chain, signer: short.signer })];
  for (const verifyOnResumption of [false, true]) {
    const to: ServerConfig = {
      ...server,
      trust,
      clientAuthentication: "required",
      ticketLifetime: 604_800,
      verifyOnResumption,
    };
    const [session] = sessionsOf({ ...client, credentials: before }, to);
    const again = { ...session, localIdentity: null };
    assertEquals(resumes({ ...client, credentials: [alice] }, to, again), true);
    const later = { now: () => Date.now() + DAY + 5_000 };
    const info = connected(
      { ...client, credentials: [alice], ...later },
      { ...to, ...later },
      again,
    );
    assertEquals(info.server.resumed, false);
    assertEquals(info.server.peer?.certificates[0], me.chain[0]);
  }
});

for (const side of ["client", "server"] as const) {
  for (const asynchronous of [false, true]) {
    Deno.test(`row 289: a remembered peer that the ${side}'s ${asynchronous ? "asynchronous " : ""}callback refuses costs the session only`, async () => {
      let refused = 0;
      let known = true;
      const verifyPeer = asynchronous
        ? async () => {
          await Promise.resolve();
          if (!known) throw new Error(`no longer, ${++refused}`);
        }
        : () => {
          if (!known) throw new Error(`no longer, ${++refused}`);
        };
      const judging = { verifyPeer, verifyOnResumption: true };
      const from: ClientConfig = {
        ...client,
        credentials: [alice],
        ...(side === "client" ? judging : {}),
      };
      const to: ServerConfig = {
        ...server,
        trust,
        clientAuthentication: "required",
        ...(side === "server" ? judging : {}),
      };
      const sessions: Session[] = [];
      const connect = async (session?: Session) => {
        const ours = Handshake.client(from, { ...target, session });
        const outcome = await shakeOut(ours, Handshake.server(to));
        sessions.push(...outcome.sessions);
        return [ours.info?.resumed, outcome.client?.code ?? outcome.server?.code];
      };
      assertEquals(await connect(), [false, undefined]);
      assertEquals(await connect(sessions[0]), [true, undefined]);
      known = false;
      const [, code] = await connect(sessions[0]);
      // Refused twice: as the one that is remembered, and as the one that came again.
      assertEquals([refused, code], [2, "local/certificate-refused"]);
    });
  }
}

Deno.test("row 259: a session of another carrier is neither offered nor selected", async () => {
  const from: ClientConfig = { ...client, alpn: ["h3"] };
  const to: ServerConfig = { ...server, alpn: ["h3"] };
  for (const [made, used] of [[PACKETS, RECORDS], [RECORDS, PACKETS]]) {
    const ours = Handshake.client(from, target, { carrier: made });
    const { sessions: [session] } = await shakeOut(ours, Handshake.server(to, { carrier: made }));
    // The client's own word is changed: the server has to see it in the ticket.
    const [other] = (await shakeOut(
      Handshake.client(from, target, { carrier: used }),
      Handshake.server(to, { carrier: used }),
    )).sessions;
    for (const verification of [session.verification, other.verification]) {
      const again = Handshake.client(from, { ...target, session: { ...session, verification } }, {
        carrier: used,
      });
      await shakeOut(again, Handshake.server(to, { carrier: used }));
      assertEquals(again.info?.resumed, false);
    }
  }
});
