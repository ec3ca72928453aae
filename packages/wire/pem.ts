/**
 * The textual encoding of keys and certificates (RFC 7468), read by its strict grammar.
 *
 * @module
 */
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { TlsError } from "./error.ts";

/** One encapsulated structure of a PEM text. */
export interface PemBlock {
  /** What stands after `BEGIN`, for instance `CERTIFICATE` or `PRIVATE KEY`. */
  readonly label: string;
  /** The decoded content, most often DER. */
  readonly bytes: Uint8Array;
}

// RFC 7468 §3: printable characters but no hyphen, words joined by one space or hyphen. Labels in use are upper case.
const BEGIN = /^-----BEGIN ([!-,.-~]+(?:[ -][!-,.-~]+)*)-----[ \t]*$/;
const BASE64_LINE = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * Every block of `text`, in order. Text outside the blocks is explanation and skipped (RFC 7468 section 5.2); inside,
 * nothing but base64 lines may stand: headers such as `Proc-Type` (an encrypted key of the old kind) are refused.
 *
 * ```ts
 * import { decodePem } from "@sealane/wire";
 *
 * const [block] = decodePem("-----BEGIN EXAMPLE-----\nAAEC\n-----END EXAMPLE-----\n");
 * console.assert(block.label === "EXAMPLE" && block.bytes.length === 3);
 * ```
 *
 * @throws {TlsError} `api/config` if a block has no end, another label at its end, or content that is not base64.
 */
export function decodePem(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let label: string | null = null;
  let base64 = "";
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (label === null) {
      label = BEGIN.exec(line)?.[1] ?? null;
      base64 = "";
    } else if (line.startsWith("-----")) {
      // RFC 7468 §2: the label at the end is the label at the beginning.
      if (line.trimEnd() !== `-----END ${label}-----`) {
        fail(label, "does not end with its own label");
      }
      blocks.push({ label, bytes: decodeContent(label, base64) });
      label = null;
    } else {
      const content = line.replace(/[ \t]/g, "");
      if (!BASE64_LINE.test(content)) fail(label, "holds a line that is not base64");
      base64 += content;
    }
  }
  if (label !== null) fail(label, "has no end");
  return blocks;
}

function decodeContent(label: string, text: string): Uint8Array {
  try {
    if (text !== "") return decodeBase64(text);
  } catch {
    // What is wrong with it is said below, with the label.
  }
  return fail(label, "is not whole base64");
}

function fail(label: string, reason: string): never {
  throw new TlsError("api/config", `the PEM block ${label} ${reason}`);
}

/** The text of one block: base64 in lines of 64 characters (RFC 7468 section 2). */
export function encodePem(label: string, bytes: Uint8Array): string {
  const lines = encodeBase64(bytes).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
