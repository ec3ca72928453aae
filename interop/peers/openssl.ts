/**
 * The programs of OpenSSL and curl, which mostly is OpenSSL too.
 *
 * @module
 */
import { missingProgram } from "@sealane/programs";
import type { ListeningPeer, Peer, PeerEnd, PeerSettings } from "./peer.ts";
import { listeningProgram, spawnEnd } from "./process.ts";

const SUITES = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_CCM_SHA256",
  "TLS_AES_128_CCM_8_SHA256",
].join(":");

/** Arguments that `s_server` and `s_client` have in common. */
function common(settings: PeerSettings): string[] {
  const { identity, alpn, caFile } = settings;
  return [
    ...["-tls1_3", "-ciphersuites", SUITES, "-CAfile", caFile],
    ...(identity === null ? [] : ["-cert", identity.certFile, "-key", identity.keyFile]),
    ...(alpn.length === 0 ? [] : ["-alpn", alpn.join(",")]),
  ];
}

/** Arguments of `openssl s_server` on `port`. */
export function serverArguments(port: number, settings: PeerSettings): string[] {
  const client = ["-Verify", "2", "-verify_return_error"];
  return [
    ...["s_server", "-accept", `127.0.0.1:${port}`, "-naccept", "1", ...common(settings)],
    ...(settings.clientAuthentication ? client : []),
  ];
}

/** Arguments of `openssl s_client` to `port`. */
export function clientArguments(port: number, settings: PeerSettings): string[] {
  return [
    ...["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "localhost"],
    ...["-verify_return_error", "-verify_hostname", "localhost", ...common(settings)],
  ];
}

/** `openssl s_server` and `openssl s_client`. */
export const openssl: Peer = {
  name: "openssl",
  program: "openssl",
  lacks: ["ml-kem"],
  missing: () => missingProgram("openssl"),
  listen(settings: PeerSettings): Promise<ListeningPeer> {
    const args = (port: number) => [...serverArguments(port, settings), "-quiet"];
    return Promise.resolve(listeningProgram("openssl", args));
  },
  connect(port: number, settings: PeerSettings): Promise<PeerEnd> {
    return Promise.resolve(spawnEnd("openssl", [...clientArguments(port, settings), "-quiet"]));
  },
};

/** `curl`, which sends what it is given in a PUT request, in chunks. */
export const curl: Peer = {
  name: "curl",
  program: "curl",
  lacks: ["ml-kem", "ccm", "alpn", "half-close"],
  missing: () => missingProgram("curl"),
  connect(port: number, { caFile, identity }: PeerSettings): Promise<PeerEnd> {
    const args = [
      ...["--silent", "--show-error", "--http1.1", "--noproxy", "*", "--cacert", caFile],
      ...(identity === null ? [] : ["--cert", identity.certFile, "--key", identity.keyFile]),
      ...["--resolve", `localhost:${port}:127.0.0.1`, "--header", "Expect:"],
      ...["--upload-file", "-", `https://localhost:${port}/`],
    ];
    return Promise.resolve(spawnEnd("curl", args, "http"));
  },
};

/** OpenSSL with its prompt: a line of one letter is a command (`k` and `K` update its key), and output has comments. */
export const opensslInteractive: Peer = {
  name: "openssl",
  program: "openssl",
  missing: openssl.missing,
  listen(settings: PeerSettings): Promise<ListeningPeer> {
    return Promise.resolve(
      listeningProgram("openssl", (port) => serverArguments(port, settings)),
    );
  },
  connect(port: number, settings: PeerSettings): Promise<PeerEnd> {
    return Promise.resolve(spawnEnd("openssl", clientArguments(port, settings)));
  },
};
