import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

test('the example runs with the documented command and prints the expected output', {
  timeout: 20_000,
}, async () => {
  const command = ['--conditions=roundhouse:source', 'examples/http-cache.ts'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, {
    cwd: ROOT,
    timeout: 15_000,
  });
  expect(stderr).toBe('');
  expect(stdout.trimEnd().split('\n')).toEqual([
    '50 concurrent requests for the timetable:',
    '  all received "the 8:15 to the coast"; requests to the origin: 1',
    'Another request:',
    // The remaining lifetime depends on the speed of the machine.
    expect.stringMatching(/^ {2}roundhouse; hit; ttl=\d\d$/),
    'A request with cache mode no-cache, which validates the stored response:',
    expect.stringMatching(/^ {2}roundhouse; fwd=request; fwd-status=304; ttl=\d\d: the 8:15 to the coast$/),
    'A range, through undici and the interceptor:',
    '  206: coast',
    'The platform has Cache-Control: no-store. The service "platforms" stores it for 30 s nevertheless:',
    '  platform 3; roundhouse; fwd=uri-miss; fwd-status=200',
    '  platform 3; roundhouse; fwd=uri-miss; fwd-status=200',
    '  platform 3; roundhouse; fwd=uri-miss; fwd-status=200; stored',
    expect.stringMatching(/^ {2}platform 3; roundhouse; hit; ttl=\d\d$/),
    '3 hits, 54 misses (49 collapsed), 1 revalidated.',
  ]);
});
