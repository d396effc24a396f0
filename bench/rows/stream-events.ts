import type { WireEngine } from '../../src/service/api/views/engines.ts';
import type { Bench, Row } from '../row.ts';
import { adoptingSettings, readStatus, timeWhenCorrect, waitForEngines } from '../support/change.ts';
import { startFleet } from '../support/fleet.ts';
import { atMost, type Finding } from '../support/measure.ts';
import { getJson, startRoundhouse } from '../support/roundhouse.ts';

const LABEL = { name: 'bench.streams', value: 'yes' };
const KEY = 'bench-api-key';

export const streamEvents: Row = {
  name: 'stream-events',
  title: 'A stream starts or ends: from the event to correct API responses',
  async run(bench: Bench): Promise<Finding[]> {
    const docker = await bench.docker();
    const streams = bench.quick ? 2 : 20;
    const [engineId = ''] = await startFleet(bench.cleanup, docker, 1, LABEL);
    const settings = { ...adoptingSettings(docker, LABEL), API_KEY: KEY, COLLECT_INTERVAL_S: '3600' };
    const { url } = await startRoundhouse(bench.cleanup, settings);
    await waitForEngines(url, 1);

    async function timeEvent(path: string, event: object, active: number): Promise<[number, number]> {
      const startedAt = performance.now();
      const [, status, list] = await Promise.all([
        post(`${url}/events/${path}`, event),
        timeWhenCorrect('status', async () => (await readStatus(url)).streams.active === active),
        timeWhenCorrect('list', async () => {
          const [engine] = await getJson<WireEngine[]>(`${url}/engines`);
          return engine?.streams.length === active;
        }),
      ]);
      return [status - startedAt, list - startedAt];
    }

    const started: [number, number][] = [];
    const ended: [number, number][] = [];
    for (let number = 1; number <= streams; number += 1) {
      const id = `stream-${number}`;
      started.push(await timeEvent('stream_started', startOf(id, engineId), 1));
      ended.push(await timeEvent('stream_ended', { stream_id: id, reason: 'ended' }, 0));
    }
    const finding = (what: string, rounds: number[]): Finding => ({
      what,
      unit: 'ms',
      target: atMost(200),
      rounds,
    });
    return [
      finding(
        'started: GET /orchestrator/status',
        started.map(([status]) => status),
      ),
      finding(
        'started: GET /engines',
        started.map(([, list]) => list),
      ),
      finding(
        'ended: GET /orchestrator/status',
        ended.map(([status]) => status),
      ),
      finding(
        'ended: GET /engines',
        ended.map(([, list]) => list),
      ),
    ];
  },
};

function startOf(id: string, engineId: string): object {
  return {
    container_id: engineId,
    engine: { host: '127.0.0.1', port: 1 },
    stream: { key_type: 'content_id', key: id },
    session: { playback_session_id: id, stat_url: 'http://e/stat', command_url: 'http://e/cmd', is_live: 1 },
    labels: { stream_id: id },
  };
}

async function post(url: string, body: object): Promise<void> {
  const headers = { 'x-api-key': KEY, 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} responded with status ${response.status}`);
}
