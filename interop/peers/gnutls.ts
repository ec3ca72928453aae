/**
 * The programs of GnuTLS.
 *
 * @module
 */
import { missingProgram } from "@sealane/programs";
import type { ListeningPeer, Peer, PeerEnd, PeerSettings } from "./peer.ts";
import { listeningProgram, spawnEnd } from "./process.ts";

const PRIORITY = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+AES-128-CCM:+AES-128-CCM-8:+GROUP-ALL";

/** `gnutls-serv` (which echoes) and `gnutls-cli`. */
export const gnutls: Peer = {
  name: "gnutls",
  program: "gnutls-cli",
  lacks: ["ml-kem", "large"],
  missing: () => missingProgram("gnutls-cli", "gnutls-serv"),
  listen({ identity, caFile, clientAuthentication, alpn }: PeerSettings): Promise<ListeningPeer> {
    if (identity === null) throw new Error("a server needs an identity");
    const args = (port: number) => [
      ...["--echo", "--quiet", "--port", String(port), "--priority", PRIORITY],
      ...["--x509certfile", identity.certFile, "--x509keyfile", identity.keyFile],
      ...["--x509cafile", caFile],
      ...(clientAuthentication
        ? ["--require-client-cert", "--verify-client-cert"]
        : ["--disable-client-cert"]),
      ...alpn.map((protocol) => `--alpn=${protocol}`),
    ];
    return Promise.resolve(listeningProgram("gnutls-serv", args, "echo"));
  },
  connect(port: number, { identity, caFile, alpn }: PeerSettings): Promise<PeerEnd> {
    const args = [
      ...["--port", String(port), "--priority", PRIORITY, "--x509cafile", caFile],
      ...["--sni-hostname", "localhost", "--verify-hostname", "localhost"],
      ...["--logfile", "/dev/stderr"],
      ...(identity === null
        ? []
        : ["--x509certfile", identity.certFile, "--x509keyfile", identity.keyFile]),
      ...alpn.map((protocol) => `--alpn=${protocol}`),
      "127.0.0.1",
    ];
    return Promise.resolve(spawnEnd("gnutls-cli", args));
  },
};
