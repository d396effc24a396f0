import { expect, test } from 'vitest';
import { findBlock, type ProvisioningState } from '../../../src/service/engines/blocked.ts';

const FREE: ProvisioningState = {
  vpn: { enabled: true, connected: true },
  breaker: { allows: true, recoveryEtaS: 0 },
  engines: 1,
  maxReplicas: 2,
  capacityEtaS: 29.5,
};
const VPN_DOWN = { vpn: { enabled: true, connected: false } };
const BREAKER_OPEN = { breaker: { allows: false, recoveryEtaS: 42 } };
const FULL = { engines: 2 };

test('is null while nothing blocks provisioning', () => {
  expect(findBlock(FREE)).toBeNull();
  expect(findBlock({ ...FREE, vpn: { enabled: false, connected: false } })).toBeNull();
});

test.each([
  ['the VPN is down', VPN_DOWN, 'vpn_disconnected', 60, true, true],
  ['the breaker is open', BREAKER_OPEN, 'circuit_breaker', 42, false, true],
  ['the maximum is reached', FULL, 'max_capacity', 30, true, true],
  ['the maximum is exceeded', { engines: 3 }, 'max_capacity', 30, true, true],
  ['everything blocks', { ...VPN_DOWN, ...BREAKER_OPEN, ...FULL }, 'vpn_disconnected', 60, true, true],
  ['the breaker is open at capacity', { ...BREAKER_OPEN, ...FULL }, 'circuit_breaker', 42, false, true],
  ['the VPN is down at capacity', { ...VPN_DOWN, ...FULL }, 'vpn_disconnected', 60, true, true],
])('%s', (_, state, code, recoveryEtaS, canRetry, shouldWait) => {
  expect(findBlock({ ...FREE, ...state })).toEqual({
    code,
    message: expect.stringMatching(/\w/),
    recoveryEtaS,
    canRetry,
    shouldWait,
  });
});

test('the breaker has a recovery time of at least 1 s while a probe is in progress', () => {
  const block = findBlock({ ...FREE, breaker: { allows: false, recoveryEtaS: 0 } });
  expect(block?.recoveryEtaS).toBeGreaterThanOrEqual(1);
});
