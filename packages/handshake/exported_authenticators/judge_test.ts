/** Who judges an authenticator, and what of the connection has to do with it (RFC 9261 sections 5.2 and 7.4). */
import { assert, assertEquals } from "@std/assert";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { SignatureScheme, TlsError } from "@sealane/wire";
import {
  type CommonConfig,
  createAuthenticator,
  createAuthenticatorRequest,
  RotatingTicketKeys,
  sealedTickets,
  validateAuthenticator,
  type VerifyRequest,
} from "../mod.ts";
import { shake } from "../testing/testing.ts";
import {
  codeOf,
  connected,
  ends,
  first,
  identityFor,
  unharmed,
} from "../testing/authenticator_testing.ts";

const NONE = new Uint8Array();
const second = await identityFor("two.example");
const edwards = await identityFor("ed.example", { algorithm: "ed25519" });

Deno.test("trust decides, as in the handshake", async () => {
  const strangers = await createTestAuthority(provider, { subject: "strangers" });
  const other = TrustStore.fromCertificates([strangers.certificate]);
  const { client, server } = connected({}, { trust: other });
  const request = createAuthenticatorRequest(server);
  const made = await createAuthenticator(client, request, second.credential);
  const validate = () => validateAuthenticator(server, request, made);
  assertEquals(await codeOf(validate), "peer/unknown-ca");
});

Deno.test("a server's identity is for the name of the request, or that which the program says", async () => {
  const cases = [
    [{}, {}, null],
    [{ serverName: "two.example" }, {}, null],
    [{ serverName: "three.example" }, {}, "peer/certificate-name"],
    [{}, { serverName: "three.example" }, "peer/certificate-name"],
    [{ serverName: "three.example" }, { serverName: "two.example" }, null],
    [{ serverName: "three.example" }, { serverName: null }, null],
  ] as const;
  for (const [asked, wanted, code] of cases) {
    const { client, server } = connected();
    const request = createAuthenticatorRequest(client, asked);
    // The one credential that the program chose is given whatever its name is.
    const made = await createAuthenticator(server, request, second.credential);
    const validate = () => validateAuthenticator(client, request, made, wanted);
    assertEquals(await codeOf(validate), code, JSON.stringify([asked, wanted]));
  }
});

Deno.test("verifyPeer decides in place of trust, and is told who and for which name", async () => {
  for (const later of [false, true]) {
    const told: Pick<VerifyRequest, "role" | "serverName">[] = [];
    let refuse = false;
    const verifyPeer: CommonConfig["verifyPeer"] = (_, { role, serverName }) => {
      told.push({ role, serverName });
      if (!refuse) return;
      if (later) return Promise.reject(new Error("no"));
      throw new Error("no");
    };
    const pair = connected({ verifyPeer, trust: undefined }, { verifyPeer });
    refuse = true;
    for (const [judge, prover] of [[pair.client, pair.server], [pair.server, pair.client]]) {
      const options = judge === pair.client ? { serverName: "two.example" } : {};
      const request = createAuthenticatorRequest(judge, options);
      const made = await createAuthenticator(prover, request, second.credential);
      const validate = () => validateAuthenticator(judge, request, made);
      assertEquals(await codeOf(validate), "local/certificate-refused");
    }
    assertEquals(told.slice(1), [
      { role: "server", serverName: "two.example" },
      { role: "client", serverName: null },
    ]);
    assert(unharmed(pair));
  }
});

Deno.test("authenticators work on a resumed connection, and belong to it alone", async () => {
  const tickets = sealedTickets({ provider, keys: new RotatingTicketKeys(provider) });
  const before = ends({}, { tickets });
  const [events] = shake(before.client, before.server);
  const session = events.flatMap((event) => event.type === "ticket" ? [event.session] : [])[0];
  const { client, server } = connected({}, { tickets }, { session });
  assertEquals([client.info?.resumed, server.info?.resumed], [true, true]);
  const context = Uint8Array.of(1);
  const unasked = await createAuthenticator(server, null, second.credential, { context });
  const elsewhere = () => validateAuthenticator(before.client, null, unasked);
  assertEquals(await codeOf(elsewhere), "peer/bad-signature");
  const identity = await validateAuthenticator(client, null, unasked);
  assertEquals(identity?.certificates, [second.certificate]);
  const signatureSchemes = [SignatureScheme.ecdsa_secp256r1_sha256];
  const request = createAuthenticatorRequest(server, { signatureSchemes });
  const made = await createAuthenticator(client, request, [edwards.credential, second.credential]);
  const found = await validateAuthenticator(server, request, made);
  assertEquals(found?.certificates, [second.certificate]);
  // The handshake's own view of the peer is what it was.
  assertEquals(client.info?.peer?.certificates, [first.certificate]);
  assertEquals(server.info?.peer, null);
});

Deno.test("an answer is judged by the request that was made, not by another with its context", async () => {
  const { client, server } = connected();
  const context = Uint8Array.of(1, 2, 3);
  const request = createAuthenticatorRequest(client, { context, serverName: "three.example" });
  // The same context on another connection, which asks for less.
  const elsewhere = connected();
  const lenient = createAuthenticatorRequest(elsewhere.client, { context });
  const answer = await createAuthenticator(server, request, second.credential);
  assertEquals(await codeOf(() => validateAuthenticator(client, lenient, answer)), "api/argument");
  const validate = () => validateAuthenticator(client, request, answer);
  assertEquals(await codeOf(validate), "peer/certificate-name");
});

Deno.test("neither the observer nor custom extensions of the handshake see authenticators", async () => {
  let seen = 0;
  const count = () => {
    seen++;
  };
  const config: Partial<CommonConfig> = {
    observer: { message: count, stage: count, secret: count },
    customExtensions: [{
      type: 0xfafa,
      allowedIn: ["CH", "CR", "CT"],
      send: (context) => {
        count();
        return context === "CH" ? NONE : null;
      },
      receive: count,
    }],
  };
  const { client, server } = connected(config, config);
  assert(seen > 0);
  seen = 0;
  for (const [judge, prover] of [[client, server], [server, client]]) {
    const request = createAuthenticatorRequest(judge);
    const made = await createAuthenticator(prover, request, second.credential);
    assert(await validateAuthenticator(judge, request, made) !== null);
  }
  assertEquals(seen, 0);
});

Deno.test("a peer that verifyPeer refuses has not answered", async () => {
  const { client, server } = connected({}, {
    verifyPeer: () => {
      throw new TlsError("peer/access-denied", "not you");
    },
  });
  const request = createAuthenticatorRequest(server);
  const made = await createAuthenticator(client, request, second.credential);
  const validate = () => validateAuthenticator(server, request, made);
  assertEquals(await codeOf(validate), "peer/access-denied");
  assertEquals(await codeOf(validate), "peer/access-denied");
});
