/**
 * The connections of one test: the first one, and those that resume it, one after the other in one process.
 *
 * @module
 */
import {
  createReplayGuard,
  type ReplayGuard,
  RotatingTicketKeys,
  type Session,
  type TicketKeyRing,
} from "@sealane/handshake";
import type { CryptoProvider } from "@sealane/providers";
import type { Endpoint } from "./endpoint.ts";
import { type EngineConfig, engineConfig } from "./engine_config.ts";
import { runExchange } from "./exchange.ts";
import { checkEchRejection, Expectations } from "./expectations.ts";
import type { ConnectionFlags, ShimFlags } from "./flags.ts";
import { Observed } from "./observed.ts";
import { EarlyDataRejectedError, expect } from "./outcome.ts";
import { loadProvider } from "./provider.ts";
import { RunnerSocket } from "./socket.ts";

/** What one connection leaves to the next. */
interface Run {
  readonly provider: CryptoProvider;
  /** The clock, milliseconds; it moves with `-resumption-delay` only. */
  now: number;
  /** The newest session of the last connection. */
  session: Session | null;
  /** How the judgement of the session's peer ended; `null` before the first. */
  verified: boolean | null;
  /** What tickets are sealed with. */
  readonly ticketKeys: TicketKeyRing;
  /** Where early data that was seen before is recognized. */
  readonly replayGuard: ReplayGuard;
}

/** Runs all connections of a test. */
export async function runConnections(flags: ShimFlags, providerName: string): Promise<void> {
  const provider = await loadProvider(providerName);
  const now = () => run.now;
  const run: Run = {
    provider,
    now: Date.UTC(2026, 0, 1),
    session: null,
    verified: null,
    ticketKeys: new RotatingTicketKeys({ random: (length) => provider.random(length), now }),
    replayGuard: createReplayGuard({ now }),
  };
  const count = 1 + (flags.initial["resume-count"] ?? 0);
  for (let index = 0; index < count; index++) {
    const isResume = index > 0;
    const connection = isResume ? flags.resume : flags.initial;
    if (isResume && !connection.server) {
      expect(run.session !== null, "there is no session to offer");
    }
    await runConnection(run, connection, flags.retry, isResume);
    run.now += 1000 * (connection["resumption-delay"] ?? 0);
  }
}

async function runConnection(
  run: Run,
  flags: ConnectionFlags,
  retryFlags: ConnectionFlags,
  isResume: boolean,
): Promise<void> {
  let current = flags;
  const { provider } = run;
  const wantsRejection = !flags.server && isResume && flags["expect-reject-early-data"];
  const observed = new Observed(flags.server, run.verified);
  const engine = await engineConfig(flags, {
    provider,
    observed,
    now: () => run.now,
    // The callback of a connection whose early data is declined belongs to the retry already.
    currentFlags: () => wantsRejection && observed.earlyDataDeclined ? retryFlags : current,
    session: run.session,
    ticketKeys: run.ticketKeys,
    replayGuard: run.replayGuard,
  });
  const socket = await RunnerSocket.connect(flags);
  try {
    const endpoint = await createEndpoint(flags, socket, engine, observed);
    const { state } = endpoint;
    const expectations = await Expectations.create(state, observed, provider, [
      flags,
      retryFlags,
    ], run.session);
    try {
      await runExchange(endpoint, flags, expectations, { isResume, isRetry: false });
      expect(!wantsRejection, "early data was not declined");
    } catch (error) {
      if (!wantsRejection || !(error instanceof EarlyDataRejectedError)) throw error;
      expectations.checkRejected(flags);
      current = retryFlags;
      await runExchange(endpoint, retryFlags, expectations, { isResume, isRetry: true });
    }
    checkEchRejection(current, null);
    expectations.checkTrace(current);
    run.session = state.session;
    run.verified = observed.verified;
  } catch (error) {
    checkEchRejection(current, error);
    throw error;
  } finally {
    await socket.close();
  }
}

async function createEndpoint(
  flags: ConnectionFlags,
  socket: RunnerSocket,
  engine: EngineConfig,
  observed: Observed,
): Promise<Endpoint> {
  if (flags.quic) {
    const { QuicEndpoint } = await import("./quic_endpoint.ts");
    return new QuicEndpoint(socket, engine, observed);
  }
  const { TlsEndpoint } = await import("./tls_endpoint.ts");
  return new TlsEndpoint(socket, engine, observed, flags);
}
