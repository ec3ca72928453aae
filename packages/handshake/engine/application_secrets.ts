/**
 * The application secrets, which both roles derive alike (RFC 9846 section 7.1).
 *
 * @module
 */
import type { FlowContext } from "./context.ts";
import type { MainSecret } from "./key_schedule.ts";

/** The secrets of both roles that belong to the transcript up to the server's Finished. */
export interface ApplicationSecrets {
  /** client_application_traffic_secret_0. */
  readonly client: Uint8Array;
  /** server_application_traffic_secret_0. */
  readonly server: Uint8Array;
  /** exporter_secret. */
  readonly exporter: Uint8Array;
}

/** Derives and logs the application secrets; the transcript ends with the server's Finished. */
export function deriveApplicationSecrets(
  context: FlowContext,
  main: MainSecret,
): ApplicationSecrets {
  const transcriptHash = context.transcript.digest();
  const secrets = {
    client: main.clientTraffic(transcriptHash),
    server: main.serverTraffic(transcriptHash),
    exporter: main.exporter(transcriptHash),
  };
  context.logSecret("CLIENT_TRAFFIC_SECRET_0", secrets.client);
  context.logSecret("SERVER_TRAFFIC_SECRET_0", secrets.server);
  context.logSecret("EXPORTER_SECRET", secrets.exporter);
  return secrets;
}
