import { expect, test } from 'vitest';
import { type StatusInput, toWireStatus } from '../../../../src/service/api/views/status.ts';
import type { Blocked } from '../../../../src/service/engines/blocked.ts';
import { type Engine, newEngine } from '../../../../src/service/engines/engine.ts';
import { FakeRuntime } from '../../../support/service/fake-runtime.ts';

const NOW = new Date('2026-11-21T10:00:00.000Z');

function engine(change: Partial<Engine> = {}): Engine {
  return { ...newEngine(new FakeRuntime().startSilently(), NOW.getTime()), ...change };
}

function blocked(code: Blocked['code']): Blocked {
  return { code, message: `because of ${code}`, recoveryEtaS: 5, canRetry: true, shouldWait: true };
}

const FACTS: StatusInput = {
  engines: [engine({ health: 'healthy' })],
  streams: { active: 0, total: 0, engineIds: new Set() },
  vpn: { enabled: true, connected: true, health: 'healthy', container: 'gluetun', forwarded_port: 5914 },
  breaker: {
    state: 'closed',
    failureCount: 0,
    failureThreshold: 5,
    lastFailureTime: null,
    lastSuccessTime: null,
    lastFailureReason: null,
    openedTime: null,
    recoveryTimeoutS: 300,
    recoveryEtaS: 0,
  },
  blocked: null,
  limits: { minReplicas: 1, maxReplicas: 20 },
  config: { auto_delete: false, grace_period_s: 30, engine_variant: 'fake', debug_mode: false },
  now: NOW,
};

test('has every field of the contract', () => {
  const engines = [
    engine({ health: 'healthy' }),
    engine({ health: 'unhealthy' }),
    engine({ health: 'unknown', startedAt: null }),
  ];
  const streams = { active: 2, total: 7, engineIds: new Set([engines[0]!.id]) };
  expect(toWireStatus({ ...FACTS, engines, streams })).toEqual({
    status: 'healthy',
    engines: { total: 3, running: 2, healthy: 1, unhealthy: 1 },
    streams: { active: 2, total: 7 },
    capacity: { total: 3, used: 1, available: 2, max_replicas: 20, min_replicas: 1 },
    vpn: FACTS.vpn,
    provisioning: {
      can_provision: true,
      circuit_breaker_state: 'closed',
      last_failure: null,
      last_failure_reason: null,
      breaker_opened_at: null,
      blocked_reason: null,
      blocked_reason_details: null,
    },
    config: FACTS.config,
    timestamp: '2026-11-21T10:00:00.000Z',
  });
});

const running = [engine()];
const starting = [engine({ startedAt: null })];
test.each([
  ['a running engine', running, null, 'healthy'],
  ['a running engine, at capacity', running, blocked('max_capacity'), 'healthy'],
  ['a running engine, the VPN down', running, blocked('vpn_disconnected'), 'degraded'],
  ['a running engine, the breaker open', running, blocked('circuit_breaker'), 'degraded'],
  ['no engine', [], null, 'unavailable'],
  ['no engine, the VPN down', [], blocked('vpn_disconnected'), 'unavailable'],
  ['no engine but one that starts', starting, null, 'unavailable'],
])('with %s: %s', (_, engines, block, status) => {
  expect(toWireStatus({ ...FACTS, engines, blocked: block }).status).toBe(status);
});

test('a block has a message and details', () => {
  const { provisioning } = toWireStatus({ ...FACTS, blocked: blocked('circuit_breaker') });
  expect(provisioning).toMatchObject({
    can_provision: false,
    blocked_reason: 'because of circuit_breaker',
    blocked_reason_details: {
      code: 'circuit_breaker',
      message: 'because of circuit_breaker',
      recovery_eta_seconds: 5,
      can_retry: true,
      should_wait: true,
    },
  });
});

test('the last failure has a time', () => {
  const breaker = { ...FACTS.breaker, state: 'open' as const, lastFailureTime: NOW.getTime() };
  expect(toWireStatus({ ...FACTS, breaker }).provisioning).toMatchObject({
    circuit_breaker_state: 'open',
    last_failure: '2026-11-21T10:00:00.000Z',
  });
});

test('streams of engines that do not exist use no capacity', () => {
  const streams = { active: 3, total: 3, engineIds: new Set([running[0]!.id, 'gone', 'never-was']) };
  expect(toWireStatus({ ...FACTS, engines: running, streams }).capacity).toMatchObject({
    total: 1,
    used: 1,
    available: 0,
  });
});
