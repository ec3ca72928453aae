/**
 * What a DNS host name looks like.
 *
 * @module
 */

/** RFC 5890 §2.3.1: letters, digits and hyphens; underscores occur in names in use. */
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/** Whether it is a DNS name of at most 253 characters, lower case, without a dot at the end and without wildcards. */
export function isHostName(name: string): boolean {
  return name.length <= 253 && name.split(".").every((label) => LABEL.test(label));
}
