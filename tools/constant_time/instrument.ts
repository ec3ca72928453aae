/**
 * Rewrites a WebAssembly module so that it keeps a trace of everything in which its time may show its data: every address that
 * is read or written, every condition of a branch or a select, every operand of a division. The trace is a running hash and a
 * count, in globals that the module exports; what it computes stays the same.
 *
 * @module
 */
import { ByteReader, ByteWriter } from "./bytes.ts";
import { type Instruction, readInstruction } from "./instruction.ts";

/** A place in the module that leaves something in the trace. */
export interface Site {
  /** Index of the function. */
  readonly function: number;
  /** The name of the instruction's kind. */
  readonly what: string;
}

/** A module with a trace. */
export interface Instrumented {
  /** The new bytes. */
  readonly bytes: Uint8Array;
  /** What each site number means. */
  readonly sites: readonly Site[];
}

const I32 = 0x7f;
const I64 = 0x7e;
const F32 = 0x7d;
const F64 = 0x7c;
const V128 = 0x7b;
/** Types of the values that a store finds on the stack above its address. */
const SAVED = [I32, I32, I64, F32, F64, V128];

enum Section {
  type = 1,
  import = 2,
  function = 3,
  memory = 5,
  global = 6,
  export = 7,
  code = 10,
}

interface Parts {
  readonly order: readonly number[];
  readonly content: ReadonlyMap<number, Uint8Array>;
}

function readSections(bytes: Uint8Array): Parts {
  const reader = new ByteReader(bytes);
  reader.take(8); // magic and version
  const order: number[] = [];
  const content = new Map<number, Uint8Array>();
  while (!reader.done) {
    const id = reader.byte();
    const body = reader.take(reader.unsigned());
    if (id === 0) continue; // names and the like
    order.push(id);
    content.set(id, body);
  }
  if (content.has(Section.import)) throw new Error("a kernel imports nothing");
  return { order, content };
}

/** How many parameters each type has; types are functions of numbers and vectors. */
function parameterCounts(section: Uint8Array): number[] {
  const reader = new ByteReader(section);
  return Array.from({ length: reader.unsigned() }, () => {
    if (reader.byte() !== 0x60) throw new Error("the type is not one of a function");
    const parameters = reader.unsigned();
    reader.take(parameters);
    reader.take(reader.unsigned());
    return parameters;
  });
}

/** A vector with more elements at its end. */
function appended(section: Uint8Array | undefined, ...elements: Uint8Array[]): Uint8Array {
  const reader = new ByteReader(section ?? Uint8Array.of(0));
  const writer = new ByteWriter();
  writer.unsigned(reader.unsigned() + elements.length);
  writer.bytes(reader.rest());
  for (const element of elements) writer.bytes(element);
  return writer.finish();
}

/** Writes the code of one function again. */
class FunctionRewriter {
  readonly #out = new ByteWriter();
  readonly #tracers: Tracers;
  readonly #locals: ReadonlyMap<number, readonly number[]>;
  readonly #site: (what: string) => number;

  constructor(
    tracers: Tracers,
    locals: ReadonlyMap<number, readonly number[]>,
    site: (what: string) => number,
  ) {
    this.#tracers = tracers;
    this.#locals = locals;
    this.#site = site;
  }

  /** Traces what is on top of the stack. */
  #top(site: number, type = I32): void {
    this.#out.byte(0x41);
    this.#out.signed(site);
    this.#out.byte(0x10);
    this.#out.unsigned(type === I64 ? this.#tracers.i64 : this.#tracers.i32);
  }

  #set(type: number, index = 0): void {
    this.#out.byte(0x21);
    this.#out.unsigned(this.#local(type, index));
  }

  #get(type: number, index = 0): void {
    this.#out.byte(0x20);
    this.#out.unsigned(this.#local(type, index));
  }

  #local(type: number, index: number): number {
    const local = this.#locals.get(type)?.[index];
    if (local === undefined) throw new Error(`no local of type ${type}`);
    return local;
  }

  rewrite(code: Uint8Array): Uint8Array {
    const reader = new ByteReader(code);
    while (!reader.done) {
      const instruction = readInstruction(reader);
      this.#before(instruction);
      this.#out.bytes(instruction.bytes);
    }
    return this.#out.finish();
  }

  #before({ trace }: Instruction): void {
    if (trace === null) return;
    const site = this.#site(trace.what);
    switch (trace.kind) {
      case "top":
        return this.#top(site);
      case "below": {
        this.#set(trace.type);
        this.#top(site);
        return this.#get(trace.type);
      }
      case "both": {
        this.#set(trace.type);
        this.#top(site, trace.type);
        this.#get(trace.type);
        return this.#top(site, trace.type);
      }
      case "bulk": {
        // destination, source or value, length
        this.#set(I32, 0);
        this.#set(I32, 1);
        this.#top(site);
        this.#get(I32, 1);
        if (trace.source) this.#top(site);
        this.#get(I32, 0);
        return this.#top(site);
      }
    }
  }
}

interface Tracers {
  readonly i32: number;
  readonly i64: number;
}

function rewriteBody(
  body: Uint8Array,
  parameters: number,
  tracers: Tracers,
  site: (what: string) => number,
): Uint8Array {
  const reader = new ByteReader(body);
  const groups = Array.from({ length: reader.unsigned() }, () => {
    const count = reader.unsigned();
    return { count, type: reader.byte() };
  });
  let next = groups.reduce((sum, { count }) => sum + count, parameters);
  const locals = new Map<number, number[]>();
  for (const type of SAVED) {
    locals.set(type, [...locals.get(type) ?? [], next++]);
    groups.push({ count: 1, type });
  }
  const writer = new ByteWriter();
  writer.unsigned(groups.length);
  for (const { count, type } of groups) {
    writer.unsigned(count);
    writer.byte(type);
  }
  writer.bytes(new FunctionRewriter(tracers, locals, site).rewrite(reader.rest()));
  return sized(writer.finish());
}

