import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

test('the example runs as its first lines say, and shows what they promise', {
  timeout: 20_000,
}, async () => {
  const command = ['--conditions=roundhouse:source', 'examples/cache.ts'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, {
    cwd: ROOT,
    timeout: 15_000,
  });
  expect(stderr).toBe('');
  const lines = stdout.trimEnd().split('\n');
  expect(lines.slice(0, -2)).toEqual([
    'A hundred people ask at once.',
    '  The yard was counted 1 time: 1 miss, 99 collapsed.',
    'A thousand more ask, one after another.',
    '  The yard was counted 1 time: 1000 hits.',
    'An engine arrives while somebody counts.',
    '  Who asked before is told 3, who asked after 4.',
    '  The cache has kept 4.',
    'The line goes dead, and something changes.',
    expect.stringMatching(/^ {2}4 engines, stale, \d\.\d s old: better than nothing, and it says so\.$/),
    'Somebody keeps looking at a figure that is good for 0.3 s.',
    '  Loaded again twice in the background; the next look is a hit.',
  ]);
  expect(lines.slice(-2)).toEqual([
    '1002 hits and 104 misses (99 collapsed, 1 stale): 90.6 % hits.',
    // One more refresh may have begun by then, on a busy machine.
    expect.stringMatching(/^\d+ loads, 1 failed\.$/),
  ]);
});
