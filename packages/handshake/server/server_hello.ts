/**
 * ServerHello as a server sends it, and the handshake keys that follow from it (RFC 9846 sections 4.2.3 and 7.1).
 *
 * @module
 */
import { type KeyExchangeGroup, requireBytes } from "@sealane/providers";
import { namedGroupName, ProtocolVersion, TlsError } from "@sealane/wire";
import type { ResolvedServerConfig } from "../config/resolve_config.ts";
import { confirmServerHello } from "../ech/confirmation.ts";
import type { FlowContext } from "../engine/context.ts";
import { deriveHandshakeKeys, type HandshakeKeys } from "../engine/handshake_keys.ts";
import { settle, type Step } from "../engine/step.ts";
import {
  encodeExtension,
  type KeyShareEntry,
  keyShareInServerHello,
  preSharedKeyInServerHello,
  type RawExtension,
  supportedVersionsInServerHello,
} from "../extensions/mod.ts";
import { encodeServerHello } from "../messages/server_hello.ts";
import type { Agreement } from "./agreement.ts";
import { shareFor } from "./client_hello.ts";

/** Sends ServerHello and installs the handshake write key; the read key waits for our flight. */
export function* sendServerHello(
  context: FlowContext,
  config: ResolvedServerConfig,
  { hello, suite, group, selected }: Agreement,
): Step<HandshakeKeys> {
  // In the order of the traces of RFC 8448, since any order will do.
  const extensions: RawExtension[] = [];
  if (selected !== null) {
    extensions.push(encodeExtension(preSharedKeyInServerHello, selected.index));
  }
  let sharedSecret: Uint8Array | null = null;
  const offered = group === null ? null : shareFor(hello, group);
  if (group !== null && offered !== null) {
    const { share, secret } = yield* respond(group, offered);
    sharedSecret = secret;
    extensions.push(encodeExtension(keyShareInServerHello, { group: group.id, share }));
  }
  extensions.push(encodeExtension(supportedVersionsInServerHello, ProtocolVersion.tls13));
  context.transcript.start(suite.hash);
  context.transcript.add(hello.bytes);
  const message = encodeServerHello({
    legacyVersion: ProtocolVersion.tls12,
    random: config.randomBytes(32),
    legacySessionId: hello.hello.legacySessionId,
    cipherSuite: suite.id,
    legacyCompressionMethod: 0,
    extensions,
  });
  if (hello.echInner) {
    confirmServerHello(context.transcript, suite.hash, hello.hello.random, message);
  }
  context.send(message);
  const keys = deriveHandshakeKeys(context, suite.hash, selected?.psk ?? null, sharedSecret);
  context.installWrite("handshake", suite, keys.serverTraffic);
  context.stage("helloDone");
  return keys;
}

/** Our share and the secret. */
function* respond(
  group: KeyExchangeGroup,
  { share }: KeyShareEntry,
): Step<{ share: Uint8Array; secret: Uint8Array }> {
  const agreement = yield* settle(group.respond(share));
  if (agreement === null) {
    throw new TlsError(
      "peer/key-share",
      `ClientHello has a bad key share for ${namedGroupName(group.id)}`,
    );
  }
  return {
    share: requireBytes(agreement.share, `our key share for ${group.name}`),
    secret: requireBytes(agreement.secret, `the shared secret of ${group.name}`),
  };
}
