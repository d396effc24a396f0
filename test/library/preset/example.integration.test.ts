import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeWithRedis, startRedis } from '../../support/redis/redis.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

describeWithRedis('examples/preset.ts', () => {
  test('runs with the documented command, prints the expected output and exits', {
    timeout: 60_000,
  }, async () => {
    await using server = await startRedis();
    const command = ['--conditions=roundhouse:source', 'examples/preset.ts'];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, command, {
      cwd: ROOT,
      timeout: 50_000,
      env: { PATH: process.env.PATH, REDIS_URL: server.url },
    });
    expect(stderr).toBe('');
    expect(stdout.trimEnd().split('\n')).toEqual([
      'A process requests a title and exits. Another process requests the same title:',
      '  GET /titles/7, requests to the origin: 1',
      'It posts one query twice, and another query once:',
      '  requests to the origin: 3',
      'Two processes call a cached function at the same time:',
      '  function called 1 time',
    ]);
  });
});
