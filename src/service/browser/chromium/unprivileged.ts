/**
 * User and group of Chromium when the service runs as root, because Chromium refuses to run as root with its sandbox.
 * The id is in a range that Debian reserves, so that no other program uses it.
 * https://www.debian.org/doc/debian-policy/ch-opersys.html#uid-and-gid-classes
 */
export const UNPRIVILEGED_ID = 65_533;

/** Whether Chromium runs under {@link UNPRIVILEGED_ID}. */
export function needsUnprivilegedUser(): boolean {
  return process.getuid?.() === 0;
}
