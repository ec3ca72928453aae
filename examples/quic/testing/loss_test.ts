import { assert, assertEquals } from "@std/assert";
import { TrustStore } from "@sealane/pki";
import { connect, QuicListener } from "../endpoint.ts";
import { Simulation } from "./simulation.ts";
import { ask, CLIENT, echo, SERVER } from "./echo.ts";

/** Handshakes to try: more with `QUIC_HANDSHAKES=1000`. */
const HANDSHAKES = Number(Deno.env.get("QUIC_HANDSHAKES") ?? 60);
const LIMIT = 600_000;
const WEATHER = { loss: 0.3, duplication: 0.1, corruption: 0.05, latency: [5, 60] } as const;

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ state >>> 15, state | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

/** Clients that may not get through: what they say no to. */
const WRONG = [
  { tls: { ...CLIENT.tls, trust: TrustStore.fromCertificates([]) }, code: "peer/unknown-ca" },
  { target: { serverName: "example.org" }, code: "peer/certificate-name" },
];

Deno.test(`${HANDSHAKES} handshakes at 30 percent loss: none stuck, none accepted wrongly`, async () => {
  const tally = { good: 0, refused: 0, sent: 0, lost: 0 };
  for (let run = 0; run < HANDSHAKES; run++) {
    const simulation = new Simulation(WEATHER, seeded(run));
    const { clock } = simulation;
    const retry = run % 3 === 0;
    const listener = new QuicListener(simulation.socket(), { ...SERVER, retry, clock });
    const served = echo(listener);
    const wrong = run % 10 < WRONG.length ? WRONG[run % 10] : null;
    const bytes = new Uint8Array(5000 + run).map((_, i) => i * run);
    const attempt = async (): Promise<string> => {
      const options = { ...CLIENT, ...wrong, clock };
      const connection = await connect(simulation.socket(), listener.address, options);
      if (wrong !== null) {
        const error = await connection.closed;
        return error !== null && "code" in error ? String(error.code) : String(error);
      }
      assertEquals(await ask(connection, bytes), bytes);
      await connection.close();
      return "good";
    };
    const outcome = await simulation.run(attempt(), LIMIT).catch((error) => {
      throw new Error(`run ${run}`, { cause: error });
    });
    assertEquals(outcome, wrong?.code ?? "good", `run ${run}`);
    tally[wrong === null ? "good" : "refused"]++;
    tally.sent += simulation.sent;
    tally.lost += simulation.lost;
    await listener.close();
    await served;
  }
  assert(tally.lost > 0.2 * tally.sent, JSON.stringify(tally));
  if (HANDSHAKES >= 1000) console.log(JSON.stringify(tally));
});
