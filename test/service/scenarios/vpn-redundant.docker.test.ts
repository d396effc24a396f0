import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { WireEngine } from '../../../src/service/api/views/engines.ts';
import type { WireStatus } from '../../../src/service/api/views/status.ts';
import type { WireVpnState } from '../../../src/service/api/views/vpn.ts';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker as cli } from '../../support/docker/docker-programs.ts';
import { type DockerService, startDockerService, uniqueLabel } from '../../support/docker/docker-service.ts';
import { VpnContainer } from '../../support/docker/vpn-container.ts';
import { freePortRange } from '../../support/http/port-range.ts';
import { waitUntil } from '../../support/wait-until.ts';

const TIMEOUT_MS = 30_000;
/** Per VPN: two ports for each of five engines. */
const ENGINE_PORTS = 10;

describeWithDocker('engines behind VPN containers', (docker) => {
  let single: NodeJS.ProcessEnv;
  let redundant: NodeJS.ProcessEnv;
  let first: VpnContainer;
  let second: VpnContainer;
  /** The first port of the second VPN's engines. */
  let middle: number;
  let service: DockerService;
  let label: string;

  beforeAll(async () => {
    const { first: port } = await freePortRange();
    middle = port + ENGINE_PORTS;
    const end = middle + ENGINE_PORTS;
    first = new VpnContainer(docker, {
      name: 'gluetun-one',
      controlPort: end,
      enginePorts: `${port}-${middle - 1}`,
    });
    second = new VpnContainer(docker, {
      name: 'gluetun-two',
      controlPort: end + 1,
      enginePorts: `${middle}-${end - 1}`,
    });
    await Promise.all([first.run(), second.run()]);
    single = {
      GLUETUN_CONTAINER_NAME: first.name,
      GLUETUN_API_URL: first.controlUrl,
      GLUETUN_HEALTH_CHECK_INTERVAL_S: '0.5',
      GLUETUN_PORT_CACHE_TTL_S: '1',
      VPN_UNHEALTHY_RESTART_TIMEOUT_S: '0',
      HEALTH_CHECK_INTERVAL_S: '0.5',
      PORT_RANGE_HOST: `${port}-${middle - 1}`,
      MIN_REPLICAS: '1',
      MAX_REPLICAS: '5',
    };
    redundant = {
      ...single,
      VPN_MODE: 'redundant',
      GLUETUN_CONTAINER_NAME_2: second.name,
      GLUETUN_API_URL_2: second.controlUrl,
      PORT_RANGE_HOST: `${port}-${end - 1}`,
      MIN_REPLICAS: '4',
      MAX_REPLICAS: '6',
    };
  });
  afterEach(async () => {
    await service.close();
    await eventually('no engine is left', async () => {
      const remaining = await cli(docker.socket, 'ps', '--all', '--quiet', '--filter', `label=${label}`);
      if (remaining === '') return true;
      // Fails if a container is already being removed.
      await cli(docker.socket, 'rm', '--force', ...remaining.split('\n')).catch(() => {});
      return false;
    });
    await Promise.all([first, second].map((vpn) => vpn.behave({ healthy: true, ports: [5914] })));
  });
  afterAll(async () => {
    await Promise.all([first.remove(), second.remove()]);
  });

  async function recreate(vpn: VpnContainer): Promise<void> {
    await vpn.remove();
    await vpn.run();
  }

  /** While only one VPN is healthy, all new engines would join its network. */
  async function bothHealthy(): Promise<void> {
    for (const vpn of [first, second]) {
      const health = () => vpn.inspect('{{.State.Health.Status}}');
      await eventually(`${vpn.name} is healthy`, async () => (await health()) === 'healthy');
    }
  }

  /** Starts the service and waits until all of its engines are healthy. */
  async function start(settings: NodeJS.ProcessEnv): Promise<void> {
    await bothHealthy();
    label = uniqueLabel();
    service = await startDockerService(docker, { ...settings, CONTAINER_LABEL: label });
    const { MIN_REPLICAS: count } = settings;
    await eventually('all engines are healthy', async () => {
      const all = await engines();
      return all.length === Number(count) && all.every(isHealthy);
    });
  }

  const eventually = <T>(what: string, check: () => Promise<T>) => waitUntil(what, check, TIMEOUT_MS);
  const vpnStatus = async () => (await service.get<WireVpnState>('/vpn/status')).body;
  const engines = async () => (await service.get<WireEngine[]>('/engines')).body;
  const enginesOf = async ({ name }: VpnContainer) =>
    (await engines()).filter(({ vpn_container }) => vpn_container === name);
  const isHealthy = ({ health_status }: WireEngine) => health_status === 'healthy';
  const ids = (all: readonly WireEngine[]) => all.map(({ container_id }) => container_id);
  const inspect = (name: string, format: string) => cli(docker.socket, 'inspect', '--format', format, name);
  const idOf = (vpn: VpnContainer) => vpn.inspect('{{.Id}}');
  const networkOf = (engine: WireEngine) => inspect(engine.container_id, '{{.HostConfig.NetworkMode}}');

  it('are distributed over both, and one of each gets the forwarded port', async () => {
    await start(redundant);
    for (const vpn of [first, second]) {
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
    expect((await enginesOf(second)).map(({ port }) => port)).toEqual([middle, middle + 2]);
    expect(await vpnStatus()).toMatchObject({
      mode: 'redundant',
      connected: true,
      container: first.name,
      vpn1: { container_name: first.name, health: 'healthy', forwarded_port: 5914 },
      vpn2: { container_name: second.name, health: 'healthy', forwarded_port: 5914 },
      emergency_mode: { active: false },
    });
  });

  it('move to the other VPN if one fails, and use it again after it recovers', async () => {
    await start(redundant);
    const survivors = ids(await enginesOf(second));
    await first.behave({ healthy: false });
    const emergency = await eventually('the emergency shows', async () => {
      const status = await vpnStatus();
      return status.emergency_mode.active && status;
    });
    expect(emergency).toMatchObject({
      connected: true,
      health: 'healthy',
      container: second.name,
      vpn1: { health: 'unhealthy', connected: false },
      vpn2: { health: 'healthy', connected: true },
      emergency_mode: { failed_vpn: first.name, healthy_vpn: second.name },
    });
    await eventually('all engines are behind the other VPN', async () => {
      const own = await enginesOf(second);
      return own.length === 4 && (await engines()).length === 4 && own.every(isHealthy);
    });
    expect(ids(await enginesOf(second))).toEqual(expect.arrayContaining(survivors));
    const { vpn, provisioning } = (await service.get<WireStatus>('/orchestrator/status')).body;
    expect(vpn).toMatchObject({ connected: true, container: second.name });
    expect(provisioning.can_provision).toBe(true);
    const { duration_seconds: firstS } = emergency.emergency_mode;
    await eventually(
      'its duration increases',
      async () => (await vpnStatus()).emergency_mode.duration_seconds! > firstS!,
    );

    await first.behave({ healthy: true });
    await eventually('the emergency is over', async () => !(await vpnStatus()).emergency_mode.active);
    const { container_id: id } = await service.provision();
    expect((await enginesOf(first)).map(({ container_id, forwarded }) => [container_id, forwarded])).toEqual([
      [id, true],
    ]);
  });

  it('are kept when a forwarded port changes, except the one that uses it', async () => {
    await start(redundant);
    const before = await engines();
    const [former, other] = await enginesOf(first);
    await first.behave({ ports: [6001] });
    await eventually('another engine uses the port, and the former one is removed', async () => {
      const own = await enginesOf(first);
      return !ids(own).includes(former!.container_id) && own.some(({ forwarded }) => forwarded);
    });
    const after = await enginesOf(first);
    expect(after).toHaveLength(2);
    expect(ids(after)).toContain(other!.container_id);
    const successor = after.find(({ forwarded }) => forwarded)!;
    expect(successor).toMatchObject({ forwarded_port: 6001, health_status: 'healthy' });
    expect(await inspect(successor.container_id, '{{.Config.Env}}')).toContain('P2P_PORT=6001');
    const others = before.filter(({ vpn_container }) => vpn_container === second.name);
    expect(ids(await enginesOf(second))).toEqual(ids(others));
  });

  it('are assigned to their VPN also without its label', async () => {
    await start({ ...redundant, MIN_REPLICAS: '0', MIN_FREE_REPLICAS: '0' });
    await cli(
      docker.socket,
      ...['run', '--detach', '--rm', '--label', label, '--network', `container:${second.name}`],
      ...[docker.engineImage, 'sleep', '60'],
    );
    const [found] = await eventually('the engine is listed', async () => {
      const all = await engines();
      return all.length > 0 && all;
    });
    expect(found).toMatchObject({ vpn_container: second.name, forwarded: false, forwarded_port: null });
  });

  it('are recreated if their VPN was recreated while the service was stopped', async () => {
    await start(redundant);
    const [lost, kept] = [ids(await enginesOf(second)), ids(await enginesOf(first))];
    await service.close();
    await recreate(second);
    await bothHealthy();
    service = await startDockerService(docker, { ...redundant, CONTAINER_LABEL: label });
    await eventually('new engines are healthy in the new network', async () => {
      const own = await enginesOf(second);
      return own.length === 2 && own.every(isHealthy) && !ids(own).some((id) => lost.includes(id));
    });
    const networks = await Promise.all((await enginesOf(second)).map(networkOf));
    expect(new Set(networks)).toEqual(new Set([`container:${await idOf(second)}`]));
    expect(ids(await enginesOf(first))).toEqual(kept);
  });

  it('are recreated if their only VPN is recreated', async () => {
    await start(single);
    const [lost] = await engines();
    await recreate(first);
    const [engine] = await eventually('an engine is healthy in the new network', async () => {
      const all = await engines();
      return all.length === 1 && all.every(isHealthy) && !ids(all).includes(lost!.container_id) && all;
    });
    expect(await networkOf(engine!)).toBe(`container:${await idOf(first)}`);
  });

  it('are recreated after the restart of a VPN that stays unhealthy', async () => {
    await start({ ...single, VPN_UNHEALTHY_RESTART_TIMEOUT_S: '2' });
    const [lost] = await engines();
    const [id, startedAt] = [await idOf(first), await first.inspect('{{.State.StartedAt}}')];
    await first.behave({ healthy: false });
    const [engine] = await eventually('an engine is healthy behind the restarted VPN', async () => {
      const all = await engines();
      return all.length === 1 && all.every(isHealthy) && !ids(all).includes(lost!.container_id) && all;
    });
    expect(await idOf(first)).toBe(id);
    expect(await first.inspect('{{.State.StartedAt}}')).not.toBe(startedAt);
    expect(await networkOf(engine!)).toBe(`container:${id}`);
    expect((await vpnStatus()).connected).toBe(true);
  });
});
