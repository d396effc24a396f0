import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeWithRedis, startRedis } from '../../support/redis/redis.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

describeWithRedis('the example', () => {
  test('runs as its first lines say, ends by itself, and shows what it promises', {
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
      'One program reads a title, and ends; another one asks for the same.',
      '  GET /titles/7: the catalogue was asked 1 time.',
      'It sends a query twice, and another one.',
      '  Two bodies, two answers: it was asked 3 times.',
      'Two look the same thing up.',
      '  The function ran 1 time.',
    ]);
  });
});
