import { fileURLToPath } from 'node:url';
import manifest from '../../package.json' with { type: 'json' };
import { type Child, startChild } from './child.ts';
import type { Cleanup } from './cleanup.ts';
import { temporaryFolder } from './temporary.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What `npm start` runs: an environment variable, and the flags of Node.js and the program. */
const [, VARIABLE, ARGUMENTS] = /\bexec env (\S+) node (.*)$/.exec(manifest.scripts.start)!;
const [NAME, VALUE] = VARIABLE!.split('=') as [string, string];

/** Starts the service like `npm start`, on a free port of 127.0.0.1. */
export async function startRoundhouse(
  cleanup: Cleanup,
  env: NodeJS.ProcessEnv,
): Promise<Child & { url: string }> {
  const child = await startChild(
    cleanup,
    {
      command: process.execPath,
      args: ARGUMENTS!.split(' '),
      cwd: ROOT,
      env: { PORT: '0', DATA_DIR: await temporaryFolder(cleanup), [NAME]: VALUE, ...env },
    },
    (line) => / listening on (http:\/\/[^"\s]+)/.exec(line)?.[1] ?? null,
  );
  return { ...child, url: child.readyValue };
}

/**
 * Requests a URL and parses the JSON.
 * @throws Error if the status is not 200
 */
export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`${url} responded with status ${response.status}`);
  return (await response.json()) as T;
}
