/**
 * The names of the options of the Deno entry points: a name that is missing here does not compile.
 *
 * @module
 */
import { CLIENT_OPTIONS, type OptionNames, SERVER_OPTIONS } from "@sealane/handshake";
import type { ConnectOptions } from "./connect_options.ts";
import type { ListenOptions } from "./listen_options.ts";
import type { StartTlsOptions } from "./start_tls_options.ts";
import { STREAM_OPTIONS } from "../stream/option_names.ts";

/** Of `startTls`. */
export const START_TLS_OPTIONS: OptionNames<StartTlsOptions> = {
  ...CLIENT_OPTIONS,
  ...STREAM_OPTIONS,
  hostname: true,
  resume: true,
  supportedGroups: true,
  session: true,
  sessionKey: true,
  earlyMessage: true,
};

/** Of `connect`. */
export const CONNECT_OPTIONS: OptionNames<ConnectOptions> = {
  ...START_TLS_OPTIONS,
  port: true,
  serverName: true,
};

/** Of `listen`. */
export const LISTEN_OPTIONS: OptionNames<ListenOptions> = {
  ...SERVER_OPTIONS,
  ...STREAM_OPTIONS,
  hostname: true,
  port: true,
  resume: true,
  cert: true,
  key: true,
  passphrase: true,
  onAcceptError: true,
};
