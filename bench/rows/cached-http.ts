import { fileURLToPath } from 'node:url';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { Bench, Row } from '../row.ts';
import { startChild } from '../support/child.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { cpuSeconds } from '../support/cpu-time.ts';
import { findLoadGenerator, type LoadGenerator } from '../support/load.ts';
import { atLeast, type Finding, type Target } from '../support/measure.ts';
import { startNginx } from '../support/nginx.ts';
import { getJson, startRoundhouse } from '../support/roundhouse.ts';
import { ratios } from '../support/statistics.ts';

const PATH = '/engines/stats/total';
const NGINX = 'nginx proxy_cache, 1 worker, in front of Roundhouse';
const TARGET = atLeast(0.95);
const ENGINE_TIMEOUT_MS = 20_000;

export const cachedHttp: Row = {
  name: 'cached-http',
  title: `Cached GET ${PATH}, 32 connections`,
  async run({ cleanup, quick }: Bench): Promise<Finding[]> {
    const rounds = quick ? 2 : 7;
    const seconds = quick ? 1 : 2;
    const load = await findLoadGenerator();
    const ours = await startOurs(cleanup);
    const body = await (await fetch(ours.url)).text();
    const bare = [await startBare(cleanup, 'buffer', body), await startBare(cleanup, 'string', body)];
    const nginx = await startNginx(cleanup, ours.url);
    const proxy = 'missing' in nginx ? [] : [{ ...nginx, name: NGINX, url: nginx.url + PATH }];
    const servers = [ours, ...bare, ...proxy].map((server) => new LoadedServer(server));

    for (const server of servers) await server.warmUp(load, seconds);
    for (let round = 0; round < rounds; round += 1) {
      for (const server of servers) await server.runRound(load, seconds);
    }
    await assertHit(ours.url);
    const [first, ...others] = servers;
    return [
      ...others.flatMap((peer) => compare(first!, peer, TARGET)),
      ...('missing' in nginx ? [{ what: `requests/s, Roundhouse ÷ ${NGINX}`, missing: nginx.missing }] : []),
      ...servers.map(({ name, perSecond }) => ({
        what: `${name}, load from ${load.name}`,
        unit: 'requests/s' as const,
        target: null,
        rounds: perSecond,
      })),
    ];
  },
};

interface Server {
  name: string;
  url: string;
  /** Processes that handle the requests. */
  pids: readonly number[];
}

class LoadedServer {
  readonly name: string;
  readonly perSecond: number[] = [];
  readonly perCpuSecond: number[] = [];
  readonly #url: string;
  readonly #pids: readonly number[];

  constructor({ name, url, pids }: Server) {
    this.name = name;
    this.#url = url;
    this.#pids = pids;
  }

  async warmUp(load: LoadGenerator, seconds: number): Promise<void> {
    await load.run(this.#url, seconds);
  }

  async runRound(load: LoadGenerator, seconds: number): Promise<void> {
    const before = cpuSeconds(this.#pids);
    const { requests, requestsPerS } = await load.run(this.#url, seconds);
    this.perSecond.push(requestsPerS);
    this.perCpuSecond.push(requests / (cpuSeconds(this.#pids) - before));
  }
}

function compare(ours: LoadedServer, peer: LoadedServer, target: Target): Finding[] {
  return [
    {
      what: `requests/s, Roundhouse ÷ ${peer.name}`,
      unit: '×',
      target,
      rounds: ratios(ours.perSecond, peer.perSecond),
    },
    {
      what: `requests per second of the server's CPU time, Roundhouse ÷ ${peer.name}`,
      unit: '×',
      target: null,
      rounds: ratios(ours.perCpuSecond, peer.perCpuSecond),
    },
  ];
}

/** The whole application with default settings and one emulated engine. */
async function startOurs(cleanup: Cleanup): Promise<Server> {
  const { url, pid } = await startRoundhouse(cleanup, { ENGINE_RUNTIME: 'process' });
  const readTotals = () => getJson<{ container_count: number }>(url + PATH).catch(() => null);
  await waitUntil(
    'one engine is running',
    async () => (await readTotals())?.container_count === 1,
    ENGINE_TIMEOUT_MS,
  );
  return { name: 'Roundhouse', url: url + PATH, pids: [pid] };
}

async function startBare(cleanup: Cleanup, form: 'buffer' | 'string', body: string): Promise<Server> {
  const program = fileURLToPath(new URL('../support/constant-server.ts', import.meta.url));
  const command = { command: process.execPath, args: [program, form, PATH, body] };
  const { pid, readyValue: origin } = await startChild(cleanup, command, (line) =>
    line.startsWith('http://') ? line : null,
  );
  return { name: `bare Fastify route that sends a constant ${form}`, url: origin + PATH, pids: [pid] };
}

/** Guards against measuring uncached responses. */
async function assertHit(url: string): Promise<void> {
  const status = (await fetch(url)).headers.get('cache-status');
  if (!status?.includes('; hit')) throw new Error(`expected a cache hit, got Cache-Status: ${status}`);
}
