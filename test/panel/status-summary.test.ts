import { expect, test } from 'vitest';
import { describeBreaker, summarizeStatus } from '../../src/panel/lib/status-summary.ts';
import type { Status } from '../../src/panel/lib/wire.ts';
import { aStatus } from './fixtures.ts';

type BlockedReason = NonNullable<Status['provisioning']['blocked_reason_details']>;

const { capacity, provisioning } = aStatus();

function blockedReason(code: BlockedReason['code']): BlockedReason {
  return { code, message: '', recovery_eta_seconds: null, can_retry: false, should_wait: true };
}

const noEngines: Partial<Status> = {
  status: 'unavailable',
  engines: { total: 0, running: 0, healthy: 0, unhealthy: 0 },
};

test.each<[string, Partial<Status>, string, string, string]>([
  ['healthy', {}, 'good', 'All systems operational', '3 of 3 engines healthy, 2 available for streams.'],
  [
    'all starting',
    { engines: { total: 1, running: 1, healthy: 0, unhealthy: 0 } },
    'idle',
    'Engines are starting',
    '0 of 1 engine healthy, 1 starting, 2 available for streams.',
  ],
  [
    'no engine and no minimum',
    { ...noEngines, capacity: { ...capacity, min_replicas: 0 } },
    'idle',
    'No engines running',
    'As configured: MIN_REPLICAS is 0. Engines start when they are provisioned.',
  ],
  [
    'no engine yet',
    { ...noEngines, capacity: { ...capacity, min_replicas: 2 } },
    'idle',
    'No engines running',
    'The first engines are about to start.',
  ],
  [
    'at capacity',
    { provisioning: { ...provisioning, blocked_reason_details: blockedReason('max_capacity') } },
    'good',
    'Running at capacity',
    '3 of 3 engines healthy, 2 available for streams. The maximum number of engines is running.',
  ],
])('summarizes the status: %s', (_, fields, tone, title, detail) => {
  expect(summarizeStatus(aStatus(fields))).toEqual({ tone, title, detail });
});

test('every state of the circuit breaker has a tone', () => {
  const tones = (['closed', 'half_open', 'open'] as const).map((state) => describeBreaker(state).tone);
  expect(tones).toEqual(['good', 'warn', 'bad']);
});
