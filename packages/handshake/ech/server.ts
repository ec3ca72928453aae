/**
 * Encrypted Client Hello on a server (RFC 9849 section 7): opens the inner hello, and remembers with what.
 *
 * @module
 */
import { isTrue } from "@sealane/providers";
import { Hpke, type HpkeContext } from "@sealane/providers/hpke";
import { TlsError } from "@sealane/wire";
import type { ClientHelloInfo } from "../config/config.ts";
import type { FlowContext } from "../engine/context.ts";
import {
  decodeExtension,
  type EchOuter,
  encryptedClientHelloInClientHello,
  type HpkeSymmetricCipherSuite,
} from "../extensions/mod.ts";
import { type ClientHello, encodeClientHello } from "../messages/client_hello.ts";
import { HANDSHAKE_HEADER_LENGTH } from "../messages/message.ts";
import type { ResolvedServerConfig } from "../config/resolve_config.ts";
import { settle, type Step } from "../engine/step.ts";
import { hpkeInfo } from "../config/ech_config.ts";
import { decodeInner, zeroed } from "./inner.ts";
import type { OpenedEchKey } from "../config/ech_keys.ts";

/** A ClientHello and its encoding, with header. */
export interface EncodedHello {
  /** The message. */
  readonly hello: ClientHello;
  /** Header and body. */
  readonly bytes: Uint8Array;
}

/** What opened the first ClientHello, and has to open the second. */
interface Opening {
  readonly context: HpkeContext;
  readonly configId: number;
  readonly cipherSuite: HpkeSymmetricCipherSuite;
}

/** ECH on one connection of a server. */
export class EchServer {
  readonly #context: FlowContext;
  readonly #config: ResolvedServerConfig;
  #opening: Opening | null = null;
  /** Whether there was something to open that we could not: a stale configuration, or GREASE. */
  #failed = false;

  /** The configuration is the one from before the application saw the ClientHello. */
  constructor(context: FlowContext, config: ResolvedServerConfig) {
    this.#context = context;
    this.#config = config;
  }

  /** Whether the handshake goes on with an inner hello that we opened. */
  get accepted(): boolean {
    return this.#opening !== null;
  }

  /** What EncryptedExtensions tells the client to retry with; `null` if it says nothing of it. */
  get retryConfigs(): Uint8Array | null {
    return this.#failed ? this.#config.echRing?.retryConfigs ?? null : null;
  }

  /**
   * The inner hello of an outer one; `null` if the outer one counts, in the first ClientHello since none is there or none of
   * our keys opens it, in the second since it counted in the first.
   *
   * @throws {TlsError} `peer/ech` and others for an inner hello that breaks the rules.
   */
  *open(outer: EncodedHello, first: boolean): Step<EncodedHello | null> {
    const ech = decodeExtension(outer.hello.extensions, encryptedClientHelloInClientHello) ?? null;
    const sealed = ech?.type === "outer" ? ech : null;
    const encoded = yield* first ? this.#openFirst(outer, sealed) : this.#openSecond(outer, sealed);
    if (encoded === null) return null;
    const hello = decodeInner(encoded, outer.hello);
    const bytes = encodeClientHello(hello);
    this.#context.config.observer?.clientHelloInner?.("read", bytes);
    return { hello, bytes };
  }

  /** Asks the application whether the inner hello may count. */
  *consult(inner: ClientHelloInfo): Step<boolean> {
    const { acceptEch } = this.#config;
    const accept = acceptEch === undefined || isTrue(yield* settle(acceptEch(inner)));
    // Without retry_configs: the client is to come back without ECH.
    if (!accept) this.#opening = null;
    return accept;
  }

  *#openFirst(outer: EncodedHello, ech: EchOuter | null): Step<Uint8Array | null> {
    const ring = this.#config.echRing;
    if (ring === null || ech === null) return null;
    const { kdf, aead } = ech.cipherSuite;
    for (const key of ring.keys) {
      if (key.config.configId !== ech.configId) continue;
      if (!key.config.cipherSuites.some((suite) => suite.kdf === kdf && suite.aead === aead)) {
        continue;
      }
      const context = yield* this.#setUp(key, ech);
      const encoded = context && (yield* openPayload(context, outer, ech));
      if (context === null || encoded === null) continue;
      this.#opening = { context, configId: ech.configId, cipherSuite: ech.cipherSuite };
      return encoded;
    }
    // RFC 9849 §7.1: if none opens it, the extension is ignored, and retry_configs follow.
    this.#failed = true;
    return null;
  }

  *#setUp({ config, privateKey }: OpenedEchKey, ech: EchOuter): Step<HpkeContext | null> {
    const suite = { kem: config.kem, ...ech.cipherSuite };
    const { provider } = this.#config;
    if (!Hpke.supports(provider, suite)) return null;
    const hpke = new Hpke(provider, suite);
    if (ech.payload.length < hpke.tagLength) return null;
    return yield* settle(hpke.setupRecipient(ech.enc, privateKey, hpkeInfo(config)));
  }

  /** RFC 9849 §7.1.1: with the context of the first, and nothing about it may have changed. */
  *#openSecond(outer: EncodedHello, ech: EchOuter | null): Step<Uint8Array | null> {
    const opening = this.#opening;
    if (opening === null) return null;
    if (ech === null) {
      throw new TlsError(
        "peer/missing-extension",
        "the second ClientHello has no encrypted_client_hello",
      );
    }
    const { configId, cipherSuite: { kdf, aead } } = opening;
    const same = ech.configId === configId && ech.cipherSuite.kdf === kdf &&
      ech.cipherSuite.aead === aead && ech.enc.length === 0;
    if (!same) {
      throw new TlsError("peer/ech", "the second ClientHello changes the parameters of ECH");
    }
    const encoded = yield* openPayload(opening.context, outer, ech);
    if (encoded === null) {
      throw new TlsError("peer/ech-decrypt", "the payload of the second ClientHello does not open");
    }
    return encoded;
  }
}

/** RFC 9849 §5.2: what is authenticated is the outer hello without header, with zeros for the payload. */
function* openPayload(
  context: HpkeContext,
  { bytes }: EncodedHello,
  { payload }: EchOuter,
): Step<Uint8Array | null> {
  const aad = zeroed(bytes, payload).subarray(HANDSHAKE_HEADER_LENGTH);
  return yield* settle(context.open(aad, payload));
}
