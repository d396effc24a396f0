import { afterAll, beforeAll, expect, it } from 'vitest';
import type { WireStatus } from '../../../src/service/api/views/status.ts';
import type { WireVpnState } from '../../../src/service/api/views/vpn.ts';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker as cli } from '../../support/docker/docker-programs.ts';
import { type DockerService, startDockerService } from '../../support/docker/docker-service.ts';
import { VpnContainer } from '../../support/docker/vpn-container.ts';
import { freePortRange } from '../../support/http/port-range.ts';
import { waitUntil } from '../../support/wait-until.ts';

const NAME = 'gluetun-test';
/** Two ports for each of five engines. */
const ENGINE_PORTS = 10;

describeWithDocker('engines behind a VPN container', (docker) => {
  let service: DockerService;
  let container: VpnContainer;

  beforeAll(async () => {
    const { first } = await freePortRange();
    const enginePorts = `${first}-${first + ENGINE_PORTS - 1}`;
    container = new VpnContainer(docker, { name: NAME, controlPort: first + ENGINE_PORTS, enginePorts });
    await container.run();
    service = await startDockerService(docker, {
      GLUETUN_CONTAINER_NAME: NAME,
      GLUETUN_API_URL: container.controlUrl,
      PORT_RANGE_HOST: enginePorts,
      MAX_REPLICAS: '5',
    });
  });
  afterAll(async () => {
    const engines = await service.get<{ container_id: string }[]>('/engines');
    for (const { container_id } of engines.body) await service.write('DELETE', `/engines/${container_id}`);
    await service.close();
    await container.remove();
  });

  const vpn = async () => (await service.get<WireVpnState>('/vpn/status')).body;
  const status = async () => (await service.get<WireStatus>('/orchestrator/status')).body;

  it('join its network; its status is shown', async () => {
    const connected = await waitUntil(
      'the VPN is healthy',
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
    const vpnId = await container.inspect('{{.Id}}');
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
    await waitUntil("engines respond through the VPN's ports", healthy, 10_000);
    const stats = await service.get(`/engines/${engine.container_id}/stats`);
    expect(stats.body).toMatchObject({ network_scope: 'shared' });
    expect((await service.get<{ vpn_container: string }[]>('/engines')).body[0]?.vpn_container).toBe(NAME);
  });

  it('are not provisioned while it is down, as Docker reports it', async () => {
    await container.behave({ healthy: false });
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

    await container.behave({ healthy: true });
    await waitUntil(
      'the VPN is connected again',
      async () => (await status()).provisioning.can_provision,
      10_000,
    );
    expect((await vpn()).health).toBe('healthy');
  });

  it('use the VPN also if its control server does not respond', async () => {
    await container.behave({
      faults: { '/v1/publicip/ip': 'hang', '/v1/portforward': 'error', '/v1/vpn/status': 'error' },
    });
    await service.write('POST', '/cache/clear');
    expect(await vpn()).toMatchObject({
      connected: true,
      health: 'healthy',
      forwarded_port: null,
      public_ip: null,
    });
    await container.behave({ faults: {} });
  });
});
