/**
 * `deno task demo`: live TLS 1.3 connections between Sealane and stacks that nobody here wrote, in both roles, a line for
 * each. With an address (`deno task demo https://example.com/`) it fetches that instead.
 *
 * @module
 */
import {
  exchange,
  makeMaterial,
  makeShangmiMaterial,
  type Material,
  openConnection,
} from "../../interop/peers/mod.ts";
import type { Scenario } from "../../interop/peers/mod.ts";
import { missingCase, SESSION_CASES } from "../../interop/peers/session_cases.ts";
import { EARLY, type SessionPeerCase } from "../../interop/peers/session_visits.ts";
import { nativeProvider } from "@sealane/providers/native";
import { fetchPage } from "./fetch.ts";
import { writeHandshakePage } from "./page.ts";
import { type QuicCase, quicCases, quicRow } from "./quic.ts";
import { scenarios, shangmiScenarios } from "./scenarios.ts";
import { goodRow, HEAD, otherRow, row, sessionRow } from "./table.ts";

const UP = new TextEncoder().encode("from Sealane: 凌波不过横塘路\n".repeat(100));
const DOWN = new TextEncoder().encode("from the peer: 但目送、芳尘去\n".repeat(1000));
const PATIENCE = 20_000;

/** Opens one connection, moves data both ways, and prints its line. */
async function connectOnce(material: Material, scenario: Scenario): Promise<boolean> {
  try {
    const connection = await inTime(openConnection(material, scenario));
    try {
      await inTime(exchange(connection.ours, connection.peer, UP, DOWN));
      checkFeatures(scenario, connection.info.helloRetryRequest);
      console.log(goodRow(scenario, connection));
    } finally {
      await connection.close();
    }
    return true;
  } catch (error) {
    console.log(otherRow(scenario, `FAILED: ${error instanceof Error ? error.message : error}`));
    return false;
  }
}

/** Has two connections with a peer, and prints the line of the second, which resumes the first. */
async function resumeOnce(material: Material, one: SessionPeerCase): Promise<boolean> {
  try {
    const [, visit] = await inTime(one.run(material, nativeProvider));
    if (!visit.info.resumed) throw new Error("the session was not resumed");
    if (one.early && visit.early !== EARLY) throw new Error("early data was not accepted");
    console.log(sessionRow(one, visit, nativeProvider));
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    console.log(
      row(one.peer, one.role, nativeProvider.name, "-", "-", "-", "-", `FAILED: ${reason}`),
    );
    return false;
  }
}

/** Has a QUIC connection, and prints its line. */
async function quicOnce(one: QuicCase): Promise<boolean> {
  try {
    console.log(quicRow(one, await inTime(one.run())));
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    console.log(
      row(one.peer, one.role, one.provider.name, "-", "-", "-", "-", `FAILED: ${reason}`),
    );
    return false;
  }
}

function checkFeatures({ retry = false }: Scenario, retried: boolean): void {
  if (retry && !retried) throw new Error("there was no HelloRetryRequest");
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const timeout = Promise.withResolvers<never>();
  const late = () => timeout.reject(new Error(`no end after ${PATIENCE / 1000} seconds`));
  const timer = setTimeout(late, PATIENCE);
  try {
    return await Promise.race([work, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function demo(): Promise<boolean> {
  using material = await makeMaterial();
  console.log(HEAD);
  const skipped = new Map<string, number>();
  let good = 0;
  let all = 0;
  using sm2 = await makeShangmiMaterial();
  const lists = [[material, scenarios()], [sm2, shangmiScenarios()]] as const;
  for (const [own, list] of lists) {
    for (const scenario of list) {
      const missing = await scenario.peer.missing();
      if (missing !== null) {
        skipped.set(missing, (skipped.get(missing) ?? 0) + 1);
        continue;
      }
      all++;
      if (await connectOnce(own, scenario)) good++;
    }
  }
  for (const one of SESSION_CASES) {
    const missing = await missingCase(one);
    if (missing !== null) {
      skipped.set(missing, (skipped.get(missing) ?? 0) + 1);
      continue;
    }
    all++;
    if (await resumeOnce(material, one)) good++;
  }
  for (const one of quicCases()) {
    if (one.missing !== null) {
      skipped.set(one.missing, (skipped.get(one.missing) ?? 0) + 1);
      continue;
    }
    all++;
    if (await quicOnce(one)) good++;
  }
  for (const [reason, count] of skipped) console.log(`skipped: ${count} connections, ${reason}`);
  const page = await writeHandshakePage(material, "handshake.html");
  console.log(`a handshake to look at, message by message: ${page}`);
  console.log(`demo: ${good} of ${all} connections ok`);
  return good === all;
}

const [address] = Deno.args;
const ok = address === undefined ? await demo() : await fetchPage(new URL(address));
Deno.exit(ok ? 0 : 1);
