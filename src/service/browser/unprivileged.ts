import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

/** A program that starts Chromium under an unprivileged user. */
export interface Launcher {
  readonly path: string;
  /** Removes the program. */
  remove(): Promise<void>;
}

/**
 * Writes a program that starts Chromium under an unprivileged user, with the same arguments, pipes and process id. The
 * profile, whose folder the service has created, is given to that user.
 */
export async function createLauncher(chromium: string): Promise<Launcher> {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-chromium-'));
  const path = join(folder, 'chromium');
  const id = UNPRIVILEGED_ID;
  const script = [
    '#!/bin/sh',
    'set -e',
    'for argument do',
    '  case "$argument" in',
    `    --user-data-dir=*) chown -R ${id}:${id} -- "\${argument#--user-data-dir=}"; HOME="\${argument#--user-data-dir=}" ;;`,
    '  esac',
    'done',
    'export HOME',
    `exec setpriv --reuid=${id} --regid=${id} --clear-groups -- ${quote(chromium)} "$@"`,
  ];
  await writeFile(path, `${script.join('\n')}\n`, { mode: 0o700 });
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
