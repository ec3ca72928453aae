/**
 * Full and resumed handshakes in memory, against the public-key operations that they need, measured in the same run. A resumed
 * one issues the two tickets that a server sends by default, and takes one.
 *
 * @module
 */
import {
  createCredential,
  Handshake,
  MemoryClientCache,
  RotatingTicketKeys,
  sealedTickets,
} from "@sealane/handshake";
import { TrustStore } from "@sealane/pki";
import { createTestAuthority } from "@sealane/pki/testing";
import type { CryptoProvider, MaybePromise } from "@sealane/providers";
import { nativeProvider } from "@sealane/providers/native";
import { nobleProvider } from "@sealane/providers/noble";
import { NamedGroup, SignatureScheme } from "@sealane/wire";
import { type BenchRow, compare } from "./row.ts";

const SERVER_NAME = "localhost";

/** Passes messages both ways until both sides are done. */
async function exchange(client: Handshake, server: Handshake): Promise<void> {
  await client.start();
  await server.start();
  for (let quiet = false; !quiet;) {
    quiet = true;
    for (const [from, to] of [[client, server], [server, client]]) {
      for (const event of from.events()) {
        if (event.type !== "message") continue;
        quiet = false;
        const received = to.receive(event.level, event.data);
        if (received instanceof Promise) await received;
      }
    }
  }
}

/** The public-key operations of one handshake, as calls. */
interface Operations {
  /** Two key pairs, two agreements. */
  keyExchange(): MaybePromise<void>;
  /** One signature, two verifications: of CertificateVerify and of the certificate. */
  signatures(): MaybePromise<void>;
}

async function makeOperations(
  provider: CryptoProvider,
  groupId: NamedGroup = NamedGroup.x25519,
): Promise<Operations> {
  const group = provider.groups.find(({ id }) => id === groupId);
  const algorithm = provider.signatures.find(({ scheme }) =>
    scheme === SignatureScheme.ecdsa_secp256r1_sha256
  );
  if (group === undefined || algorithm === undefined) {
    throw new Error("the group and P-256 are needed");
  }
  const authority = await createTestAuthority(provider);
  const { signer, publicKey } = await authority.issue();
  const data = new Uint8Array(130);
  return {
    async keyExchange() {
      const pair = await group.generate();
      const agreement = await group.respond(pair.share);
      if (agreement !== null) await pair.complete(agreement.share);
    },
    async signatures() {
      const signature = await signer.sign(algorithm.scheme, data);
      await algorithm.verify(publicKey, data, signature, "certificate-verify");
      await algorithm.verify(publicKey, data, signature, "certificate");
    },
  };
}

async function measure(provider: CryptoProvider): Promise<BenchRow[]> {
  const authority = await createTestAuthority(provider);
  const { chain, signer } = await authority.issue({ names: [SERVER_NAME] });
  const groups = [NamedGroup.x25519];
  const tickets = sealedTickets({ provider, keys: new RotatingTicketKeys(provider) });
  const credentials = [createCredential({ certificates: chain, signer })];
  const server = { provider, groups, credentials };
  const trust = TrustStore.fromCertificates([authority.certificate]);
  const client = { provider, groups, trust };
  const target = { serverName: SERVER_NAME };
  const operations = await makeOperations(provider);
  const byDefault = await makeOperations(provider, provider.groups[0].id);
  const unit = { unit: "handshakes/s", perCall: 1 };
  const full = await compare(
    `full handshake, both sides, ${provider.name}, to its key operations`,
    unit,
    () => exchange(Handshake.client(client, target), Handshake.server(server)),
    async () => {
      await operations.keyExchange();
      await operations.signatures();
    },
  );
  const defaults = [provider.groups[0].id, NamedGroup.x25519];
  const hybrid = await compare(
    `full handshake, default groups, ${provider.name}, to its key operations`,
    unit,
    () =>
      exchange(
        Handshake.client({ ...client, groups: defaults }, target),
        Handshake.server({ ...server, groups: defaults }),
      ),
    async () => {
      await byDefault.keyExchange();
      await byDefault.signatures();
    },
  );
  const resumable = { ...client, sessionCache: new MemoryClientCache() };
  const resuming = { ...server, tickets };
  await exchange(Handshake.client(resumable, target), Handshake.server(resuming));
  const resumed = await compare(
    `resumed handshake, both sides, ${provider.name}, to X25519`,
    unit,
    () => exchange(Handshake.client(resumable, target), Handshake.server(resuming)),
    () => operations.keyExchange(),
  );
  return [full, hybrid, resumed];
}

/** The rows of `deno task bench`. */
export async function rows(): Promise<BenchRow[]> {
  const list: BenchRow[] = [];
  for (const provider of [nativeProvider, nobleProvider]) list.push(...await measure(provider));
  return list;
}
