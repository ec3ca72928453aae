/**
 * `deno task certificates [NAME ...] [--out FOLDER] [--algorithm NAME] [--days N]`: certificates for development, each with its
 * key and its authority, as PEM files. **Not** for anything that strangers reach.
 *
 * @module
 */
import { join } from "node:path";
import { readArguments } from "./arguments.ts";

const ALGORITHMS = {
  "p256": "ecdsa-p256",
  "ed25519": "ed25519",
  "rsa": "rsa-2048",
  "sm2": "sm2",
  "mldsa65": "mldsa65",
} as const;

const args = readArguments({
  task: "certificates",
  about: "Makes certificates for development, each with its key and its authority, as PEM files.",
  options: {
    out: { value: "FOLDER", about: "where to, `certificates` unless given" },
    algorithm: {
      value: "NAME",
      about: `one of ${Object.keys(ALGORITHMS).join(", ")}; all of them unless given`,
    },
    days: { value: "N", least: 1, about: "for how long, 30 unless given" },
  },
  words: {
    name: "NAME",
    about: "DNS names and IP addresses; localhost, 127.0.0.1 and ::1 unless given",
  },
});

const { refuse } = await import("./arguments.ts");
const { combineProviders, defaultProvider } = await import("@sealane/providers");
const { shangmiProvider } = await import("@sealane/providers/shangmi");
const { createTestAuthority } = await import("@sealane/pki/testing");
const { encodePem } = await import("@sealane/wire");

const provider = combineProviders(defaultProvider(), shangmiProvider);
const folder = args.text("out") ?? "certificates";
const names = args.words.length > 0 ? args.words : ["localhost", "127.0.0.1", "::1"];
const notAfter = Date.now() + 86_400_000 * args.whole("days", 30);
const wanted = args.text("algorithm");
const chosen = Object.entries(ALGORITHMS).filter(([name]) =>
  wanted === undefined || name === wanted
);
if (chosen.length === 0) refuse({ task: "certificates" }, `there is no algorithm ${wanted}`);

await Deno.mkdir(folder, { recursive: true });
for (const [name, algorithm] of chosen) {
  const subject = `Development CA (${name})`;
  const authority = await createTestAuthority(provider, { algorithm, subject, notAfter });
  const { chain, privateKey } = await authority.issue({ algorithm, names, notAfter });
  const certificates = chain.map((each) => encodePem("CERTIFICATE", each)).join("");
  await write(`${name}.ca.pem`, encodePem("CERTIFICATE", authority.certificate));
  await write(`${name}.cert.pem`, certificates);
  // Nobody else reads it.
  await write(`${name}.key.pem`, encodePem("PRIVATE KEY", privateKey), 0o600);
}

async function write(name: string, text: string, mode = 0o644): Promise<void> {
  const path = join(folder, name);
  await Deno.writeTextFile(path, text, { mode });
  console.log(path);
}
