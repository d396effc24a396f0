import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

test('examples/browser-state.ts runs with its documented command and prints the expected results', async () => {
  const command = ['--conditions=roundhouse:source', 'examples/browser-state.ts'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { cwd: ROOT });
  expect(stderr).toBe('');
  expect(stdout.trimEnd().split('\n')).toEqual([
    'Host a mounts a profile, uses it and commits it:',
    '  version 1',
    'Meanwhile host b cannot mount it to write:',
    '  SESSION_LOCKED',
    'Then host b mounts it, continues and commits:',
    '  it has basket',
    '  version 2',
    'An earlier version becomes the newest, and is copied:',
    '  version 3',
    '  the copy has basket',
    'All versions, newest first:',
    '  3 rollback',
    '  2 commit',
    '  1 commit',
    '  0 problems, sessions: shop, shop-copy',
  ]);
});
