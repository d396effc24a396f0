import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  BrowserState,
  GcsStore,
  type GcsStoreOptions,
  storeContract,
  VersionConflictError,
} from '../../../src/library/browser-state/index.ts';
import { ReliableStore } from '../../../src/library/browser-state/reliable-store.ts';
import { type GcsFault, GcsServer } from '../../support/gcs/gcs-server.ts';
import {
  commitFiles,
  mountedFiles,
  NO_LEASES,
  openHost,
  randomBytes,
  readFiles,
  temporaryFolder,
  writeFiles,
} from './support.ts';

const BUCKET = 'profiles';
let server: GcsServer;

beforeAll(async () => {
  server = await new GcsServer([BUCKET]).listen();
});
beforeEach(() => {
  server.fault = () => undefined;
  server.pageSize = 1000;
  server.requests.length = 0;
});
afterAll(() => server[Symbol.asyncDispose]());

function openDriver(options: Partial<GcsStoreOptions> = {}): GcsStore {
  const driver = new GcsStore({ bucketName: BUCKET, projectID: 'test', apiEndpoint: server.url, ...options });
  onTestFinished(() => driver[Symbol.asyncDispose]());
  return driver;
}

/** Lets the first requests that match a pattern fail. @returns how many have failed */
function failFirst(pattern: RegExp, fault: GcsFault, times = 1): { count: number } {
  const failed = { count: 0 };
  server.fault = (request) => {
    if (!pattern.test(request) || failed.count >= times) return undefined;
    failed.count += 1;
    return fault;
  };
  return failed;
}

