import { readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { BrowserStateError } from '../errors.ts';

/**
 * Checks that no browser uses a profile and that the last one closed it. Chromium keeps the link `SingletonLock`, with
 * its host and process ID, while it runs. It writes cookies and storage with a delay: after a crash they are missing.
 * @throws BrowserStateError `PROFILE_IN_USE`
 */
export async function checkProfileClosed(dir: string): Promise<void> {
  const target = await readlink(join(dir, 'SingletonLock')).catch(() => undefined);
  if (target === undefined) return;
  const separator = target.lastIndexOf('-');
  const pid = Number(target.slice(separator + 1));
  const isLive = target.slice(0, separator) === hostname() && isRunning(pid);
  throw new BrowserStateError(
    'PROFILE_IN_USE',
    isLive
      ? `a browser (process ${pid}) uses the profile: close it before the commit`
      : `the browser of the profile (${target}) has not closed it, so recent changes are missing: ` +
          'discard the mount, or commit({ allowUnclean: true })',
  );
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
