import { describe, expect, test } from 'vitest';
import { type Facts, findProblems } from '../../src/panel/lib/problems.ts';
import type { Health, Vpn, VpnStatus } from '../../src/panel/lib/wire.ts';
import { aHealth, anEngine, aStatus, aVpn } from './fixtures.ts';

const SINCE = '2026-01-01T00:00:00.000Z';
const NONE: Facts = { status: null, health: null, vpn: null, engines: null, nodes: null, now: 0 };

function find(facts: Partial<Facts>) {
  return findProblems({ ...NONE, ...facts });
}

function vpnProblem(code: NonNullable<Vpn['problem']>['code'], connected = false): Partial<VpnStatus> {
  return { connected, problem: { code, message: 'what Gluetun said', since: SINCE, responded_at: null } };
}

describe('no problem', () => {
  test.each<[string, Partial<Facts>]>([
    ['before anything is read', {}],
    ['while everything works', { status: aStatus(), health: aHealth(), vpn: aVpn(), engines: [anEngine()] }],
    ['without a VPN', { vpn: aVpn({ enabled: false, connected: false }) }],
    [
      'without engines, if MIN_REPLICAS is 0',
      {
        status: aStatus({
          status: 'unavailable',
          engines: { total: 0, running: 0, healthy: 0, unhealthy: 0 },
          capacity: { total: 0, used: 0, available: 0, max_replicas: 20, min_replicas: 0 },
        }),
      },
    ],
  ])('%s', (_name, facts) => {
    expect(find(facts)).toEqual([]);
  });
});

test.each<[string, Partial<VpnStatus>, string, string]>([
  ['a refused key', vpnProblem('unauthorized'), 'bad', 'gluetun: 401, check GLUETUN_API_KEY'],
  [
    'a refused key of a VPN that works',
    vpnProblem('unauthorized', true),
    'warn',
    'gluetun: 401, check GLUETUN_API_KEY',
  ],
  ['a VPN that hangs', vpnProblem('no_response'), 'bad', 'gluetun: control server does not respond'],
  ['a missing container', vpnProblem('container_missing'), 'bad', 'gluetun: no such container'],
  ['a start', vpnProblem('starting'), 'warn', 'gluetun: connecting'],
])('%s has a cause, a start and an advice', (_name, fields, tone, title) => {
  const [problem] = find({ vpn: aVpn(fields) });
  expect(problem).toMatchObject({ tone, title, cause: 'what Gluetun said', since: Date.parse(SINCE) });
  expect(problem!.advice).not.toBe('');
});

test('one of two VPNs that is down is a warning, two are worse', () => {
  const up = { ...aVpn(), mode: 'single' as const };
  const down = { ...up, ...vpnProblem('unhealthy'), container: 'second' } as Vpn;
  const [one] = find({ vpn: aVpn({ mode: 'redundant', vpn1: up, vpn2: down }) });
  expect(one).toMatchObject({ tone: 'warn', title: 'second: not connected' });
  const both = find({ vpn: aVpn({ connected: false, vpn1: { ...down, container: 'first' }, vpn2: down }) });
  expect(both.map(({ tone, title }) => [tone, title])).toEqual([
    ['bad', 'first: not connected'],
    ['bad', 'second: not connected'],
  ]);
});

test('engines that do not respond are named, with the earliest start', () => {
  const engines = ['4', '2', '3', '1'].map((hour) =>
    anEngine({
      container_name: `engine-${hour}`,
      health_status: 'unhealthy',
      health_since: `2026-01-01T0${hour}:00:00Z`,
    }),
  );
  const status = aStatus({ engines: { total: 5, running: 5, healthy: 1, unhealthy: 4 } });
  expect(find({ status, engines })[0]).toMatchObject({
    tone: 'warn',
    title: '4 of 5 engines not responding',
    cause: 'engine-4, engine-2, engine-3 and 1 more',
    since: Date.parse('2026-01-01T01:00:00Z'),
    href: '#/engines?health=unhealthy',
  });
});

test('no engine after a failed start has the cause of that failure', () => {
  const { provisioning } = aStatus();
  const status = aStatus({
    engines: { total: 0, running: 0, healthy: 0, unhealthy: 0 },
    provisioning: { ...provisioning, last_failure: SINCE, last_failure_reason: 'no such image' },
  });
  const [problem] = find({ status });
  expect(problem).toMatchObject({ tone: 'bad', title: 'No engines running', cause: 'no such image' });
  // The VPN is the cause of what follows from it.
  const [first, ...others] = find({ status, vpn: aVpn(vpnProblem('unhealthy')) });
  expect(first?.title).toBe('gluetun: not connected');
  expect(others).toEqual([]);
});

test('the worst problem comes first', () => {
  const { provisioning } = aStatus();
  const health = aHealth({
    runtime: {
      ...aHealth().runtime,
      available: false,
      unavailable_since: SINCE,
      unavailable_reason: 'connect ENOENT /var/run/docker.sock',
    },
    cluster: { redis: 'away', redis_away_since: SINCE, leading: false },
  } satisfies Partial<Health>);
  const status = aStatus({
    provisioning: {
      ...provisioning,
      circuit_breaker_state: 'open',
      last_failure_reason: 'no space left on device',
      breaker_opened_at: SINCE,
    },
  });
  const problems = find({ health, status, vpn: aVpn(vpnProblem('starting')) });
  expect(problems.map(({ id, tone }) => [id, tone])).toEqual([
    ['runtime', 'bad'],
    ['vpn gluetun', 'warn'],
    ['breaker', 'warn'],
    ['redis', 'warn'],
  ]);
  expect(problems[0]!.cause).toBe('connect ENOENT /var/run/docker.sock');
  expect(problems[2]).toMatchObject({ cause: 'no space left on device', since: Date.parse(SINCE) });
});

test('emulated engines instead of Docker are a warning', () => {
  const fallback = { emulated: true, docker_responds: false, message: 'No Docker daemon responds' };
  const health = aHealth({ runtime: { ...aHealth().runtime, name: 'process', fallback } });
  expect(find({ health })).toMatchObject([{ tone: 'warn', title: 'Engines are emulated and play nothing' }]);
});
