/**
 * Encrypted Client Hello on a client (RFC 9849 section 6.1): the real ClientHello goes encrypted inside of one that names
 * the public name only. Which of the two the server took, its first message shows; until then both have a transcript.
 *
 * @module
 */
import { Hpke, type HpkeContext } from "@sealane/providers/hpke";
import type { CipherSuite } from "@sealane/providers";
import { equalBytes, ExtensionType as E, TlsError } from "@sealane/wire";
import type { ClientTarget } from "../config/config.ts";
import type { FlowContext } from "../engine/context.ts";
import {
  decodeExtension,
  encodeExtension,
  encryptedClientHelloInClientHello,
  encryptedClientHelloInHelloRetryRequest,
  findExtension,
  preSharedKeyInClientHello,
  type RawExtension,
  serverNameInClientHello,
} from "../extensions/mod.ts";
import {
  type ClientHello,
  decodeClientHello,
  encodeClientHello,
} from "../messages/client_hello.ts";
import { HANDSHAKE_HEADER_LENGTH } from "../messages/message.ts";
import { isHelloRetryRequest, type ServerHello } from "../messages/server_hello.ts";
import type { ResolvedClientConfig } from "../config/resolve_config.ts";
import { settle, type Step } from "../engine/step.ts";
import { Transcript } from "../engine/transcript.ts";
import { type ChosenEchConfig, hpkeInfo } from "../config/ech_config.ts";
import { confirmationIn, echConfirmation } from "./confirmation.ts";
import { greasePsk } from "./grease.ts";
import { encodeInner, zeroed } from "./inner.ts";

const NOTHING = new Uint8Array();

/** What an answer of the server says of the inner hello. */
export type EchVerdict =
  /** It goes on with the inner hello, and a ServerHello that confirms it is still to come. */
  | { readonly type: "open" }
  /** It took the inner hello. */
  | { readonly type: "accepted" }
  /** It took the outer hello, in the name of the public name. */
  | { readonly type: "rejected"; readonly outer: ClientHello; readonly publicName: string };

/** An offer of Encrypted Client Hello: what both of its ClientHellos are sealed with. */
export class EchOffer {
  readonly #chosen: ChosenEchConfig;
  readonly #hpke: Hpke;
  readonly #sealing: HpkeContext;
  readonly #random: Uint8Array;
  readonly #randomBytes: (length: number) => Uint8Array;
  readonly #transcript = new Transcript();
  /** The encapsulated key, which goes with the first ClientHello only. */
  #enc: Uint8Array;
  #outer: ClientHello | null = null;

  private constructor(
    chosen: ChosenEchConfig,
    hpke: Hpke,
    setup: { readonly enc: Uint8Array; readonly context: HpkeContext },
    randomBytes: (length: number) => Uint8Array,
  ) {
    this.#chosen = chosen;
    this.#hpke = hpke;
    this.#enc = setup.enc;
    this.#sealing = setup.context;
    this.#randomBytes = randomBytes;
    // RFC 9849 §6.1: the outer random is fresh, never a copy of the inner one.
    this.#random = randomBytes(32);
  }

  /** Sets HPKE up for a configuration. */
  static *create(config: ResolvedClientConfig, chosen: ChosenEchConfig): Step<EchOffer> {
    const { kem, publicKey } = chosen.config;
    const hpke = new Hpke(config.provider, { kem, ...chosen.suite });
    const setup = yield* settle(hpke.setupSender(publicKey, hpkeInfo(chosen.config)));
    if (setup === null) {
      throw new TlsError("api/config", "the public key of the ECH configuration is not one");
    }
    return new EchOffer(chosen, hpke, setup, config.randomBytes);
  }

