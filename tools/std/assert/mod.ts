/**
 * A stand-in for the few functions of `@std/assert` that Sealane's tests use, so that every task runs where JSR cannot
 * be reached. Links are not published.
 *
 * @module
 */
import { AssertionError, deepStrictEqual, notDeepStrictEqual } from "node:assert";

export { AssertionError };

function fail(message: string, msg?: string): never {
  throw new AssertionError({ message: msg === undefined ? message : `${message}: ${msg}` });
}

/** Asserts that `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) fail("assertion failed", msg);
}

/** Asserts deep equality. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  // Node compares the class and Buffer is a class of its own; std compares the content of typed arrays.
  const plain = (value: unknown) => value instanceof Uint8Array ? new Uint8Array(value) : value;
  try {
    deepStrictEqual(plain(actual), plain(expected));
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error), msg);
  }
}

/** Asserts deep inequality. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  try {
    notDeepStrictEqual(actual, expected);
  } catch {
    fail("values are equal", msg);
  }
}

/** Asserts identity. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (!Object.is(actual, expected)) {
    fail(`values are not identical: ${String(actual)}, ${String(expected)}`, msg);
  }
}

/** Asserts that a value is neither `null` nor `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) fail("expected a value", msg);
}

// deno-lint-ignore no-explicit-any -- the signature of the real package: any constructor may be named
type AnyConstructor = new (...args: any[]) => unknown;

/** Asserts that a value is an instance of a class. */
export function assertInstanceOf<T extends AnyConstructor>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (!(actual instanceof expectedType)) fail(`expected an instance of ${expectedType.name}`, msg);
}

/** Asserts that a string contains another. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) {
    fail(`expected ${JSON.stringify(actual)} to contain ${JSON.stringify(expected)}`, msg);
  }
}

/** Asserts that a string matches. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) fail(`expected ${JSON.stringify(actual)} to match ${expected}`, msg);
}

type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

function checkError<E extends Error>(
  error: unknown,
  type?: ErrorClass<E>,
  part?: string,
  msg?: string,
): E {
  if (!(error instanceof Error)) fail("expected an Error to be thrown", msg);
  if (type !== undefined && !(error instanceof type)) {
    fail(`expected ${type.name} but got ${error.name}: ${error.message}`, msg);
  }
  if (part !== undefined && !error.message.includes(part)) {
    fail(
      `expected the message to contain ${JSON.stringify(part)} but it is ${
        JSON.stringify(error.message)
      }`,
      msg,
    );
  }
  return error as E; // checked above where a class is given
}

/** Asserts that a function throws, and returns the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E {
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
    return checkError(thrown, errorClass, msgIncludes, msg);
  }
  fail("expected function to throw", msg);
}

/** Asserts that a function's promise rejects, and resolves to the error. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return checkError(error, errorClass, msgIncludes, msg);
  }
  fail("expected function to reject", msg);
}
