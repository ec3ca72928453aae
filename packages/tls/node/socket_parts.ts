/**
 * What a TLS socket takes from its options.
 *
 * @module
 */
import type { SocketConstructorOpts } from "node:net";
import { Duplex } from "node:stream";
import { isPromise } from "@sealane/providers";
import { argumentTypeError, nodeError } from "./node_error.ts";
import { SecureContext } from "./secure_context.ts";
import type { TlsSocketOptions } from "./socket_options.ts";
import type { TlsState } from "./tls_facts.ts";
import { validateFunction } from "./validate.ts";

/** Refuses callbacks that cannot be called. */
export function checkCallbacks({ ALPNCallback, SNICallback, pskCallback }: TlsSocketOptions): void {
  if (ALPNCallback) validateFunction(ALPNCallback, "options.ALPNCallback");
  if (SNICallback) validateFunction(SNICallback, "options.SNICallback");
  if (pskCallback) validateFunction(pskCallback, "pskCallback");
}

/** Whatever can be read and written as a stream will do. */
export function checkedStream(socket: unknown): Duplex | null {
  if (socket === undefined || socket === null) return null;
  if (socket instanceof Duplex) return socket;
  throw argumentTypeError("socket", "Duplex", socket);
}

/** What `net.Socket` is made with. */
export function baseOptions(
  socket: Duplex | null,
  options: TlsSocketOptions,
): SocketConstructorOpts {
  const { allowHalfOpen, highWaterMark } = options;
  const base = {
    allowHalfOpen: socket === null ? allowHalfOpen ?? false : socket.allowHalfOpen,
    ...(typeof highWaterMark === "number" && { highWaterMark }),
  };
  return base; // net.Socket hands all of it to Duplex, which its types leave out
}

/** The context of the options, made where there is none. */
export function contextOf(options: TlsSocketOptions): SecureContext {
  const context = options.secureContext ?? new SecureContext(options);
  if (context instanceof SecureContext) return context;
  throw nodeError("ERR_TLS_INVALID_CONTEXT", "context must be a SecureContext", TypeError);
}

/** The chain that goes with the scheme that we have signed with. */
export function localChain(state: TlsState): readonly Uint8Array[] | null {
  const { info, isServer } = state;
  const ready = (state.keyCert ?? state.context).credentials.flatMap((each) =>
    isPromise(each) ? [] : [each]
  );
  const used =
    ready.find((each) =>
      info !== null && info.signatureScheme !== null && each.schemes.includes(info.signatureScheme)
    ) ?? (isServer || info === null ? ready[0] : undefined);
  return used?.certificates ?? null;
}
