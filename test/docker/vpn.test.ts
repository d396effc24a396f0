import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { OrchestratorStatus } from '../../src/engines/status.ts';
import type { VpnStatus } from '../../src/vpn/wire.ts';
import { describeWithDocker } from '../support/docker.ts';
import { docker as cli } from '../support/docker-programs.ts';
import { type DockerService, startDockerService } from '../support/docker-service.ts';
import { waitUntil } from '../support/wait-until.ts';

const GLUETUN = fileURLToPath(new URL('../support/emulated-gluetun.ts', import.meta.url));
const NAME = 'gluetun-of-the-tests';
const ENGINE_PORTS = '24100-24109';

describeWithDocker('engines behind a VPN container', (docker) => {
  let service: DockerService;
  let controlUrl: string;

  beforeAll(async () => {
    await startVpn();
    service = await startDockerService(docker, {
      GLUETUN_CONTAINER_NAME: NAME,
      GLUETUN_API_URL: controlUrl,
      PORT_RANGE_HOST: ENGINE_PORTS,
      MAX_REPLICAS: '5',
    });
  });
  afterAll(async () => {
    const engines = await service.get<{ container_id: string }[]>('/engines');
    for (const { container_id } of engines.body) await service.write('DELETE', `/engines/${container_id}`);
    await service.close();
    await cli(docker.socket, 'rm', '--force', NAME);
  });

  async function startVpn(): Promise<void> {
    const health = 'busybox wget -q -O /dev/null http://127.0.0.1:8000/emulated/health';
    await cli(
      docker.socket,
      ...['run', '--detach', '--name', NAME, '--env', 'VPN_SERVICE_PROVIDER=example'],
      ...['--health-cmd', health, '--health-interval', '0.5s', '--health-retries', '2'],
      ...['--publish', '127.0.0.1:24190:8000', '--publish', `127.0.0.1:${ENGINE_PORTS}:${ENGINE_PORTS}`],
      ...['--volume', `${GLUETUN}:/engine/gluetun.ts:ro`, docker.engineImage],
      ...['node', '/engine/gluetun.ts', '--port', '8000', '--host', '0.0.0.0'],
    );
    controlUrl = 'http://127.0.0.1:24190';
  }

  async function behave(behaviour: object): Promise<void> {
    const reply = await fetch(`${controlUrl}/emulated/behaviour`, {
      method: 'PUT',
      body: JSON.stringify(behaviour),
    });
    if (!reply.ok) throw new Error(`the emulated VPN answered ${reply.status}`);
  }

  const vpn = async () => (await service.get<VpnStatus>('/vpn/status')).body;
  const status = async () => (await service.get<OrchestratorStatus>('/orchestrator/status')).body;

  it('shows the VPN, and puts engines into its network', async () => {
    const connected = await waitUntil(
      'it is healthy',
      async () => (await vpn()).connected && (await vpn()),
      15_000,
    );
    expect(connected).toMatchObject({
      mode: 'single',
      health: 'healthy',
      status: 'running',
      container: NAME,
      provider: 'example',
      forwarded_port: 5914,
      public_ip: '203.0.113.7',
      country: 'Switzerland',
    });
    expect((await service.get('/vpn/publicip')).body).toEqual({ public_ip: '203.0.113.7' });

    const engine = await service.provision();
    const second = await service.provision();
    expect(second.host_http_port).not.toBe(engine.host_http_port);
    const vpnId = await cli(docker.socket, 'inspect', '--format', '{{.Id}}', NAME);
    const mode = await cli(
      docker.socket,
      'inspect',
      '--format',
      '{{.HostConfig.NetworkMode}}',
      engine.container_id,
    );
    expect(mode).toBe(`container:${vpnId}`);
    const healthy = async () =>
      (await service.get<{ health_status: string }[]>('/engines')).body.every(
        (each) => each.health_status === 'healthy',
      );
    await waitUntil("engines answer through the VPN's ports", healthy, 10_000);
    const stats = await service.get(`/engines/${engine.container_id}/stats`);
    expect(stats.body).toMatchObject({ network_scope: 'shared' });
    expect((await service.get<{ vpn_container: string }[]>('/engines')).body[0]?.vpn_container).toBe(NAME);
  });

  it('stops provisioning while the VPN is down, and shows it as soon as Docker says so', async () => {
    await behave({ healthy: false });
    await waitUntil('the VPN is down', async () => !(await vpn()).connected, 10_000);
    expect(await status()).toMatchObject({
      status: 'degraded',
      vpn: { enabled: true, connected: false, health: 'unhealthy' },
      provisioning: {
        can_provision: false,
        blocked_reason_details: { code: 'vpn_disconnected', recovery_eta_seconds: 60 },
      },
    });
    const refused = await service.write('POST', '/provision/acestream');
    expect(refused).toMatchObject({
      status: 503,
      body: { detail: { error: 'provisioning_blocked', code: 'vpn_disconnected' } },
    });

    await behave({ healthy: true });
    await waitUntil('the VPN is back', async () => (await status()).provisioning.can_provision, 10_000);
    expect((await vpn()).health).toBe('healthy');
  });

  it('does not take a silent control server for a VPN that is down', async () => {
    await behave({
      faults: { '/v1/publicip/ip': 'hang', '/v1/portforward': 'error', '/v1/vpn/status': 'error' },
    });
    await service.write('POST', '/cache/clear');
    expect(await vpn()).toMatchObject({
      connected: true,
      health: 'healthy',
      forwarded_port: null,
      public_ip: null,
    });
    await behave({ faults: {} });
  });
});
