import { describe, expect, test, vi } from 'vitest';
import { startFakeApp, type TestApp } from '../../support/service/app.ts';
import { waitUntil } from '../../support/wait-until.ts';

// All of this is slow on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const STREAM = {
  engine: { host: '127.0.0.1', port: 1 },
  stream: { key_type: 'infohash', key: '0'.repeat(40) },
  session: {
    playback_session_id: 'session-1',
    stat_url: 'http://127.0.0.1:1/stat',
    command_url: 'http://127.0.0.1:1/cmd',
    is_live: 1,
  },
};

async function startStream(app: TestApp) {
  expect((await app.post('/events/stream_started', STREAM)).statusCode).toBe(200);
}

/** Each with an action that changes its representation. */
const READS: [string, (app: TestApp) => unknown][] = [
  ['/streams', startStream],
  ['/streams?status=started', startStream],
  ['/events?limit=40', startStream],
  ['/health/status', (app) => app.post('/provision/acestream')],
];

/** Reads until the second response is 304: the event log records the start asynchronously. */
function readTwice(app: TestApp, url: string) {
  const read = async () => {
    const { headers } = await app.get(url);
    const known = { 'if-none-match': `"other", ${headers.etag}` };
    const same = await app.get(url, known);
    return same.statusCode === 304 && { known, headers, same };
  };
  return waitUntil(`GET ${url} responds with 304`, read, 10_000);
}

describe.each(READS)('GET %s', (url, change) => {
  test('responds with 304 until its representation changes', async () => {
    await using app = await startFakeApp();
    const { known, headers, same } = await readTwice(app, url);
    expect(headers['cache-control']).toBe('private, no-cache');
    expect([same.text, same.headers.etag]).toEqual(['', headers.etag]);
    expect(same.headers['content-type']).toBeUndefined();
    expect(same.headers['x-content-type-options']).toBe('nosniff');
    await change(app);
    const next = await app.get(url, known);
    expect(next.statusCode).toBe(200);
    expect(next.headers.etag).not.toBe(headers.etag);
    expect(next.body).toBeDefined();
  });

  test('has the same entity tag for HEAD', async () => {
    await using app = await startFakeApp();
    const { headers } = await readTwice(app, url);
    const head = await app.request('HEAD', url);
    expect([head.statusCode, head.text, head.headers.etag]).toEqual([200, undefined, headers.etag]);
    const same = await app.request('HEAD', url, { headers: { 'if-none-match': headers.etag! } });
    expect([same.statusCode, same.text, same.headers.etag]).toEqual([304, undefined, headers.etag]);
  });
});

test('an error response has no entity tag', async () => {
  await using app = await startFakeApp();
  const { statusCode, headers } = await app.get('/streams?status=other', { 'if-none-match': '*' });
  expect([statusCode, headers.etag]).toEqual([400, undefined]);
});
