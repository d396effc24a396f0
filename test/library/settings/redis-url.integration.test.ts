import { expect, test } from 'vitest';
import { RedisLink } from '../../../src/library/redis/index.ts';
import { parsed } from '../../../src/library/settings/kinds.ts';
import { readSettings } from '../../../src/library/settings/read.ts';
import { parseRedisUrl } from '../../../src/library/settings/redis-url.ts';

const TABLE = { url: parsed<string | null>('REDIS_URL', null, 'none', 'URL', '', parseRedisUrl) };

function read(text: string) {
  const problems: string[] = [];
  return { ...readSettings(TABLE, [{ REDIS_URL: text }], problems), problems };
}

test.each([
  'redis://127.0.0.1:1',
  'redis://127.0.0.1:1/',
  'rediss://user:p%40ss@127.0.0.1:1/2',
  'redis://:p%2Fss@[::1]:1/0',
  'unix:///nowhere/redis.sock',
  'unix:///nowhere/redis.sock?db=3',
])('accepts %s, as the Redis client does', (text) => {
  expect(read(text)).toEqual({ url: text, problems: [] });
  new RedisLink({ url: text }).close();
});

test.each([
  'localhost:6379',
  'http://localhost',
  'redis:localhost',
  'redis://localhost/first',
  'redis://localhost/-1',
  'redis://localhost/0?db=1',
  'redis://user:%zz@localhost',
  'unix:',
  'unix://host/redis.sock',
  'unix:///redis.sock?db=x',
])('rejects %s with an error that names the setting', (text) => {
  expect(read(text)).toMatchObject({ url: null, problems: [expect.stringContaining('REDIS_URL=')] });
});

test.each(['redis://:sec/ret@host', ':sec/ret@host:6379', 'http://me:sec@ret@host'])(
  'the error for %s contains no part of the password',
  (text) => {
    const { problems } = read(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('host');
    expect(problems[0]).not.toMatch(/sec|ret/);
  },
);