function sized(bytes: Uint8Array): Uint8Array {
  const writer = new ByteWriter();
  writer.unsigned(bytes.length);
  writer.bytes(bytes);
  return writer.finish();
}

/**
 * The function (value, site) -> value that adds to the trace: if ++count <= limit, then
 * hash = (rotl(hash, 5) ^ value ^ site << 32) * odd, and last = site.
 */
function tracer(
  type: number,
  globals: Record<"hash" | "count" | "limit" | "last", number>,
): Uint8Array {
  const w = new ByteWriter();
  w.unsigned(0); // no locals
  const get = (global: number) => w.bytes(Uint8Array.of(0x23, global));
  const set = (global: number) => w.bytes(Uint8Array.of(0x24, global));
  const i64Const = (value: bigint) => {
    w.byte(0x42);
    w.signed(value);
  };
  get(globals.count);
  i64Const(1n);
  w.byte(0x7c);
  set(globals.count);
  get(globals.count);
  get(globals.limit);
  w.bytes(Uint8Array.of(0x58, 0x04, 0x40)); // i64.le_u, if
  get(globals.hash);
  i64Const(5n);
  w.byte(0x89); // i64.rotl
  w.bytes(Uint8Array.of(0x20, 0)); // the value
  if (type === I32) w.byte(0xad); // i64.extend_i32_u
  w.byte(0x85); // i64.xor
  w.bytes(Uint8Array.of(0x20, 1, 0xad)); // the site
  i64Const(32n);
  w.bytes(Uint8Array.of(0x86, 0x85)); // i64.shl, i64.xor
  i64Const(-7046029254386353131n); // 2^64 over the golden ratio
  w.byte(0x7e);
  set(globals.hash);
  w.bytes(Uint8Array.of(0x20, 1));
  set(globals.last);
  w.bytes(Uint8Array.of(0x0b, 0x20, 0, 0x0b)); // end, the value, end
  return sized(w.finish());
}

function exported(name: string, global: number): Uint8Array {
  const w = new ByteWriter();
  const text = new TextEncoder().encode(name);
  w.unsigned(text.length);
  w.bytes(text);
  w.byte(3);
  w.unsigned(global);
  return w.finish();
}

/** The module with a trace; it exports `trace_hash`, `trace_count`, `trace_limit` and `trace_last` beside its own. */
export function instrument(bytes: Uint8Array): Instrumented {
  const { order, content } = readSections(bytes);
  const part = (id: number) => content.get(id) ?? Uint8Array.of(0);
  const counts = parameterCounts(part(Section.type));
  const functions = new ByteReader(part(Section.function));
  const types = Array.from({ length: functions.unsigned() }, () => functions.unsigned());
  const firstGlobal = new ByteReader(part(Section.global)).unsigned();
  const globals = {
    hash: firstGlobal,
    count: firstGlobal + 1,
    limit: firstGlobal + 2,
    last: firstGlobal + 3,
  };
  const tracers = { i32: types.length, i64: types.length + 1 };
  const sites: Site[] = [];
  const code = new ByteReader(part(Section.code));
  const bodies = Array.from({ length: code.unsigned() }, (_, index) => {
    const body = code.take(code.unsigned());
    const site = (what: string) => sites.push({ function: index, what }) - 1;
    return rewriteBody(body, counts[types[index]], tracers, site);
  });
  const mutable = (type: number, constant: number) =>
    Uint8Array.of(type, 1, constant, constant === 0x42 ? 0x7f : 0, 0x0b);
  const changed = new Map(content);
  changed.set(
    Section.type,
    appended(
      part(Section.type),
      Uint8Array.of(0x60, 2, I32, I32, 1, I32),
      Uint8Array.of(0x60, 2, I64, I32, 1, I64),
    ),
  );
  changed.set(
    Section.function,
    appended(
      part(Section.function),
      Uint8Array.of(counts.length),
      Uint8Array.of(counts.length + 1),
    ),
  );
  // The limit begins as 2^64 - 1: nothing is left out.
  const zero64 = Uint8Array.of(I64, 1, 0x42, 0, 0x0b);
  changed.set(
    Section.global,
    appended(part(Section.global), zero64, zero64, mutable(I64, 0x42), mutable(I32, 0x41)),
  );
  changed.set(
    Section.export,
    appended(
      part(Section.export),
      ...Object.entries(globals).map(([name, index]) => exported(`trace_${name}`, index)),
    ),
  );
  changed.set(
    Section.code,
    appended(Uint8Array.of(0), ...bodies, tracer(I32, globals), tracer(I64, globals)),
  );
  const writer = new ByteWriter();
  writer.bytes(bytes.subarray(0, 8));
  const ids = order.includes(Section.global) ? order : insertGlobal(order);
  for (const id of ids) {
    writer.byte(id);
    writer.bytes(sized(changed.get(id) ?? Uint8Array.of(0)));
  }
  return { bytes: writer.finish(), sites };
}

/** Globals stand behind the memory. */
function insertGlobal(order: readonly number[]): number[] {
  const at = order.findIndex((id) => id > Section.global);
  return [...order.slice(0, at), Section.global, ...order.slice(at)];
}
