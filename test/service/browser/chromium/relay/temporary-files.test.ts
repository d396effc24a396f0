import { existsSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createTemporaryFolder,
  isTemporaryProfile,
  profileFolderOf,
  removeFolder,
  removeFolderLater,
} from '../../../../../src/service/browser/chromium/relay/temporary-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'temporary-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a temporary folder is private, is never one that exists, and is removed with its files', async () => {
  for (const [name, remove] of [
    ['a', removeFolder],
    ['b', removeFolderLater],
  ] as const) {
    const path = join(folder, name);
    createTemporaryFolder(path, undefined);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(() => createTemporaryFolder(path, undefined)).toThrow(/EEXIST/);
    writeFileSync(join(path, 'file'), '');
    await remove(path);
    expect(existsSync(path)).toBe(false);
    await remove(path);
  }
});

test('profiles of Playwright are temporary, mounted ones are not', () => {
  const created = '/tmp/playwright_chromiumdev_profile-a1';
  expect(profileFolderOf(['--headless', `--user-data-dir=${created}`])).toBe(created);
  expect(profileFolderOf(['--headless'])).toBeUndefined();
  expect([created, '/tmp/mount', '/tmp/playwright_chromiumdev_profile-a1/b'].map(isTemporaryProfile)).toEqual(
    [true, false, false],
  );
});
