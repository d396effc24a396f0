import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import cacache from 'cacache';
import { AssetCache } from '../../src/library/asset-cache/index.ts';
import type { Bench, Row } from '../row.ts';
import { atLeast, atMost, type Finding } from '../support/measure.ts';
import { ratios } from '../support/statistics.ts';
import { temporaryFolder } from '../support/temporary.ts';

const SIZE = 4.5 * 1024 * 1024;
const URL_OF_ASSET = 'https://site.example/app/20251020/main.dart.js';
const MEMORY_READS = 300;
const CALLERS = 20;
/** 50 requests for three files, 1.26 MB in all. */
const FILE_BYTES = [40_000, 25_000, 10_000];
const REQUESTS = 50;
const MAX_AGE_S = 3600;

export const assets: Row = {
  name: 'assets',
  title: 'An asset of 4.5 MB',
  async run({ quick, cleanup }: Bench): Promise<Finding[]> {
    const folder = await temporaryFolder(cleanup);
    const rounds = quick ? 2 : 9;
    const reads = quick ? 3 : 40;
    const options = { env: {}, log: () => {} };
    await using memory = new AssetCache({ ...options, dir: join(folder, 'memory') });
    await using disk = new AssetCache({ ...options, dir: join(folder, 'disk'), memoryMaxBytes: 0 });
    const peer = join(folder, 'cacache');
    const content = randomBytes(SIZE);
    await memory.save(URL_OF_ASSET, content);
    await disk.save(URL_OF_ASSET, content);
    await cacache.put(peer, 'memory', content, { algorithms: ['sha256'], memoize: true });
    await cacache.put(peer, 'disk', content, { algorithms: ['sha256'] });
    const figures: Record<'memory' | 'disk' | 'peerMemory' | 'peerDisk', number[]> = {
      memory: [],
      disk: [],
      peerMemory: [],
      peerDisk: [],
    };
    for (let round = 0; round < rounds; round += 1) {
      figures.disk.push(await medianMs(reads, async () => (await disk.load(URL_OF_ASSET))![0].length));
      figures.peerDisk.push(await medianMs(reads, async () => (await cacache.get(peer, 'disk')).data.length));
      figures.memory.push(
        await medianMs(MEMORY_READS, async () => (await memory.load(URL_OF_ASSET))![0].length),
      );
      const fromMemory = async () => (await cacache.get(peer, 'memory', { memoize: true })).data.length;
      figures.peerMemory.push(await medianMs(MEMORY_READS, fromMemory));
    }
    const together = await atOnce(join(folder, 'together'), content, rounds);
    const [first, second] = await savedBytes(join(folder, 'saved'));
    return [
      { what: 'from memory', unit: 'ns', target: atMost(10_000, 'median'), rounds: toNs(figures.memory) },
      { what: 'cacache, memoized', unit: 'ns', target: null, rounds: toNs(figures.peerMemory) },
      { what: 'from disk, verified', unit: 'ms', target: atMost(4, 'median'), rounds: figures.disk },
      { what: 'cacache, from disk, verified (SHA-256)', unit: 'ms', target: null, rounds: figures.peerDisk },
      {
        what: 'from disk: speed ÷ cacache',
        unit: '×',
        target: null,
        rounds: ratios(figures.peerDisk, figures.disk),
      },
      {
        what: `${CALLERS} callers at once, nothing stored: requests to the origin`,
        unit: 'count',
        target: atMost(1),
        rounds: together.requests,
      },
      {
        what: `${CALLERS} callers at once, nothing stored: until the last one has it`,
        unit: 'ms',
        target: null,
        rounds: together.cold,
      },
      {
        what: `${CALLERS} callers at once, from disk: until the last one has it`,
        unit: 'ms',
        target: null,
        rounds: together.disk,
      },
      {
        what: 'bytes saved: 50 requests over 3 files, nothing stored',
        unit: '%',
        target: null,
        rounds: [first],
      },
      {
        what: 'bytes saved: 50 requests over 3 files, stored by another process and revalidated',
        unit: '%',
        target: atLeast(98.9),
        rounds: [second],
      },
    ];
  },
};

/** Median time of a read in milliseconds. */
async function medianMs(reads: number, read: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < reads; index += 1) {
    const startedAt = performance.now();
    if ((await read()) !== SIZE) throw new Error('a read did not return the content');
    times.push(performance.now() - startedAt);
  }
  return times.sort((a, b) => a - b)[reads >> 1]!;
}

function toNs(times: readonly number[]): number[] {
  return times.map((ms) => ms * 1e6);
}

/** Times of callers at the same time, without memory: first with nothing stored, then from the disk. */
async function atOnce(
  dir: string,
  content: Buffer,
  rounds: number,
): Promise<{ requests: number[]; cold: number[]; disk: number[] }> {
  let requests = 0;
  const server = createServer((_, response) => {
    requests += 1;
    response.end(content);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const figures: Record<'requests' | 'cold' | 'disk', number[]> = { requests: [], cold: [], disk: [] };
  await using cache = new AssetCache({ dir, env: {}, log: () => {}, memoryMaxBytes: 0, keepVersions: 1 });
  for (let round = 0; round < rounds; round += 1) {
    const url = `http://127.0.0.1:${port}/app/${round}/main.dart.js`;
    const callTogether = async () => {
      const startedAt = performance.now();
      const answers = await Promise.all(Array.from({ length: CALLERS }, () => cache.getOrFetch(url)));
      if (answers.some(([{ length }]) => length !== SIZE))
        throw new Error('a caller did not get the content');
      return performance.now() - startedAt;
    };
    requests = 0;
    figures.cold.push(await callTogether());
    figures.requests.push(requests);
    figures.disk.push(await callTogether());
  }
  server.close();
  return figures;
}

/**
 * Sends the requests in two sessions, the second past the age of what the first has stored.
 * @returns percentage of the bytes on the wire, header fields included, that each saves
 */
async function savedBytes(dir: string): Promise<[number, number]> {
  let sent = 0;
  const server = createServer((request, response) => {
    const index = Number(request.url!.slice(-1));
    response.setHeader('etag', `"${index}"`);
    if (request.headers['if-none-match'] !== undefined) response.writeHead(304).end();
    else response.end(Buffer.alloc(FILE_BYTES[index]!));
  });
  server.on('connection', (socket) =>
    socket.on('close', () => {
      sent += socket.bytesWritten;
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/app/1/file`;
  const session = async (read: (url: string) => Promise<unknown>) => {
    sent = 0;
    for (let index = 0; index < REQUESTS; index += 1) await read(`${base}${index % FILE_BYTES.length}`);
    server.closeAllConnections();
    await delay(50);
    return sent;
  };
  const plain = await session(async (url) => (await fetch(url)).arrayBuffer());
  const cached = async (now: number) => {
    const options = { dir, env: {}, log: () => {}, maxAgeS: MAX_AGE_S, wallClock: () => now };
    await using cache = new AssetCache(options);
    return await session((url) => cache.getOrFetch(url));
  };
  const now = Date.now();
  const [first, second] = [await cached(now), await cached(now + 2000 * MAX_AGE_S)];
  server.close();
  const percent = (bytes: number) => Math.round((1 - bytes / plain) * 10_000) / 100;
  return [percent(first), percent(second)];
}
