import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { type BrowserContext, chromium } from 'playwright-core';
import { describe, expect, inject, type TestContext, test } from 'vitest';
import { afterLaunch, openBrowser, withBrowser } from '../../../src/library/browser-state/index.ts';
import { CHROMIUM_FLAGS } from '../../support/browser/chromium.ts';
import { GcsServer } from '../../support/gcs/gcs-server.ts';
import { startRedis } from '../../support/redis/redis.ts';
import { CEPH_USER, Ceph, findCeph } from '../../support/s3/ceph.ts';
import { FULL_STATE, startSite } from './site.ts';
import type { TestStorage } from './storage-child.ts';
import { browserProcess, openLocalHosts, temporaryFolder } from './support.ts';

const provided = inject('chromium');
const executablePath = 'path' in provided ? provided.path : '';
const options = {
  launch: { executablePath, args: CHROMIUM_FLAGS, timeout: 60_000 },
  // Without checkpoints, so that the profile is all there is.
  checkpointIntervalS: 0,
};
const PROGRAM = fileURLToPath(new URL('storage-child.ts', import.meta.url));
const BUCKET = 'profiles';

/** A storage for one test. */
interface Started extends AsyncDisposable {
  readonly storage: TestStorage;
}

async function startCeph(context: TestContext): Promise<Started> {
  const programs = await findCeph();
  if ('missing' in programs) context.skip(programs.missing);
  const ceph = await Ceph.start();
  const endpoint = `http://127.0.0.1:${ceph.port}`;
  const client = new S3Client({
    ...{ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: CEPH_USER },
  });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
  const storage: TestStorage = { type: 's3', options: { bucketName: BUCKET, endpoint, ...CEPH_USER } };
  return { storage, [Symbol.asyncDispose]: () => ceph[Symbol.asyncDispose]() };
}

const STORAGES: Record<TestStorage['type'], (context: TestContext) => Promise<Started>> = {
  local: async () => ({
    storage: { type: 'local', folder: await temporaryFolder() },
    async [Symbol.asyncDispose]() {},
  }),
  redis: async () => {
    const server = await startRedis();
    const storage: TestStorage = { type: 'redis', url: server.url };
    return { storage, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  },
  s3: startCeph,
  gcs: async () => {
    const server = await new GcsServer([BUCKET]).listen();
    const gcs = { bucketName: BUCKET, projectID: 'test', apiEndpoint: server.url };
    return {
      storage: { type: 'gcs', options: gcs },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};

/** Runs a host with a work folder of its own. @returns what its site has stored, and the version it has committed */
async function runHost(storage: TestStorage, site: string, fill: boolean): Promise<unknown> {
  const env = {
    ...process.env,
    ...{ STORAGE: JSON.stringify(storage), WORK: await temporaryFolder(), SITE: site },
    ...{ CHROMIUM: executablePath, FLAGS: JSON.stringify(CHROMIUM_FLAGS), FILL: fill ? '1' : '' },
  };
  const child = fork(PROGRAM, [], { env, execArgv: [] });
  const exited = once(child, 'exit');
  let result: unknown;
  child.on('message', (message) => {
    result = message;
  });
  expect(await exited).toEqual([0, null]);
  return result;
}

describe.skipIf('missing' in provided)('Chromium', () => {
  test.for(Object.entries(STORAGES))(
    'in one process logs in; in another it is logged in, with all it had stored (%s)',
    { timeout: 300_000 },
    async ([, start], context) => {
      await using site = await startSite();
      await using started = await start(context);
      expect(await runHost(started.storage, site.url, true)).toEqual({ state: FULL_STATE, version: 1 });
      expect(await runHost(started.storage, site.url, false)).toEqual({ state: FULL_STATE, version: 2 });
    },
  );

  test.for([0, 1, 6, 35])(
    'that is killed %i s after its last write: the last version is complete, the profile can be committed',
    { timeout: 300_000 },
    async (seconds) => {
      const { a, b } = await openLocalHosts();
      await using site = await startSite();
      const open = async (context: BrowserContext, path = '/') => {
        const page = await context.newPage();
        await page.goto(site.url + path);
        return page;
      };
      {
        await using mount = await a.mount('user', 's1');
        await withBrowser(chromium, mount, options, async (context) => {
          await (await open(context, '/login')).evaluate('fill()');
        });
        const { context } = await openBrowser(chromium, mount, options);
        await (await open(context)).evaluate(`
          localStorage.setItem('later', 'x'); document.cookie = 'later=x; max-age=86400'; addRow(1000)`);
        await delay(seconds * 1000);
        const closed = Promise.withResolvers<unknown>();
        context.once('close', closed.resolve);
        process.kill(await browserProcess(mount.dir), 'SIGKILL');
        await closed.promise;
        await expect(mount.commit()).rejects.toMatchObject({ code: 'PROFILE_IN_USE' });
        await using last = await b.mount('user', 's1', { mode: 'fork' });
        const ofLast = await chromium.launchPersistentContext(last.dir, options.launch);
        await afterLaunch(last, ofLast);
        expect(await (await open(ofLast)).evaluate('state()')).toEqual(FULL_STATE);
        await ofLast.close();
        expect(await mount.commit({ allowUnclean: true })).toBe(2);
      }
      expect((await b.verify('user', 's1')).problems).toEqual([]);
      await using mount = await b.mount('user', 's1');
      await withBrowser(chromium, mount, options, async (context) => {
        const page = await open(context);
        const state = await page.evaluate('state()');
        const later = await page.evaluate("[localStorage.later, document.cookie.includes('later')]");
        expect(state).toMatchObject({ user: expect.stringContaining('alice'), worker: 1 });
        // Chromium writes cookies and localStorage to the disk with a delay, of up to 30 s.
        if (seconds >= 35) {
          expect(later).toEqual(['x', true]);
          expect(state).toEqual({ ...FULL_STATE, localStorage: 51, rows: 301 });
        }
      });
    },
  );
});
