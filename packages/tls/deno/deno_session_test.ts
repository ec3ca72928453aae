/** Sessions over Deno's sockets, without configuration and with early data. */
import { assertEquals } from "@std/assert";
import { createReplayGuard } from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import { encodePem, utf8 } from "@sealane/wire";
import { connect, type ConnectOptions, listen, type ListenOptions } from "../deno.ts";

const authority = await createTestAuthority(provider);
const issued = await authority.issue({ names: ["localhost"] });
const cert = encodePem("CERTIFICATE", issued.chain[0]);
const key = encodePem("PRIVATE KEY", issued.privateKey);
const anchors = (): TrustStore => TrustStore.fromCertificates([authority.certificate]);

/** A server that says what was early and what was not. */
async function withServer(
  more: Partial<ListenOptions>,
  use: (options: ConnectOptions) => Promise<void>,
): Promise<void> {
  const listener = await listen({ hostname: "127.0.0.1", port: 0, cert, key, ...more });
  const serve = async () => {
    for await (const conn of listener) {
      let early = "";
      for await (const chunk of conn.earlyData) early += new TextDecoder().decode(chunk);
      await conn.write(utf8(`early ${early}`));
      conn.close();
      await conn.closed;
    }
  };
  const serving = serve();
  try {
    await use({ hostname: "127.0.0.1", serverName: "localhost", port: listener.addr.port });
  } finally {
    listener.close();
    await serving;
  }
}

/** Whether a connection was resumed, and what the server said. */
async function visit(options: ConnectOptions): Promise<[boolean | undefined, string]> {
  const conn = await connect(options);
  let said = "";
  for await (const chunk of conn.readable) said += new TextDecoder().decode(chunk);
  conn.close();
  await conn.closed;
  return [conn.info?.resumed, said];
}

Deno.test("sessions are resumed without configuration, by clients that trust the same", async () => {
  await withServer({}, async (to) => {
    const [trust, other] = [anchors(), anchors()];
    assertEquals(await visit({ ...to, trust }), [false, "early "]);
    assertEquals(await visit({ ...to, trust }), [true, "early "]);
    assertEquals(await visit({ ...to, trust: other }), [false, "early "]);
    assertEquals(await visit({ ...to, trust, resume: false }), [false, "early "]);
    assertEquals(await visit({ ...to, trust }), [true, "early "]);
  });
  await withServer({ resume: false }, async (to) => {
    const trust = anchors();
    await visit({ ...to, trust });
    assertEquals(await visit({ ...to, trust }), [false, "early "]);
  });
});

Deno.test("row 258: clients that trust the same and demand other things share no sessions", async () => {
  await withServer({}, async (to) => {
    const trust = anchors();
    const strict = { ...to, trust, ocsp: "verify" } as const;
    assertEquals(await visit({ ...to, trust }), [false, "early "]);
    assertEquals(await visit(strict), [false, "early "]);
    // Neither has used up what the other one keeps.
    for (let i = 0; i < 3; i++) {
      assertEquals(await visit({ ...to, trust }), [true, "early "]);
      assertEquals(await visit(strict), [true, "early "]);
    }
  });
});

Deno.test("an early message goes out with a session, and its result says what is left to send", async () => {
  await withServer({ earlyData: { replayGuard: createReplayGuard() } }, async (to) => {
    const trust = anchors();
    for (
      const [reason, said, unsent] of [["no-session-offered", "", 5], ["accepted", "hello", 0]]
    ) {
      const conn = await connect({ ...to, trust, earlyMessage: utf8("hello") });
      assertEquals(conn.earlyDataResult?.reason, reason);
      assertEquals(conn.earlyDataResult?.unsent.length, unsent);
      const { value } = await conn.readable.getReader().read();
      assertEquals(new TextDecoder().decode(value), `early ${said}`);
      conn.close();
      await conn.closed;
    }
  });
});
