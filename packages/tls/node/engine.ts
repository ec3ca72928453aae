/**
 * Runs a {@link Connection} over a stream of Node: what comes in is handed on in the turn in which it came, and what goes out
 * is written in the turn in which it was made, unless the provider or a callback is asynchronous.
 *
 * @module
 */
import { isPromise } from "@sealane/providers";
import type { Duplex } from "node:stream";
import type { HandshakeInfo } from "@sealane/handshake";
import { concat, TlsError } from "@sealane/wire";
import type { Connection } from "../connection/connection.ts";
import { nodeError } from "./node_error.ts";
import type { ConnectionEvent } from "../connection/connection_options.ts";

/**
 * How long, in milliseconds, a connection that has failed waits for the peer to take the alert. A socket that is closed with
 * unread bytes resets the connection, and the alert would be lost with it.
 */
const LINGER = 1_000;

/** What a socket does about what happens below it. */
export interface EngineHooks {
  /** The handshake is done. */
  open(info: HandshakeInfo): void;
  /** Data has come. Returns whether more is wanted now. */
  data(bytes: Uint8Array): boolean;
  /** Whether data goes on to the program at once. */
  flowing(): boolean;
  /** The peer has closed its side; `whole` if with close_notify. */
  end(whole: boolean): void;
  /** Anything else. */
  event(event: ConnectionEvent): void;
  /** The connection has failed, or the stream below has. */
  fail(error: unknown): void;
  /** Whether the peer is told nothing of the failure: as in Node, where a callback of the program has caused it. */
  failsQuietly(): boolean;
}

/** Data that waits for the handshake. */
interface Waiting {
  readonly bytes: Uint8Array;
  readonly done: (error?: Error | null) => void;
}

/** A connection and the stream that it runs on. */
export class Engine {
  readonly #connection: Connection;
  readonly #raw: Duplex;
  readonly #hooks: EngineHooks;
  #waiting: Waiting | null = null;
  #closing: ((error?: Error | null) => void) | null = null;
  /** Settled when everything asynchronous so far is done; `null` while nothing is. */
  #pending: Promise<void> | null = null;
  #failed = false;
  #stopped = false;
  #ended = false;
  #paused = false;
  readonly #gathered: Uint8Array[] = [];

  /** Used by `TLSSocket` only. Nothing happens before {@link Engine.start}. */
  constructor(connection: Connection, raw: Duplex, hooks: EngineHooks) {
    this.#connection = connection;
    this.#raw = raw;
    this.#hooks = hooks;
  }

  /** The connection. */
  get connection(): Connection {
    return this.#connection;
  }

  /** Begins the handshake, and reads the stream from now on. */
  start(): void {
    // Whoever had the stream before gets nothing of it any more: as with Node's own, whose handle is taken over.
    this.#raw.removeAllListeners("data");
    this.#raw.removeAllListeners("readable");
    this.#raw.on("data", this.#onData);
    this.#raw.on("end", this.#onEnd);
    this.#run(() => this.#connection.start());
    this.#raw.resume();
    if (this.#raw.readableEnded) this.#onEnd();
  }

  /** The stream has new data of the peer when there is room for it. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#raw.resume();
  }

  /** Sends data; `done` when the stream below has taken it. Only one at a time. */
  write(bytes: Uint8Array, done: (error?: Error | null) => void): void {
    if (this.#failed || this.#connection.error !== null) return done(this.#connection.error);
    if (!this.#connection.writable || this.#pending !== null) {
      this.#waiting = { bytes, done };
      return;
    }
    this.#send({ bytes, done });
  }

  /** Closes our side with close_notify, after the handshake where that is still under way. */
  close(done: (error?: Error | null) => void): void {
    if (this.#failed || this.#raw.destroyed || this.#raw.writableEnded) return done();
    if (!this.#connection.complete || this.#pending !== null) {
      this.#closing = done;
      return;
    }
    this.#connection.close();
    this.#flush();
    this.#after(() => this.#endRaw(done));
  }

  /** After calls on the connection itself: sends what they have made. */
  flush(): void {
    this.#flush();
  }

  /** Runs a call on the connection that may end it, and what follows from it. */
  run(step: () => void | Promise<void>): void {
    this.#run(step);
  }

  /** Nothing more is read or written. An unfinished handshake is ended with an alert. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#raw.off("data", this.#onData);
    if (this.#failed) return; // the stream lives on for the alert
    if (!this.#connection.complete && this.#connection.handshake.info !== null) {
      this.#connection.abort();
      this.#flush();
    }
    this.#failed = true;
    this.#connection.abort();
    this.#raw.destroy();
    const waiting = this.#waiting;
    this.#waiting = this.#closing = null;
    waiting?.done(nodeError("ECANCELED", "write ECANCELED", Error, { syscall: "write" }));
  }

  readonly #onData = (chunk: Uint8Array | string): void => {
    if (typeof chunk === "string") {
      return this.#fail(new TlsError("api/argument", "the stream below gives text, not bytes"));
    }
    this.#run(() => this.#connection.receive(chunk));
  };

  readonly #onEnd = (): void => {
    if (this.#failed || this.#stopped) return;
    this.#run(() => this.#connection.receiveEnd());
  };

  /** Runs a step, now or when what it waits for is there, and then does what it gave rise to. */
  #run(step: () => void | Promise<void>): void {
    if (this.#failed || this.#stopped) return;
    let running: void | Promise<void>;
    try {
      running = step();
    } catch (error) {
      return this.#fail(error);
    }
    if (!isPromise(running)) return this.#afterStep();
    const pending = running.then(() => {
      this.#settled(pending);
      this.#afterStep();
    }, (error) => {
      this.#settled(pending);
      this.#fail(error);
    });
    this.#pending = pending;
  }

  #settled(pending: Promise<void>): void {
    if (this.#pending === pending) this.#pending = null;
  }

  /** Runs `then` when nothing is pending. */
  #after(then: () => void): void {
    if (this.#pending === null) then();
    else this.#pending.then(() => this.#after(then));
  }

  #afterStep(): void {
    try {
      this.#deliver();
    } finally {
      // A listener of the program that throws must not keep back what has to be sent.
      this.#flush();
      this.#proceed();
    }
  }

  /** What was to be written and closed, now that it can be. */
  #proceed(): void {
    if (this.#pending !== null || this.#failed) return;
    if (this.#waiting !== null && this.#connection.writable) {
      const waiting = this.#waiting;
      this.#waiting = null;
      this.#send(waiting);
    }
    if (this.#closing !== null && this.#connection.complete && this.#waiting === null) {
      const closing = this.#closing;
      this.#closing = null;
      this.close(closing);
    }
  }

  #deliver(): void {
    for (const event of this.#connection.events()) {
      if (event.type === "data") {
        this.#takeData(event.data);
        continue;
      }
      this.#pushGathered();
      switch (event.type) {
        case "close":
          this.#pushEnd(true);
          break;
        case "complete":
          this.#hooks.open(event.info);
          break;
        default:
          this.#hooks.event(event);
      }
    }
    this.#pushGathered();
  }

  /**
   * A reader that takes piece by piece is told once of what has come at once, since the newest versions of Node give it one
   * piece for each time it is told. To a reader that all flows to, records are handed without a copy.
   */
  #takeData(bytes: Uint8Array): void {
    if (this.#gathered.length === 0 && this.#hooks.flowing()) return this.#pushData(bytes);
    this.#gathered.push(bytes);
  }

  #pushGathered(): void {
    if (this.#gathered.length === 0) return;
    const pieces = this.#gathered.splice(0);
    this.#pushData(pieces.length === 1 ? pieces[0] : concat(pieces));
  }

  #pushData(bytes: Uint8Array): void {
    if (this.#stopped || this.#hooks.data(bytes)) return;
    this.#paused = true;
    this.#raw.pause();
  }

  #pushEnd(whole: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#hooks.end(whole);
  }

