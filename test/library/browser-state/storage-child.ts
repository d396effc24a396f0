/**
 * A host: a process that mounts a profile from the storage of its environment and starts Chromium with it. It logs in
 * and fills the site if FILL is set, sends what the site has stored, and commits.
 */
import { chromium } from 'playwright-core';
import {
  GcsStore,
  type GcsStoreOptions,
  LocalStore,
  ProfileStore,
  RedisLeases,
  RedisStore,
  S3Store,
  type S3StoreOptions,
  withBrowser,
} from '../../../src/library/browser-state/index.ts';
import { RedisLink } from '../../../src/library/redis/index.ts';

/** Where the profile is stored. */
export type TestStorage =
  | { readonly type: 'local'; readonly folder: string }
  | { readonly type: 'redis'; readonly url: string }
  | { readonly type: 's3'; readonly options: S3StoreOptions }
  | { readonly type: 'gcs'; readonly options: GcsStoreOptions };

const { STORAGE = '', WORK = '', SITE = '', CHROMIUM = '', FLAGS = '[]', FILL = '' } = process.env;
const storage: TestStorage = JSON.parse(STORAGE);
const link =
  storage.type === 'redis'
    ? new RedisLink({ url: storage.url, prefix: 'round-trip', commandTimeoutMs: 10_000 })
    : undefined;

function openDriver() {
  if (storage.type === 'local') return new LocalStore({ folder: storage.folder });
  if (storage.type === 's3') return new S3Store(storage.options);
  if (storage.type === 'gcs') return new GcsStore(storage.options);
  return new RedisStore({ link: link! });
}

{
  await using store = await ProfileStore.open({
    driver: openDriver(),
    workFolder: WORK,
    ...(link && { leases: new RedisLeases(link) }),
  });
  await using mount = await store.mount('user', 's1');
  const launch = { executablePath: CHROMIUM, args: JSON.parse(FLAGS), timeout: 60_000 };
  const state = await withBrowser(chromium, mount, { launch }, async (context) => {
    const page = await context.newPage();
    if (FILL) {
      await page.goto(`${SITE}/login`);
      await page.evaluate('fill()');
    }
    await page.goto(SITE);
    return await page.evaluate('state()');
  });
  process.send?.({ state, version: mount.version });
}
link?.close();
process.disconnect();
