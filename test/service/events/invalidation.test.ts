import { expect, test } from 'vitest';
import { Cache, cacheKey, matchGlob } from '../../../src/library/cache/index.ts';
import { ANSWER_KEYS } from '../../../src/service/api/answers.ts';
import { type DomainEvent, EventBus } from '../../../src/service/events/events.ts';
import { connectInvalidation, INVALIDATED_KEYS } from '../../../src/service/events/invalidation.ts';
import { VPN_STATE_KEY } from '../../../src/service/vpn/state-cache.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Every cache key of the application. */
const KEYS = {
  engines: ANSWER_KEYS.engines,
  statsAll: ANSWER_KEYS.statsAll,
  statsTotal: ANSWER_KEYS.statsTotal,
  statsOfA: ANSWER_KEYS.statsOf('a'),
  statsOfB: ANSWER_KEYS.statsOf('b'),
  status: ANSWER_KEYS.status,
  nodes: ANSWER_KEYS.nodes,
  vpn: VPN_STATE_KEY,
  // Facts from the VPN's control server; see src/service/vpn/control-facts.ts.
  vpnPort: cacheKey('vpn', 'port', 'container', 1),
  vpnAddress: cacheKey('vpn', 'publicip', 'container', 1),
  apps: 'apps:list',
  sessions: 'browser:sessions',
  profiles: 'profiles:list',
};
type KeyName = keyof typeof KEYS;

const STATS: KeyName[] = ['statsAll', 'statsTotal', 'statsOfA', 'statsOfB'];
const ALL = Object.keys(KEYS) as KeyName[];

const APP = { workspace: 'w', appId: 'a' };

/** The keys that must be invalidated by each event. */
const EXPECTED: { [T in DomainEvent['type']]: [Extract<DomainEvent, { type: T }>, KeyName[]] } = {
  engine_started: [{ type: 'engine_started', engineId: 'a' }, ['engines', 'nodes', 'status', ...STATS]],
  engine_stopped: [
    { type: 'engine_stopped', engineId: 'a', reason: 'gone' },
    ['engines', 'nodes', 'status', ...STATS],
  ],
  engine_changed: [
    {
      type: 'engine_changed',
      engineId: 'a',
      change: 'health',
      health: 'healthy',
      deleting: false,
      forwarded: false,
      paused: false,
    },
    ['engines', 'status'],
  ],
  settings_changed: [{ type: 'settings_changed', names: 'MIN_REPLICAS' }, ['status']],
  app_installed: [{ type: 'app_installed', ...APP, version: null }, ['apps']],
  app_uninstalled: [{ type: 'app_uninstalled', ...APP }, ['apps', 'sessions']],
  app_warmed: [{ type: 'app_warmed', ...APP, succeeded: true }, ['apps']],
  profile_changed: [
    { type: 'profile_changed', user: 'w', profile: 'alice', change: 'deleted' },
    ['profiles'],
  ],
  app_cache_cleared: [{ type: 'app_cache_cleared', ...APP }, ['apps']],
  session_changed: [
    { type: 'session_changed', sessionId: 's', status: 'running', ...APP },
    ['apps', 'sessions', 'profiles'],
  ],
  node_changed: [
    {
      ...{ type: 'node_changed', nodeId: 'n', name: 'node1' },
      ...{ state: 'down', availability: 'active', agent: 'unreachable' },
    },
    ['nodes', ...STATS],
  ],
  managers_changed: [{ type: 'managers_changed', reason: 'no leader' }, []],
  runtime_connected: [{ type: 'runtime_connected' }, ALL],
  runtime_disconnected: [
    { type: 'runtime_disconnected', reason: 'x' },
    ['engines', 'nodes', 'status', 'vpn', ...STATS],
  ],
  vpn_changed: [
    { type: 'vpn_changed', vpn: 'a', connected: true },
    ['vpn', 'vpnPort', 'vpnAddress', 'status'],
  ],
  vpn_emergency: [
    { type: 'vpn_emergency', active: true, failedVpn: 'a', healthyVpn: null },
    ['vpn', 'vpnPort', 'vpnAddress', 'status'],
  ],
  vpn_restarted: [{ type: 'vpn_restarted', vpn: 'a' }, ['vpn', 'vpnPort', 'vpnAddress', 'status']],
  breaker_changed: [{ type: 'breaker_changed', breaker: 'general', state: 'open' }, ['status']],
  stream_started: [{ type: 'stream_started', streamId: 's', engineId: 'a' }, ['engines', 'nodes', 'status']],
  stream_ended: [
    { type: 'stream_ended', streamId: 's', engineId: null, reason: null },
    ['engines', 'nodes', 'status'],
  ],
  leadership_changed: [{ type: 'leadership_changed', leading: true, term: 1 }, []],
  streams_restored: [{ type: 'streams_restored', started: 1 }, ['engines', 'nodes', 'status']],
};

async function readAnew(cache: Cache): Promise<KeyName[]> {
  const loaded: KeyName[] = [];
  for (const name of ALL) {
    await cache.getOrLoad(KEYS[name], () => loaded.push(name), { ttlS: 60 });
  }
  return loaded;
}

test.each(Object.entries(EXPECTED))(
  '%s invalidates the keys that depend on it and no others',
  async (_, [event, stale]) => {
    const bus = new EventBus();
    using cache = new Cache({ clock: new FakeClock() });
    connectInvalidation(bus, cache);
    expect(await readAnew(cache)).toEqual(ALL);
    expect(await readAnew(cache)).toEqual([]);
    bus.publish(event);
    expect((await readAnew(cache)).sort()).toEqual([...stale].sort());
    expect(await readAnew(cache)).toEqual([]);
  },
);

test('every event of the table is tested, and every pattern in it matches a key', () => {
  expect(Object.keys(EXPECTED).sort()).toEqual(Object.keys(INVALIDATED_KEYS).sort());
  for (const pattern of Object.values(INVALIDATED_KEYS).flat()) {
    const matched = Object.values(KEYS).filter((key) => matchGlob(pattern, key));
    expect([pattern, matched.length]).toEqual([pattern, expect.toSatisfy((count) => count > 0)]);
  }
});

test('a listener that reads after an event gets current values', async () => {
  const bus = new EventBus();
  using cache = new Cache({ clock: new FakeClock() });
  connectInvalidation(bus, cache);
  await readAnew(cache);
  let seen: unknown = 'nothing';
  bus.subscribe(() => {
    seen = cache.get(KEYS.status);
  });
  bus.publish({ type: 'breaker_changed', breaker: 'general', state: 'open' });
  expect(seen).toBeUndefined();
});

test('a disconnected cache is not invalidated', async () => {
  const bus = new EventBus();
  using cache = new Cache({ clock: new FakeClock() });
  const disconnect = connectInvalidation(bus, cache);
  await readAnew(cache);
  disconnect();
  bus.publish({ type: 'runtime_connected' });
  expect(await readAnew(cache)).toEqual([]);
});
