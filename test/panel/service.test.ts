import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Service } from '../../src/panel/lib/service.ts';
import { Store } from '../../src/panel/lib/store.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { anEngine, aStatus, FakeMemory, json } from './support.ts';

const ALL = { type: 'snapshot', keys: ['*'] };

let clock: FakeClock;
let asked: string[];
let answers: Record<string, () => Response | Promise<Response>>;
let intervalS: Store<number>;
let memory: FakeMemory;
let service: Service;
beforeEach(() => {
  clock = new FakeClock();
  asked = [];
  intervalS = new Store(5);
  memory = new FakeMemory();
  answers = {
    'GET orchestrator/status': () => json(aStatus()),
    'GET engines': () => json([anEngine()]),
    'GET cache/stats': () => json({ entries: [] }),
  };
  service = new Service({
    base: '',
    clock,
    memory,
    intervalS,
    fetch: async (url, init) => {
      const name = `${init?.method ?? 'GET'} ${url}`;
      asked.push(name);
      const answer = answers[name];
      if (!answer) throw new TypeError('Failed to fetch');
      return await answer();
    },
  });
});
afterEach(() => service.live.stop());

const askedFor = (name: string) => asked.filter((one) => one === name).length;

describe('notices', () => {
  test('make it ask again for what they are about, of what is shown, and for nothing else', async () => {
    service.feeds.engines.watch();
    service.feeds.status.watch();
    service.feeds.vpn.watch();
    await clock.advanceAsync(1000);
    asked.length = 0;
    service.feeds.take({ type: 'engine_stopped', keys: ['engines:*', 'stats:*', 'orchestrator:status'] });
    await settle();
    expect(asked.sort()).toEqual(['GET engines', 'GET orchestrator/status']);
    service.feeds.take({ type: 'stream_started', keys: [] });
    await clock.advanceAsync(300);
    expect(asked).toHaveLength(2);
  });

  test('come with the event that they are of: the log is read again if it is shown', async () => {
    service.feeds.events.watch();
    service.feeds.streams.watch();
    await clock.advanceAsync(1000);
    asked.length = 0;
    service.feeds.take({ type: 'vpn_changed', keys: ['vpn:*'] });
    await settle();
    expect(asked).toEqual(['GET events?limit=40']);
  });
});

test('figures over time are asked for no oftener than they gain a point', async () => {
  intervalS.value = 2;
  answers['GET stats/history?window_s=3600'] = () => json({ interval_s: 9, t: [] });
  service.feeds.history(3600).watch();
  expect(service.feeds.history(3600)).toBe(service.feeds.history(3600));
  await clock.advanceAsync(36_500);
  expect(askedFor('GET stats/history?window_s=3600')).toBe(5);
});

test('a change of the interval holds for all that is shown', async () => {
  service.feeds.engines.watch();
  service.feeds.status.watch();
  await clock.advanceAsync(4000);
  intervalS.value = 2;
  await settle();
  expect([askedFor('GET engines'), askedFor('GET orchestrator/status')]).toEqual([2, 2]);
});

describe('a service that is away', () => {
  test('is told of from the first failure, and no longer once anything answers', async () => {
    service.feeds.engines.watch();
    await settle();
    const answer = answers['GET engines']!;
    delete answers['GET engines'];
    await clock.advanceAsync(5000);
    const since = clock.now();
    expect(service.awaySince.value).toBe(since);
    await clock.advanceAsync(10_000);
    expect(service.awaySince.value).toBe(since);
    expect(service.feeds.engines.state.value.value).toHaveLength(1);
    answers['GET engines'] = answer;
    await clock.advanceAsync(5000);
    expect(service.awaySince.value).toBeNull();
  });

  test('is not one that refuses, or takes long over one answer', async () => {
    answers['GET engines'] = () => json({ code: 'runtime_unavailable' }, 503);
    answers['GET orchestrator/status'] = () => Promise.reject(new DOMException('late', 'TimeoutError'));
    service.feeds.engines.watch();
    service.feeds.status.watch();
    await clock.advanceAsync(5000);
    expect(service.awaySince.value).toBeNull();
    expect(service.feeds.status.state.value.error).toMatchObject({ message: 'It took too long to answer' });
  });

  test('is noticed by the live notices too, and their return asks for everything', async () => {
    intervalS.value = 60;
    service.feeds.engines.watch();
    await settle();
    service.setHidden(false);
    await clock.advanceAsync(100);
    expect(service.awaySince.value).not.toBeNull();
    const snapshot = `event: snapshot\ndata: ${JSON.stringify(ALL)}\n\n`;
    answers['GET events/live'] = () => new Response(snapshot);
    await clock.advanceAsync(2300);
    expect(service.awaySince.value).toBeNull();
    expect(askedFor('GET engines')).toBe(2);
  });
});

