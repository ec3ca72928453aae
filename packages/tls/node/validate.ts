/**
 * What Node asks of its arguments, with the errors that it throws.
 *
 * @module
 */
import { argumentTypeError, argumentValueError, rangeError } from "./node_error.ts";

/** Refuses what is no string. */
export function validateString(value: unknown, name: string): asserts value is string {
  if (typeof value !== "string") throw argumentTypeError(name, "string", value);
}

/** Refuses what is no boolean. */
export function validateBoolean(value: unknown, name: string): asserts value is boolean {
  if (typeof value !== "boolean") throw argumentTypeError(name, "boolean", value);
}

/** Refuses what cannot be called. */
export function validateFunction(value: unknown, name: string): void {
  if (typeof value !== "function") throw argumentTypeError(name, "function", value);
}

/** Refuses what is no plain object. */
export function validateObject(value: unknown, name: string): asserts value is object {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw argumentTypeError(name, "Object", value);
  }
}

/** Refuses what is no number of at least `min`. */
export function validateNumber(
  value: unknown,
  name: string,
  min?: number,
): asserts value is number {
  if (typeof value !== "number") throw argumentTypeError(name, "number", value);
  if (Number.isNaN(value) || (min !== undefined && value < min)) {
    throw rangeError(name, `>= ${min}`, value);
  }
}

/** Refuses what is no whole number from `min` to `max`. */
export function validateInteger(
  value: unknown,
  name: string,
  min: number,
  max: number,
): asserts value is number {
  if (typeof value !== "number") throw argumentTypeError(name, "number", value);
  if (!Number.isInteger(value)) throw rangeError(name, "an integer", value);
  if (value < min || value > max) throw rangeError(name, `>= ${min} && <= ${max}`, value);
}

/** Refuses what has no bytes. */
export function validateBuffer(
  value: unknown,
  name: string = "buffer",
): asserts value is ArrayBufferView {
  if (!ArrayBuffer.isView(value)) {
    throw argumentTypeError(name, ["Buffer", "TypedArray", "DataView"], value);
  }
}

/** Refuses what is neither text nor bytes. */
export function validateKeyOrCertificate(
  value: unknown,
  name: string,
): asserts value is string | ArrayBufferView {
  if (typeof value !== "string" && !ArrayBuffer.isView(value)) {
    throw argumentTypeError(name, ["string", "Buffer", "TypedArray", "DataView"], value);
  }
}

/** The bytes that a view shows. */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** PEM as text. */
export function textOf(pem: string | ArrayBufferView): string {
  if (typeof pem === "string") return pem;
  return new TextDecoder("latin1").decode(bytesOf(pem));
}

/** One, several or none as a list; `null` is none. */
export function listOf<T>(value: T | readonly T[] | null | undefined): readonly T[] {
  if (value === undefined || value === null) return [];
  // The cast drops the list that `isArray` has excluded, which TypeScript does not see for readonly arrays.
  return Array.isArray(value) ? value : [value as T];
}

/** Refuses an empty text. */
export function refuseEmpty(value: string, name: string): void {
  if (value === "") throw argumentValueError(name, value);
}
