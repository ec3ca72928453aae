/**
 * The handshake as a coroutine. A flow is a generator that reads straight down like the figure in RFC 9846 section 2;
 * it suspends for two reasons only, the next message of the peer and a promise, and both are a `yield`.
 *
 * @module
 */
import { isPromise, type MaybePromise, promised } from "@sealane/providers";
import type { HandshakeType } from "@sealane/wire";
import type { HandshakeMessage } from "../messages/message.ts";

/** What a suspended flow waits for. */
export type Need =
  | { readonly message: readonly HandshakeType[]; readonly peek?: true }
  | { readonly promise: Promise<unknown> };

/** A part of a flow that ends with a `T`. */
export type Step<T> = Generator<Need, T, unknown>;

/** The value itself, without suspension, or the value of a promise, with one. */
export function* settle<T>(value: MaybePromise<T>): Step<T> {
  const later = promised(value);
  if (!isPromise(later)) return later;
  // The driver resumes the generator with what the promise resolved to.
  return (yield { promise: later }) as T;
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

/** Gives a step the next message, one of these types; with `peek` the message stays. Throws where there is none. */
export type NextMessage = (expected: readonly HandshakeType[], peek: boolean) => HandshakeMessage;

function noMessage(): never {
  throw new Error("this step waits for a message of the peer");
}

/**
 * Runs a step outside of the connection's driver: for what the program asks for after the handshake. Messages come from
 * `next`; without it the step waits for promises only.
 */
export function drive<T>(step: Step<T>, next: NextMessage = noMessage): MaybePromise<T> {
  return goOn(step, next, step.next());
}

function goOn<T>(
  step: Step<T>,
  next: NextMessage,
  first: IteratorResult<Need, T>,
): MaybePromise<T> {
  let result = first;
  while (!result.done) {
    const need = result.value;
    if ("promise" in need) return goOnLater(step, next, need.promise);
    result = giveMessage(step, next, need.message, need.peek === true);
  }
  return result.value;
}

async function goOnLater<T>(
  step: Step<T>,
  next: NextMessage,
  promise: Promise<unknown>,
): Promise<T> {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return await goOn(step, next, step.throw(error));
  }
  return await goOn(step, next, step.next(value));
}

function giveMessage<T>(
  step: Step<T>,
  next: NextMessage,
  expected: readonly HandshakeType[],
  peek: boolean,
): IteratorResult<Need, T> {
  let given;
  try {
    given = next(expected, peek);
  } catch (error) {
    return step.throw(error);
  }
  return step.next(given);
}
