import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { RoundhouseError } from '../../errors.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const ADVICE =
  'install it with `sudo apt-get install --yes chromium`, or set CHROMIUM_PATH to a Chromium or Chrome';

/**
 * Finds Chromium. It is looked up at each call, so that it can be installed while the service runs.
 * @param configured CHROMIUM_PATH
 * @returns its path
 * @throws RoundhouseError `browser_unavailable` with the command that installs it
 */
export function findChromium(configured: string | null, searchPath = process.env.PATH ?? ''): string {
  if (configured !== null) {
    if (isProgram(configured)) return configured;
    throw new RoundhouseError(
      'browser_unavailable',
      `CHROMIUM_PATH is not a program (${configured}): ${ADVICE}`,
    );
  }
  const folders = searchPath.split(delimiter).filter((folder) => folder !== '');
  for (const name of NAMES) {
    const found = folders.map((folder) => join(folder, name)).find(isProgram);
    if (found !== undefined) return found;
  }
  throw new RoundhouseError('browser_unavailable', `Browser apps need Chromium: ${ADVICE}`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
