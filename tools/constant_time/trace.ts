/**
 * Runs operations of a kernel on many secrets and compares their traces.
 *
 * @module
 */
import { instrument, type Site } from "./instrument.ts";

/** An instrumented kernel that is running. */
export class TracedKernel {
  readonly #exports: WebAssembly.Exports;
  readonly #sites: readonly Site[];

  /** From the bytes of a kernel that imports nothing. */
  constructor(bytes: Uint8Array) {
    const { bytes: traced, sites } = instrument(bytes);
    // The bytes are in memory of their own.
    const module = new WebAssembly.Module(traced as Uint8Array<ArrayBuffer>);
    this.#exports = new WebAssembly.Instance(module, {}).exports;
    this.#sites = sites;
  }

  /** All of its memory. */
  get memory(): Uint8Array {
    const { memory } = this.#exports;
    if (memory instanceof WebAssembly.Memory) return new Uint8Array(memory.buffer);
    throw new Error("the kernel exports no memory");
  }

  #global(name: string): WebAssembly.Global {
    const value = this.#exports[name];
    if (value instanceof WebAssembly.Global) return value;
    throw new Error(`the kernel exports no global ${name}`);
  }

  /** The address that a global of the kernel holds. */
  address(name: string): number {
    return Number(this.#global(name).value);
  }

  /** Puts bytes at an address that a global holds, and `offset` behind it. */
  put(name: string, bytes: Uint8Array, offset = 0): void {
    this.memory.set(bytes, this.address(name) + offset);
  }

  /** Calls a function; numbers are its arguments. */
  call(name: string, ...args: number[]): unknown {
    const run = this.#exports[name];
    if (typeof run !== "function") throw new Error(`the kernel exports no function ${name}`);
    return run(...args);
  }

  /** The trace of what `work` does: its hash, and how many events it has; only the first `limit` events unless all. */
  trace(work: (kernel: this) => void, limit = -1n): { hash: bigint; count: bigint } {
    this.#global("trace_hash").value = 0n;
    this.#global("trace_count").value = 0n;
    this.#global("trace_limit").value = limit;
    work(this);
    // Globals of 64 bits are bigints.
    return {
      hash: this.#global("trace_hash").value as bigint,
      count: this.#global("trace_count").value as bigint,
    };
  }

  /** The place of the last event that the trace counted. */
  get lastSite(): Site {
    return this.#sites[Number(this.#global("trace_last").value)];
  }
}

/** Work on the secret of a number: the same public input each time. */
export type SecretWork = (kernel: TracedKernel, secret: number) => void;

/** What comparing traces found. */
export interface Comparison {
  /** How many events each trace has, or the first one if they differ. */
  readonly events: bigint;
  /** Which secret has another trace than the first, and where; `null` if none has. */
  readonly difference:
    | { readonly secret: number; readonly event: bigint; readonly site: Site }
    | null;
}

/** Compares the traces of `secrets` secrets. The work is done once before, since the first call may fill tables. */
export function compareTraces(
  kernel: TracedKernel,
  work: SecretWork,
  secrets: number,
): Comparison {
  work(kernel, 0);
  const first = kernel.trace(() => work(kernel, 0));
  for (let secret = 1; secret < secrets; secret++) {
    const other = kernel.trace(() => work(kernel, secret));
    if (other.hash === first.hash && other.count === first.count) continue;
    return {
      events: first.count,
      difference: { secret, ...locate(kernel, work, secret, first.count) },
    };
  }
  return { events: first.count, difference: null };
}

/** The first event in which the traces of secret 0 and of another one differ. */
function locate(kernel: TracedKernel, work: SecretWork, secret: number, count: bigint) {
  let same = 0n;
  let different = count + 1n;
  while (different - same > 1n) {
    const limit = (same + different) / 2n;
    const [a, b] = [0, secret].map((each) => kernel.trace(() => work(kernel, each), limit).hash);
    if (a === b) same = limit;
    else different = limit;
  }
  kernel.trace(() => work(kernel, secret), different);
  return { event: different, site: kernel.lastSite };
}
