/**
 * The command line of the shim, read as BoringSSL reads it: an optional prefix says to which connection a flag belongs,
 * and the flags of credentials speak of the newest one.
 *
 * @module
 */
import {
  type FlagKind,
  HONOURED,
  HONOURED_OF_CREDENTIAL,
  IGNORED,
  NEW_CREDENTIAL,
  UNIMPLEMENTED,
} from "./flag_table.ts";

/** The value of a flag of each kind. */
interface ValueOfKind {
  bool: boolean;
  int: number | undefined;
  string: string | undefined;
  base64: Uint8Array | undefined;
  ints: number[];
  base64s: Uint8Array[];
}

/** Flags by name, as a table gives their kinds. */
type Flags<Table extends Record<string, FlagKind>> = {
  [Name in keyof Table]: ValueOfKind[Table[Name]];
};

/** The flags of one credential. */
export type CredentialFlags = Flags<typeof HONOURED_OF_CREDENTIAL> & {
  /** What the credential is. */
  readonly kind: (typeof NEW_CREDENTIAL)[keyof typeof NEW_CREDENTIAL];
};

/** The flags of one connection. */
export type ConnectionFlags = Flags<typeof HONOURED> & {
  /** The credential that flags before the first `-new-…-credential` speak of. */
  readonly defaultCredential: CredentialFlags;
  /** The others, in order. */
  readonly credentials: CredentialFlags[];
};

/** The flags of the three kinds of connection that one run of the shim may make. */
export interface ShimFlags {
  /** The first connection. */
  readonly initial: ConnectionFlags;
  /** Every later one. */
  readonly resume: ConnectionFlags;
  /** A connection whose early data was rejected, from then on. */
  readonly retry: ConnectionFlags;
}

/** A flag that the shim does not implement. It exits with 89. */
export class UnimplementedError extends Error {
  override readonly name = "UnimplementedError";
}

function emptyValue(kind: FlagKind): ValueOfKind[FlagKind] {
  if (kind === "bool") return false;
  return kind === "ints" || kind === "base64s" ? [] : undefined;
}

function emptyFlags<Table extends Record<string, FlagKind>>(table: Table): Flags<Table> {
  const entries = Object.entries(table).map(([name, kind]) => [name, emptyValue(kind)]);
  // Every name of the table has the empty value of its kind.
  return Object.fromEntries(entries) as Flags<Table>;
}

function emptyCredential(kind: CredentialFlags["kind"]): CredentialFlags {
  return { ...emptyFlags(HONOURED_OF_CREDENTIAL), kind };
}

function emptyConnection(): ConnectionFlags {
  return {
    ...emptyFlags(HONOURED),
    defaultCredential: emptyCredential("x509"),
    credentials: [],
  };
}

/** The bytes of standard base64. */
export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function setFlag(
  flags: Record<string, ValueOfKind[FlagKind]>,
  name: string,
  kind: FlagKind,
  argument: string,
): void {
  switch (kind) {
    case "bool":
      flags[name] = true;
      break;
    case "int":
      flags[name] = Number(argument);
      break;
    case "string":
      flags[name] = argument;
      break;
    case "base64":
      flags[name] = fromBase64(argument);
      break;
    case "ints":
      flags[name] = [...flags[name] as number[], Number(argument)]; // set by emptyValue
      break;
    case "base64s":
      flags[name] = [...flags[name] as Uint8Array[], fromBase64(argument)]; // set by emptyValue
      break;
  }
}

/** The table as a map, so that `constructor` and the like are no flags. */
const kinds = (table: Record<string, FlagKind>): Map<string, FlagKind> =>
  new Map(Object.entries(table));

const KIND_OF_HONOURED = kinds(HONOURED);
const KIND_OF_CREDENTIAL = kinds(HONOURED_OF_CREDENTIAL);
const CREDENTIALS = new Map(Object.entries(NEW_CREDENTIAL));
const NOTES = new Map([...Object.entries(IGNORED), ...Object.entries(UNIMPLEMENTED)]);

/** `-on-shim-on-resume-verify-fail` is `verify-fail` of later connections; `-on-handshaker-…` is not for us. */
function splitPrefixes(argument: string): {
  name: string;
  target: keyof ShimFlags | "all" | "none";
} {
  const forHandshaker = argument.startsWith("-on-handshaker-");
  const rest = argument.replace(/^-on-(shim|handshaker)(?=-)/, "");
  const connection = /^-on-(initial|resume|retry)(?=-)/.exec(rest);
  const name = rest.slice((connection?.[0].length ?? 0) + 1);
  if (forHandshaker) return { name, target: "none" };
  // The expression matches these three words only.
  return { name, target: (connection?.[1] ?? "all") as keyof ShimFlags | "all" };
}

/**
 * Reads the command line.
 *
 * @throws {UnimplementedError} if there is a flag that is unknown or not implemented.
 */
export function parseFlags(args: readonly string[]): ShimFlags {
  const flags: ShimFlags = {
    initial: emptyConnection(),
    resume: emptyConnection(),
    retry: emptyConnection(),
  };
  const missing: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const { name, target } = splitPrefixes(args[at]);
    const noted = NOTES.get(name);
    const credential = CREDENTIALS.get(name);
    const kind = KIND_OF_HONOURED.get(name) ?? KIND_OF_CREDENTIAL.get(name) ?? noted?.kind ??
      (credential === undefined ? undefined : "bool");
    if (kind === undefined) throw new UnimplementedError(`unknown flag ${args[at]}`);
    const argument = kind === "bool" ? "" : args[++at];
    if (argument === undefined) throw new UnimplementedError(`-${name} has no argument`);
    if (target === "none") continue;
    if (noted !== undefined) {
      if (name in UNIMPLEMENTED) missing.push(`-${name}: ${noted.why}`);
      continue;
    }
    const targets = target === "all" ? Object.values(flags) : [flags[target]];
    for (const connection of targets) {
      if (credential !== undefined) connection.credentials.push(emptyCredential(credential));
      else if (KIND_OF_HONOURED.has(name)) setFlag(connection, name, kind, argument);
      else {setFlag(
          connection.credentials.at(-1) ?? connection.defaultCredential,
          name,
          kind,
          argument,
        );}
    }
  }
  if (missing.length > 0) throw new UnimplementedError(missing.join("; "));
  return flags;
}
