/**
 * The live connections of the demo, a line for each.
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
import { clock, Progress } from "../../tools/progress.ts";
import { nativeProvider } from "@sealane/providers/native";
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

/** A connection to have. */
interface Case {
  /** Why it cannot be had here, or `null`. */
  missing(): Promise<string | null>;
  /** Has it and prints its line; whether it went well. */
  run(): Promise<boolean>;
}

function allCases(material: Material, sm2: Material): Case[] {
  const live = (own: Material, list: readonly Scenario[]) =>
    list.map((scenario): Case => ({
      missing: () => scenario.peer.missing(),
      run: () => connectOnce(own, scenario),
    }));
  return [
    ...live(material, scenarios()),
    ...live(sm2, shangmiScenarios()),
    ...SESSION_CASES.map((one): Case => ({
      missing: () => missingCase(one),
      run: () => resumeOnce(material, one),
    })),
    ...quicCases().map((one): Case => ({
      missing: () => Promise.resolve(one.missing),
      run: () => quicOnce(one),
    })),
  ];
}

/** Has every connection that can be had on this machine; whether all went well. */
export async function haveConnections(): Promise<boolean> {
  using material = await makeMaterial();
  using sm2 = await makeShangmiMaterial();
  const began = Date.now();
  const skipped = new Map<string, number>();
  const cases: Case[] = [];
  const all = allCases(material, sm2);
  // Programs are asked who they are, and Java's are compiled.
  const progress = new Progress("connections have what they need, or not", all.length);
  for (const [i, one] of all.entries()) {
    progress.at(i);
    const missing = await one.missing();
    if (missing === null) cases.push(one);
    else skipped.set(missing, (skipped.get(missing) ?? 0) + 1);
  }
  console.log(`${"".padEnd(12)}${HEAD}`);
  let good = 0;
  for (const [i, one] of cases.entries()) {
    const at = `${i + 1}/${cases.length} ${clock(Date.now() - began)}`;
    await Deno.stdout.write(new TextEncoder().encode(at.padEnd(12)));
    if (await one.run()) good++;
  }
  for (const [reason, count] of skipped) console.log(`skipped: ${count} connections, ${reason}`);
  const page = await writeHandshakePage(material, "handshake.html");
  console.log(`a handshake to look at, message by message: ${page}`);
  const time = clock(Date.now() - began);
  console.log(`demo: ${good} of ${cases.length} connections ok, in ${time}`);
  return good === cases.length;
}
