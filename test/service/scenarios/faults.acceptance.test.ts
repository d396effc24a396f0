import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { WireEngine } from '../../../src/service/api/views/engines.ts';
import type { WireTotalStats } from '../../../src/service/api/views/stats.ts';
import type { WireStatus } from '../../../src/service/api/views/status.ts';
import type { WireVpnState } from '../../../src/service/api/views/vpn.ts';
import type { Delays } from '../../../src/service/metrics/event-loop.ts';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker as cli } from '../../support/docker/docker-programs.ts';
import { uniqueLabel } from '../../support/docker/docker-service.ts';
import { type Dockerd, startDockerd } from '../../support/docker/dockerd.ts';
import { engineImage } from '../../support/docker/engine-image.ts';
import { VpnContainer } from '../../support/docker/vpn-container.ts';
import { freePortRange } from '../../support/http/port-range.ts';
import { openSession } from '../../support/service/emulated-engine.ts';
import type { Behaviour } from '../../support/service/emulated-gluetun.ts';
import { SmallDisk } from '../../support/small-disk.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { ChildProgram } from './faults/child-program.ts';
import type { EngineFault } from './faults/engine-faults.ts';
import type { ProcessUsage } from './faults/inspector.ts';
import type { Polling, PollReport } from './faults/pollers.ts';
import { ServiceProcess } from './faults/service.ts';

const ENGINE_FAULTS = fileURLToPath(new URL('./faults/engine-faults.ts', import.meta.url));
const POLLERS = 500;
const ENGINES = 4;
/** In the VPN's network each engine needs two ports. */
const ENGINE_PORTS = 20;
const TIMEOUT_MS = 40_000;
/** From the daemon's recovery to correct answers. */
const RECOVERY_TIMEOUT_MS = 2000;
const MAX_LAG_MS = 50;
/** On a busy machine every process is delayed: the service by at most this multiple of the reference process. */
const MAX_LAG_RATIO = 2;
const MB = 2 ** 20;

const TTL_S = 1;
const LIMITS = { staleIfErrorS: 3, loadTimeoutS: 3 };
const POLLED = ['/engines/stats/total', '/orchestrator/status', '/vpn/status', '/engines'];