  /**
   * Seals an encoded ClientHelloInner into its ClientHelloOuter and sends that. `template` is the hello whose order of
   * extensions the outer one keeps.
   */
  *send(context: FlowContext, template: ClientHello, innerBytes: Uint8Array): Step<void> {
    const inner = decodeClientHello(innerBytes.subarray(HANDSHAKE_HEADER_LENGTH));
    context.transcript.add(innerBytes);
    context.config.observer?.clientHelloInner?.("write", innerBytes);
    const encoded = encodeInner(inner, this.#chosen.config.maximumNameLength);
    const outer = this.#outerHello(template, inner, encoded.length + this.#hpke.tagLength);
    const bytes = encodeClientHello(outer);
    // RFC 9849 §5.2: the payload has zeros in what is authenticated, and nothing else differs.
    const sent = decodeClientHello(bytes.subarray(HANDSHAKE_HEADER_LENGTH));
    const aad = bytes.subarray(HANDSHAKE_HEADER_LENGTH);
    const payload = yield* settle(this.#sealing.seal(aad.slice(), encoded));
    payloadOf(sent).set(payload);
    this.#outer = sent;
    this.#enc = NOTHING;
    this.#transcript.add(bytes);
    context.sendUnhashed(bytes);
  }

  #outerHello(template: ClientHello, inner: ClientHello, payloadLength: number): ClientHello {
    const { configId, publicName } = this.#chosen.config;
    // RFC 9849 §6.1: server_name SHOULD have the public name, whatever the inner hello has.
    const name = encodeExtension(serverNameInClientHello, publicName);
    const ech = encodeExtension(encryptedClientHelloInClientHello, {
      type: "outer",
      cipherSuite: this.#chosen.suite,
      configId,
      enc: this.#enc,
      payload: new Uint8Array(payloadLength),
    });
    const named = findExtension(template.extensions, E.server_name) !== undefined;
    const extensions: RawExtension[] = named ? [] : [name];
    for (const extension of template.extensions) {
      if (extension.type === E.server_name) extensions.push(name);
      else extensions.push(extension.type === E.encrypted_client_hello ? ech : extension);
    }
    const psks = decodeExtension(inner.extensions, preSharedKeyInClientHello);
    if (psks !== undefined) extensions.push(greasePsk(psks, this.#randomBytes));
    return { ...template, random: this.#random, extensions };
  }

  /**
   * What the server's answer says: whether it took the inner hello, whose random is `innerRandom`. If it did not, the context
   * goes on with the transcript of the outer one.
   */
  judge(
    context: FlowContext,
    suites: readonly CipherSuite[],
    innerRandom: Uint8Array,
    answer: ServerHello,
    bytes: Uint8Array,
  ): EchVerdict {
    const hash = suites.find(({ id }) => id === answer.cipherSuite)?.hash;
    // A suite that was not offered is refused by whoever reads the message next.
    if (hash === undefined) return { type: "open" };
    const retry = isHelloRetryRequest(answer);
    const found = retry
      ? decodeExtension(answer.extensions, encryptedClientHelloInHelloRetryRequest) ?? null
      : confirmationIn(bytes);
    // There was a HelloRetryRequest before, and it was confirmed.
    const before = context.transcript.started;
    const transcript = context.transcript.clone();
    transcript.start(hash);
    if (retry) transcript.replaceByMessageHash();
    const confirmed = found !== null && equalBytes(
      found,
      echConfirmation(
        hash,
        retry ? "helloRetryRequest" : "serverHello",
        innerRandom,
        transcript.digestWith(zeroed(bytes, found)),
      ),
    );
    // RFC 9849 §6.1.4 wants the confirmation of ServerHello too.
    if (!confirmed && before) {
      throw new TlsError("peer/ech", "ServerHello does not confirm ECH as HelloRetryRequest did");
    }
    if (!confirmed) return this.#reject(context);
    return { type: retry ? "open" : "accepted" };
  }

  /** RFC 9849 §6.1.6: the handshake goes on as if only the outer hello had been sent. */
  #reject(context: FlowContext): EchVerdict {
    const outer = this.#outer;
    if (outer === null) throw new TlsError("local/internal", "ECH was judged before it was sent");
    context.transcript = this.#transcript;
    context.clientRandom = outer.random;
    return { type: "rejected", outer, publicName: this.#chosen.config.publicName };
  }
}

/** The payload of an outer hello: a view over the bytes that it was decoded from. */
function payloadOf(outer: ClientHello): Uint8Array {
  const ech = decodeExtension(outer.extensions, encryptedClientHelloInClientHello);
  if (ech?.type !== "outer") throw new TlsError("local/internal", "an outer hello without ECH");
  return ech.payload;
}

/**
 * The configuration and the target for the rest of a handshake in which the server did not take the inner hello (RFC 9849
 * section 6.1.7): it authenticates for the public name, and learns no certificate of ours.
 */
export function forPublicName(
  config: ResolvedClientConfig,
  publicName: string,
): { config: ResolvedClientConfig; target: ClientTarget } {
  return {
    config: { ...config, credentials: undefined, requirePsk: false },
    target: { serverName: publicName },
  };
}

/** What ends a handshake whose inner hello was not taken, once the server is authenticated. */
export function echRequired(publicName: string, retryConfigs: Uint8Array | null): TlsError {
  const next = retryConfigs === null ? "has none to offer" : "has others to retry with";
  return new TlsError(
    "peer/ech-required",
    `the server, as ${publicName}, did not take the ECH configuration and ${next}`,
    { echRetryConfigs: retryConfigs?.slice() ?? null },
  );
}
