import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { GcsStore, storeContract, VersionConflictError } from '../../../src/library/browser-state/index.ts';
import { ReliableStore } from '../../../src/library/browser-state/reliable-store.ts';
import { FirebaseEmulator } from '../../support/gcs/firebase-emulator.ts';
import { GcsServer } from '../../support/gcs/gcs-server.ts';
import { commitFiles, mountedFiles, NO_LEASES, openHost, randomBytes, writeFiles } from './support.ts';

const BUCKET = 'profiles';

describe.each([
  ['the storage emulator of firebase-tools', () => FirebaseEmulator.start()],
  ['a simulation of the JSON API', () => new GcsServer([BUCKET]).listen()],
])('the GCS driver on %s', (_, start) => {
  let server: Awaited<ReturnType<typeof start>>;

  beforeAll(async () => {
    server = await start();
  }, 400_000);
  afterAll(() => server?.[Symbol.asyncDispose]());

  function openDriver(): GcsStore {
    const driver = new GcsStore({ bucketName: BUCKET, projectID: 'test', apiEndpoint: server.url });
    onTestFinished(() => driver[Symbol.asyncDispose]());
    return driver;
  }

  test.each(storeContract)('$name', async ({ run }) => {
    await run(new ReliableStore(openDriver()));
  });

  test('profiles come back on another host', async () => {
    const [a, b] = [await openHost({ driver: openDriver() }), await openHost({ driver: openDriver() })];
    const large = randomBytes(20_000_000);
    await commitFiles(a, 'user', 's1', { file: 'content', large });
    await commitFiles(a, 'user', 's10', { file: 's10' });
    expect(await mountedFiles(b, 'user', 's1')).toEqual({ file: 'content', large: large.toString('latin1') });
    expect((await b.verify('user', 's1')).problems).toEqual([]);
    expect(await b.delete('user', 's1')).toBe(true);
    expect(await a.sessions('user')).toEqual(['s10']);
  });

  test('20 committers race: one wins each version', async () => {
    const hosts = await Promise.all(
      Array.from({ length: 20 }, () => openHost({ driver: openDriver(), leases: NO_LEASES })),
    );
    for (let round = 1; round <= 3; round += 1) {
      const mounts = await Promise.all(hosts.map((host) => host.mount('user', 'raced')));
      const write = (mount: { dir: string }, index: number) =>
        writeFiles(mount.dir, { file: `${round} by ${index}` });
      await Promise.all(mounts.map(write));
      const commits = await Promise.allSettled(mounts.map((mount) => mount.commit()));
      const winner = commits.findIndex(({ status }) => status === 'fulfilled');
      const lost = commits.filter((each) => each.status === 'rejected');
      expect(lost).toHaveLength(19);
      for (const { reason } of lost) expect(reason).toBeInstanceOf(VersionConflictError);
      expect(await mountedFiles(hosts[0]!, 'user', 'raced')).toEqual({ file: `${round} by ${winner}` });
      await Promise.all(mounts.map((mount) => mount.discard()));
    }
    expect((await hosts[0]!.verify('user', 'raced')).problems).toEqual([]);
  });
});
