import type { WireVpnState } from '../../src/service/api/views/vpn.ts';
import { docker as cli } from '../../test/support/docker/docker-programs.ts';
import { EmulatedGluetun } from '../../test/support/service/emulated-gluetun.ts';
import type { Bench, Row } from '../row.ts';
import {
  adoptingSettings,
  performanceTime,
  readStatus,
  timeWhenCorrect,
  waitForEngines,
} from '../support/change.ts';
import type { BenchDocker } from '../support/docker.ts';
import { endContainer } from '../support/fleet.ts';
import { atMost, type Finding } from '../support/measure.ts';
import { getJson, startRoundhouse } from '../support/roundhouse.ts';

const LABEL = { name: 'bench.vpn', value: 'yes' };
const NAME = 'bench-gluetun';
/** The container is healthy while this file exists. */
const HEALTHY_FILE = '/healthy';

/** Measures from the end of the decisive health check: when it runs depends on Docker's configuration. */
export const vpnHealth: Row = {
  name: 'vpn-health',
  title: "A VPN's health changes: from the end of Docker's decisive health check to correct API responses",
  async run(bench: Bench): Promise<Finding[]> {
    const docker = await bench.docker();
    const changes = bench.quick ? 2 : 20;
    await startVpn(bench, docker);
    const gluetun = await new EmulatedGluetun().listen();
    bench.cleanup.add(() => gluetun[Symbol.asyncDispose]());
    const { url } = await startRoundhouse(bench.cleanup, {
      ...adoptingSettings(docker, LABEL),
      DOCKER_NETWORK: '',
      GLUETUN_CONTAINER_NAME: NAME,
      GLUETUN_API_URL: gluetun.url,
      // Longer than the measurement, so that only Docker's event reports the change.
      GLUETUN_HEALTH_CHECK_INTERVAL_S: '3600',
      VPN_UNHEALTHY_RESTART_TIMEOUT_S: '0',
    });
    await waitForEngines(url, 0);
    const reads = [
      async () => (await getJson<WireVpnState>(`${url}/vpn/status`)).connected,
      async () => (await readStatus(url)).vpn.connected,
    ];
    const until = (connected: boolean) =>
      Promise.all(reads.map((read) => timeWhenCorrect('VPN', async () => (await read()) === connected)));
    await until(true);
    const rounds: [number[], number[]] = [[], []];
    for (let change = 0; change < changes; change += 1) {
      const healthy = change % 2 === 1;
      await cli(docker.socket, 'exec', NAME, healthy ? 'touch' : 'rm', HEALTHY_FILE);
      const [vpn = 0, status = 0] = await until(healthy);
      const startedAt = await decisiveCheckEnd(docker, healthy);
      rounds[0].push(vpn - startedAt);
      rounds[1].push(status - startedAt);
    }
    return [
      { what: 'GET /vpn/status', unit: 'ms', target: atMost(200), rounds: rounds[0] },
      { what: 'GET /orchestrator/status', unit: 'ms', target: atMost(200), rounds: rounds[1] },
    ];
  },
};

async function startVpn(bench: Bench, docker: BenchDocker): Promise<void> {
  const { client, image } = docker;
  const container = await client.docker.createContainer({
    name: NAME,
    Image: image,
    Cmd: ['sh', '-c', `touch ${HEALTHY_FILE}; exec sleep 86400`],
    // In nanoseconds.
    Healthcheck: { Test: ['CMD', 'test', '-e', HEALTHY_FILE], Interval: 500e6, Timeout: 5e9, Retries: 1 },
    HostConfig: { AutoRemove: true },
  });
  bench.cleanup.add(() => endContainer(docker, container.id));
  await container.start();
}

/** End of the first health check with this outcome after the last one with the other outcome. */
async function decisiveCheckEnd({ client }: BenchDocker, healthy: boolean): Promise<number> {
  const { State } = await client.docker.getContainer(NAME).inspect();
  const log = State.Health?.Log ?? [];
  const lastOther = log.findLastIndex(({ ExitCode }) => (ExitCode === 0) !== healthy);
  const decisive = log[lastOther + 1];
  if (!decisive) throw new Error('Docker reports no health check for the change');
  return performanceTime(decisive.End);
}
