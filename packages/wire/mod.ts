/**
 * Bytes, code points and errors of TLS.
 *
 * ```ts
 * import { NamedGroup, namedGroupName } from "@sealane/wire";
 *
 * console.assert(namedGroupName(NamedGroup.x25519) === "x25519");
 * ```
 *
 * @module
 */
export * from "./arguments.ts";
export * from "./base64.ts";
export * from "./alert_meaning.ts";
export * from "./byte_argument.ts";
export * from "./byte_queue.ts";
export * from "./bytes.ts";
export * from "./compared.ts";
export * from "./code_points.ts";
export * from "./der.ts";
export * as der from "./der_writer.ts";
export * from "./error.ts";
export * from "./pem.ts";
export * from "./pem_file.ts";
export * from "./reader.ts";
export * from "./secret_bytes.ts";
export * from "./writer.ts";
