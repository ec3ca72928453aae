/**
 * The verification callback of the suite. No chain is validated: BoringSSL's shim does not either, and what is tested is
 * when the callback is asked, what it sees and what follows from its verdict.
 *
 * @module
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { PeerIdentity, VerifyRequest } from "@sealane/handshake";
import { equalBytes, TlsError } from "@sealane/wire";
import { later } from "./credentials.ts";
import type { ConnectionFlags } from "./flags.ts";
import type { Observed } from "./observed.ts";
import { expect } from "./outcome.ts";

/** Believes everybody, or nobody. */
export function judge(
  peer: PeerIdentity,
  request: VerifyRequest,
  observed: Observed,
  flags: ConnectionFlags,
): void | Promise<void> {
  checkNameOverride(flags, request);
  observed.verifications++;
  observed.peer = peer;
  expect(observed.verifications === 1, "the peer was verified twice");
  if (flags["expect-ocsp-response"] !== undefined) {
    expect(peer.ocspResponse !== null, "no OCSP response in the verification callback");
  }
  if (!flags.async) return verdict(flags, observed);
  return later(() => verdict(flags, observed));
}

/** BoringSSL calls the public name of ECH an override of the name that was asked for. */
function checkNameOverride(flags: ConnectionFlags, { serverName }: VerifyRequest): void {
  const asked = flags["host-name"] ?? null;
  if (flags["expect-no-ech-name-override"]) expect(serverName === asked, "there is a public name");
  const name = flags["expect-ech-name-override"];
  if (name !== undefined) expect(serverName === name, `the name to verify is ${serverName}`);
}

function verdict(flags: ConnectionFlags, observed: Observed): void {
  const rawKey = observed.peer?.leaf === null;
  const digest = flags["expect-peer-rpk-sha256"];
  if (digest !== undefined) {
    const key = observed.peer?.publicKey ?? new Uint8Array();
    expect(equalBytes(sha256(key), digest), "the raw public key is another one");
  } else if (rawKey) {
    // BoringSSL has no judgement of its own on raw public keys.
    throw new TlsError("local/certificate-refused", "nothing says which raw public key is right");
  }
  observed.verified = !flags["verify-fail"];
  const matters = flags["verify-peer"] || flags["require-any-client-certificate"];
  if (flags["verify-fail"] && matters) {
    // BoringSSL's own verification reports handshake_failure, a custom callback certificate_unknown.
    const code = flags["use-custom-verify-callback"]
      ? "local/certificate-refused"
      : "local/handshake-refused";
    throw new TlsError(code, "the verification callback refused the peer");
  }
  const ocspCallback = !flags.server && flags["use-ocsp-callback"] && flags["enable-ocsp-stapling"];
  if (ocspCallback && flags["fail-ocsp-callback"]) {
    throw new TlsError("peer/ocsp-response", "the OCSP callback refused the response");
  }
}
