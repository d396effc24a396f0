import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runCli } from '../../../src/library/browser-state/cli/run-cli.ts';
import { LocalStore } from '../../../src/library/browser-state/index.ts';
import { openHost, temporaryFolder } from './support.ts';

/** A local store, and a function that runs `roundhouse-profile` with it in this process. */
export async function openCli() {
  const [folder, workFolder] = [join(await temporaryFolder(), 'store'), await temporaryFolder()];
  await mkdir(folder);
  const options = ['--storage', folder, '--work-folder', workFolder];
  const run = async (...args: string[]) => {
    const [stdout, stderr]: [string[], string[]] = [[], []];
    const separator = args.includes('--') ? args.indexOf('--') : args.length;
    const code = await runCli([...args.slice(0, separator), ...options, ...args.slice(separator)], {
      stdout: { write: (text) => stdout.push(text) },
      stderr: { write: (text) => stderr.push(text) },
    });
    return { stdout: stdout.join(''), stderr: stderr.join(''), code };
  };
  return { folder, workFolder, options, run, store: await openHost({ driver: new LocalStore({ folder }) }) };
}

/** A successful run. */
export const ok = (stdout: string | RegExp) => ({
  stdout: typeof stdout === 'string' ? stdout : expect.stringMatching(stdout),
  ...{ stderr: '', code: 0 },
});
