/**
 * The server's side of the handshake (RFC 9846 section 2, figure 1): read it from top to bottom.
 *
 * @module
 */
import type { CipherSuite, KeyExchangeGroup } from "@sealane/providers";
import { ProtocolVersion, wipe } from "@sealane/wire";
import { receiveFinished, sendFinished } from "../authentication.ts";
import { deriveApplicationSecrets } from "../application_secrets.ts";
import type { FlowContext } from "../context.ts";
import {
  encodeExtension,
  keyShareInServerHello,
  supportedVersionsInServerHello,
} from "../extensions/mod.ts";
import { EarlySecret, type MainSecret } from "../key_schedule.ts";
import { encodeServerHello } from "../messages/server_hello.ts";
import type { PostHandshake } from "../post_handshake.ts";
import { type ResolvedServerConfig, resolveServerConfig } from "../resolve_config.ts";
import { settle, type Step } from "../step.ts";
import { authenticateClient, requestCertificate, sendAuthentication } from "./authenticate.ts";
import { receiveClientHello, type ReceivedHello } from "./client_hello.ts";
import { sendEncryptedExtensions } from "./encrypted_extensions.ts";
import { chooseAlpn, chooseCredential, respond, shareFor } from "./negotiate.ts";
import { agreeOnGroup } from "./hello_retry.ts";

/** A server's whole handshake, and what follows it. */
export function* serverFlow(
  context: FlowContext,
  post: PostHandshake,
  initial: ResolvedServerConfig,
): Step<void> {
  const first = yield* receiveClientHello(context);
  context.clientRandom = first.hello.random;
  const config = yield* consultApplication(context, initial, first);
  const { hello, suite, group, retried } = yield* agreeOnGroup(context, config, first);
  yield* context.receiveCustomExtensions("CH", hello.hello.extensions);
  const chosen = yield* chooseCredential(config, hello);
  const alpn = yield* chooseAlpn(context, config, hello);
  const keys = yield* sendServerHello(context, config, hello, suite, group);

  sendEncryptedExtensions(context, config, hello, alpn);
  const request = requestCertificate(context, config);
  yield* sendAuthentication(context, config, hello, chosen);
  sendFinished(context, suite.hash, keys.serverTraffic);
  const application = deriveApplicationSecrets(context, keys.main);
  // The write key of application data first: a server may speak before the client has finished.
  context.installWrite("application", suite, application.server);
  context.installRead("handshake", suite, keys.clientTraffic);
  const info = {
    suite,
    group: group.id,
    alpn: alpn === null ? null : new TextDecoder().decode(alpn),
    serverName: hello.info.serverName,
    resumed: false,
    externalPsk: false,
    helloRetryRequest: retried,
    earlyDataAccepted: false,
    peer: null,
    peerSignatureScheme: null,
    signatureScheme: chosen.scheme,
  };
  post.setInfo(info, application.exporter);
  post.setTrafficSecret("write", application.server);
  post.setTrafficSecret("read", application.client);

  const client = yield* authenticateClient(context, config, request);
  yield* receiveFinished(context, suite.hash, keys.clientTraffic);
  context.stage("finished");
  context.installRead("application", suite, application.client);
  context.forget(keys.clientTraffic);
  context.forget(keys.serverTraffic);
  keys.main.end();
  yield* post.run({
    ...info,
    peer: client?.identity ?? null,
    peerSignatureScheme: client?.scheme ?? null,
  });
}

/** Shows the ClientHello to the application, which may choose another configuration for it. */
function* consultApplication(
  context: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
): Step<ResolvedServerConfig> {
  const answer = yield* settle(config.onClientHello?.(hello.info));
  if (answer === undefined) return config;
  const resolved = resolveServerConfig(answer);
  context.config = resolved;
  return resolved;
}

interface HandshakeKeys {
  readonly clientTraffic: Uint8Array;
  readonly serverTraffic: Uint8Array;
  readonly main: MainSecret;
}

/** Sends ServerHello and installs the handshake write key; the read key waits for our flight. */
function* sendServerHello(
  context: FlowContext,
  config: ResolvedServerConfig,
  hello: ReceivedHello,
  suite: CipherSuite,
  group: KeyExchangeGroup,
): Step<HandshakeKeys> {
  const offered = shareFor(hello, group);
  if (offered === null) throw new Error("the client's share was checked before");
  const { share, secret } = yield* respond(group, offered);
  context.transcript.start(suite.hash);
  context.transcript.add(hello.bytes);
  context.send(encodeServerHello({
    legacyVersion: ProtocolVersion.tls12,
    random: config.randomBytes(32),
    legacySessionId: hello.hello.legacySessionId,
    cipherSuite: suite.id,
    legacyCompressionMethod: 0,
    extensions: [
      encodeExtension(supportedVersionsInServerHello, ProtocolVersion.tls13),
      encodeExtension(keyShareInServerHello, { group: group.id, share }),
    ],
  }));
  const handshake = new EarlySecret(suite.hash, null).handshakeSecret(secret);
  wipe(secret);
  const transcriptHash = context.transcript.digest();
  const clientTraffic = context.keep(handshake.clientTraffic(transcriptHash));
  const serverTraffic = context.keep(handshake.serverTraffic(transcriptHash));
  context.logSecret("CLIENT_HANDSHAKE_TRAFFIC_SECRET", clientTraffic);
  context.logSecret("SERVER_HANDSHAKE_TRAFFIC_SECRET", serverTraffic);
  context.installWrite("handshake", suite, serverTraffic);
  context.stage("helloDone");
  return { clientTraffic, serverTraffic, main: handshake.mainSecret() };
}
