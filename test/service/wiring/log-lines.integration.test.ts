import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startFakeApp } from '../../support/service/app.ts';
import { waitUntil } from '../../support/wait-until.ts';

test('each event is one line of the log at info, and polls are none', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line).msg) });
  await using app = await startFakeApp({ logger });
  lines.length = 0;
  const { id } = app.runtime.start();
  await waitUntil('the engine', async () => (await app.get('/engines')).body.length === 1, 10_000);
  const stream = {
    container_id: id,
    engine: { host: '127.0.0.1', port: 1 },
    stream: { key_type: 'infohash', key: 'abc' },
    session: {
      playback_session_id: 's',
      stat_url: 'http://127.0.0.1:1/',
      command_url: 'http://127.0.0.1:1/',
      is_live: 1,
    },
  };
  await app.post('/events/stream_started', stream);
  for (let poll = 0; poll < 3; poll += 1)
    for (const path of ['/engines', '/orchestrator/status', '/streams', '/events', '/vpn/status', '/health'])
      await app.get(path);
  app.runtime.stop(id);
  await waitUntil('the end', async () => (await app.get('/engines')).body.length === 0, 10_000);
  const name = `Engine ${id.slice(0, 12)}`;
  expect(lines).toEqual([
    `${name} is running`,
    'Stream started',
    `${name} is no longer running`,
    'Stream ended: its engine stopped',
  ]);
});
