import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadApiKey } from '../../../src/service/config/api-key.ts';
import { ConfigError } from '../../../src/service/config/config.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-key-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a configured key is taken as it is, and none is kept', async () => {
  expect(await loadApiKey('configured-key', folder)).toEqual({
    key: 'configured-key',
    location: expect.not.stringContaining('configured-key'),
  });
  expect(await readdir(folder)).toEqual([]);
});

describe('without a configured key', () => {
  test('one is made, which nobody can guess, and shown once', async () => {
    const { key, location } = await loadApiKey(null, folder);
    expect(key).toMatch(/^[\w-]{32}$/);
    expect(location).toContain(key);
    expect(location).toContain(join(folder, 'api-key'));
    const other = await loadApiKey(null, join(folder, 'other'));
    expect(other.key).not.toBe(key);
  });

  test('it is kept for the next start, and not shown again', async () => {
    const first = await loadApiKey(null, folder);
    const second = await loadApiKey(null, folder);
    expect(second.key).toBe(first.key);
    expect(second.location).toContain(join(folder, 'api-key'));
    expect(second.location).not.toContain(first.key);
  });

  test('only its owner may read it, and the folder that is made for it', async () => {
    const inner = join(folder, 'a', 'b');
    await loadApiKey(null, inner);
    expect((await stat(join(inner, 'api-key'))).mode & 0o777).toBe(0o600);
    expect((await stat(inner)).mode & 0o777).toBe(0o700);
  });

  test('services that start at once end up with the same', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => loadApiKey(null, folder)));
    expect(new Set(keys.map(({ key }) => key)).size).toBe(1);
    expect(keys.filter(({ location }) => location.includes('made now'))).toHaveLength(1);
  });

  test('one that another start is just writing is waited for', async () => {
    await writeFile(join(folder, 'api-key'), '');
    const loading = loadApiKey(null, folder);
    await writeFile(join(folder, 'api-key'), 'written-a-little-later\n');
    expect((await loading).key).toBe('written-a-little-later');
  });

  test('one that an operator wrote is taken, without the line end', async () => {
    await writeFile(join(folder, 'api-key'), '  my-own-key\r\n');
    expect((await loadApiKey(null, folder)).key).toBe('my-own-key');
  });
});

describe('what cannot be used is told with what to do', () => {
  const refused = async (dataDir: string) => {
    const error = await loadApiKey(null, dataDir).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  };

  test('a file that holds no key', async () => {
    await writeFile(join(folder, 'api-key'), 'short\n');
    const message = await refused(folder);
    expect(message).toContain(join(folder, 'api-key'));
    expect(message).toContain('API_KEY');
    expect(await readFile(join(folder, 'api-key'), 'utf8')).toBe('short\n');
  });

  test('a folder that cannot be made', async () => {
    await writeFile(join(folder, 'file'), '');
    const message = await refused(join(folder, 'file', 'data'));
    expect(message).toContain('DATA_DIR');
    expect(message).toContain('ENOTDIR');
  });

  test('a folder in place of the key', async () => {
    await mkdir(join(folder, 'api-key'));
    expect(await refused(folder)).toContain('DATA_DIR');
  });
});
