import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

test('examples/cache.ts runs with its documented command and prints the expected results', {
  timeout: 20_000,
}, async () => {
  const command = ['--conditions=roundhouse:source', 'examples/cache.ts'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, {
    cwd: ROOT,
    timeout: 15_000,
  });
  expect(stderr).toBe('');
  expect(stdout.trimEnd().split('\n')).toEqual([
    'Single flight: 100 concurrent reads',
    '  1 load: 1 miss, 99 collapsed.',
    'Hits: 1000 more reads',
    '  1 load: 1000 hits.',
    'Invalidation: the number of engines changes during a load',
    '  A read before the change gets 3, a read after it 4.',
    '  The cached value is 4.',
    'Stale if error: the source fails after another change',
    expect.stringMatching(/^ {2}4 engines, stale, \d\.\d s old\.$/),
    'Refresh-ahead: a value with a TTL of 0.3 s',
    '  After two refreshes in the background the next read is a hit.',
    '1002 hits and 104 misses (99 collapsed, 1 stale): hit rate 90.6 %.',
    // On a busy machine another refresh may have started by then.
    expect.stringMatching(/^\d+ loads, 1 failed\.$/),
  ]);
});
