/**
 * The handshake as a coroutine. A flow is a generator that reads straight down like the figure in RFC 9846 section 2;
 * it suspends for two reasons only, the next message of the peer and a promise, and both are a `yield`.
 *
 * @module
 */
import type { MaybePromise } from "@sealane/providers";
import type { HandshakeType } from "@sealane/wire";
import type { HandshakeMessage } from "./messages/message.ts";

/** What a suspended flow waits for. */
export type Need =
  | { readonly message: readonly HandshakeType[]; readonly peek?: true }
  | { readonly promise: Promise<unknown> };

/** A part of a flow that ends with a `T`. */
export type Step<T> = Generator<Need, T, unknown>;

/** Whether a value is a promise, or behaves like one. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}

/** The value itself, without suspension, or the value of a promise, with one. */
export function* settle<T>(value: MaybePromise<T>): Step<T> {
  if (!isPromise(value)) return value;
  // The driver resumes the generator with what the promise resolved to.
  return (yield { promise: value }) as T;
}

/** The next handshake message, which has to be of one of these types; the driver refuses another (unexpected_message). */
export function* message(...expected: readonly HandshakeType[]): Step<HandshakeMessage> {
  // The driver resumes the generator with a whole message.
  return (yield { message: expected }) as HandshakeMessage;
}

/**
 * The next handshake message, of one of these types, without taking it: the one after is the same one again. The list may
 * change while the flow waits.
 */
export function* peek(expected: readonly HandshakeType[]): Step<HandshakeMessage> {
  // The driver resumes the generator with a whole message.
  return (yield { message: expected, peek: true }) as HandshakeMessage;
}

/** Runs a step that waits for promises only, outside of the driver: for what the program asks for after the handshake. */
export function drive<T>(step: Step<T>): MaybePromise<T> {
  const result = step.next();
  return result.done ? result.value : driveLater(step, result.value);
}

async function driveLater<T>(step: Step<T>, first: Need): Promise<T> {
  let need = first;
  for (;;) {
    if (!("promise" in need)) throw new Error("this step waits for a message of the peer");
    const result = step.next(await need.promise);
    if (result.done) return result.value;
    need = result.value;
  }
}
