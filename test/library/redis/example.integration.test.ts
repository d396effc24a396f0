import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeWithRedis, startRedis } from '../../support/redis/redis.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

describeWithRedis('the example', () => {
  test('runs as its first lines say, ends by itself, and shows what they promise', {
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
      'A hundred people ask, half of them in the north and half in the south.',
      '  The yard was counted 1 time.',
      'An engine leaves; the north says so.',
      '  The south has heard of it: the yard was counted 2 times.',
      'One of them is to move the engines.',
      '  1 leads.',
      '  It resigns, the other one leads, with a higher fence: true.',
    ]);
  });
});
