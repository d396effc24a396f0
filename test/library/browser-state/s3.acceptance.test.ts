import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { S3Store, storeContract, VersionConflictError } from '../../../src/library/browser-state/index.ts';
import { ReliableStore } from '../../../src/library/browser-state/reliable-store.ts';
import { TcpProxy } from '../../support/http/tcp-proxy.ts';
import { CEPH_USER, Ceph, findCeph } from '../../support/s3/ceph.ts';
import { commitFiles, mountedFiles, NO_LEASES, openHost, randomBytes, writeFiles } from './support.ts';

const BUCKET = 'profiles';
const programs = await findCeph();
let ceph: Ceph;
let sessions = 0;

beforeAll(async () => {
  if ('missing' in programs) return;
  ceph = await Ceph.start();
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${ceph.port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: CEPH_USER,
  });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
}, 180_000);

afterAll(() => ceph?.[Symbol.asyncDispose]());

beforeEach((context) => {
  if ('missing' in programs) context.skip(programs.missing);
});

function openDriver(options: Partial<ConstructorParameters<typeof S3Store>[0]> = {}): S3Store {
  const endpoint = `http://127.0.0.1:${ceph.port}`;
  const driver = new S3Store({ bucketName: BUCKET, endpoint, ...CEPH_USER, ...options });
  onTestFinished(() => driver[Symbol.asyncDispose]());
  return driver;
}

/** A session of its own for each test: they share the bucket. */
function freshSession(): string {
  sessions += 1;
  return `s${sessions}`;
}

describe('the S3 driver on Ceph RADOS Gateway', () => {
  test.each(storeContract)('$name', async ({ run }) => {
    await run(new ReliableStore(openDriver()));
  });

  test('a wrong secret is an error, not an empty store', async () => {
    const driver = openDriver({ secretAccessKey: 'wrong' });
    await expect(openHost({ driver })).rejects.toThrow('SignatureDoesNotMatch (403)');
    await expect(driver.list('browser-state/')).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      transient: false,
    });
  });

  test('a bucket that does not exist is an error', async () => {
    const driver = openDriver({ bucketName: 'missing-bucket' });
    await expect(driver.get('browser-state/x')).rejects.toThrow('NoSuchBucket (404)');
    await expect(driver.list('browser-state/')).rejects.toThrow('NoSuchBucket (404)');
  });
});

describe('profiles on Ceph RADOS Gateway', () => {
  test('come back on another host', async () => {
    const [a, b] = [await openHost({ driver: openDriver() }), await openHost({ driver: openDriver() })];
    const session = freshSession();
    const large = randomBytes(20_000_000);
    await commitFiles(a, 'user', session, { file: 'content', large });
    expect(await mountedFiles(b, 'user', session)).toEqual({
      file: 'content',
      large: large.toString('latin1'),
    });
    expect((await b.verify('user', session)).problems).toEqual([]);
    expect(await b.delete('user', session)).toBe(true);
    expect(await a.has('user', session)).toBe(false);
  });

  test('20 committers race: one wins each version', async () => {
    const session = freshSession();
    const host = await openHost({ driver: openDriver() });
    await commitFiles(host, 'user', session, { file: 'one' });
    // Without leases, as if all of them had expired.
    const committers = await Promise.all(
      Array.from({ length: 20 }, () => openHost({ driver: openDriver(), leases: NO_LEASES })),
    );
    for (let round = 2; round <= 4; round += 1) {
      const mounts = await Promise.all(committers.map((each) => each.mount('user', session)));
      await Promise.all(
        mounts.map((mount, index) => writeFiles(mount.dir, { file: `${round} by ${index}` })),
      );
      const commits = await Promise.allSettled(mounts.map((mount) => mount.commit()));
      const winner = commits.findIndex(({ status }) => status === 'fulfilled');
      expect(commits.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const commit of commits.filter((each) => each.status === 'rejected'))
        expect(commit.reason).toBeInstanceOf(VersionConflictError);
      expect(await mountedFiles(host, 'user', session)).toEqual({ file: `${round} by ${winner}` });
      await Promise.all(mounts.map((mount) => mount.discard()));
    }
    expect((await host.versions('user', session)).map(({ version }) => version)).toEqual([4, 3, 2, 1]);
    expect((await host.verify('user', session)).problems).toEqual([]);
  });

  test('survive cut connections and 30 ms of latency', async () => {
    await using proxy = await new TcpProxy(ceph.port).listen();
    proxy.delayMs = 30;
    const host = await openHost({ driver: openDriver({ endpoint: `http://127.0.0.1:${proxy.port}` }) });
    const session = freshSession();
    for (let i = 1; i <= 5; i += 1) {
      const commit = commitFiles(host, 'user', session, { file: `${i}`, large: randomBytes(2_000_000, i) });
      const timer = setInterval(() => proxy.cut(), 150);
      setTimeout(() => clearInterval(timer), 400);
      expect(await commit).toBe(i);
      clearInterval(timer);
    }
    expect((await host.verify('user', session)).problems).toEqual([]);
  });
});
