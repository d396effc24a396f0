import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ServiceClient } from '../../src/panel/lib/service-client.ts';
import { Store } from '../../src/panel/lib/store.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { anEngine, aStatus, hang, json } from './fixtures.ts';

const ALL = { type: 'snapshot', keys: ['*'] };

let clock: FakeClock;
let requests: string[];
let responses: Record<string, (init: RequestInit) => Response | Promise<Response>>;
let intervalS: Store<number>;
let client: ServiceClient;
beforeEach(() => {
  clock = new FakeClock();
  requests = [];
  intervalS = new Store(5);
  responses = {
    'GET orchestrator/status': () => json(aStatus()),
    'GET engines': () => json([anEngine()]),
    'GET cache/stats': () => json({ entries: [] }),
  };
  client = new ServiceClient({
    base: '',
    clock,
    intervalS,
    lastVisit: { eventId: null, save() {} },
    fetch: async (url, init = {}) => {
      const name = `${init.method ?? 'GET'} ${url}`;
      requests.push(name);
      const respond = responses[name];
      if (!respond) throw new TypeError('Failed to fetch');
      return await respond(init);
    },
  });
});
afterEach(() => client.live.stop());

test('whether the browser is logged in is read again when the service responds again, until it is known', async () => {
  responses['GET engines'] = () => Promise.reject(new TypeError('Failed to fetch'));
  client.resources.engines.watch();
  await settle();
  expect(client.unreachableSince.value).not.toBeNull();
  responses['GET engines'] = () => json([anEngine()]);
  responses['GET session'] = () => json({ logged_in: true, reads_need_key: false });
  await clock.advanceAsync(60_000);
  expect([client.unreachableSince.value, client.apiKey.loggedIn.value]).toEqual([null, true]);
  expect(countOf('GET session')).toBe(1);
});

/** How often a request was sent. */
const countOf = (name: string) => requests.filter((request) => request === name).length;

describe('a live notice', () => {
  test('causes a read of the watched resources that it affects, and of no others', async () => {
    client.resources.engines.watch();
    client.resources.status.watch();
    client.resources.vpn.watch();
    await clock.advanceAsync(1000);
    requests.length = 0;
    client.resources.onNotice({
      type: 'engine_stopped',
      keys: ['engines:*', 'stats:*', 'orchestrator:status'],
    });
    await settle();
    expect(requests.sort()).toEqual(['GET engines', 'GET orchestrator/status']);
    client.resources.onNotice({ type: 'stream_started', keys: [] });
    await clock.advanceAsync(300);
    expect(requests).toHaveLength(2);
  });

  test('causes a read of the event log if it is watched', async () => {
    client.resources.events.watch();
    client.resources.streams.watch();
    await clock.advanceAsync(1000);
    requests.length = 0;
    client.resources.onNotice({ type: 'vpn_changed', keys: ['vpn:*'] });
    await settle();
    expect(requests).toEqual(['GET events?limit=40']);
  });
});

test('a series is read at most once per point', async () => {
  intervalS.value = 2;
  responses['GET stats/history?window_s=3600'] = () => json({ interval_s: 9, t: [] });
  client.resources.series(3600).watch();
  expect(client.resources.series(3600)).toBe(client.resources.series(3600));
  await clock.advanceAsync(36_500);
  expect(countOf('GET stats/history?window_s=3600')).toBe(5);
});

test('a new polling interval applies to all watched resources', async () => {
  client.resources.engines.watch();
  client.resources.status.watch();
  await clock.advanceAsync(4000);
  intervalS.value = 2;
  await settle();
  expect([countOf('GET engines'), countOf('GET orchestrator/status')]).toEqual([2, 2]);
});

describe('a service that does not respond', () => {
  test('is reported from the first failure until the next response', async () => {
    client.resources.engines.watch();
    await settle();
    const respond = responses['GET engines']!;
    delete responses['GET engines'];
    await clock.advanceAsync(5000);
    const since = clock.now();
    expect(client.unreachableSince.value).toBe(since);
    await clock.advanceAsync(10_000);
    expect(client.unreachableSince.value).toBe(since);
    expect(client.resources.engines.state.value.value).toHaveLength(1);
    responses['GET engines'] = respond;
    await clock.advanceAsync(5000);
    expect(client.unreachableSince.value).toBeNull();
  });

  test('is not reported for an error status or a single timeout', async () => {
    responses['GET engines'] = () => json({ code: 'runtime_unavailable' }, 503);
    responses['GET orchestrator/status'] = hang;
    client.resources.engines.watch();
    client.resources.status.watch();
    await clock.advanceAsync(10_000);
    expect(client.unreachableSince.value).toBeNull();
    expect(client.resources.status.state.value.error).toMatchObject({ message: 'The request timed out' });
  });

  test('is also detected by the live connection, whose return causes a read of everything', async () => {
    intervalS.value = 60;
    client.resources.engines.watch();
    await settle();
    client.setHidden(false);
    await clock.advanceAsync(100);
    expect(client.unreachableSince.value).not.toBeNull();
    const snapshot = `event: snapshot\ndata: ${JSON.stringify(ALL)}\n\n`;
    responses['GET events/live'] = () => new Response(snapshot);
    await clock.advanceAsync(2300);
    expect(client.unreachableSince.value).toBeNull();
    expect(countOf('GET engines')).toBe(2);
  });
});

