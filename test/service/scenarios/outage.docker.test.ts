import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { WireTotalStats } from '../../../src/service/api/views/stats.ts';
import type { WireStatus } from '../../../src/service/api/views/status.ts';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { type DockerService, type Reply, startDockerService } from '../../support/docker/docker-service.ts';
import { type Dockerd, startDockerd } from '../../support/docker/dockerd.ts';
import { engineImage } from '../../support/docker/engine-image.ts';
import { waitUntil } from '../../support/wait-until.ts';

const POLLED = ['/engines/stats/total', '/orchestrator/status'];

/** Shorter than the defaults, so that the tests do not wait half a minute. */
const SETTINGS = {
  CACHE_STALE_IF_ERROR_S: '3',
  CACHE_TTL_STATS_TOTAL_S: '1',
  CACHE_TTL_ORCHESTRATOR_STATUS_S: '1',
};

describeWithDocker('an outage of the daemon', () => {
  let daemon: Dockerd;
  let service: DockerService;

  beforeAll(async () => {
    daemon = await startDockerd();
  });
  afterAll(() => daemon.stop());

  beforeEach(async () => {
    const image = await engineImage(daemon.socket);
    service = await startDockerService({ socket: daemon.socket, engineImage: image }, SETTINGS);
    await service.provision();
    for (const url of POLLED) expect((await service.get(url)).status).toBe(200);
  });
  afterEach(async () => {
    const engines = await service.get<{ container_id: string }[]>('/engines');
    for (const { container_id } of engines.body) await service.write('DELETE', `/engines/${container_id}`);
    await service.close();
  });

  /** Polls until the responses of all routes match. No response in between may be incorrect. */
  async function pollUntil(
    what: string,
    matches: (status: number, cacheStatus: string) => boolean,
    timeoutMs: number,
  ) {
    const incorrect: unknown[] = [];
    const poll = async () => {
      const replies = await Promise.all(
        POLLED.map((url) => service.get<Partial<WireTotalStats & WireStatus>>(url)),
      );
      incorrect.push(...replies.filter((reply) => !isCorrect(reply)));
      return replies.every(({ status, headers }) => matches(status, String(headers['cache-status'])));
    };
    await waitUntil(what, poll, timeoutMs);
    expect(incorrect).toEqual([]);
  }

  function isCorrect({ status, headers, body }: Reply<Partial<WireTotalStats & WireStatus>>): boolean {
    if (status === 503) return String(headers['content-type']).includes('application/problem+json');
    if (status !== 200) return false;
    // While Docker does not respond, the engine must not disappear or count as zero.
    const isStale = String(headers['cache-status']).includes('fwd=stale');
    return !isStale || (body.container_count ?? body.engines?.running) === 1;
  }

  const stale = (status: number, cacheStatus: string) => status === 200 && cacheStatus.includes('fwd=stale');
  const unavailable = (status: number) => status === 503;
  const fresh = (status: number, cacheStatus: string) => status === 200 && !cacheStatus.includes('fwd=stale');

  it('a hang: the last good answers with their age, then 503, then recovery', async () => {
    daemon.kill('SIGSTOP');
    try {
      await pollUntil('the last answers are served as stale', stale, 15_000);
      expect((await service.get('/readyz')).status).toBe(503);
      await pollUntil('expired answers are no longer served', unavailable, 10_000);
      expect((await service.get('/livez')).status).toBe(200);
      const refused = await service.write('POST', '/provision/acestream');
      expect(refused).toMatchObject({ status: 503, body: { detail: { code: 'runtime_unavailable' } } });
    } finally {
      daemon.kill('SIGCONT');
    }
    await pollUntil('answers are fresh again', fresh, 2000);
    expect((await service.get<WireTotalStats>('/engines/stats/total')).body.container_count).toBe(1);
  });

  it('a restart during polls', async () => {
    let polling = true;
    const statuses = new Set<number>();
    const poller = (async () => {
      while (polling) {
        for (const url of POLLED) statuses.add((await service.get(url)).status);
        // Injected requests that are rejected at once would block the event loop.
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await daemon.restart();
    // Docker stops containers with the daemon, so there is no engine now.
    const isCorrectAgain = async () => {
      const { status, body, headers } = await service.get<WireTotalStats>('/engines/stats/total');
      return fresh(status, String(headers['cache-status'])) && body.container_count === 0;
    };
    await waitUntil('the answer is correct again', isCorrectAgain, 2000);
    polling = false;
    await poller;
    expect([...statuses].every((status) => status === 200 || status === 503)).toBe(true);
    const engine = await service.provision();
    expect((await service.get<WireTotalStats>('/engines/stats/total')).body.container_count).toBe(1);
    expect(engine.container_id).toMatch(/^[0-9a-f]{64}$/);
  });
});