describe('the GCS driver', () => {
  // 1,100 objects take seconds: gcs.acceptance.test.ts has that check.
  test.each(storeContract.filter(({ name }) => !name.includes('1,100')))('$name', async ({ run }) => {
    await run(new ReliableStore(openDriver()));
  });

  test('reads all pages of a listing', async () => {
    const driver = new ReliableStore(openDriver());
    const keys = Array.from({ length: 7 }, (_, index) => `pages/${index}`);
    for (const key of keys) await driver.put(key, Buffer.from(key));
    server.pageSize = 2;
    expect((await driver.list('pages/')).map(({ key }) => key)).toEqual(keys);
    expect(server.requests.filter((request) => request.includes('pageToken'))).toHaveLength(3);
    const failed = failFirst(/pageToken/, { status: 403 });
    await expect(driver.list('pages/')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(failed.count).toBe(1);
  });

  test('reads pages of a listing from an offset, not from the start', async () => {
    const driver = new ReliableStore(openDriver());
    for (const key of ['offset/a', 'offset/b', 'offset/c']) await driver.put(key, Buffer.from(key));
    const listed = await driver.list('offset/', { after: 'offset/a' });
    expect(listed.map(({ key }) => key)).toEqual(['offset/b', 'offset/c']);
    expect(server.requests.at(-1)).toContain('startOffset=offset%2Fa');
  });

  test.each([408, 429, 500, 503])('repeats a call that is answered with %i', async (status) => {
    const driver = new ReliableStore(openDriver());
    const failed = failFirst(/./, { status });
    await driver.put(`retry/${status}`, Buffer.from('content'));
    expect(failed.count).toBe(1);
    failFirst(/./, { status });
    expect(await driver.create(`retry/${status}`, Buffer.from('other'))).toBe(false);
    failFirst(/./, { status });
    expect(String(Buffer.from((await driver.get(`retry/${status}`))!))).toBe('content');
    failFirst(/./, { status });
    expect(await driver.list('retry/')).toHaveLength(1);
    failFirst(/./, { status });
    await driver.delete(`retry/${status}`);
    expect(await driver.get(`retry/${status}`)).toBeUndefined();
  });

  test.each([400, 401, 403, 501])('fails at once if a call is answered with %i', async (status) => {
    const driver = new ReliableStore(openDriver());
    const failed = failFirst(/./, { status }, Number.POSITIVE_INFINITY);
    for (const call of [
      () => driver.put('object', Buffer.from('content')),
      () => driver.create('object', Buffer.from('content')),
      () => driver.get('object'),
      () => driver.list(''),
      () => driver.delete('object'),
    ]) {
      failed.count = 0;
      await expect(call()).rejects.toMatchObject({ code: 'STORAGE_FAILED', transient: false });
      expect(failed.count).toBe(1);
    }
  });

  test('creates an object whose answer was lost only once', async () => {
    const driver = new ReliableStore(openDriver());
    for (const cut of ['request', 'before the answer', 'in the answer'] as const) {
      const failed = failFirst(/^POST/, { cut });
      expect(await driver.create(`lost/${cut.length}`, Buffer.from('content'))).toBe(true);
      expect(failed.count).toBe(1);
      expect(await driver.create(`lost/${cut.length}`, Buffer.from('other'))).toBe(false);
    }
  });

  test('repeats a download that is cut', async () => {
    const driver = new ReliableStore(openDriver());
    const bytes = randomBytes(3_000_000);
    await driver.put('cut/object', bytes);
    for (const cut of ['before the answer', 'in the answer'] as const) {
      const failed = failFirst(/^GET/, { cut });
      expect(Buffer.from((await driver.get('cut/object'))!).equals(bytes)).toBe(true);
      expect(failed.count).toBe(1);
    }
  });

  test('a bucket that does not exist is an error, not an empty store', async () => {
    const driver = new ReliableStore(openDriver({ bucketName: 'missing' }));
    const problem = 'The specified bucket does not exist';
    await expect(driver.get('object')).rejects.toThrow(problem);
    await expect(driver.list('')).rejects.toThrow(problem);
    await expect(driver.delete('object')).rejects.toThrow(problem);
    await expect(driver.put('object', Buffer.from('content'))).rejects.toThrow(problem);
  });
});

describe('profiles in GCS', () => {
  test('come back on another host, and can be deleted', async () => {
    const [a, b] = [await openHost({ driver: openDriver() }), await openHost({ driver: openDriver() })];
    const large = randomBytes(3_000_000);
    await commitFiles(a, 'user', 's1', { file: 'content', large });
    await commitFiles(a, 'user', 's10', { file: 's10' });
    expect(await mountedFiles(b, 'user', 's1')).toEqual({ file: 'content', large: large.toString('latin1') });
    expect((await b.verify('user', 's1')).problems).toEqual([]);
    expect(await b.delete('user', 's1')).toBe(true);
    expect(await a.sessions('user')).toEqual(['s10']);
  });

  test('survive uploads that are cut or not answered; a commit that fails can be repeated', async () => {
    const host = await openHost({ driver: openDriver(), timeoutMs: 2000 });
    await commitFiles(host, 'user', 'cut', { file: 'one' });
    await using mount = await host.mount('user', 'cut');
    await writeFiles(mount.dir, { file: 'two', large: randomBytes(2_000_000) });
    const pack = /^POST .*%2Fp%2F/;
    const cut = failFirst(pack, { cut: 'request' }, Number.POSITIVE_INFINITY);
    await expect(mount.commit()).rejects.toMatchObject({ code: 'STORAGE_FAILED', transient: true });
    expect(cut.count).toBeGreaterThan(0);
    expect(await mountedFiles(host, 'user', 'cut')).toEqual({ file: 'one' });
    const hung = failFirst(pack, { hang: true });
    expect(await mount.commit()).toBe(2);
    expect(hung.count).toBe(1);
    expect((await mountedFiles(host, 'user', 'cut')).file).toBe('two');
    expect((await host.verify('user', 'cut')).problems).toEqual([]);
  });

  test('have one writer: the loser of a race gets an error', async () => {
    const hosts = await Promise.all(
      Array.from({ length: 8 }, () => openHost({ driver: openDriver(), leases: NO_LEASES })),
    );
    const mounts = await Promise.all(hosts.map((host) => host.mount('user', 'raced')));
    await Promise.all(mounts.map((mount, index) => writeFiles(mount.dir, { file: `by ${index}` })));
    const commits = await Promise.allSettled(mounts.map((mount) => mount.commit()));
    const winner = commits.findIndex(({ status }) => status === 'fulfilled');
    const lost = commits.filter((each) => each.status === 'rejected');
    expect(lost).toHaveLength(7);
    for (const { reason } of lost) expect(reason).toBeInstanceOf(VersionConflictError);
    expect(await mountedFiles(hosts[0]!, 'user', 'raced')).toEqual({ file: `by ${winner}` });
    await Promise.all(mounts.map((mount) => mount.discard()));
  });

  test('are the storage of BrowserState', async () => {
    const open = async () => {
      const gcsOptions = { bucketName: BUCKET, projectID: 'test', apiEndpoint: server.url };
      const state = new BrowserState({
        ...{ userId: 'user123', storageType: 'gcs', gcsOptions },
        workFolder: await temporaryFolder(),
      });
      onTestFinished(() => state.cleanup());
      return state;
    };
    const first = await open();
    await writeFiles(await first.mount('session123'), { file: 'content' });
    await first.unmount();
    const second = await open();
    expect(await readFiles(await second.mount('session123'))).toEqual({ file: 'content' });
  });
});
