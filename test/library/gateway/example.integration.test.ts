import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

test('the example runs with the documented command and prints the expected output', async () => {
  const command = ['--conditions=roundhouse:source', 'examples/gateway.ts'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, {
    cwd: ROOT,
    timeout: 20_000,
  });
  expect(stderr).toBe('');
  expect(stdout.trimEnd().split('\n')).toEqual([
    'First session: 200 source of /library.js',
    'Second session: 200 source of /library.js; requests to the origin: 1',
    'Offline: 200 source of /library.js',
    'Missing: 504; 1 miss listed',
    '2 hits, 42 bytes saved.',
    'Without permission: 403',
  ]);
});