  #send({ bytes, done }: Waiting): void {
    try {
      this.#connection.write(bytes);
    } catch (error) {
      this.#fail(error);
      return done(TlsError.from(error));
    }
    this.#flush(done);
  }

  /** Hands the stream what the connection has for it. */
  #flush(done?: (error?: Error | null) => void): void {
    let taken: Uint8Array | Promise<Uint8Array>;
    try {
      taken = this.#connection.take();
    } catch (error) {
      done?.(TlsError.from(error));
      return this.#fail(error);
    }
    if (!isPromise(taken)) return this.#writeRaw(taken, done);
    const before = this.#pending ?? Promise.resolve();
    const bytes = taken;
    const pending = before.then(() => bytes).then((ready) => {
      this.#settled(pending);
      this.#writeRaw(ready, done);
      this.#proceed();
    }, (error) => {
      this.#settled(pending);
      done?.(TlsError.from(error));
      this.#fail(error);
    });
    this.#pending = pending;
  }

  #writeRaw(bytes: Uint8Array, done?: (error?: Error | null) => void): void {
    const raw = this.#raw;
    if (bytes.length === 0 || raw.destroyed || raw.writableEnded) {
      done?.();
      return;
    }
    // An error of the stream is its event `error`, which everybody hears of.
    raw.write(bytes, () => done?.());
  }

  #endRaw(done: (error?: Error | null) => void): void {
    const raw = this.#raw;
    if (raw.destroyed || raw.writableEnded) return done();
    let called = false;
    const once = () => {
      if (called) return;
      called = true;
      raw.off("close", once);
      done();
    };
    raw.once("close", once); // where it closes before it says that it has finished
    raw.end(once);
  }

  /** The connection is over: what came before is delivered, the alert is sent, and the program is told. */
  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#deliver();
    if (this.#failed) return; // by a listener of the program
    if (this.#hooks.failsQuietly()) this.#raw.destroy();
    else this.#flush();
    // Whoever does not speak TLS has no use for an alert.
    if (error instanceof TlsError && error.code === "peer/not-tls") this.#raw.destroy();
    this.#failed = true;
    const [waiting, closing] = [this.#waiting, this.#closing];
    this.#waiting = this.#closing = null;
    this.#linger();
    this.#hooks.fail(error);
    const cause = TlsError.from(error);
    waiting?.done(nodeError("ECANCELED", "write ECANCELED", Error, { syscall: "write", cause }));
    closing?.(cause);
  }

  /** Closes the stream when the peer has taken the alert, or does not. */
  #linger(): void {
    const raw = this.#raw;
    raw.off("data", this.#onData);
    if (raw.destroyed) return;
    raw.on("error", () => {});
    raw.end();
    raw.resume();
    const timer = setTimeout(() => raw.destroy(), LINGER);
    // It must not keep the program running; in a browser-like runtime the timer is a number.
    if (typeof timer === "object") timer.unref();
    raw.once("end", () => raw.destroy());
    raw.once("close", () => clearTimeout(timer));
  }
}
