import type { RequestListener } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import type { WireEngine } from '../../../src/service/api/views/engines.ts';
import type { WireTotalStats } from '../../../src/service/api/views/stats.ts';
import type { WireStatus } from '../../../src/service/api/views/status.ts';
import type { WireVpnState } from '../../../src/service/api/views/vpn.ts';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker as cli } from '../../support/docker/docker-programs.ts';
import { type DockerService, startDockerService, uniqueLabel } from '../../support/docker/docker-service.ts';
import { startStubServer } from '../../support/http/stub-server.ts';
import { EmulatedGluetun } from '../../support/service/emulated-gluetun.ts';
import { waitUntil } from '../../support/wait-until.ts';

const TIMEOUT_MS = 20_000;
/** No answer expires during these tests, so only invalidated answers are loaded again. */
const NO_EXPIRY = {
  CACHE_TTL_STATS_TOTAL_S: '3600',
  CACHE_TTL_ORCHESTRATOR_STATUS_S: '3600',
  CACHE_TTL_VPN_STATUS_S: '3600',
  CACHE_KEEP_WARM: 'false',
  MONITOR_INTERVAL_S: '3600',
  GLUETUN_HEALTH_CHECK_INTERVAL_S: '3600',
  VPN_UNHEALTHY_RESTART_TIMEOUT_S: '0',
};

/** These tests check that answers become correct after a change. The benchmarks measure how soon. */
describeWithDocker('a change invalidates every answer that it affects, before its expiry', (docker) => {
  const containers: string[] = [];
  let service: DockerService;

  afterEach(async () => {
    await service.close();
    // Docker responds with a conflict if the container is already being removed.
    for (const id of containers.splice(0)) await cli(docker.socket, 'rm', '--force', id).catch(() => {});
  });

  async function run(...options: string[]): Promise<string> {
    const id = await cli(docker.socket, 'run', '--detach', ...options);
    containers.push(id);
    return id;
  }

  const total = async () => (await service.get<WireTotalStats>('/engines/stats/total')).body;
  const status = async () => (await service.get<WireStatus>('/orchestrator/status')).body;
  const engines = async () => (await service.get<WireEngine[]>('/engines')).body;
  const vpn = async () => (await service.get<WireVpnState>('/vpn/status')).body;

  /** Reads an answer until it matches. Each read in between gets the cached answer. */
  async function becomes<T>(read: () => Promise<T>, expected: object): Promise<void> {
    const matches = async () => {
      expect(await read()).toMatchObject(expected);
      return true;
    };
    await waitUntil(`the answer matches ${JSON.stringify(expected)}`, matches, TIMEOUT_MS);
  }

  it('a container is started and killed by another program', async () => {
    const label = uniqueLabel();
    service = await startDockerService(docker, { ...NO_EXPIRY, CONTAINER_LABEL: label });
    await becomes(total, { container_count: 0 });
    await becomes(status, { engines: { total: 0, running: 0 } });
    expect(await engines()).toEqual([]);
    expect((await service.get('/engines')).headers['cache-status']).toContain('hit');

    const id = await run('--label', label, docker.busyboxImage);
    await becomes(total, { container_count: 1 });
    await becomes(status, { engines: { total: 1, running: 1 } });
    await becomes(engines, [{ container_id: id }]);

    await cli(docker.socket, 'kill', id);
    await becomes(total, { container_count: 0 });
    await becomes(status, { engines: { total: 0, running: 0 } });
    await becomes(engines, []);
  });

  it('an engine fails its health checks, and recovers', async () => {
    let isHealthy = true;
    const respond: RequestListener = (_request, response) => {
      if (!isHealthy) response.writeHead(500);
      response.end('{"result":{"platform":"linux","version":"1"},"error":null}');
    };
    await using engine = await startStubServer(respond);
    const label = uniqueLabel();
    service = await startDockerService(docker, {
      ...NO_EXPIRY,
      CONTAINER_LABEL: label,
      HEALTH_CHECK_INTERVAL_S: '0.2',
      HEALTH_FAILURE_THRESHOLD: '2',
      ENGINE_GRACE_PERIOD_S: '3600',
    });
    const port = `roundhouse.host-http-port=${engine.port}`;
    await run('--label', label, '--label', port, docker.busyboxImage);
    for (const health of ['healthy', 'unhealthy', 'healthy'] as const) {
      isHealthy = health === 'healthy';
      await becomes(status, { engines: { total: 1, [health]: 1 } });
      await becomes(engines, [{ health_status: health }]);
    }
  });

  it('a stream starts and ends', async () => {
    const label = uniqueLabel();
    service = await startDockerService(docker, { ...NO_EXPIRY, CONTAINER_LABEL: label });
    const id = await run('--label', label, docker.busyboxImage);
    await becomes(engines, [{ container_id: id, streams: [] }]);
    await becomes(status, { streams: { active: 0 }, capacity: { used: 0 } });
    await service.write('POST', '/events/stream_started', {
      container_id: id,
      engine: { host: '127.0.0.1', port: 1 },
      stream: { key_type: 'content_id', key: 'k' },
      session: { playback_session_id: 's', stat_url: 'http://e/s', command_url: 'http://e/c', is_live: 1 },
      labels: { stream_id: 'a-stream' },
    });
    // Without waiting: a client that reported the stream reads it at once.
    expect(await status()).toMatchObject({ streams: { active: 1 }, capacity: { used: 1 } });
    expect(await engines()).toMatchObject([{ container_id: id, streams: ['a-stream'] }]);
    await service.write('POST', '/events/stream_ended', { stream_id: 'a-stream', reason: 'over' });
    expect(await status()).toMatchObject({ streams: { active: 0 }, capacity: { used: 0 } });
    expect(await engines()).toMatchObject([{ container_id: id, streams: [] }]);
  });

  it('the health of a VPN container without environment variables changes', async () => {
    await using gluetun = await new EmulatedGluetun().listen();
    const name = 'vpn-of-the-changes';
    await run(
      ...[
        '--name',
        name,
        '--health-cmd',
        'test -e /healthy',
        '--health-interval',
        '0.3s',
        '--health-retries',
        '1',
      ],
      ...[docker.busyboxImage, 'sh', '-c', 'touch /healthy; exec sleep 86400'],
    );
    const settings = { GLUETUN_CONTAINER_NAME: name, GLUETUN_API_URL: gluetun.url };
    service = await startDockerService(docker, { ...NO_EXPIRY, ...settings });
    for (const [command, connected, health] of [
      ['touch', true, 'healthy'],
      ['rm', false, 'unhealthy'],
      ['touch', true, 'healthy'],
    ] as const) {
      await cli(docker.socket, 'exec', name, command, '/healthy');
      await becomes(vpn, { connected, health, provider: null });
      await becomes(status, { vpn: { connected, health } });
    }
    await cli(docker.socket, 'kill', name);
    await becomes(vpn, { connected: false, status: 'stopped' });
    await becomes(status, { vpn: { connected: false } });
  });
});
