/**
 * The instructions of WebAssembly (core specification section 5.4) as far as a trace needs them: how long each is, and what of
 * its operands may show in its time.
 *
 * @module
 */
import type { ByteReader } from "./bytes.ts";

/** What of an instruction's operands is traced. */
export type Trace =
  /** The one on top of the stack. */
  | { readonly kind: "top"; readonly what: string }
  /** The address below a value of `type`. */
  | { readonly kind: "below"; readonly what: string; readonly type: number }
  /** Two operands of `type`. */
  | { readonly kind: "both"; readonly what: string; readonly type: number }
  /** Destination and length of a bulk operation, and its source. */
  | { readonly kind: "bulk"; readonly what: string; readonly source: boolean };

/** One instruction. */
export interface Instruction {
  /** All its bytes. */
  readonly bytes: Uint8Array;
  /** What is traced before it. */
  readonly trace: Trace | null;
}

const I32 = 0x7f;
const I64 = 0x7e;
const V128 = 0x7b;
/** Types of what the stores 0x36 to 0x3e write. */
const STORED = [I32, I64, 0x7d, 0x7c, I32, I32, I64, I64, I64];

/** Reads the next instruction. */
export function readInstruction(reader: ByteReader): Instruction {
  const start = reader.position;
  const trace = readOperation(reader);
  return { bytes: reader.since(start), trace };
}

function top(what: string): Trace {
  return { kind: "top", what };
}

function readOperation(reader: ByteReader): Trace | null {
  const code = reader.byte();
  if (code === 0xfd) return readVector(reader);
  if (code === 0xfc) return readBulk(reader);
  if (code >= 0x28 && code <= 0x3e) {
    skip(reader, 2);
    if (code < 0x36) return top("load");
    return { kind: "below", what: "store", type: STORED[code - 0x36] };
  }
  // i32 and i64, div and rem, signed and unsigned
  if (code >= 0x6d && code <= 0x70) return { kind: "both", what: "division", type: I32 };
  if (code >= 0x7f && code <= 0x82) return { kind: "both", what: "division", type: I64 };
  switch (code) {
    case 0x02: // block
    case 0x03: // loop
    case 0x0c: // br
    case 0x10: // call
    case 0x20: // local.get, local.set, local.tee, global.get, global.set
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x24:
    case 0x3f: // memory.size
    case 0x40: // memory.grow
    case 0x41: // i32.const
    case 0x42: // i64.const
      skip(reader, 1);
      return null;
    case 0x04:
      skip(reader, 1);
      return top("if");
    case 0x0d:
      skip(reader, 1);
      return top("br_if");
    case 0x0e:
      skip(reader, reader.unsigned() + 1);
      return top("br_table");
    case 0x11:
      skip(reader, 2);
      return top("call_indirect");
    case 0x1b:
      return top("select");
    case 0x1c:
      skip(reader, reader.unsigned());
      return top("select");
    case 0x43:
      reader.take(4); // f32.const
      return null;
    case 0x44:
      reader.take(8); // f64.const
      return null;
  }
  const isPlain = code <= 0x01 || code === 0x05 || code === 0x0b || code === 0x0f ||
    code === 0x1a || code >= 0x45 && code <= 0xc4;
  if (!isPlain) throw new Error(`unknown instruction 0x${code.toString(16)}`);
  return null;
}

function skip(reader: ByteReader, numbers: number): void {
  for (let i = 0; i < numbers; i++) reader.skipNumber();
}

function readBulk(reader: ByteReader): Trace | null {
  const code = reader.unsigned();
  if (code <= 7) return null; // saturating conversions
  if (code === 10) {
    skip(reader, 2);
    return { kind: "bulk", what: "memory.copy", source: true };
  }
  if (code === 11) {
    skip(reader, 1);
    return { kind: "bulk", what: "memory.fill", source: false };
  }
  throw new Error(`unknown instruction 0xfc ${code}`);
}

function readVector(reader: ByteReader): Trace | null {
  const code = reader.unsigned();
  if (code <= 11 || code === 92 || code === 93) {
    skip(reader, 2);
    return code === 11 ? { kind: "below", what: "v128.store", type: V128 } : top("v128.load");
  }
  if (code >= 84 && code <= 91) {
    skip(reader, 2);
    reader.byte();
    return { kind: "below", what: "v128 lane in memory", type: V128 };
  }
  if (code === 12 || code === 13) reader.take(16); // v128.const, i8x16.shuffle
  else if (code >= 21 && code <= 34) reader.byte(); // lanes
  return null;
}
