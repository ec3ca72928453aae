/**
 * The program's own extensions: which are sent in a message, and which of the peer's are accepted in one.
 *
 * @module
 */
import { ExtensionType, TlsError } from "@sealane/wire";
import type { CustomExtension } from "../config/custom_extension.ts";
import type { RawExtension } from "../extensions/extension.ts";
import type { ExtensionContext } from "../extensions/table.ts";
import type { FlowContext } from "./context.ts";
import { settle, type Step } from "./step.ts";

/** The custom extensions to send in the message `where`; in a response only those that `offered` has. */
export function customExtensions(
  { config }: FlowContext,
  where: ExtensionContext,
  offered?: ReadonlySet<number>,
): RawExtension[] {
  const extensions: RawExtension[] = [];
  for (const custom of config.customExtensions ?? []) {
    if (offered !== undefined && !offered.has(custom.type)) continue;
    const data = custom.send(where);
    if (data !== null) extensions.push({ type: custom.type, data });
  }
  return extensions;
}

/** Hands the peer's custom extensions in the message `where` to the program. */
export function* receiveCustomExtensions(
  context: FlowContext,
  where: ExtensionContext,
  extensions: readonly RawExtension[],
): Step<void> {
  for (const custom of context.config.customExtensions ?? []) {
    const raw = extensions.find((extension) => extension.type === custom.type);
    if (raw === undefined) {
      if (custom.requiredIn?.includes(where)) missingCustom(custom, where);
      continue;
    }
    if (!custom.allowedIn.includes(where)) {
      throw new TlsError(
        "peer/extension-not-allowed",
        `the extension ${custom.type} may not stand in ${where}`,
      );
    }
    yield* settle(custom.receive?.(where, raw.data));
    context.emit({
      type: "peerExtension",
      context: where,
      extension: custom.type,
      data: raw.data,
    });
  }
}

function missingCustom(custom: CustomExtension, where: ExtensionContext): never {
  const name = custom.type === ExtensionType.quic_transport_parameters
    ? "quic_transport_parameters"
    : String(custom.type);
  throw new TlsError("peer/missing-extension", `${where} lacks the extension ${name}`);
}