/** The tests depend on their order: the same service and the same pollers run through all of them. */
describeWithDocker(`${POLLERS} pollers while each part fails in turn`, () => {
  let daemon: Dockerd;
  let vpn: VpnContainer;
  let disk: SmallDisk;
  let service: ServiceProcess;
  let pollers: ChildProgram<PollReport>;
  let reference: ChildProgram<Delays>;
  let before: ProcessUsage;
  const lags: { service: number; machine: number }[] = [];

  beforeAll(async () => {
    daemon = await startDockerd();
    disk = new SmallDisk(await mkdtemp(join(tmpdir(), 'roundhouse-faults-')));
    await disk.mount();
    const docker = { socket: daemon.socket, engineImage: await engineImage(daemon.socket, ENGINE_FAULTS) };
    const { first } = await freePortRange();
    const enginePorts = `${first}-${first + ENGINE_PORTS - 1}`;
    vpn = new VpnContainer(docker, { name: 'gluetun', controlPort: first + ENGINE_PORTS, enginePorts });
    await vpn.run();
    reference = new ChildProgram('./reference-process.ts');
    service = new ServiceProcess({
      ENGINE_RUNTIME: 'docker',
      DOCKER_HOST: `unix://${docker.socket}`,
      ENGINE_IMAGE: docker.engineImage,
      CONTAINER_LABEL: uniqueLabel(),
      PORT_RANGE_HOST: enginePorts,
      DATA_DIR: disk.folder,
      MIN_REPLICAS: `${ENGINES}`,
      MAX_REPLICAS: '8',
      HEALTH_CHECK_INTERVAL_S: '0.5',
      HEALTH_FAILURE_THRESHOLD: '2',
      ENGINE_GRACE_PERIOD_S: '0.5',
      COLLECT_INTERVAL_S: '1',
      GLUETUN_CONTAINER_NAME: vpn.name,
      GLUETUN_API_URL: vpn.controlUrl,
      GLUETUN_HEALTH_CHECK_INTERVAL_S: '0.5',
      GLUETUN_PORT_CACHE_TTL_S: '1',
      CACHE_TTL_STATS_TOTAL_S: `${TTL_S}`,
      CACHE_TTL_ORCHESTRATOR_STATUS_S: `${TTL_S}`,
      CACHE_TTL_VPN_STATUS_S: `${TTL_S}`,
      CACHE_STALE_IF_ERROR_S: `${LIMITS.staleIfErrorS}`,
      CACHE_LOAD_TIMEOUT_S: `${LIMITS.loadTimeoutS}`,
    });
    await service.waitUntilListening();
    await eventually('all engines are healthy', isAllHealthy);
    const polling: Polling = {
      ...LIMITS,
      ttlS: Object.fromEntries(POLLED.map((path) => [path, TTL_S])),
      origin: service.origin,
      connections: POLLERS,
      intervalMs: 2000,
    };
    pollers = new ChildProgram('./pollers.ts', JSON.stringify(polling));
    await waitForPolls(3 * POLLERS);
    before = await service.usage();
  });

  afterAll(async () => {
    await pollers?.end();
    await reference?.end();
    await service?.stop();
    await daemon?.stop();
    await disk?.unmount();
    if (disk) await rm(disk.folder, { recursive: true });
  });

  /** Waits for a condition. Fails at once, with the errors of the service, if it has ended. */
  async function eventually(
    what: string,
    check: () => Promise<boolean>,
    timeoutMs = TIMEOUT_MS,
  ): Promise<void> {
    await waitUntil(what, async () => !service.isRunning || (await check()), timeoutMs);
    expect(service.isRunning, service.errors.join('\n')).toBe(true);
  }

  const engines = async () => (await service.get<WireEngine[]>('/engines')).body;
  const vpnStatus = async () => (await service.get<WireVpnState>('/vpn/status')).body;
  const store = async () => (await service.get<{ store: string }>('/events/stats')).body.store;

  /** Whether every part works, according to answers that are not stale. */
  async function isAllHealthy(): Promise<boolean> {
    const total = await service.get<WireTotalStats>('/engines/stats/total');
    const status = await service.get<WireStatus>('/orchestrator/status');
    if (total.status !== 200 || status.status !== 200) return false;
    const isStale = [total, status].some(({ headers }) => headers.get('cache-status')?.includes('stale'));
    const { healthy, total: all } = status.body.engines;
    return (
      !isStale &&
      status.body.vpn.connected &&
      healthy >= ENGINES &&
      all === healthy &&
      total.body.container_count === all
    );
  }

  /**
   * Waits until the pollers have received this many more responses for every path. Fails if any was incorrect.
   * @returns the number of responses by outcome
   */
  async function waitForPolls(count = 1): Promise<Record<string, number>> {
    const seen: Record<string, number> = {};
    const failed = { errors: 0, examples: [] as string[] };
    const missing = new Map(POLLED.map((path) => [path, count]));
    await eventually('all paths are polled', async () => {
      const { answers, errors, examples } = await pollers.report();
      failed.errors += errors;
      failed.examples.push(...examples);
      for (const [path, outcomes] of Object.entries(answers)) {
        for (const [outcome, number] of Object.entries(outcomes)) {
          seen[outcome] = (seen[outcome] ?? 0) + number;
          missing.set(path, missing.get(path)! - number);
        }
      }
      return [...missing.values()].every((remaining) => remaining <= 0);
    });
    expect(failed).toEqual({ errors: 0, examples: [] });
    return seen;
  }

  /** Returns the outcomes since the previous call. Fails if the service has logged an error. */
  async function collectOutcomes(): Promise<Record<string, number>> {
    lags.push({ service: await service.lagP99Ms(), machine: (await reference.report()).p99 * 1000 });
    const seen = await waitForPolls();
    expect(service.errors).toEqual([]);
    return seen;
  }

  it('the disk of the event log is full, also during the following tests', async () => {
    expect(await store()).toBe('file');
    await disk.fill();
    const report = (number: number) => ({
      engine: { host: 'elsewhere', port: 1 },
      stream: { key_type: 'url', key: `http://${'x'.repeat(3000)}/${number}` },
      session: {
        playback_session_id: `${number}`,
        stat_url: 'http://e/s',
        command_url: 'http://e/c',
        is_live: 1,
      },
      labels: { stream_id: `filling-${number}` },
    });
    for (let number = 0; number < 100; number += 1) {
      expect(await service.post('/events/stream_started', report(number))).toBe(200);
      expect(await service.post('/events/stream_ended', { stream_id: `filling-${number}` })).toBe(200);
    }
    await eventually('the event log continues in memory', async () => (await store()) === 'memory');
    expect(await collectOutcomes()).toMatchObject({ hit: expect.any(Number) });
  });

  it('the control server of the VPN refuses, redirects, fails and does not respond', async () => {
    const noFaults: Behaviour['faults'] = {};
    for (const fault of [401, 301, 500, 'hang'] as const) {
      await vpn.behave({ faults: { '*': fault } });
      await eventually(
        `the port is unknown after ${fault}`,
        async () => (await vpnStatus()).forwarded_port === null,
      );
      // Its health comes from Docker and is unchanged, so engines continue to use the VPN.
      expect(await vpnStatus()).toMatchObject({ connected: true, health: 'healthy', public_ip: null });
      await vpn.behave({ faults: noFaults });
      await eventually('the port is known again', async () => (await vpnStatus()).forwarded_port === 5914);
    }
    const seen = await collectOutcomes();
    expect(seen).not.toHaveProperty('503');
  });

  it('engines are killed, hang, send invalid responses and send endless responses', async () => {
    const all = await engines();
    await Promise.all(all.map(play));
    const [killed, hung, invalid, endless] = all as [WireEngine, WireEngine, WireEngine, WireEngine];
    await cli(daemon.socket, 'kill', '--signal', 'STOP', hung.container_id);
    await activateFault(invalid, 'invalid');
    await activateFault(endless, 'endless');
    await cli(daemon.socket, 'kill', killed.container_id);
    await eventually('all four are replaced', async () => {
      const remaining = new Set((await engines()).map(({ container_id }) => container_id));
      return !all.some(({ container_id }) => remaining.has(container_id)) && (await isAllHealthy());
    });
    expect((await service.get<WireStatus>('/orchestrator/status')).body.streams.active).toBe(0);
    const seen = await collectOutcomes();
    expect(seen).not.toHaveProperty('503');
  });

  it('the daemon hangs', async () => {
    daemon.kill('SIGSTOP');
    try {
      const isUnavailable = async () => (await service.get('/engines/stats/total')).status === 503;
      await eventually('expired answers are no longer served', isUnavailable);
    } finally {
      daemon.kill('SIGCONT');
    }
    await eventually('answers are correct again', isAllHealthy, RECOVERY_TIMEOUT_MS);
    const seen = await collectOutcomes();
    expect(seen).toMatchObject({ stale: expect.any(Number), 503: expect.any(Number) });
  });

  it('the daemon is restarted', async () => {
    await daemon.restart();
    // It stopped the engines and the VPN too.
    const hasNoEngines = async () => {
      const { status, body } = await service.get<WireTotalStats>('/engines/stats/total');
      return status === 200 && body.container_count === 0 && (await vpnStatus()).connected === false;
    };
    await eventually('answers are correct again', hasNoEngines, RECOVERY_TIMEOUT_MS);
    await vpn.start();
    await eventually('engines are healthy again', isAllHealthy);
    await collectOutcomes();
    expect(await store()).toBe('memory');
  });

  it('the service has lost no event, uses no more memory than before, and was never blocked', async () => {
    await disk.free();
    await eventually('the event log is in its file again', async () => (await store()) === 'file');
    expect((await service.get<{ dropped: number }>('/events/stats')).body.dropped).toBe(0);
    await collectOutcomes();
    const after = await service.usage();
    expect(after.heapUsed - before.heapUsed).toBeLessThan(10 * MB);
    expect(after.external - before.external).toBeLessThan(10 * MB);
    expect(after.rss - before.rss).toBeLessThan(60 * MB);
    // Sockets and timers. Requests in progress count too.
    expect(after.resources.length - before.resources.length).toBeLessThan(20);
    // The first value includes loading the program. A value during which the reference process had the same delay
    // shows nothing about the service.
    const relevant = lags.slice(1).filter(({ machine }) => machine < MAX_LAG_MS);
    for (const { service: own, machine } of relevant)
      expect(own).toBeLessThan(Math.max(MAX_LAG_MS, MAX_LAG_RATIO * machine));
    expect(await service.stop()).toBe(0);
    expect(service.errors).toEqual([]);
  });

  /** Starts a stream on an engine and reports it, as a player does. */
  async function play({ container_id, host, port }: WireEngine): Promise<void> {
    const session = await openSession(host, port, container_id.slice(0, 40));
    const { playback_session_id, stat_url, command_url, infohash } = session;
    const status = await service.post('/events/stream_started', {
      container_id,
      engine: { host, port },
      stream: { key_type: 'infohash', key: infohash },
      session: { playback_session_id, stat_url, command_url, is_live: 1 },
    });
    expect(status).toBe(200);
  }

  /** Activates a fault of an engine. */
  async function activateFault({ host, port }: WireEngine, fault: EngineFault): Promise<void> {
    const reply = await fetch(`http://${host}:${port}/fault`, { method: 'PUT', body: fault });
    expect(reply.status).toBe(200);
  }
});
