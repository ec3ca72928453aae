/**
 * `deno task errors`: writes `docs/errors.md`, in which every error code has messages that were really seen, what happened,
 * and what to do. The test beside this file fails when the page is not what comes out.
 *
 * @module
 */
import { Handshake, PACKETS, RECORDS, type ServerConfig, type Session } from "@sealane/handshake";
import { client, type Row, ROWS, server, target } from "@sealane/handshake/conformance";
import { ALERT_OF_CODE, alertName, TlsError, type TlsErrorCode } from "@sealane/wire";
import { readArguments } from "./arguments.ts";
import { ADVICE } from "./errors/advice.ts";
import { USER_MISTAKES } from "./errors/user_mistakes.ts";

/** The page. */
export const PAGE: URL = new URL("../docs/errors.md", import.meta.url);

/** A mistake and the error that it made. */
export interface Seen {
  /** What was done wrong. */
  readonly what: string;
  /** The code. */
  readonly code: TlsErrorCode;
  /** The message in full. */
  readonly message: string;
}

async function errorOf(make: () => unknown): Promise<TlsError> {
  try {
    await make();
  } catch (error) {
    if (error instanceof TlsError) return error;
    throw error;
  }
  throw new Error("no error");
}

/** Passes messages between two ends, changed on the way, until one fails or neither has more; gives the client's sessions. */
async function exchange(
  ends: Readonly<Record<"client" | "server", Handshake>>,
  change: Row["on"] = (message) => message,
): Promise<Session[]> {
  const sessions: Session[] = [];
  const counts = new Map<string, number>();
  for (const end of [ends.client, ends.server]) {
    await Promise.try(() => end.start()).catch(() => {});
  }
  for (let quiet = false; !quiet && ends.client.error === null && ends.server.error === null;) {
    quiet = true;
    for (const from of ["client", "server"] as const) {
      const to = from === "client" ? ends.server : ends.client;
      for (const event of ends[from].events()) {
        if (event.type === "ticket") sessions.push(event.session);
        if (event.type !== "message") continue;
        quiet = false;
        const nth = counts.get(`${from} ${event.data[0]}`) ?? 0;
        counts.set(`${from} ${event.data[0]}`, nth + 1);
        const data = change(event.data, from, nth);
        if (data === null || to.error !== null) continue;
        // What it fails with stays in `error`.
        await Promise.try(() => to.receive(event.level, data)).catch(() => {});
      }
    }
  }
  return sessions;
}

/** Runs the row of a table, in which somebody changes a message of the peer. */
async function errorOfRow(row: Row): Promise<TlsError | null> {
  const carrier = row.only === "packets" ? PACKETS : RECORDS;
  const { client: from = client, server: to = server, resume } = row;
  const make = (config: ServerConfig, session?: Session) => ({
    client: Handshake.client(from, { ...(row.target ?? target), session }, { carrier }),
    server: Handshake.server(config, { carrier }),
  });
  let ends = make(row.before ?? to);
  if (resume === undefined) ends = make(to);
  else {
    const sessions = await exchange(ends);
    ends = make(to, resume(sessions[0]));
  }
  await exchange(ends, row.on);
  return ends[row.by].error;
}

/** Every mistake that is made here, of programs first, then of peers. */
export async function seenErrors(): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const [what, make] of USER_MISTAKES) {
    try {
      const { code, message } = await errorOf(make);
      seen.push({ what, code, message });
    } catch (cause) {
      throw new Error(`${what}: ${cause}`, { cause });
    }
  }
  const counts = new Map<string, number>();
  for (const row of ROWS) {
    // Two of a code are enough to know it by.
    const count = counts.get(row.code) ?? 0;
    if (count === 2) continue;
    const error = await errorOfRow(row);
    if (error === null) continue;
    counts.set(row.code, count + 1);
    // ECDSA signatures, and so certificates, have another length at every run.
    const message = error.message.replace(/(?<=CompressedCertificate is not )\d+/, "N");
    seen.push({ what: row.name, code: error.code, message });
  }
  return seen;
}

/** The page as Markdown. */
export function errorPage(seen: readonly Seen[]): string {
  const lines = [
    "<!-- deno-fmt-ignore-file -->",
    "",
    "# Errors",
    "",
    "Every error of Sealane is a `TlsError` with a stable `code`; the alert that the peer gets follows from",
    "it. `peer/…` is what the peer did, `local/…` what happened at this end, `api/…` what the program asked",
    "for. The messages below were made by running the mistakes: `deno task errors` writes this page.",
  ];
  for (const code of Object.keys(ALERT_OF_CODE) as TlsErrorCode[]) {
    const [happened, todo] = ADVICE[code];
    const alert = ALERT_OF_CODE[code];
    lines.push("", `## ${code}`, "", happened, "");
    lines.push(`- What to do: ${todo}`);
    lines.push(`- Alert to the peer: ${alert === null ? "none" : `\`${alertName(alert)}\``}`);
    for (const { what, message } of seen.filter((each) => each.code === code)) {
      lines.push(`- ${what}: "${message.replaceAll("\n", " ")}"`);
    }
  }
  return `${lines.join("\n")}\n`;
}

if (import.meta.main) {
  readArguments({
    task: "errors",
    about: "Writes docs/errors.md: what every error means, with messages that were really seen.",
  });
  await Deno.writeTextFile(PAGE, errorPage(await seenErrors()));
}
