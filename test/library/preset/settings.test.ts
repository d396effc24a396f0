import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { CACHE_SETTINGS, readCacheSettings, ttlOf } from '../../../src/library/preset/settings.ts';

const NONE = { env: {}, envFile: '/nowhere/.env' };

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-env-'));
  folders.push(folder);
  return folder;
}

function fileOf(text: string): string {
  const path = join(newFolder(), '.env');
  writeFileSync(path, text);
  return path;
}

function problemsOf(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    return [...(error as { problems: string[] }).problems];
  }
  throw new Error('nothing was thrown');
}

test('has the defaults of the table, and a TTL of one day for every service', () => {
  const settings = readCacheSettings({}, NONE);
  const { enabled, redisUrl, forceCache, alwaysRevalidate, maxKeyLength } = settings;
  expect({ enabled, redisUrl, forceCache, alwaysRevalidate, maxKeyLength }).toEqual({
    enabled: true,
    redisUrl: 'redis://localhost:6379/0',
    forceCache: true,
    alwaysRevalidate: false,
    maxKeyLength: 200,
  });
  expect(settings.redisTimeoutS).toBe(CACHE_SETTINGS.redisTimeoutS.defaultValue);
  expect(ttlOf(settings, 'jikan')).toBe(86_400);
});

test('environment variables override .env, .env overrides arguments, arguments override defaults', () => {
  const envFile = fileOf(
    'MAX_CACHE_KEY_LENGTH=102\nTTL_ANILIST=2\nREDIS_URL=redis://file:1/0\nFORCE_CACHE=\n',
  );
  const env = { MAX_CACHE_KEY_LENGTH: '101', TTL_JIKAN: '1', REDIS_URL: '' };
  const settings = readCacheSettings(
    { maxKeyLength: 103, forceCache: false, redisTimeoutS: 4, ttlS: { anilist: 3, kitsu: 3 } },
    { env, envFile },
  );
  expect(settings).toMatchObject({
    maxKeyLength: 101,
    redisUrl: 'redis://file:1/0',
    redisTimeoutS: 4,
    ttlS: { jikan: 1, anilist: 2, kitsu: 3 },
  });
  expect(readCacheSettings({ forceCache: false }, NONE).forceCache).toBe(false);
});

test('finds the TTL of a service by each spelling of its name', () => {
  const settings = readCacheSettings({ ttlS: { 'anime-planet': 5 } }, { ...NONE, env: { TTL_ANI_DB: '6' } });
  expect(ttlOf(settings, 'anime-planet')).toBe(5);
  expect(ttlOf(settings, 'ANIME_PLANET')).toBe(5);
  expect(ttlOf(settings, 'ani_db')).toBe(6);
});

test('lists all invalid values in one error, without passwords', () => {
  const env = { CACHE_ENABLE: 'maybe', REDIS_URL: 'http://user:secret@host', TTL_JIKAN: '-1' };
  const envFile = fileOf('REDIS_SOCKET_TIMEOUT=soon\n');
  const given = { maxKeyLength: 1.5, ttlS: { 'a b': 1 }, colour: 'red' };
  const problems = problemsOf(() => readCacheSettings(given, { env, envFile })).join('\n');
  for (const name of ['CACHE_ENABLE="maybe"', 'REDIS_URL=', 'TTL_JIKAN="-1"', 'REDIS_SOCKET_TIMEOUT="soon"'])
    expect(problems).toContain(name);
  expect(problems).toContain('MAX_CACHE_KEY_LENGTH="1.5"');
  expect(problems).toContain('"a b"');
  expect(problems).toContain('colour');
  expect(problems).not.toContain('secret');
});

test('rejects a .env file that cannot be read', () => {
  const folder = newFolder();
  expect(problemsOf(() => readCacheSettings({}, { env: {}, envFile: folder }))).toEqual([
    expect.stringContaining(folder),
  ]);
});
