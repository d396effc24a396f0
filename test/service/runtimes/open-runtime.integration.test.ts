import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../../src/service/config/config.ts';
import { Metrics } from '../../../src/service/metrics/metrics.ts';
import { openRuntime } from '../../../src/service/runtimes/open-runtime.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { figure, parseExposition } from '../../support/http/exposition.ts';
import { startStubServer } from '../../support/http/stub-server.ts';

test('calls to Docker reach the metrics from the first one on', async () => {
  await using daemon = await startStubServer('[]');
  const metrics = new Metrics(new FakeClock());
  onTestFinished(() => metrics.close());
  const config = readConfig({ DOCKER_HOST: `tcp://127.0.0.1:${daemon.port}` });
  const { runtime } = await openRuntime(config, () => {}, metrics.noteDockerCall);
  onTestFinished(() => runtime.close());
  expect(runtime.name).toBe('docker');
  expect(await runtime.list()).toEqual([]);
  const families = parseExposition(await metrics.read());
  for (const call of ['ping', 'list']) {
    expect(figure(families, 'roundhouse_docker_call_seconds_count', { call })).toBe(1);
    expect(figure(families, 'roundhouse_docker_call_failures_total', { call })).toBe(0);
  }
});

test('a VPN of which nothing can be known without Docker is told of at the start', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'roundhouse-runtime-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const warnings: string[] = [];
  const settings = { ENGINE_RUNTIME: 'process', DATA_DIR: dataDir };
  const watched = { GLUETUN_CONTAINER_NAME: 'gluetun', GLUETUN_API_URL: 'http://127.0.0.1:9' };
  for (const more of [{}, { GLUETUN_CONTAINER_NAME: 'gluetun' }, watched]) {
    const { runtime } = await openRuntime(readConfig({ ...settings, ...more }), (text) =>
      warnings.push(text),
    );
    await runtime.close();
  }
  expect(warnings).toEqual([
    'No engine will start: without Docker nothing is known of the VPN gluetun (ENGINE_RUNTIME=process)',
  ]);
});
