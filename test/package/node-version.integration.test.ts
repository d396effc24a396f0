import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const run = promisify(execFile);

/** Imports an entry point in a process that claims to be another version of Node. */
async function importAs(version: string, entry: string): Promise<string> {
  const url = new URL(`../../src/library/${entry}/index.ts`, import.meta.url);
  const code = `
    Object.defineProperty(process.versions, 'node', { value: '${version}' });
    await import('${url}').then(() => console.log('loaded'), (error) => console.log(error.message));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  return stdout.trim();
}

test.each(['http-cache', 'preset', 'redis', 'cache'])(
  'roundhouse/%s names the Node it needs',
  async (entry) => {
    const [, needed] = />=(.*)/.exec(manifest.engines.node)!;
    const message = (version: string) =>
      `roundhouse needs Node.js ${needed} or later, and this is ${version}`;
    expect(await importAs('20.20.2', entry)).toBe(message('20.20.2'));
    expect(await importAs('22.17.9', entry)).toBe(message('22.17.9'));
    expect(await importAs(`${needed}.0`, entry)).toBe('loaded');
  },
);