test('a hidden tab asks nothing and holds no connection', async () => {
  service.feeds.engines.watch();
  service.setHidden(false);
  await clock.advanceAsync(1000);
  service.setHidden(true);
  await settle();
  asked.length = 0;
  await clock.advanceAsync(600_000);
  expect(asked).toEqual([]);
  service.setHidden(false);
  await settle();
  expect(asked.sort()).toEqual(['GET engines', 'GET events/live']);
});

test('where reads need the key it says so, and reads on once the key is given', async () => {
  answers['GET engines'] = () =>
    service.keys.key.value === 'k' ? json([anEngine()]) : json({ code: 'missing_key' }, 401);
  service.feeds.engines.watch();
  await settle();
  expect(service.locked.value).toBe(true);
  void service.keys.ask();
  service.keys.question.value!.answer('k');
  await clock.advanceAsync(300);
  expect(service.feeds.engines.state.value.value).toHaveLength(1);
  expect(service.locked.value).toBe(false);
});

describe('what is asked of the service', () => {
  const texts = () => service.operations.list.value.map(({ state, text }) => `${state}: ${text}`);
  beforeEach(() => {
    memory.setItem('roundhouse-key', 'k');
    service.keys.key.value = 'k';
  });

  test('provisioning is followed until the engine is healthy', async () => {
    const starting = anEngine({ container_id: 'n', container_name: 'new', health_status: 'unknown' });
    answers['POST provision/acestream'] = () => json({ container_id: 'n', container_name: 'new' });
    answers['GET engines'] = () => json([starting]);
    const done = service.operations.provision({ team: 'a' });
    expect(texts()).toEqual(['running: Asking for an engine']);
    await clock.advanceAsync(1000);
    expect(texts()).toEqual(['running: new is starting']);
    answers['GET engines'] = () => json([{ ...starting, health_status: 'healthy' }]);
    await clock.advanceAsync(5000);
    await done;
    expect(texts()).toEqual(['done: new is healthy']);
    await clock.advanceAsync(6000);
    expect(texts()).toEqual([]);
    asked.length = 0;
    await clock.advanceAsync(60_000);
    expect(asked).toEqual([]);
  });

  test('a refusal is told in its own words', async () => {
    const detail = { error: 'provisioning_blocked', message: 'All 3 engines are there' };
    answers['POST provision/acestream'] = () => json({ code: 'provisioning_blocked', detail }, 503);
    await service.operations.provision({});
    expect(texts()).toEqual(['failed: Asking for an engine: All 3 engines are there']);
  });

  test('scaling tells how far it has come, and that it does not', async () => {
    answers['POST scale/3'] = () => json({ scaled_to: 3 });
    const done = service.operations.scale(3);
    await clock.advanceAsync(100);
    expect(service.operations.list.value).toMatchObject([{ text: '1 of 3 engines are there', progress: 0 }]);
    answers['GET engines'] = () => json([anEngine(), anEngine()]);
    await clock.advanceAsync(5000);
    expect(service.operations.list.value).toMatchObject([
      { text: '2 of 3 engines are there', progress: 0.5 },
    ]);
    await clock.advanceAsync(130_000);
    await done;
    expect(texts()[0]).toMatch(/^failed: It has not come to 3 engines/);
  });

  test('deleting and clearing are done when they are answered', async () => {
    answers['DELETE engines/x%2F1'] = () => json({ deleted: 'x/1' });
    answers['POST cache/clear'] = () => json({ cleared: 1 });
    await service.operations.remove(anEngine({ container_id: 'x/1', container_name: 'x' }));
    await service.operations.clearCache('stats:*');
    expect(texts()).toEqual(['done: x is deleted', 'done: 1 entry cleared']);
  });

  test('what is called off leaves nothing behind', async () => {
    service.keys.forget();
    const done = service.operations.clearCache('');
    service.keys.question.value!.answer(null);
    await done;
    expect(texts()).toEqual([]);
    expect(asked).toEqual([]);
  });
});
