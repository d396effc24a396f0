import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { WireEngine } from '../../src/api/views.ts';
import type { OrchestratorStatus } from '../../src/engines/status.ts';
import type { VpnStatus } from '../../src/vpn/wire.ts';
import { describeWithDocker } from '../support/docker.ts';
import { docker as cli } from '../support/docker-programs.ts';
import { type DockerService, startDockerService, uniqueLabel } from '../support/docker-service.ts';
import { waitUntil } from '../support/wait-until.ts';

const GLUETUN = fileURLToPath(new URL('../support/emulated-gluetun.ts', import.meta.url));
const PATIENCE_MS = 30_000;

interface TestVpn {
  name: string;
  controlUrl: string;
  /** The ports that its container publishes: the control server's, and its half of PORT_RANGE_HOST. */
  ports: string[];
}

const FIRST: TestVpn = {
  name: 'gluetun-one',
  controlUrl: 'http://127.0.0.1:24290',
  ports: ['24290:8000', '24200-24209:24200-24209'],
};
const SECOND: TestVpn = {
  name: 'gluetun-two',
  controlUrl: 'http://127.0.0.1:24291',
  ports: ['24291:8000', '24210-24219:24210-24219'],
};

describeWithDocker('engines behind VPN containers that fail', (docker) => {
  const single = {
    GLUETUN_CONTAINER_NAME: FIRST.name,
    GLUETUN_API_URL: FIRST.controlUrl,
    GLUETUN_HEALTH_CHECK_INTERVAL_S: '0.5',
    GLUETUN_PORT_CACHE_TTL_S: '1',
    VPN_UNHEALTHY_RESTART_TIMEOUT_S: '0',
    HEALTH_CHECK_INTERVAL_S: '0.5',
    PORT_RANGE_HOST: '24200-24209',
    MIN_REPLICAS: '1',
    MAX_REPLICAS: '6',
  };
  const redundant = {
    ...single,
    VPN_MODE: 'redundant',
    GLUETUN_CONTAINER_NAME_2: SECOND.name,
    GLUETUN_API_URL_2: SECOND.controlUrl,
    PORT_RANGE_HOST: '24200-24219',
    MIN_REPLICAS: '4',
  };
  let service: DockerService;
  let label: string;

  beforeAll(async () => {
    await Promise.all([FIRST, SECOND].map(startVpn));
  });
  afterEach(async () => {
    await service.close();
    await eventually('no engine is left', async () => {
      const left = await cli(docker.socket, 'ps', '--all', '--quiet', '--filter', `label=${label}`);
      if (left === '') return true;
      // Fails where one is on its way out already.
      await cli(docker.socket, 'rm', '--force', ...left.split('\n')).catch(() => {});
      return false;
    });
    await Promise.all([FIRST, SECOND].map((vpn) => behave(vpn, { healthy: true, ports: [5914] })));
  });
  afterAll(async () => {
    await cli(docker.socket, 'rm', '--force', FIRST.name, SECOND.name);
  });

  async function startVpn({ name, ports }: TestVpn): Promise<void> {
    const health = 'busybox wget -q -O /dev/null http://127.0.0.1:8000/emulated/health';
    await cli(
      docker.socket,
      ...['run', '--detach', '--name', name, '--stop-signal', 'KILL'],
      ...['--health-cmd', health, '--health-interval', '0.5s', '--health-retries', '2'],
      ...ports.flatMap((port) => ['--publish', `127.0.0.1:${port}`]),
      ...['--volume', `${GLUETUN}:/engine/gluetun.ts:ro`, docker.engineImage],
      ...['node', '/engine/gluetun.ts', '--port', '8000', '--host', '0.0.0.0'],
    );
  }

  async function recreateVpn(vpn: TestVpn): Promise<void> {
    await cli(docker.socket, 'rm', '--force', vpn.name);
    await startVpn(vpn);
  }

  async function behave({ controlUrl }: TestVpn, behaviour: object): Promise<void> {
    const options = { method: 'PUT', body: JSON.stringify(behaviour) };
    const reply = await fetch(`${controlUrl}/emulated/behaviour`, options);
    if (!reply.ok) throw new Error(`the emulated VPN answered ${reply.status}`);
  }

  /** Until both are healthy, all new engines would go to the one that is. */
  async function bothHealthy(): Promise<void> {
    for (const { name } of [FIRST, SECOND]) {
      const health = () => inspect(name, '{{.State.Health.Status}}');
      await eventually(`${name} is healthy`, async () => (await health()) === 'healthy');
    }
  }

  /** Starts the service and waits until its engines are as they should be. */
  async function start(settings: NodeJS.ProcessEnv): Promise<void> {
    await bothHealthy();
    label = uniqueLabel();
    service = await startDockerService(docker, { ...settings, CONTAINER_LABEL: label });
    const { MIN_REPLICAS: count } = settings;
    await eventually('all engines answer', async () => {
      const all = await engines();
      return all.length === Number(count) && all.every(isHealthy);
    });
  }

  const eventually = <T>(what: string, ask: () => Promise<T>) => waitUntil(what, ask, PATIENCE_MS);
  const vpnStatus = async () => (await service.get<VpnStatus>('/vpn/status')).body;
  const engines = async () => (await service.get<WireEngine[]>('/engines')).body;
  const enginesOf = async ({ name }: TestVpn) =>
    (await engines()).filter(({ vpn_container }) => vpn_container === name);
  const isHealthy = ({ health_status }: WireEngine) => health_status === 'healthy';
  const ids = (all: readonly WireEngine[]) => all.map(({ container_id }) => container_id);
  const inspect = (name: string, format: string) => cli(docker.socket, 'inspect', '--format', format, name);
  const idOf = ({ name }: TestVpn) => inspect(name, '{{.Id}}');
  const networkOf = (engine: WireEngine) => inspect(engine.container_id, '{{.HostConfig.NetworkMode}}');

  it('shares engines out over both, and gives one of each the forwarded port', async () => {
    await start(redundant);
    for (const vpn of [FIRST, SECOND]) {
      const own = await enginesOf(vpn);
      expect(own).toHaveLength(2);
      for (const engine of own) expect(await networkOf(engine)).toBe(`container:${await idOf(vpn)}`);
      expect(own.map(({ forwarded, forwarded_port }) => [forwarded, forwarded_port])).toEqual([
        [true, 5914],
        [false, null],
      ]);
      const [forwarded, other] = await Promise.all(
        own.map(({ container_id }) => inspect(container_id, '{{.Config.Env}}')),
      );
      expect(forwarded).toContain('P2P_PORT=5914');
      expect(other).not.toContain('P2P_PORT');
    }
    expect((await enginesOf(SECOND)).map(({ port }) => port)).toEqual([24_210, 24_212]);
    expect(await vpnStatus()).toMatchObject({
      mode: 'redundant',
      connected: true,
      container: FIRST.name,
      vpn1: { container_name: FIRST.name, health: 'healthy', forwarded_port: 5914 },
      vpn2: { container_name: SECOND.name, health: 'healthy', forwarded_port: 5914 },
      emergency_mode: { active: false },
    });
  });

  it('takes the engines of one that fails to the other, and uses it again when it is back', async () => {
    await start(redundant);
    const survivors = ids(await enginesOf(SECOND));
    await behave(FIRST, { healthy: false });
    const emergency = await eventually('the emergency shows', async () => {
      const status = await vpnStatus();
      return status.emergency_mode.active && status;
    });
    expect(emergency).toMatchObject({
      connected: true,
      health: 'healthy',
      container: SECOND.name,
      vpn1: { health: 'unhealthy', connected: false },
      vpn2: { health: 'healthy', connected: true },
      emergency_mode: { failed_vpn: FIRST.name, healthy_vpn: SECOND.name },
    });
    await eventually('the other has all engines', async () => {
      const own = await enginesOf(SECOND);
      return own.length === 4 && (await engines()).length === 4 && own.every(isHealthy);
    });
    expect(ids(await enginesOf(SECOND))).toEqual(expect.arrayContaining(survivors));
    const { vpn, provisioning } = (await service.get<OrchestratorStatus>('/orchestrator/status')).body;
    expect(vpn).toMatchObject({ connected: true, container: SECOND.name });
    expect(provisioning.can_provision).toBe(true);
    const { duration_seconds: soon } = emergency.emergency_mode;
    await eventually('it lasts', async () => (await vpnStatus()).emergency_mode.duration_seconds! > soon!);

    await behave(FIRST, { healthy: true });
    await eventually('the emergency is over', async () => !(await vpnStatus()).emergency_mode.active);
    const { container_id: id } = await service.provision();
    expect((await enginesOf(FIRST)).map(({ container_id, forwarded }) => [container_id, forwarded])).toEqual([
      [id, true],
    ]);
  });

  it('replaces the forwarded engine when the port changes, and none else', async () => {
    await start(redundant);
    const before = await engines();
    const [former, beside] = await enginesOf(FIRST);
    await behave(FIRST, { ports: [6001] });
    await eventually('another engine is forwarded, and the former one is gone', async () => {
      const own = await enginesOf(FIRST);
      return !ids(own).includes(former!.container_id) && own.some(({ forwarded }) => forwarded);
    });
    const after = await enginesOf(FIRST);
    expect(after).toHaveLength(2);
    expect(ids(after)).toContain(beside!.container_id);
    const successor = after.find(({ forwarded }) => forwarded)!;
    expect(successor).toMatchObject({ forwarded_port: 6001, health_status: 'healthy' });
    expect(await inspect(successor.container_id, '{{.Config.Env}}')).toContain('P2P_PORT=6001');
    const others = before.filter(({ vpn_container }) => vpn_container === SECOND.name);
    expect(ids(await enginesOf(SECOND))).toEqual(ids(others));
  });

  it('finds out behind which VPN an engine is that bears no note of it', async () => {
    await start({ ...redundant, MIN_REPLICAS: '0', MIN_FREE_REPLICAS: '0' });
    await cli(
      docker.socket,
      ...['run', '--detach', '--rm', '--label', label, '--network', `container:${SECOND.name}`],
      ...[docker.engineImage, 'sleep', '60'],
    );
    const [found] = await eventually('it is known', async () => {
      const all = await engines();
      return all.length > 0 && all;
    });
    expect(found).toMatchObject({ vpn_container: SECOND.name, forwarded: false, forwarded_port: null });
  });

  it('recreates engines whose VPN was recreated while nobody looked', async () => {
    await start(redundant);
    const [lost, kept] = [ids(await enginesOf(SECOND)), ids(await enginesOf(FIRST))];
    await service.close();
    await recreateVpn(SECOND);
    await bothHealthy();
    service = await startDockerService(docker, { ...redundant, CONTAINER_LABEL: label });
    await eventually('new engines are in the new network', async () => {
      const own = await enginesOf(SECOND);
      return own.length === 2 && own.every(isHealthy) && !ids(own).some((id) => lost.includes(id));
    });
    const networks = await Promise.all((await enginesOf(SECOND)).map(networkOf));
    expect(new Set(networks)).toEqual(new Set([`container:${await idOf(SECOND)}`]));
    expect(ids(await enginesOf(FIRST))).toEqual(kept);
  });

  it('recreates the engines of a single VPN that is recreated', async () => {
    await start(single);
    const [lost] = await engines();
    await recreateVpn(FIRST);
    const [engine] = await eventually('an engine in the new network answers', async () => {
      const all = await engines();
      return all.length === 1 && all.every(isHealthy) && !ids(all).includes(lost!.container_id) && all;
    });
    expect(await networkOf(engine!)).toBe(`container:${await idOf(FIRST)}`);
  });

  it('restarts a VPN that stays unhealthy, and recreates the engines that this cuts off', async () => {
    await start({ ...single, VPN_UNHEALTHY_RESTART_TIMEOUT_S: '2' });
    const [lost] = await engines();
    const [id, startedAt] = [await idOf(FIRST), await inspect(FIRST.name, '{{.State.StartedAt}}')];
    await behave(FIRST, { healthy: false });
    const [engine] = await eventually('an engine behind the restarted VPN answers', async () => {
      const all = await engines();
      return all.length === 1 && all.every(isHealthy) && !ids(all).includes(lost!.container_id) && all;
    });
    expect(await idOf(FIRST)).toBe(id);
    expect(await inspect(FIRST.name, '{{.State.StartedAt}}')).not.toBe(startedAt);
    expect(await networkOf(engine!)).toBe(`container:${id}`);
    expect((await vpnStatus()).connected).toBe(true);
  });
});
