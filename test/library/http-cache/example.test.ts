import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

test('the example runs as its first lines say, and shows what they promise', {
  timeout: 20_000,
}, async () => {
  const command = ['--conditions=roundhouse:source', 'examples/http-cache.ts'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, {
    cwd: ROOT,
    timeout: 15_000,
  });
  expect(stderr).toBe('');
  expect(stdout.trimEnd().split('\n')).toEqual([
    'Fifty travellers ask for the timetable at once.',
    '  All of them read: the 8:15 to the coast. The station was asked 1 time.',
    'One more asks.',
    // The machine may take a second or two to get here.
    expect.stringMatching(/^ {2}roundhouse; hit; ttl=\d\d$/),
    'One does not trust it.',
    expect.stringMatching(
      /^ {2}roundhouse; fwd=request; fwd-status=304; ttl=\d\d: the 8:15 to the coast, as it was\.$/,
    ),
    'One wants the end of it, by way of undici.',
    '  206: coast',
    'The platforms must not be kept, says the station. They are, for 30 s, where that is asked for.',
    '  platform 3; roundhouse; fwd=uri-miss; fwd-status=200',
    '  platform 3; roundhouse; fwd=uri-miss; fwd-status=200',
    '  platform 3; roundhouse; fwd=uri-miss; fwd-status=200; stored',
    expect.stringMatching(/^ {2}platform 3; roundhouse; hit; ttl=\d\d$/),
    '3 hits, 54 misses (49 collapsed), 1 revalidated.',
  ]);
});
