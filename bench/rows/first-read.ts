import { createSystemClock } from '../../src/library/cache/index.ts';
import type { Label } from '../../src/service/config/values.ts';
import { EngineRegistry } from '../../src/service/engines/registry.ts';
import { EngineUsageReader } from '../../src/service/engines/usage.ts';
import { EventBus } from '../../src/service/events/events.ts';
import {
  type DockerSampleSource,
  sampleFromApi,
  sampleFromCgroup,
} from '../../src/service/runtimes/docker/sampler.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { Bench, Row } from '../row.ts';
import type { BenchDocker } from '../support/docker.ts';
import { createRuntime, startFleet } from '../support/fleet.ts';
import { atMost, type Finding } from '../support/measure.ts';
import { ratios } from '../support/statistics.ts';

const FEW: Label = { name: 'bench.few', value: 'yes' };
const ALL: Label = { name: 'bench.all', value: 'yes' };
const FACTOR = 10;
const ADOPT_TIMEOUT_MS = 20_000;
/** The default of CACHE_LOAD_TIMEOUT_S. */
const READ_TIMEOUT_MS = 10_000;

export const firstRead: Row = {
  name: 'first-read',
  title: 'First read of stats:total: real containers, engines discovered, no samples yet',
  async run(bench: Bench): Promise<Finding[]> {
    const docker = await bench.docker();
    const few = bench.quick ? 3 : 20;
    const sources = { files: sampleFromCgroup, api: sampleFromApi(docker.client) };
    const ids = await startFleet(bench.cleanup, docker, few, ALL, { [FEW.name]: FEW.value });
    const small = await measureFew(docker, sources, ids, bench.quick ? 2 : 9);
    await startFleet(bench.cleanup, docker, few * (FACTOR - 1), ALL);
    const growth = await measureGrowth(docker, sources, few, bench.quick ? 1 : 5);
    return [
      { what: `${few} engines, cgroup files`, unit: 'ms', target: atMost(50), rounds: small.files },
      { what: `${few} engines, Docker API only`, unit: 'ms', target: atMost(1500), rounds: small.api },
      {
        what: `${few} engines, dockerode's two-sample stats, concurrently`,
        unit: 'ms',
        target: null,
        rounds: small.twoSamples,
      },
      ...growthFindings(few, 'cgroup files', growth.files),
      ...growthFindings(few, 'Docker API only', growth.api),
    ];
  },
};

type Sources = Record<'files' | 'api', DockerSampleSource>;

async function measureFew(docker: BenchDocker, sources: Sources, ids: readonly string[], rounds: number) {
  const measured = { files: [] as number[], api: [] as number[], twoSamples: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    measured.files.push(await timeFirstRead(docker, sources.files, FEW, ids.length));
    measured.api.push(await timeFirstRead(docker, sources.api, FEW, ids.length));
    measured.twoSamples.push(await timeTwoSamples(docker, ids));
  }
  return measured;
}

/** Reads few and all engines alternately, one pair per round. */
async function measureGrowth(docker: BenchDocker, sources: Sources, few: number, rounds: number) {
  const measured = { files: new Growth(), api: new Growth() };
  for (let round = 0; round < rounds; round += 1) {
    for (const name of ['files', 'api'] as const) {
      measured[name].few.push(await timeFirstRead(docker, sources[name], FEW, few));
      measured[name].all.push(await timeFirstRead(docker, sources[name], ALL, few * FACTOR));
    }
  }
  return measured;
}

class Growth {
  readonly few: number[] = [];
  readonly all: number[] = [];
}

function growthFindings(few: number, source: string, { all, few: small }: Growth): Finding[] {
  const many = few * FACTOR;
  return [
    { what: `${many} engines, ${source}`, unit: 'ms', target: null, rounds: all },
    {
      what: `${many} engines ÷ ${few} engines, ${source}`,
      unit: '×',
      target: atMost(FACTOR, 'median'),
      rounds: ratios(all, small),
    },
  ];
}

/** @returns duration in milliseconds of the first read of a service that has just discovered its engines */
async function timeFirstRead(
  docker: BenchDocker,
  source: DockerSampleSource,
  label: Label,
  count: number,
): Promise<number> {
  const runtime = createRuntime(docker, label, source);
  const parts = { runtime, bus: new EventBus(), clock: createSystemClock(), monitorIntervalS: 3600 };
  const registry = new EngineRegistry(parts);
  const stats = new EngineUsageReader(runtime, registry, parts.clock);
  registry.start();
  try {
    const isComplete = () => registry.available && registry.size === count;
    await waitUntil(`${count} engines are discovered`, isComplete, ADOPT_TIMEOUT_MS);
    const startedAt = performance.now();
    const total = await stats.total(AbortSignal.timeout(READ_TIMEOUT_MS));
    const tookMs = performance.now() - startedAt;
    if (total.engineCount !== count || !(total.memoryUsage > 0)) {
      throw new Error(`expected the totals of ${count} engines, got ${JSON.stringify(total)}`);
    }
    return tookMs;
  } finally {
    registry.stop();
  }
}

/** Duration with CPU percentages calculated by Docker, which takes two samples one second apart. */
async function timeTwoSamples({ client }: BenchDocker, ids: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const results = await Promise.all(ids.map((id) => client.docker.getContainer(id).stats({ stream: false })));
  const tookMs = performance.now() - startedAt;
  if (!results.every(({ memory_stats }) => memory_stats.usage > 0)) throw new Error('a container has ended');
  return tookMs;
}
