import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from '../support/http/free-ports.ts';
import { startRedis } from '../support/redis/redis.ts';
import { run } from '../support/run.ts';
import { startApp } from '../support/service/app.ts';
import { EmulatedFleet } from '../support/swarm/emulated-fleet.ts';
import { findOrInstall } from '../support/system-packages.ts';
import { waitUntil } from '../support/wait-until.ts';
import { dashboardExpressions, GRAFANA_FOLDER } from './grafana.ts';

const WAIT_MS = 60_000;
const folder = fileURLToPath(GRAFANA_FOLDER);
let programs: Record<'prometheus' | 'promtool', string>;

beforeAll(async () => {
  const found = await findOrInstall({ prometheus: 'prometheus', promtool: 'prometheus' });
  if ('missing' in found) throw new Error(found.missing);
  programs = found.paths;
}, 300_000);

describe('the alert rules', () => {
  test('are valid', async () => {
    expect(await run(programs.promtool, ['check', 'rules', 'alerts.yml'], { cwd: folder })).toMatch(
      /SUCCESS: \d+ rules found/,
    );
  });

  test('are raised in time, and only then', async () => {
    expect(await run(programs.promtool, ['test', 'rules', 'alerts.test.yml'], { cwd: folder })).toMatch(
      /SUCCESS/,
    );
  });
});

test('Prometheus reads /metrics, and every query of the dashboard succeeds', async () => {
  await using redis = await startRedis();
  await using app = await startApp({
    settings: { MIN_REPLICAS: '1', HISTORY_SAMPLE_INTERVAL_S: '1', REDIS_URL: redis.url },
  });
  await using prometheus = await startPrometheus(app.url);
  await waitUntil(
    'CPU time of an engine is recorded twice',
    async () => (await prometheus.query('count_over_time(roundhouse_engine_cpu_seconds_total[1m]) >= 2')) > 0,
    WAIT_MS,
  );
  expect(await prometheus.query('up == 1')).toBe(1);
  // Throws if the query is invalid, as with labels that do not match.
  for (const query of dashboardQueries()) await prometheus.query(query);
  for (const shown of ['rate(roundhouse_engine_cpu_seconds_total[1m])', 'roundhouse_engine_memory_bytes'])
    expect(await prometheus.query(shown), shown).toBe(1);
});

test('the dashboard shows each node of a Swarm, its agent and its engines', async () => {
  await using fleet = await EmulatedFleet.start([
    { name: 'manager-1', role: 'manager', engines: 1 },
    { name: 'worker-1', engines: 2 },
  ]);
  await using app = await startApp({ settings: fleet.settings });
  await using prometheus = await startPrometheus(app.url);
  const queries = dashboardQueries().filter((query) => query.includes('roundhouse_node_'));
  expect(queries).toHaveLength(3);
  for (const query of queries)
    await waitUntil(`two nodes: ${query}`, async () => (await prometheus.query(query)) === 2, WAIT_MS);
});

/** The queries of the dashboard, with values for its variables. */
function dashboardQueries(): string[] {
  return dashboardExpressions().map((expression) =>
    expression.replaceAll('$__rate_interval', '1m').replace(/\$(job|instance)/g, '.*'),
  );
}

/** Starts Prometheus, which reads the metrics of one service each second. */
async function startPrometheus(serviceUrl: string) {
  const data = await mkdtemp(join(tmpdir(), 'roundhouse-prometheus-'));
  const config = join(data, 'prometheus.yml');
  await writeFile(
    config,
    `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [${join(folder, 'alerts.yml')}]
scrape_configs:
  - { job_name: roundhouse, static_configs: [{ targets: ['${new URL(serviceUrl).host}'] }] }
`,
  );
  const [port] = await freePorts(1);
  const process = spawn(
    programs.prometheus,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(data, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = once(process, 'exit');
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  await waitUntil(
    'Prometheus is ready',
    async () => (await ask('/-/ready').catch(() => null))?.ok ?? false,
    WAIT_MS,
  );
  return {
    /** Runs an instant query. @returns the number of series in the result */
    async query(expression: string): Promise<number> {
      const response = await ask(`/api/v1/query?${new URLSearchParams({ query: expression })}`);
      const body = (await response.json()) as {
        status: string;
        error?: string;
        data?: { result: unknown[] };
      };
      if (body.status !== 'success') throw new Error(`${expression}: ${body.error}`);
      return body.data!.result.length;
    },
    async [Symbol.asyncDispose]() {
      process.kill('SIGTERM');
      await ended;
      await rm(data, { recursive: true, force: true });
    },
  };
}
