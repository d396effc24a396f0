import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { ProfileStore, RedisCache, type SessionCache } from '../../src/library/browser-state/index.ts';
import { RedisLink } from '../../src/library/redis/index.ts';
import type { Bench, Row } from '../row.ts';
import { DistantStore } from '../support/distant-store.ts';
import { atMost, type Finding } from '../support/measure.ts';
import { PROFILE_FILES, visitPage, writeProfile } from '../support/profile-files.ts';
import { openRedis } from '../support/redis.ts';
import { temporaryFolder } from '../support/temporary.ts';

const LATENCY_MS = 30;
/** Rounds before the measurement, in which the code is compiled. */
const WARM_UP = 2;
const run = promisify(execFile);
const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Milliseconds, or kilobytes, of each round. */
type Figures = Record<
  'cold' | 'redis' | 'sameHost' | 'commit' | 'sent' | 'tarMount' | 'tarSave' | 'tarSent',
  number[]
>;

export const profiles: Row = {
  name: 'profiles',
  title: 'A profile of 164 files, 6.1 MB, in a store with 30 ms a call',
  async run({ quick, cleanup }: Bench): Promise<Finding[]> {
    const rounds = quick ? 2 : 9;
    const folder = await temporaryFolder(cleanup);
    const link = new RedisLink({ url: (await openRedis(cleanup)).url, commandTimeoutMs: 10_000 });
    cleanup.add(() => link.close());
    const figures: Figures = {
      ...{ cold: [], redis: [], sameHost: [], commit: [], sent: [] },
      ...{ tarMount: [], tarSave: [], tarSent: [] },
    };
    const driver = new DistantStore(LATENCY_MS);
    const openHost = async (caches: SessionCache[] = []) =>
      await ProfileStore.open({ driver, caches, workFolder: await mkdtemp(join(folder, 'host-')) });
    const writer = await openHost([new RedisCache({ link })]);
    {
      await using mount = await writer.mount('user', 's1');
      await writeProfile(mount.dir);
      await mount.commit();
    }
    for (let round = -WARM_UP; round < rounds; round += 1) {
      const measured: Partial<Record<keyof Figures, number>> = {};
      const sentBefore = driver.bytesSent;
      {
        const [ms, mount] = await timed(() => writer.mount('user', 's1'));
        measured.sameHost = ms;
        await visitPage(mount.dir, round + WARM_UP + 1);
        [measured.commit] = await timed(() => mount.commit());
        await mount.discard();
      }
      measured.sent = (driver.bytesSent - sentBefore) / 1000;
      measured.cold = await mountAndDiscard(await openHost());
      measured.redis = await mountAndDiscard(await openHost([new RedisCache({ link })]));
      Object.assign(measured, await measureTar(folder, round + WARM_UP + 1));
      if (round < 0) continue;
      for (const [name, value] of Object.entries(measured)) figures[name as keyof Figures].push(value);
    }
    const [copyMount, copySave] = await measureCopy(folder);
    const ms = (what: string, values: number[], limitMs?: number): Finding => ({
      ...{ what, unit: 'ms', rounds: values },
      target: limitMs === undefined ? null : atMost(limitMs, 'median'),
    });
    return [
      ms('mount on a host that has nothing', figures.cold, 150),
      ms('mount on such a host, with a cache in Redis', figures.redis, 150),
      ms('mount on the host that mounted it last', figures.sameHost, 150),
      ms('commit of one more page', figures.commit, 150),
      { what: 'sent by it', unit: 'kB', target: atMost(100), rounds: figures.sent },
      ms('tar and zstd, one object: mount', figures.tarMount),
      ms('tar and zstd, one object: save', figures.tarSave),
      { what: 'tar and zstd, one object: sent', unit: 'kB', target: null, rounds: figures.tarSent },
      ms('one object per file, one after another: mount', copyMount),
      ms('one object per file, one after another: save', copySave),
    ];
  },
};

async function timed<T>(call: () => Promise<T>): Promise<[number, T]> {
  const startedAt = performance.now();
  const result = await call();
  return [performance.now() - startedAt, result];
}

async function mountAndDiscard(store: ProfileStore): Promise<number> {
  const [ms, mount] = await timed(() => store.mount('user', 's1'));
  await mount.discard();
  return ms;
}

/** Saves and mounts the whole profile as one archive. */
async function measureTar(folder: string, visit: number) {
  const store = new DistantStore(LATENCY_MS);
  const source = await mkdtemp(join(folder, 'tar-'));
  const target = await mkdtemp(join(folder, 'untar-'));
  await writeProfile(source);
  await visitPage(source, visit);
  const archive = join(folder, 'archive.tar');
  const [tarSave] = await timed(async () => {
    await run('tar', ['-cf', archive, '-C', source, '.']);
    const params = { [constants.ZSTD_c_compressionLevel]: 3 };
    await store.put('profile', await compress(await readFile(archive), { params }));
  });
  const [tarMount] = await timed(async () => {
    await writeFile(archive, await decompress((await store.get('profile'))!));
    await run('tar', ['-xf', archive, '-C', target]);
  });
  await rm(source, { recursive: true });
  await rm(target, { recursive: true });
  return { tarSave, tarMount, tarSent: store.bytesSent / 1000 };
}

/** Saves and mounts the profile file by file. Takes seconds, so it has one round. */
async function measureCopy(folder: string): Promise<[number[], number[]]> {
  const store = new DistantStore(LATENCY_MS);
  const [source, target] = [await mkdtemp(join(folder, 'copy-')), await mkdtemp(join(folder, 'copied-'))];
  await writeProfile(source);
  const [save] = await timed(async () => {
    for (const { path } of PROFILE_FILES) await store.put(path, await readFile(join(source, path)));
  });
  const [mount] = await timed(async () => {
    await store.list('');
    for (const { path } of PROFILE_FILES) {
      await mkdir(dirname(join(target, path)), { recursive: true });
      await writeFile(join(target, path), (await store.get(path))!);
    }
  });
  return [[mount], [save]];
}
