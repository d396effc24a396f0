import type { WireVpnState } from '../../src/service/api/views/vpn.ts';
import { docker as cli } from '../../test/support/docker/docker-programs.ts';
import { EmulatedGluetun } from '../../test/support/service/emulated-gluetun.ts';
import type { Bench, Row } from '../row.ts';
import { adoptingSettings, momentOf, momentOfTruth, readStatus, untilKnown } from '../support/change.ts';
import type { BenchDocker } from '../support/docker.ts';
import { endContainer } from '../support/fleet.ts';
import { atMost, type Finding } from '../support/measure.ts';
import { getJson, startRoundhouse } from '../support/roundhouse.ts';

const LABEL = { name: 'bench.vpn', value: 'yes' };
const NAME = 'bench-gluetun';
/** A container is healthy while it has this file. */
const SIGN = '/healthy';

/** Docker's own interval and retries decide when a health check notices; the time begins as it does. */
export const vpnHealth: Row = {
  name: 'vpn-health',
  title:
    "A VPN's health changes: from the deciding health check, as Docker dates it, until the polled HTTP API is right",
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
      // Only Docker's event can be what brings the news.
      GLUETUN_HEALTH_CHECK_INTERVAL_S: '3600',
      VPN_UNHEALTHY_RESTART_TIMEOUT_S: '0',
    });
    await untilKnown(url, 0);
    const answers = [
      async () => (await getJson<WireVpnState>(`${url}/vpn/status`)).connected,
      async () => (await readStatus(url)).vpn.connected,
    ];
    const until = (wanted: boolean) =>
      Promise.all(answers.map((ask) => momentOfTruth('VPN', async () => (await ask()) === wanted)));
    await until(true);
    const rounds: [number[], number[]] = [[], []];
    for (let change = 0; change < changes; change += 1) {
      const healthy = change % 2 === 1;
      await cli(docker.socket, 'exec', NAME, healthy ? 'touch' : 'rm', SIGN);
      const [vpn = 0, status = 0] = await until(healthy);
      const begun = await decidedAt(docker, healthy);
      rounds[0].push(vpn - begun);
      rounds[1].push(status - begun);
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
    Cmd: ['sh', '-c', `touch ${SIGN}; exec sleep 86400`],
    // Nanoseconds, as Docker wants them.
    Healthcheck: { Test: ['CMD', 'test', '-e', SIGN], Interval: 500e6, Timeout: 5e9, Retries: 1 },
    HostConfig: { AutoRemove: true },
  });
  bench.cleanup.add(() => endContainer(docker, container.id));
  await container.start();
}

/** When the first health check ended that came to this outcome after the last of the other one. */
async function decidedAt({ client }: BenchDocker, healthy: boolean): Promise<number> {
  const { State } = await client.docker.getContainer(NAME).inspect();
  const log = State.Health?.Log ?? [];
  const lastOther = log.findLastIndex(({ ExitCode }) => (ExitCode === 0) !== healthy);
  const decisive = log[lastOther + 1];
  if (!decisive) throw new Error('Docker has no health check to show for the change');
  return momentOf(decisive.End);
}
