import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashOf } from '../../../../src/service/browser/apps/app-key.ts';
import { AppStore, type InstalledApp } from '../../../../src/service/browser/apps/app-store.ts';

let dataDir: string;
const errors: unknown[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'apps-'));
  errors.length = 0;
});
afterEach(() => rm(dataDir, { recursive: true }));

const APP: InstalledApp = {
  workspace: '../w',
  appId: 'a/b',
  manifest: { type: 'window', name: 'a' },
  installedAt: 1000,
};
const CODE = { source: '<p>', files: [{ path: 'x', content: 'y' }] };

async function open(): Promise<AppStore> {
  const store = new AppStore(dataDir, (error) => errors.push(error));
  await store.load();
  return store;
}

test('apps survive a restart, with their code, readable for their owner only', async () => {
  const first = await open();
  await first.put(APP, CODE);
  await first.put({ ...APP, workspace: 'a' }, { source: undefined, files: [] });
  const second = await open();
  expect(second.list()).toEqual([APP, { ...APP, workspace: 'a' }]);
  expect(await second.readCode(APP)).toEqual(CODE);
  expect(await second.readCode({ ...APP, workspace: 'a' })).toEqual({ source: undefined, files: [] });
  const file = join(dataDir, 'apps', `${hashOf(APP)}.json`);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await second.delete(APP);
  expect((await open()).list()).toEqual([{ ...APP, workspace: 'a' }]);
  expect(errors).toEqual([]);
});

test('a file that is damaged, or of another app, is reported and left', async () => {
  const store = await open();
  await store.put(APP, CODE);
  await store.put({ ...APP, appId: 'c' }, CODE);
  const folder = join(dataDir, 'apps');
  const [first, second] = (await readdir(folder)).sort();
  await writeFile(join(folder, first!), '{"workspace"');
  await writeFile(join(folder, 'other.json'), await readFile(join(folder, second!)));
  await writeFile(join(folder, 'x.json.1.tmp'), 'unfinished');
  expect((await open()).size).toBe(1);
  expect(errors).toHaveLength(2);
  expect((await readdir(folder)).sort()).toEqual([first, second, 'other.json'].sort());
});

test('an app that cannot be stored is not installed', async () => {
  await writeFile(join(dataDir, 'apps'), 'a file in place of the folder');
  const store = await open();
  await expect(store.put(APP, CODE)).rejects.toMatchObject({ code: 'app_not_stored' });
  expect(store.has(APP)).toBe(false);
  expect(() => store.require(APP)).toThrow('no app "a/b" in the workspace "../w"');
  await expect(store.readCode(APP)).rejects.toMatchObject({ code: 'app_not_found' });
});
