import { describe, expect, test } from 'vitest';
import type { WireStatus } from '../../../src/service/api/views/status.ts';
import { readStat } from '../../support/service/emulated-engine.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { Acexy, RefusedError, type Wait } from './acexy.ts';

const WAIT_MS = 15_000;

/** A service that listens on this machine. */
export interface ListeningService extends AsyncDisposable {
  url: string;
  key: string;
}

/** An infohash with this digit at its end. */
export function infohash(digit: number): string {
  return digit.toString(16).padStart(40, '0');
}

/** A client that waits until a provisioned engine serves. Waiting for another attempt fails the test. */
export function createClient(
  { url, key }: ListeningService,
  { wait: replacement, ...options }: { streamsPerEngine?: number; wait?: Wait } = {},
): Acexy {
  const wait: Wait =
    replacement ??
    (async (seconds, port) => {
      if (port === undefined) throw new Error(`unexpected wait of ${seconds} s`);
      await waitUntil('the engine serves', () => fetch(`http://localhost:${port}/`), WAIT_MS);
    });
  return new Acexy({ url, key, wait, ...options });
}

/** Reads the status of a service. */
export async function readStatus({ url }: ListeningService): Promise<WireStatus> {
  return (await (await fetch(`${url}/orchestrator/status`)).json()) as WireStatus;
}

/** Requests an engine, and returns the refusal. */
async function tryToProvision({ url, key }: ListeningService) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const reply = await fetch(`${url}/provision/acestream`, { method: 'POST', headers, body: '{}' });
  const body = (await reply.json()) as { detail: { recovery_eta_seconds: number } };
  return { status: reply.status, retryAfter: reply.headers.get('retry-after'), body };
}

/** Checks that every call of a client had status 200. */
export function expectAllGood({ calls }: Acexy): void {
  expect(calls.filter(({ status }) => status !== 200)).toEqual([]);
}

/** Tests of the client, for a service with any runtime. */
export function describeClient(
  name: string,
  start: (settings: Record<string, string>) => Promise<ListeningService>,
): void {
  describe(name, () => {
    test('plays a stream from choosing an engine to the end', async () => {
      await using service = await start({ MIN_REPLICAS: '1', COLLECT_INTERVAL_S: '0.2' });
      const healthy = async () => (await readStatus(service)).engines.healthy === 1;
      await waitUntil('the engine is healthy', healthy, WAIT_MS);
      const client = createClient(service);
      await client.updateStatus();
      const play = await client.play(infohash(1));
      expect(play.engine.host).toBe('127.0.0.1');
      expect((await readStatus(service)).capacity).toMatchObject({ total: 1, used: 1, available: 0 });
      const figures = async () => {
        const streams = (await (await fetch(`${service.url}/streams?status=started`)).json()) as {
          id: string;
          peers: number | null;
        }[];
        expect(streams.map(({ id }) => id)).toEqual([play.streamId]);
        return streams[0]!.peers !== null;
      };
      await waitUntil('the stream has figures', figures, WAIT_MS);
      await client.end(play);
      expect((await readStat(play.session)).error).toBe('unknown playback session id');
      const status = await readStatus(service);
      expect(status.capacity).toMatchObject({ total: 1, used: 0, available: 1 });
      expect(status.streams).toEqual({ active: 0, total: 1 });
      expect(client.calls.map(({ request }) => request)).toEqual([
        'GET /orchestrator/status',
        'GET /engines',
        'GET /streams',
        'POST /events/stream_started',
        'POST /events/stream_ended',
      ]);
      expectAllGood(client);
    });

    test('plays ten streams at once, on ten engines provisioned for them', async () => {
      await using service = await start({ MAX_REPLICAS: '10' });
      const client = createClient(service);
      await client.updateStatus();
      // The client reuses the list, so all ten find no engine and provision one at the same time.
      expect(await client.listEngines()).toEqual([]);
      const playing = Array.from({ length: 10 }, (_, index) => client.play(infohash(index)));
      await Promise.allSettled(playing);
      expectAllGood(client);
      const plays = await Promise.all(playing);
      expect(new Set(plays.map(({ engine }) => engine.containerId)).size).toBe(10);
      expect(new Set(plays.map(({ engine }) => engine.port)).size).toBe(10);
      const status = await readStatus(service);
      expect(status).toMatchObject({ status: 'healthy', streams: { active: 10 } });
      expect(status.capacity).toMatchObject({ total: 10, used: 10, available: 0 });
      await Promise.all(plays.map((play) => client.end(play)));
      expect((await readStatus(service)).capacity).toMatchObject({ total: 10, used: 0, available: 10 });
      expectAllGood(client);
    });

    test('is refused an engine at capacity, and plays once an engine is free', async () => {
      await using service = await start({ MAX_REPLICAS: '1' });
      const client = createClient(service);
      await client.updateStatus();
      const first = await client.play(infohash(1));
      // Another client process, which has read no list yet.
      const second = createClient(service);
      await second.updateStatus();
      expect((await readStatus(service)).provisioning.can_provision).toBe(false);
      // It is told to wait, and tries again with the next play.
      await expect(second.play(infohash(2))).rejects.toBeInstanceOf(RefusedError);
      expect(second.calls.filter(({ request }) => request.startsWith('POST'))).toEqual([]);

      // The first client read the status before it played, so it tries, and waits as long as it is told to.
      const waits: number[] = [];
      const patient = createClient(service, { wait: async (seconds) => void waits.push(seconds) });
      await patient.updateStatus();
      expect(await patient.play(infohash(2)).catch((error: unknown) => error)).toBeInstanceOf(RefusedError);
      const refused = await tryToProvision(service);
      expect(refused).toMatchObject({
        status: 503,
        body: { detail: { code: 'max_capacity', should_wait: true, can_retry: true } },
      });
      expect(refused.retryAfter).toBe(String(refused.body.detail.recovery_eta_seconds));

      await client.end(first);
      const again = await second.play(infohash(2));
      expect(again.engine.containerId).toBe(first.engine.containerId);
      await second.end(again);
      expectAllGood(second);
    });
  });
}