test('a hidden tab sends no requests and has no live connection', async () => {
  client.apiKey.loggedIn.value = false;
  client.resources.engines.watch();
  client.setHidden(false);
  await clock.advanceAsync(1000);
  client.setHidden(true);
  await settle();
  requests.length = 0;
  await clock.advanceAsync(600_000);
  expect(requests).toEqual([]);
  client.setHidden(false);
  await settle();
  expect(requests.sort()).toEqual(['GET engines', 'GET events/live']);
});

test('reports that reads require the key, and reads again once it is entered', async () => {
  responses['GET engines'] = () =>
    client.apiKey.loggedIn.value ? json([anEngine()]) : json({ code: 'missing_key' }, 401);
  responses['POST session'] = () => json({ logged_in: true, reads_need_key: true });
  client.resources.engines.watch();
  await settle();
  expect(client.keyRequired.value).toBe(true);
  await client.apiKey.logIn({ key: 'k', remember: false });
  await clock.advanceAsync(300);
  expect(client.resources.engines.state.value.value).toHaveLength(1);
  expect(client.keyRequired.value).toBe(false);
});

describe('an operation', () => {
  const texts = () => client.operations.list.value.map(({ state, text }) => `${state}: ${text}`);
  beforeEach(() => {
    client.apiKey.loggedIn.value = true;
  });

  test('provisions an engine and ends when it is healthy', async () => {
    const starting = anEngine({ container_id: 'n', container_name: 'new', health_status: 'unknown' });
    responses['POST provision/acestream'] = () => json({ container_id: 'n', container_name: 'new' });
    responses['GET engines'] = () => json([starting]);
    const done = client.operations.provision({ team: 'a' });
    expect(texts()).toEqual(['running: Provisioning an engine']);
    await clock.advanceAsync(1000);
    expect(texts()).toEqual(['running: new is starting']);
    responses['GET engines'] = () => json([{ ...starting, health_status: 'healthy' }]);
    await clock.advanceAsync(5000);
    await done;
    expect(texts()).toEqual(['done: new is healthy']);
    await clock.advanceAsync(6000);
    expect(texts()).toEqual([]);
    requests.length = 0;
    await clock.advanceAsync(60_000);
    expect(requests).toEqual([]);
  });

  test('shows the message of an error', async () => {
    const detail = { error: 'provisioning_blocked', message: 'All 3 engines are running' };
    responses['POST provision/acestream'] = () => json({ code: 'provisioning_blocked', detail }, 503);
    await client.operations.provision({});
    expect(texts()).toEqual(['failed: Provisioning an engine: All 3 engines are running']);
  });

  test('scales, shows the progress and fails at the timeout', async () => {
    responses['POST scale/3'] = () => json({ scaled_to: 3 });
    const done = client.operations.scale(3);
    await clock.advanceAsync(100);
    expect(client.operations.list.value).toMatchObject([{ text: 'Scaling: 1 of 3 engines', progress: 0 }]);
    responses['GET engines'] = () => json([anEngine(), anEngine()]);
    await clock.advanceAsync(5000);
    expect(client.operations.list.value).toMatchObject([{ text: 'Scaling: 2 of 3 engines', progress: 0.5 }]);
    await clock.advanceAsync(130_000);
    await done;
    expect(texts()[0]).toMatch(/^failed: Scaling to 3 engines timed out/);
  });

  test('deletes an engine and clears the cache', async () => {
    responses['DELETE engines/x%2F1'] = () => json({ deleted: 'x/1' });
    responses['POST cache/clear'] = () => json({ cleared: 1 });
    await client.operations.deleteEngines([anEngine({ container_id: 'x/1', container_name: 'x' })]);
    await client.operations.clearCache('stats:*');
    expect(texts()).toEqual(['done: x deleted', 'done: 1 entry cleared']);
  });

  test('is removed from the list if the user cancels the prompt', async () => {
    client.apiKey.loggedIn.value = false;
    const done = client.operations.clearCache('');
    await settle();
    client.apiKey.prompt.value!.answer(null);
    await done;
    expect(texts()).toEqual([]);
    expect(requests).toEqual([]);
  });
});
