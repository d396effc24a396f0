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
import { Companion } from './faults/companion.ts';
import type { EngineFault } from './faults/engine-faults.ts';
import type { Holdings } from './faults/inspector.ts';
import type { Polling, PollReport } from './faults/pollers.ts';
import { ServiceProcess } from './faults/service.ts';

const ENGINE_FAULTS = fileURLToPath(new URL('./faults/engine-faults.ts', import.meta.url));
const POLLERS = 500;
const ENGINES = 4;
/** In the VPN's network each engine needs two. */
const ENGINE_PORTS = 20;
const PATIENCE_MS = 40_000;
/** From the daemon's return to right answers. */
const RECOVERY_MS = 2000;
const MAX_LAG_MS = 50;
/** A machine that has too much to do makes any process late: then the yardstick measures by how much. */
const LAG_OF_THE_MACHINE = 2;
const MB = 2 ** 20;

const TTL_S = 1;
const PROMISES = { staleIfErrorS: 3, loadTimeoutS: 3 };
const POLLED = ['/engines/stats/total', '/orchestrator/status', '/vpn/status', '/engines'];

/** The tests are one story, told in order: the same service and the same pollers go through all of it. */
describeWithDocker(`${POLLERS} pollers, and every part failing in turn`, () => {
  let daemon: Dockerd;
  let vpn: VpnContainer;
  let disk: SmallDisk;
  let service: ServiceProcess;
  let pollers: Companion<PollReport>;
  let yardstick: Companion<Delays>;
  let before: Holdings;
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
    yardstick = new Companion('./yardstick.ts');
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
      CACHE_STALE_IF_ERROR_S: `${PROMISES.staleIfErrorS}`,
      CACHE_LOAD_TIMEOUT_S: `${PROMISES.loadTimeoutS}`,
    });
    await service.serving();
    await eventually('all engines answer', allWell);
    const polling: Polling = {
      ...PROMISES,
      ttlS: Object.fromEntries(POLLED.map((path) => [path, TTL_S])),
      origin: service.origin,
      connections: POLLERS,
      intervalMs: 2000,
    };
    pollers = new Companion('./pollers.ts', JSON.stringify(polling));
    await allPolled(3 * POLLERS);
    before = await service.holdings();
  });

  afterAll(async () => {
    await pollers?.end();
    await yardstick?.end();
    await service?.stop();
    await daemon?.stop();
    await disk?.unmount();
    if (disk) await rm(disk.folder, { recursive: true });
  });

  /** Fails at once where the service has ended, with what it had to say about that. */
  async function eventually(
    what: string,
    ask: () => Promise<boolean>,
    timeoutMs = PATIENCE_MS,
  ): Promise<void> {
    await waitUntil(what, async () => !service.runs || (await ask()), timeoutMs);
    expect(service.runs, service.complaints.join('\n')).toBe(true);
  }

  const engines = async () => (await service.get<WireEngine[]>('/engines')).body;
  const vpnStatus = async () => (await service.get<WireVpnState>('/vpn/status')).body;
  const store = async () => (await service.get<{ store: string }>('/events/stats')).body.store;

  /** Whether every part is as it should be, by answers that are not old ones. */
  async function allWell(): Promise<boolean> {
    const total = await service.get<WireTotalStats>('/engines/stats/total');
    const status = await service.get<WireStatus>('/orchestrator/status');
    if (total.status !== 200 || status.status !== 200) return false;
    const isOld = [total, status].some(({ headers }) => headers.get('cache-status')?.includes('stale'));
    const { healthy, total: all } = status.body.engines;
    return (
      !isOld &&
      status.body.vpn.connected &&
      healthy >= ENGINES &&
      all === healthy &&
      total.body.container_count === all
    );
  }

  /**
   * Waits until the pollers have got so many more answers of every path. No answer so far may be a wrong one.
   * @returns how many there were of each kind
   */
  async function allPolled(count = 1): Promise<Record<string, number>> {
    const seen: Record<string, number> = {};
    const wrong = { faults: 0, examples: [] as string[] };
    const missing = new Map(POLLED.map((path) => [path, count]));
    await eventually('all paths are polled', async () => {
      const { answers, faults, examples } = await pollers.ask();
      wrong.faults += faults;
      wrong.examples.push(...examples);
      for (const [path, kinds] of Object.entries(answers)) {
        for (const [kind, many] of Object.entries(kinds)) {
          seen[kind] = (seen[kind] ?? 0) + many;
          missing.set(path, missing.get(path)! - many);
        }
      }
      return [...missing.values()].every((left) => left <= 0);
    });
    expect(wrong).toEqual({ faults: 0, examples: [] });
    return seen;
  }

  /** What the pollers have seen since this was last called; the service must have nothing to complain of. */
  async function polled(): Promise<Record<string, number>> {
    lags.push({ service: await service.lagP99Ms(), machine: (await yardstick.ask()).p99 * 1000 });
    const seen = await allPolled();
    expect(service.complaints).toEqual([]);
    return seen;
  }

  it('the disk of the history is full, and stays so through all that follows', async () => {
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
    await eventually('the history goes on in memory', async () => (await store()) === 'memory');
    expect(await polled()).toMatchObject({ hit: expect.any(Number) });
  });

  it('the control server of the VPN refuses, redirects, fails and says nothing', async () => {
    const well: Behaviour['faults'] = {};
    for (const fault of [401, 301, 500, 'hang'] as const) {
      await vpn.behave({ faults: { '*': fault } });
      await eventually(
        `the port is unknown after ${fault}`,
        async () => (await vpnStatus()).forwarded_port === null,
      );
      // What Docker says of its health stands: engines go on using the VPN.
      expect(await vpnStatus()).toMatchObject({ connected: true, health: 'healthy', public_ip: null });
      await vpn.behave({ faults: well });
      await eventually('the port is known again', async () => (await vpnStatus()).forwarded_port === 5914);
    }
    const seen = await polled();
    expect(seen).not.toHaveProperty('503');
  });

  it('engines are killed, hang, answer rubbish and drip bytes', async () => {
    const all = await engines();
    await Promise.all(all.map(play));
    const [killed, hung, rubbish, dripping] = all as [WireEngine, WireEngine, WireEngine, WireEngine];
    await cli(daemon.socket, 'kill', '--signal', 'STOP', hung.container_id);
    await misbehave(rubbish, 'rubbish');
    await misbehave(dripping, 'drip');
    await cli(daemon.socket, 'kill', killed.container_id);
    await eventually('all four are replaced', async () => {
      const left = new Set((await engines()).map(({ container_id }) => container_id));
      return !all.some(({ container_id }) => left.has(container_id)) && (await allWell());
    });
    expect((await service.get<WireStatus>('/orchestrator/status')).body.streams.active).toBe(0);
    const seen = await polled();
    expect(seen).not.toHaveProperty('503');
  });

  it('the daemon hangs', async () => {
    daemon.kill('SIGSTOP');
    try {
      const unavailable = async () => (await service.get('/engines/stats/total')).status === 503;
      await eventually('too old answers are not served', unavailable);
    } finally {
      daemon.kill('SIGCONT');
    }
    await eventually('answers are right again', allWell, RECOVERY_MS);
    const seen = await polled();
    expect(seen).toMatchObject({ stale: expect.any(Number), 503: expect.any(Number) });
  });

  it('the daemon is stopped and started', async () => {
    await daemon.restart();
    // It has stopped the engines and the VPN along with itself.
    const truth = async () => {
      const { status, body } = await service.get<WireTotalStats>('/engines/stats/total');
      return status === 200 && body.container_count === 0 && (await vpnStatus()).connected === false;
    };
    await eventually('answers are right again', truth, RECOVERY_MS);
    await vpn.start();
    await eventually('there are engines again', allWell);
    await polled();
    expect(await store()).toBe('memory');
  });

  it('has lost nothing, holds no more than before, and was never long in answering', async () => {
    await disk.free();
    await eventually('the history is in its file again', async () => (await store()) === 'file');
    expect((await service.get<{ dropped: number }>('/events/stats')).body.dropped).toBe(0);
    await polled();
    const after = await service.holdings();
    expect(after.heapUsed - before.heapUsed).toBeLessThan(10 * MB);
    expect(after.external - before.external).toBeLessThan(10 * MB);
    expect(after.rss - before.rss).toBeLessThan(60 * MB);
    // Sockets and timers; calls that happened to be under way count too.
    expect(after.resources.length - before.resources.length).toBeLessThan(20);
    // The first figure is about loading the program as much as about running it; one that was taken while the
    // machine held up even the yardstick for as long says nothing of the service.
    const telling = lags.slice(1).filter(({ machine }) => machine < MAX_LAG_MS);
    for (const { service: own, machine } of telling)
      expect(own).toBeLessThan(Math.max(MAX_LAG_MS, LAG_OF_THE_MACHINE * machine));
    expect(await service.stop()).toBe(0);
    expect(service.complaints).toEqual([]);
  });

  /** Has an engine play a stream, and reports it as its player would. */
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

  async function misbehave({ host, port }: WireEngine, fault: EngineFault): Promise<void> {
    const reply = await fetch(`http://${host}:${port}/fault`, { method: 'PUT', body: fault });
    expect(reply.status).toBe(200);
  }
});
