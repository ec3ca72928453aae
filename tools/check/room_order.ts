/**
 * The rooms of every package, its folders, from the top down: a file imports from its own room and from those below it.
 *
 * @module
 */

/**
 * A row has rooms side by side, which do not import each other. `.` are the files that stand in the package's folder; such
 * a file may also have a place of its own.
 */
export const ROOMS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "wire": [["."]],
  "providers": [
    ["conformance"],
    ["shangmi"],
    ["mod.ts"],
    ["default.ts"],
    ["native", "webcrypto"],
    ["hpke.ts"],
    ["noble"],
    ["keys.ts"],
    ["key_files"],
    ["chacha", "mlkem", "p256"],
    ["."],
    ["weierstrass"],
    ["wasm"],
  ],
  "record": [["."]],
  "pki": [["testing"], ["."], ["status"], ["path"], ["certificate"], ["names"], ["limits.ts"]],
  "handshake": [
    ["testing"],
    ["conformance"],
    ["."],
    ["exported_authenticators"],
    ["client", "server"],
    ["ech"],
    ["authentication"],
    ["engine"],
    ["config"],
    ["session"],
    ["identity"],
    ["messages"],
    ["extensions"],
  ],
  "quic-tls": [
    ["testing"],
    ["."],
    ["start"],
    ["config.ts"],
    ["parameters"],
    ["crypto"],
    ["keys"],
    ["frames"],
    ["packets"],
    ["errors.ts"],
  ],
  "sm-crypto": [["."]],
  "tls": [["testing"], ["."], ["node", "deno"], ["stream"], ["connection"], ["options"]],
};
