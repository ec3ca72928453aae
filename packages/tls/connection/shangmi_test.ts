/** The suites of RFC 8998 over records: everything that a connection does, between both back ends. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type ClientConfig,
  createCredential,
  createReplayGuard,
  MemoryClientCache,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
} from "@sealane/handshake";
import { certificatesFromPem, TrustStore } from "@sealane/pki";
import { combineProviders, type CryptoProvider, importPrivateKey } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { shangmiProvider } from "@sealane/providers/shangmi";
import { smCryptoProvider } from "@sealane/sm-crypto";
import {
  AlertDescription,
  CipherSuiteId as C,
  cipherSuiteName,
  NamedGroup,
  SignatureScheme,
  TlsError,
  utf8,
} from "@sealane/wire";
import { Connection } from "./connection.ts";
import type { ConnectionEvent } from "./connection_options.ts";

const CHAIN = new URL("../../handshake/testdata/sm2_chain.json", import.meta.url);
const files: Record<"root" | "certificate" | "key", string> = JSON.parse(
  Deno.readTextFileSync(CHAIN),
);
const trust = TrustStore.fromCertificates(certificatesFromPem(files.root));
const target = { serverName: "localhost" };
const both = combineProviders(shangmiProvider, nativeProvider);

async function credential(provider: CryptoProvider) {
  const signer = await importPrivateKey(provider, files.key);
  return createCredential({ certificates: certificatesFromPem(files.certificate), signer });
}

/** Passes bytes until neither side has more. */
async function settleBoth(client: Connection, server: Connection): Promise<void> {
  for (let quiet = 0; quiet < 2;) {
    quiet++;
    for (const [from, to] of [[client, server], [server, client]]) {
      const bytes = await from.take();
      if (bytes.length === 0) continue;
      quiet = 0;
      await to.receive(bytes);
    }
  }
}

async function connect(
  client: ClientConfig,
  server: ServerConfig,
  early?: string,
): Promise<[Connection, Connection]> {
  const ends: [Connection, Connection] = [
    Connection.client(client, target),
    Connection.server(server),
  ];
  for (const end of ends) await end.start();
  if (early !== undefined) ends[0].writeEarlyData(utf8(early));
  await settleBoth(...ends);
  for (const end of ends) assert(end.complete);
  return ends;
}

function text(events: Iterable<ConnectionEvent>, early = false): string {
  const data = Array.from(events).flatMap((event) =>
    event.type === "data" && event.early === early ? [...event.data] : []
  );
  return new TextDecoder().decode(Uint8Array.from(data));
}

async function talk(client: Connection, server: Connection, words: string): Promise<void> {
  client.write(utf8(`${words} up`));
  server.write(utf8(`${words} down`));
  await settleBoth(client, server);
  assertEquals(text(server.events()), `${words} up`);
  assertEquals(text(client.events()), `${words} down`);
}

const PAIRS = [
  [shangmiProvider, shangmiProvider],
  [shangmiProvider, smCryptoProvider],
  [smCryptoProvider, shangmiProvider],
  [both, shangmiProvider],
  [shangmiProvider, both],
] as const;

for (const suite of [C.TLS_SM4_GCM_SM3, C.TLS_SM4_CCM_SM3]) {
  for (const [one, other] of PAIRS) {
    Deno.test(`${cipherSuiteName(suite)}, ${one.name} to ${other.name}: retry, mutual authentication, key updates, exporters, tickets, 0-RTT`, async () => {
      const client: ClientConfig = {
        provider: one,
        cipherSuites: [suite],
        keyShares: [], // makes a HelloRetryRequest necessary
        trust,
        credentials: [await credential(one)],
        sessionCache: new MemoryClientCache(),
        earlyData: true,
      };
      const server: ServerConfig = {
        provider: other,
        trust,
        credentials: [await credential(other)],
        clientAuthentication: "required",
        tickets: sealedTickets({ provider: other, keys: new RotatingTicketKeys(other) }),
        earlyData: { replayGuard: createReplayGuard() },
        cookieKey: new Uint8Array(32).fill(7),
      };
      const [a, b] = await connect(client, server);
      for (const { info } of [a, b]) {
        assertEquals(info?.suite.id, suite);
        assertEquals(info?.helloRetryRequest, true);
        assertEquals(info?.group, NamedGroup.curveSM2);
        assertEquals(info?.peerSignatureScheme, SignatureScheme.sm2sig_sm3);
      }
      await talk(a, b, "first");
      const keys = [a, b].map((end) => end.exportKeyingMaterial("EXPERIMENTAL-a", utf8("c"), 48));
      assertEquals(keys[0], keys[1]);
      assert(keys[0].some((byte) => byte !== 0));
      a.updateKeys(true);
      b.updateKeys(true);
      await talk(a, b, "updated");
      const { keyShares: _, ...offer } = client;
      const [c, d] = await connect(offer, server, "early");
      assertEquals(text(d.events(), true), "early");
      for (const { info } of [c, d]) {
        assertEquals(info?.resumed, true);
        assertEquals(info?.earlyDataReason, "accepted");
        assertEquals(info?.group, NamedGroup.curveSM2);
        assert(info?.peer?.leaf != null);
      }
      await talk(c, d, "resumed");
    });
  }
}

