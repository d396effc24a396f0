import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { WireTotalStats } from '../../../src/service/api/views/stats.ts';
import type { WireStatus } from '../../../src/service/api/views/status.ts';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { type DockerService, type Reply, startDockerService } from '../../support/docker/docker-service.ts';
import { type Dockerd, startDockerd } from '../../support/docker/dockerd.ts';
import { engineImage } from '../../support/docker/engine-image.ts';
import { waitUntil } from '../../support/wait-until.ts';

const POLLED = ['/engines/stats/total', '/orchestrator/status'];

/** Figures get old faster here than they do by default, so that the tests need not wait half a minute. */
const SETTINGS = {
  CACHE_STALE_IF_ERROR_S: '3',
  CACHE_TTL_STATS_TOTAL_S: '1',
  CACHE_TTL_ORCHESTRATOR_STATUS_S: '1',
};

describeWithDocker('a daemon that goes away', () => {
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

  /** Polls as a panel would until every route answers as wished; no answer on the way may be a wrong one. */
  async function pollUntil(
    what: string,
    wished: (status: number, cacheStatus: string) => boolean,
    timeoutMs: number,
  ) {
    const wrong: unknown[] = [];
    const once = async () => {
      const replies = await Promise.all(
        POLLED.map((url) => service.get<Partial<WireTotalStats & WireStatus>>(url)),
      );
      wrong.push(...replies.filter((reply) => !isRight(reply)));
      return replies.every(({ status, headers }) => wished(status, String(headers['cache-status'])));
    };
    await waitUntil(what, once, timeoutMs);
    expect(wrong).toEqual([]);
  }

  function isRight({ status, headers, body }: Reply<Partial<WireTotalStats & WireStatus>>): boolean {
    if (status === 503) return String(headers['content-type']).includes('application/problem+json');
    if (status !== 200) return false;
    // While Docker does not answer, its engine is neither gone nor counted as nothing.
    const isOld = String(headers['cache-status']).includes('fwd=stale');
    return !isOld || (body.container_count ?? body.engines?.running) === 1;
  }

  const stale = (status: number, cacheStatus: string) => status === 200 && cacheStatus.includes('fwd=stale');
  const unavailable = (status: number) => status === 503;
  const fresh = (status: number, cacheStatus: string) => status === 200 && !cacheStatus.includes('fwd=stale');

  it('is survived when it hangs: the last good figures with their age, then 503, then recovery', async () => {
    daemon.kill('SIGSTOP');
    try {
      await pollUntil('the last figures are served as stale', stale, 15_000);
      expect((await service.get('/readyz')).status).toBe(503);
      await pollUntil('too old figures are not served', unavailable, 10_000);
      expect((await service.get('/livez')).status).toBe(200);
      const refused = await service.write('POST', '/provision/acestream');
      expect(refused).toMatchObject({ status: 503, body: { detail: { code: 'runtime_unavailable' } } });
    } finally {
      daemon.kill('SIGCONT');
    }
    await pollUntil('answers are right again', fresh, 2000);
    expect((await service.get<WireTotalStats>('/engines/stats/total')).body.container_count).toBe(1);
  });

  it('is survived when it is stopped and started in mid-poll', async () => {
    let polling = true;
    const statuses = new Set<number>();
    const poller = (async () => {
      while (polling) {
        for (const url of POLLED) statuses.add((await service.get(url)).status);
        // Without a socket in between, refused requests alone would never let the event loop turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await daemon.restart();
    // Docker stops containers along with the daemon: what was one engine is now truly none.
    const truth = async () => {
      const { status, body, headers } = await service.get<WireTotalStats>('/engines/stats/total');
      return fresh(status, String(headers['cache-status'])) && body.container_count === 0;
    };
    await waitUntil('the truth is told again', truth, 2000);
    polling = false;
    await poller;
    expect([...statuses].every((status) => status === 200 || status === 503)).toBe(true);
    const engine = await service.provision();
    expect((await service.get<WireTotalStats>('/engines/stats/total')).body.container_count).toBe(1);
    expect(engine.container_id).toMatch(/^[0-9a-f]{64}$/);
  });
});
