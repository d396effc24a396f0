import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const SCRIPT = fileURLToPath(new URL('../../scripts/check-versions.cjs', import.meta.url));
const { findFault } = createRequire(import.meta.url)(SCRIPT) as {
  findFault(nodeVersion: string, userAgent?: string): string | undefined;
};

describe('check-versions', () => {
  test.each([
    ['24.21.0', 'npm/11.19.1 node/v20.20.2 linux x64'],
    ['22.19.0', 'npm/11.0.0 node/v22.19.0 linux x64'],
    ['22.19.0', undefined],
    ['24.21.0', 'yarn/1.22.0 npm/? node/v24.21.0'],
  ])('accepts Node %s with %s', (node, agent) => {
    expect(findFault(node, agent)).toBeUndefined();
  });

  test.each([
    ['20.20.2', 'npm/11.19.1 node/v20.20.2', /^Roundhouse needs Node >=22\.19, and this is Node 20\.20\.2: /],
    ['22.18.9', undefined, /Node 22\.18\.9/],
    ['24.21.0', 'npm/10.9.9 node/v20.20.2', /^Roundhouse needs npm >=11, and this is npm 10\.9\.9: /],
  ])('rejects Node %s with %s', (node, agent, expected) => {
    expect(findFault(node, agent)).toMatch(expected);
  });

  test('exits with one line', async () => {
    const env = { PATH: process.env.PATH, npm_config_user_agent: 'npm/9.5.0 node/v20.20.2 linux x64' };
    const run = promisify(execFile)(process.execPath, [SCRIPT], { env });
    await expect(run).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Roundhouse needs npm [^\n]*\n$/),
    });
  });

  test('runs before scripts that an old Node.js cannot run', () => {
    const name = join('scripts', 'check-versions.cjs');
    for (const script of [manifest.scripts.prepare, manifest.scripts.start]) {
      expect(script).toMatch(new RegExp(`^node ${name.replace('.', '\\.')} && `));
    }
  });
});
