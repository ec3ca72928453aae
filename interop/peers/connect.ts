/**
 * One live connection between Sealane and a peer.
 *
 * @module
 */
import type { ClientConfig, HandshakeInfo, ServerConfig } from "@sealane/handshake";
import type { TestKeyAlgorithm } from "@sealane/pki/testing";
import type { CryptoProvider } from "@sealane/providers";
import type { TlsStream } from "@sealane/tls";
import { listen, startTls, type TlsListener } from "@sealane/tls/deno";
import type { CipherSuiteId, NamedGroup } from "@sealane/wire";
import type { Material } from "./material.ts";
import type { Peer, PeerEnd, PeerSettings } from "./peer.ts";
import { connectWhenReady } from "./process.ts";

/** What a connection is to be like. */
export interface Scenario {
  /** The other side. */
  readonly peer: Peer;
  /** Which side Sealane is. */
  readonly role: "client" | "server";
  /** Sealane's primitives. */
  readonly provider: CryptoProvider;
  /** The suite; the first of the provider's unless given. */
  readonly suite?: CipherSuiteId;
  /** The group; Sealane's default order unless given. */
  readonly group?: NamedGroup;
  /** The kind of the server's key; ECDSA P-256 unless given. */
  readonly key?: TestKeyAlgorithm;
  /** Whether to make a HelloRetryRequest necessary. */
  readonly retry?: boolean;
  /** The kind of the client's key, where the client is to authenticate. */
  readonly clientKey?: TestKeyAlgorithm;
  /** Application protocols. */
  readonly alpn?: readonly string[];
  /** More of Sealane's configuration. */
  readonly more?: Partial<ClientConfig> & Partial<ServerConfig>;
}

/** A connection that is open. */
export interface LiveConnection {
  /** Sealane's end. */
  readonly ours: TlsStream;
  /** The peer's end. */
  readonly peer: PeerEnd;
  /** What was agreed. */
  readonly info: HandshakeInfo;
  /** How long the handshake took, milliseconds. */
  readonly milliseconds: number;
  /** Closes both, and waits until they are gone; what the peer said. */
  close(): Promise<string>;
}

/**
 * Opens the connection of a scenario.
 *
 * @throws {Error} what went wrong on our side, with what the peer said about it.
 */
export async function openConnection(
  material: Material,
  scenario: Scenario,
): Promise<LiveConnection> {
  return await (scenario.role === "client" ? asClient : asServer)(material, scenario);
}

function sharedConfig(material: Material, { provider, suite, group, alpn, more }: Scenario) {
  return {
    provider,
    trust: material.trust,
    // All that the provider can verify, Ed25519 among them, which the defaults leave out.
    signatureSchemes: provider.signatures.map(({ scheme }) => scheme)
      .filter((scheme) => !CERTIFICATE_ONLY.has(scheme)),
    ...(suite === undefined ? {} : { cipherSuites: [suite] }),
    ...(group === undefined ? {} : { groups: [group] }),
    ...(alpn === undefined ? {} : { alpn }),
    ...more,
  };
}

/** What signs certificates only, or as RFC 9963 has it client authentication only. */
const CERTIFICATE_ONLY: ReadonlySet<number> = new Set([
  ...[0x0201, 0x0203, 0x0401, 0x0501, 0x0601],
  ...[0x0420, 0x0520, 0x0620],
]);

async function asClient(material: Material, scenario: Scenario): Promise<LiveConnection> {
  const { peer, provider, key = "ecdsa-p256", clientKey } = scenario;
  if (peer.listen === undefined) throw new Error(`${peer.name} is no server`);
  const settings: PeerSettings = {
    ...material,
    identity: await material.identity(key),
    clientAuthentication: clientKey !== undefined,
    alpn: scenario.alpn ?? [],
  };
  const credential = clientKey === undefined
    ? null
    : await (await material.identity(clientKey)).credential(provider);
  const listening = await peer.listen(settings);
  try {
    const socket = await connectWhenReady(listening.port);
    const start = performance.now();
    const conn = await startTls(socket, {
      ...sharedConfig(material, scenario),
      hostname: "localhost",
      ...(credential === null ? {} : { credentials: [credential] }),
      ...(scenario.retry ? { keyShares: [] } : {}),
    });
    const milliseconds = performance.now() - start;
    return live(conn.stream, await listening.end(), milliseconds);
  } catch (error) {
    throw explained(error, await listening.stop());
  }
}

async function asServer(material: Material, scenario: Scenario): Promise<LiveConnection> {
  const { peer, provider, key = "ecdsa-p256", clientKey } = scenario;
  if (peer.connect === undefined) throw new Error(`${peer.name} is no client`);
  const settings: PeerSettings = {
    ...material,
    identity: clientKey === undefined ? null : await material.identity(clientKey),
    clientAuthentication: false,
    alpn: scenario.alpn ?? [],
  };
  // The listener goes on after a connection that could not be made; this one has only that connection to wait for.
  const refused = Promise.withResolvers<never>();
  refused.promise.catch(() => {}); // whoever waits for it gets it; nobody has to
  const listener = await listen({
    ...sharedConfig(material, scenario),
    onAcceptError: refused.reject,
    hostname: "127.0.0.1",
    port: 0,
    credentials: [await (await material.identity(key)).credential(provider)],
    clientAuthentication: clientKey === undefined ? "none" : "required",
  });
  let connecting: Promise<PeerEnd> | undefined;
  try {
    const accepting = acceptOpened(listener);
    connecting = peer.connect(listener.addr.port, settings);
    accepting.catch(() => {}); // the listener is closed before it has accepted
    const { stream, milliseconds } = await Promise.race([accepting, refused.promise]);
    return live(stream, await connecting, milliseconds);
  } catch (error) {
    const said = await connecting?.then((end) => end.stop(), String) ?? "";
    throw explained(error, said);
  } finally {
    listener.close();
  }
}

async function acceptOpened(listener: TlsListener) {
  const conn = await listener.accept();
  const start = performance.now();
  await conn.handshake();
  return { stream: conn.stream, milliseconds: performance.now() - start };
}

function live(ours: TlsStream, peer: PeerEnd, milliseconds: number): LiveConnection {
  const { info } = ours;
  if (info === null) throw new Error("the handshake is done, but nothing was agreed");
  return {
    ours,
    peer,
    info,
    milliseconds,
    async close(): Promise<string> {
      const [, said] = await Promise.all([ours.close(), peer.stop()]);
      return said;
    },
  };
}

function explained(error: unknown, said: string): Error {
  const message = error instanceof Error ? error.message : String(error);
  const more = said.trim() === "" ? "" : `; the peer said: ${said.trim().slice(0, 500)}`;
  return new Error(`${message}${more}`, { cause: error });
}
