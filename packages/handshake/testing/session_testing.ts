/**
 * What the tests of sessions share.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { createTestAuthority } from "@sealane/pki/testing";
import { nativeProvider as provider } from "@sealane/providers/native";
import {
  type ClientConfig,
  type ClientTarget,
  createCredential,
  Handshake,
  type HandshakeInfo,
  RotatingTicketKeys,
  sealedTickets,
  type ServerConfig,
  type Session,
} from "../mod.ts";
import { shake } from "./testing.ts";

const authority = await createTestAuthority(provider);
const issued = await authority.issue({ names: ["localhost"] });
const credential = createCredential({ certificates: issued.chain, signer: issued.signer });
/** What every client connects to. */
export const target: ClientTarget = { serverName: "localhost" };
/** When the clock of a test begins. */
export const START: number = Date.now();

/** A server with a certificate and sealed tickets. */
export function serverConfig(more: Partial<ServerConfig> = {}): ServerConfig {
  return {
    provider,
    credentials: [credential],
    tickets: sealedTickets({
      provider,
      keys: new RotatingTicketKeys({ random: (length) => provider.random(length) }),
    }),
    ...more,
  };
}
/** A client that verifies nothing. */
export const clientConfig: ClientConfig = {
  provider,
  dangerouslyDisableCertificateVerification: true,
};

/** The sessions that a connection gives its client. */
export function sessionsOf(
  client: ClientConfig,
  server: ServerConfig,
  session?: Session,
): Session[] {
  const [events] = shake(
    Handshake.client(client, { ...target, session }),
    Handshake.server(server),
  );
  return events.flatMap((event) => event.type === "ticket" ? [event.session] : []);
}

/** What both sides say of a connection. */
export interface Connected {
  /** The client. */
  readonly client: HandshakeInfo;
  /** The server. */
  readonly server: HandshakeInfo;
}

/** A connection that must succeed. */
export function connected(
  client: ClientConfig,
  server: ServerConfig,
  session?: Session,
): Connected {
  const ours = Handshake.client(client, { ...target, session });
  const theirs = Handshake.server(server);
  shake(ours, theirs);
  if (ours.info === null || theirs.info === null) throw new Error("the handshake is not done");
  assertEquals(ours.info.resumed, theirs.info.resumed);
  return { client: ours.info, server: theirs.info };
}
