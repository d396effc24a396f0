import { expect, test } from 'vitest';
import { describeBreaker, summarizeStatus } from '../../src/panel/lib/status-summary.ts';
import type { Status } from '../../src/panel/lib/wire.ts';
import { aStatus } from './fixtures.ts';

type BlockedReason = NonNullable<Status['provisioning']['blocked_reason_details']>;

const { capacity, provisioning } = aStatus();

function blockedReason(code: BlockedReason['code']): BlockedReason {
  return { code, message: '', recovery_eta_seconds: null, can_retry: false, should_wait: true };
}

const vpnDown = {
  ...provisioning,
  blocked_reason: 'The VPN is down',
  blocked_reason_details: blockedReason('vpn_disconnected'),
};

test.each<[string, Partial<Status>, string, string, string]>([
  ['healthy', {}, 'good', 'All systems operational', '3 of 3 engines healthy, 2 available for streams.'],
  [
    'some unhealthy',
    { engines: { total: 3, running: 3, healthy: 1, unhealthy: 1 } },
    'warn',
    'Some engines are not responding',
    '1 of 3 engines healthy, 1 starting, 1 not responding, 2 available for streams.',
  ],
  [
    'all starting',
    { engines: { total: 1, running: 1, healthy: 0, unhealthy: 0 } },
    'idle',
    'Engines are starting',
    '0 of 1 engine healthy, 1 starting, 2 available for streams.',
  ],
  [
    'no engine and no minimum',
    { status: 'unavailable', capacity: { ...capacity, min_replicas: 0 } },
    'bad',
    'No engines running',
    'Provision an engine on the Engines page, or set MIN_REPLICAS to keep some running.',
  ],
  [
    'no engine yet',
    { status: 'unavailable', capacity: { ...capacity, min_replicas: 2 } },
    'bad',
    'No engines running',
    'At least 2 engines should be running, but none has been started yet.',
  ],
  [
    'no engine after a failure',
    { status: 'unavailable', provisioning: { ...provisioning, last_failure: '2026-11-21T05:58:03.000Z' } },
    'bad',
    'No engines running',
    'The last start failed and will be retried; see the log of the service.',
  ],
  [
    'no engine and blocked',
    { status: 'unavailable', provisioning: vpnDown },
    'bad',
    'No engines running',
    'The VPN is down.',
  ],
  [
    'blocked',
    { status: 'degraded', provisioning: vpnDown },
    'warn',
    'New engines cannot start',
    'The VPN is down. 3 of 3 engines healthy, 2 available for streams.',
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
