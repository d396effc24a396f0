import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeLeftovers } from '../../../../src/service/browser/relay/leftovers.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leftovers-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A profile as Chromium leaves it when it is killed. */
async function createProfile(name: string, socketFolderName: string) {
  const profile = join(folder, name);
  const socketFolder = join(folder, socketFolderName);
  await mkdir(profile);
  await mkdir(socketFolder);
  await writeFile(join(profile, 'Cookies'), '');
  await symlink(join(socketFolder, 'SingletonSocket'), join(profile, 'SingletonSocket'));
  removeLeftovers(['--headless', `--user-data-dir=${profile}`]);
  return [existsSync(profile), existsSync(socketFolder)];
}

test('a temporary profile is removed, with the folder of its socket', async () => {
  expect(await createProfile('playwright_chromiumdev_profile-a1', 'org.chromium.Chromium.a1')).toEqual([
    false,
    false,
  ]);
});

test('a mounted profile, and a folder that is not of Chromium, stay', async () => {
  expect(await createProfile('mount', 'other')).toEqual([true, true]);
});

test('without a profile, nothing is removed', () => {
  removeLeftovers([]);
  removeLeftovers([`--user-data-dir=${join(folder, 'playwright_chromiumdev_profile-none')}`]);
  expect(existsSync(folder)).toBe(true);
});
