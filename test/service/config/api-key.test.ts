import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
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

test('a configured key is used, and no file is created', async () => {
  expect(await loadApiKey('configured-key', folder)).toEqual({
    key: 'configured-key',
    location: expect.not.stringContaining('configured-key'),
  });
  expect(await readdir(folder)).toEqual([]);
});

describe('without a configured key', () => {
  test('a random key is generated and shown once', async () => {
    const { key, location } = await loadApiKey(null, folder);
    expect(key).toMatch(/^[\w-]{32}$/);
    expect(location).toContain(key);
    expect(location).toContain(join(folder, 'api-key'));
    const other = await loadApiKey(null, join(folder, 'other'));
    expect(other.key).not.toBe(key);
  });

  test('the key is stored for the next start, and not shown again', async () => {
    const first = await loadApiKey(null, folder);
    const second = await loadApiKey(null, folder);
    expect(second.key).toBe(first.key);
    expect(second.location).toContain(join(folder, 'api-key'));
    expect(second.location).not.toContain(first.key);
  });

  test('only the owner can read the file and the created folder', async () => {
    const inner = join(folder, 'a', 'b');
    await loadApiKey(null, inner);
    expect((await stat(join(inner, 'api-key'))).mode & 0o777).toBe(0o600);
    expect((await stat(inner)).mode & 0o777).toBe(0o700);
  });

  test('services that start at the same time use the same key', async () => {
    const keys = await Promise.all(Array.from({ length: 20 }, () => loadApiKey(null, folder)));
    expect(new Set(keys.map(({ key }) => key)).size).toBe(1);
    expect(keys.filter(({ location }) => location.includes('generated'))).toHaveLength(1);
  });

  test('a file without a key is read again, because another service may be writing it', async () => {
    await writeFile(join(folder, 'api-key'), '', { mode: 0o600 });
    const loading = loadApiKey(null, folder);
    await writeFile(join(folder, 'api-key'), 'written-a-little-later\n');
    expect((await loading).key).toBe('written-a-little-later');
  });

  test('an empty file, which a killed service or a full disk leaves, is replaced', async () => {
    await writeFile(join(folder, 'api-key'), '', { mode: 0o600 });
    const { key, location } = await loadApiKey(null, folder);
    expect(key).toMatch(/^[\w-]{32}$/);
    expect(location).toContain(key);
    expect((await loadApiKey(null, folder)).key).toBe(key);
    expect((await stat(join(folder, 'api-key'))).mode & 0o777).toBe(0o600);
  });

  test('a key that an operator wrote is used without whitespace around it', async () => {
    await writeFile(join(folder, 'api-key'), '  my-own-key\r\n', { mode: 0o600 });
    expect((await loadApiKey(null, folder)).key).toBe('my-own-key');
  });
});

describe('an error that says what to do is thrown for', () => {
  const messageFor = async (dataDir: string) => {
    const error = await loadApiKey(null, dataDir).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  };

  test('a file without a key', async () => {
    await writeFile(join(folder, 'api-key'), 'short\n', { mode: 0o600 });
    const message = await messageFor(folder);
    expect(message).toContain(join(folder, 'api-key'));
    expect(message).toContain('API_KEY');
    expect(await readFile(join(folder, 'api-key'), 'utf8')).toBe('short\n');
  });

  test.each([
    ['two lines', 'my-own-key\nmy-other-key\n', 'contains no key'],
    ['a space', 'my own key', 'contains no key'],
    ['a control character', 'my-own-key\u0000', 'contains no key'],
    ['characters outside ASCII', 'my-öwn-key', 'contains no key'],
    ['257 characters', 'x'.repeat(257), 'contains no key'],
    ['5 MB', 'x'.repeat(5_000_000), 'too large'],
    ['only whitespace', '  \n', 'contains no key'],
  ])('a file with %s', async (_, text, message) => {
    await writeFile(join(folder, 'api-key'), text, { mode: 0o600 });
    expect(await messageFor(folder)).toContain(message);
  });

  test.each([0o644, 0o640, 0o602])('a file of mode %o', async (mode) => {
    await writeFile(join(folder, 'api-key'), 'my-own-key\n');
    await chmod(join(folder, 'api-key'), mode);
    const message = await messageFor(folder);
    expect(message).toContain(`mode ${mode.toString(8)}`);
    expect(message).toContain('chmod 600');
    expect(message).not.toContain('my-own-key');
  });

  test('a folder that cannot be created', async () => {
    await writeFile(join(folder, 'file'), '');
    const message = await messageFor(join(folder, 'file', 'data'));
    expect(message).toContain('DATA_DIR');
    expect(message).toContain('ENOTDIR');
  });

  test('a folder in place of the key', async () => {
    await mkdir(join(folder, 'api-key'));
    expect(await messageFor(folder)).toContain('DATA_DIR');
  });
});
