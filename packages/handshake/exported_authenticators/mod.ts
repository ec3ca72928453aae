/**
 * Exported authenticators (RFC 9261): asking for and giving proofs of further identities over a connection that is up, in
 * messages that the application protocol carries.
 *
 * @module
 */
export { getAuthenticatorContext } from "./context.ts";
export { type AuthenticatorOptions, createAuthenticator } from "./create.ts";
export { type AuthenticatorRequestOptions, createAuthenticatorRequest } from "./request.ts";
export type { AuthenticatorConnection, ExportedAuthenticators } from "./state.ts";
export { type AuthenticatorValidation, validateAuthenticator } from "./validate.ts";