Deno.test("a tag that is cut or changed gets bad_record_mac and nothing else", async () => {
  const provider = shangmiProvider;
  for (const suite of [C.TLS_SM4_GCM_SM3, C.TLS_SM4_CCM_SM3]) {
    const damages: [string, (record: Uint8Array) => Uint8Array][] = [
      ["a byte cut off the tag", (record) => withLength(record.slice(0, -1))],
      ["half of the tag", (record) => withLength(record.slice(0, -8))],
      ["no tag", (record) => withLength(record.slice(0, -16))],
      [
        "a bit of the tag",
        (record) => record.map((byte, i) => i === record.length - 1 ? byte ^ 1 : byte),
      ],
      ["a bit of the ciphertext", (record) => record.map((byte, i) => i === 5 ? byte ^ 1 : byte)],
    ];
    for (const [name, damage] of damages) {
      const [client, server] = await connect(
        { provider, trust, cipherSuites: [suite] },
        { provider, credentials: [await credential(provider)] },
      );
      client.write(utf8("nothing that anybody will read"));
      const record = damage(await client.take());
      const error = await assertRejects(async () => await server.receive(record), TlsError);
      assertEquals(error.code, "peer/bad-record-mac", name);
      assertEquals(error.alert, AlertDescription.bad_record_mac);
      assertEquals(text(server.events()), "");
    }
  }
});

/** A record with the length in its header put right. */
function withLength(record: Uint8Array): Uint8Array {
  const length = record.length - 5;
  record.set([length >> 8, length & 255], 3);
  return record;
}

const folder = `${
  Deno.env.get("SEALANE_VECTORS") ?? new URL("../../../../shared/vectors", import.meta.url).pathname
}/certs-sm2`;
const present = await Deno.stat(folder).then(() => true, () => false);

Deno.test({
  name: `chains of SM2 certificates that others issued serve and are verified${
    present ? "" : " (needs SEALANE_VECTORS)"
  }`,
  ignore: !present,
  async fn() {
    const read = (name: string) => Deno.readTextFileSync(`${folder}/${name}`);
    const certificates = (...names: string[]) =>
      names.flatMap((name) => certificatesFromPem(read(name)));
    const now = () => Date.UTC(2026, 0, 1);
    const cases = [
      ["sm2-leaf.crt", "sm2-leaf.key", "sm2-chain-ca.crt", "www.alipay.com"],
      ["sm2-first-crt.pem", "sm2-first-key.pem", "sm2-root-cert.pem", undefined],
      ["tlcp-server_sign.crt", "tlcp-server_sign.key", "tlcp-chain-ca.crt", undefined],
    ] as const;
    for (const [leaf, key, authorities, serverName] of cases) {
      const provider = shangmiProvider;
      const above = certificates(authorities);
      const server = Connection.server({
        provider,
        now,
        credentials: [createCredential({
          certificates: [...certificates(leaf), ...above],
          signer: await importPrivateKey(provider, read(key)),
        })],
      });
      const client = Connection.client(
        {
          provider,
          now,
          trust: TrustStore.fromCertificates(above),
          // Some of them have no name.
          dangerouslyAcceptAnyServerName: serverName === undefined,
        },
        serverName === undefined ? {} : { serverName },
      );
      await client.start();
      await server.start();
      await settleBoth(client, server);
      assert(client.complete && server.complete, leaf);
      await talk(client, server, leaf);
    }
  },
});
