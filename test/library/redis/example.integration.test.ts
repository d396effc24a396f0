import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeWithRedis, startRedis } from '../../support/redis/redis.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

describeWithRedis('examples/redis.ts', () => {
  test('runs with the documented command, prints the expected output and exits', {
    timeout: 60_000,
  }, async () => {
    await using server = await startRedis();
    const command = ['--conditions=roundhouse:source', 'examples/redis.ts'];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, command, {
      cwd: ROOT,
      timeout: 50_000,
      env: { ...process.env, REDIS_URL: server.url },
    });
    expect(stderr).toBe('');
    expect(stdout.trimEnd().split('\n')).toEqual([
      '100 concurrent calls, half of them in process A and half in process B:',
      '  function called 1 time',
      'Process A invalidates the result, and process B calls the function again:',
      '  function called 2 times',
      'Both processes are candidates for leadership:',
      '  leaders: 1',
      'The leader steps down, and the other process takes over:',
      '  fencing token increased: true',
    ]);
  });
});
