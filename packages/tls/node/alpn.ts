/**
 * Application protocols as Node takes them: a list of names, or the bytes of ProtocolNameList (RFC 7301 section 3.1).
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { argumentValueError, nodeError } from "./node_error.ts";
import { bytesOf } from "./validate.ts";

/** The option `ALPNProtocols`. */
export type AlpnProtocols = readonly (string | Uint8Array)[] | ArrayBufferView;

/**
 * As of `node:tls`: puts the protocols into `out.ALPNProtocols`, each with its length before it.
 *
 * @throws an error with code `ERR_INVALID_ARG_VALUE` or `ERR_OUT_OF_RANGE`.
 */
export function convertALPNProtocols(
  protocols: AlpnProtocols,
  out: { ALPNProtocols?: AlpnProtocols },
): void {
  const list = protocolList(protocols);
  out.ALPNProtocols = Buffer.concat(list.flatMap((name) => [Uint8Array.of(name.length), name]));
}

/**
 * The protocols, one by one.
 *
 * @throws as {@link convertALPNProtocols}.
 */
export function protocolList(protocols: AlpnProtocols): Uint8Array[] {
  if (ArrayBuffer.isView(protocols)) return splitList(bytesOf(protocols));
  return protocols.map((name, i) => {
    const bytes = typeof name === "string" ? Buffer.from(name) : name;
    if (bytes.length === 0) {
      throw argumentValueError(`protocols[${i}]`, name, "must be a non-empty string");
    }
    if (bytes.length > 255) {
      const message = "The byte length of the protocol at index " +
        `${i} exceeds the maximum length. It must be <= 255. Received ${bytes.length}`;
      throw nodeError("ERR_OUT_OF_RANGE", message, RangeError);
    }
    return bytes;
  });
}

function splitList(bytes: Uint8Array): Uint8Array[] {
  const names: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes[at];
    const shown = Buffer.from(bytes);
    if (length === 0) {
      throw argumentValueError("ALPNProtocols", shown, "must not contain zero-length protocol");
    }
    if (at + 1 + length > bytes.length) {
      throw argumentValueError("ALPNProtocols", shown, "contains truncated protocol");
    }
    names.push(bytes.slice(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return names;
}
